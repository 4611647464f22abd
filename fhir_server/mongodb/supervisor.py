"""The process that runs one folder's `mongod` for as long as anybody uses it.

Started by the first user with the supervisor's lock already held, so that there is never a moment
at which two could believe themselves to be the one. Takes the users' lock alone when the last user
has gone, and keeps both locks until its own end: whoever comes then waits, and starts the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

from fhir_server.mongodb.engine_log import EngineLog
from fhir_server.mongodb.folder import (
    Folder,
    open_lock,
    sync_folder,
    try_exclusive,
    write_durably,
)

POLL = 0.02
USERS_POLL = 0.05
LONGEST_PAUSE = 5.0
STOP_TIMEOUT = 120.0
LEASH = Path(__file__).with_name("leash.py")


@dataclass(frozen=True, slots=True)
class Engine:
    """How to run `mongod`: the program and the size of its cache (None: its own choice)."""

    program: Path
    cache_gb: float | None

    def command(self, folder: Folder, port: int) -> list[str]:
        """The command line; nothing in it is a secret."""
        listens_on = f"127.0.0.1,{folder.socket}" if folder.socket else "127.0.0.1"
        options: dict[str, object] = {
            "--dbpath": folder.data,
            "--port": port,
            "--bind_ip": listens_on,
            "--filePermissions": "0700",
            "--replSet": "rs0",
            "--keyFile": folder.key,
            # The least that MongoDB takes: a single member has nobody who catches up.
            "--oplogSize": 990,
            "--networkMessageCompressors": "disabled",
            "--wiredTigerCollectionBlockCompressor": "zstd",
            # No slow-query lines: they would hold the filters.
            "--slowms": 2_000_000_000,
        }
        if self.cache_gb is not None:
            options["--wiredTigerCacheSizeGB"] = self.cache_gb
        parameters = (
            "diagnosticDataCollectionEnabled=false",
            "enableFlowControl=false",
            "shutdownTimeoutMillisForSignaledShutdown=100",
        )
        command = [str(self.program), "--quiet", "--nounixsocket"]
        for name, value in options.items():
            command += [name, str(value)]
        for parameter in parameters:
            command += ["--setParameter", parameter]
        return command


class Supervisor:
    """Keeps one `mongod` running until nobody uses it."""

    def __init__(self, folder: Folder, engine: Engine) -> None:
        self._folder = folder
        self._engine = engine
        self._log = EngineLog(folder.log)
        self._process: Process | None = None
        self._pump: asyncio.Task[None] | None = None
        self._was_ready = False
        self._asked_to_stop = asyncio.Event()

    async def run(self) -> None:
        """Until the last user has gone, or until `mongod` cannot be started at all."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._asked_to_stop.set)
        endings = (self._keep_running(), self._nobody_left(), self._stop_asked())
        tasks = [asyncio.create_task(ending) for ending in endings]
        done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        await asyncio.wait(tasks)
        self._folder.ready.unlink(missing_ok=True)
        await self._stop()
        for task in done:
            task.result()

    async def _stop_asked(self) -> None:
        await self._asked_to_stop.wait()

    async def _nobody_left(self) -> None:
        await _locked(open_lock(self._folder.users), USERS_POLL)

    async def _keep_running(self) -> None:
        pause = POLL
        while True:
            ready = await self._run_once()
            self._folder.ready.unlink(missing_ok=True)
            if not self._was_ready:
                reason = self._log.complaint.rstrip(".")
                write_durably(self._folder.failure, f"The embedded mongod did not start: {reason}.")
                return
            pause = POLL if ready else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def _run_once(self) -> bool:
        """One life of `mongod`; whether it came as far as taking writes."""
        async with self._engine_lock() as engine:
            port = self._choose_port()
            self._prepare()
            self._process = process = await self._start(port, engine)
        self._pump = pump = asyncio.create_task(self._log.pump(_output_of(process)))
        ended = asyncio.create_task(process.wait())
        up = asyncio.create_task(self._bring_up(port))
        try:
            await asyncio.wait({ended, up}, return_when=asyncio.FIRST_COMPLETED)
            came_up = up.done() and up.exception() is None
            if came_up:
                self._was_ready = True
                write_durably(self._folder.ready, str(os.getpid()))
            elif up.done():
                self._log.complaint = f"its replica set did not come up ({up.exception()})"
                process.terminate()
            await ended
            await pump
            return came_up
        finally:
            up.cancel()
            ended.cancel()

    @contextlib.asynccontextmanager
    async def _engine_lock(self) -> AsyncGenerator[int]:
        """The engine's lock, once the `mongod` of a supervisor that was killed has let go of it.

        Until then it listens on the port and uses the data, so that neither may be touched.
        """
        engine = open_lock(self._folder.engine)
        try:
            self._end_orphan(engine)
            await _locked(engine, POLL)
            yield engine
        finally:
            os.close(engine)

    def _end_orphan(self, engine: int) -> None:
        """A `mongod` whose supervisor was killed: the lock that it holds proves that it lives."""
        if not try_exclusive(engine):
            recorded = os.pread(engine, 20, 0)
            if recorded.isdigit():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(recorded), signal.SIGTERM)

    def _prepare(self) -> None:
        """Half a first start holds nobody's data: it is begun anew."""
        folder = self._folder
        folder.make_secrets()
        if folder.unfinished.exists() or not folder.data.exists():
            folder.unfinished.touch(mode=0o600)
            sync_folder(folder.root)
            shutil.rmtree(folder.data, ignore_errors=True)
            folder.data.mkdir(mode=0o700)
            sync_folder(folder.root)

    def _choose_port(self) -> int:
        """The port of the last time if it is free: the configuration of the set names it."""
        remembered = self._folder.port.read_text() if self._folder.port.exists() else ""
        for wanted in (int(remembered or 0), 0):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                with contextlib.suppress(OSError):
                    probe.bind(("127.0.0.1", wanted))
                    port: int = probe.getsockname()[1]
                    if str(port) != remembered:
                        write_durably(self._folder.port, str(port))
                    return port
        raise OSError("no free port on 127.0.0.1")

    async def _start(self, port: int, engine: int) -> Process:
        """Start `mongod`, which inherits the engine's lock."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", str(LEASH), str(os.getpid()),
            *self._engine.command(self._folder, port),
            stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, pass_fds=(engine,),
        )  # fmt: skip
        os.ftruncate(engine, 0)
        os.pwrite(engine, str(process.pid).encode(), 0)
        return process

    async def _bring_up(self, port: int) -> None:
        # Imported while mongod starts, since it takes as long.
        from fhir_server.mongodb.replica_set import bring_up

        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            await asyncio.sleep(POLL)
        await bring_up(self._folder, port)

    async def _stop(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT)
        except TimeoutError:
            process.kill()
            await process.wait()
        if self._pump is not None:
            await self._pump


def _output_of(process: Process) -> asyncio.StreamReader:
    if process.stdout is None:
        raise ValueError("the process was started without a pipe")
    return process.stdout


async def _locked(descriptor: int, poll: float) -> None:
    """Wait for a lock without a thread: mongod's leash hangs on the thread that starts it."""
    while True:
        if try_exclusive(descriptor):
            return
        await asyncio.sleep(poll)


def main() -> None:
    """`python -m fhir_server.mongodb.supervisor ROOT LOCK PROGRAM CACHE`."""
    root, lock, program, cache = sys.argv[1:]
    # A second process, so that the user who starts us has no child to wait for.
    if os.fork():
        os._exit(0)
    os.set_inheritable(int(lock), False)
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    engine = Engine(Path(program), float(cache) if cache else None)
    asyncio.run(Supervisor(Folder(Path(root)), engine).run())


if __name__ == "__main__":
    main()
