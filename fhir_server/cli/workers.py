"""The server processes: one in place, or several that share a socket and are kept running."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import uvicorn
from starlette.types import Receive, Scope, Send

from fhir_server.cli.failure import CommandFailure
from fhir_server.cli.protocol import BoundedHttp
from fhir_server.http.logging import configure_logging
from fhir_server.settings import Settings, SettingsError

KEEP_ALIVE = 75
DEFECT = "The server did not start; the log says why."
_spawn = multiprocessing.get_context("spawn")
_log = logging.getLogger("fhir_server.serve")


class Application:
    """The application; remembers in which sentence it refused to start.

    What stands in the way of a start (another master key, a newer store) is for the operator to
    read, and holds nobody's data; any other exception is told by its type alone.
    """

    def __init__(self, settings: Settings, uri: str) -> None:
        configure_logging(settings.log_level)
        self.refusal = DEFECT
        # Here and not above: the parent of several workers has no use for it.
        from fhir_server.app import create_app
        from fhir_server.master_key import MasterKeyError
        from fhir_server.store import StoreRefused
        from smart_auth.keys import WrongMasterKey

        self._refusals = (MasterKeyError, StoreRefused, WrongMasterKey, SettingsError)
        try:
            self._app = create_app(settings, uri)
        except self._refusals as refusal:
            raise CommandFailure(str(refusal)) from None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except self._refusals as refusal:
            self.refusal = str(refusal)
            raise


class _Server(uvicorn.Server):
    """Tells when it takes requests."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            # What is here now stays: the definitions alone are a quarter of a million objects,
            # which every full collection would walk through in the middle of a request.
            gc.collect()
            gc.freeze()
            self._on_ready()


def serve_here(settings: Settings, uri: str, listener: socket.socket) -> None:
    """Serve in this process until a signal."""
    application = Application(settings, uri)
    server = _Server(_configuration(settings, application), partial(_announce, settings))
    try:
        server.run([listener])
    except SystemExit:
        raise CommandFailure(application.refusal) from None


def serve_in_processes(settings: Settings, uri: str, listener: socket.socket) -> None:
    """Keep `workers` processes running until a signal; fail if one cannot start at first."""
    workers = [_Worker(settings, uri, listener) for _ in range(settings.workers)]
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.await_ready()
        _announce(settings)
        while True:
            wait([worker.sentinel for worker in workers])
            for worker in workers:
                worker.restart_if_dead()
    finally:
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.join(settings.shutdown_timeout + 5)


class _Worker:
    """One server process and its successors."""

    def __init__(self, settings: Settings, uri: str, listener: socket.socket) -> None:
        # Handed over through the spawned process's pipe: no secret is in its arguments.
        self._arguments = (settings, uri, listener)
        self._process: BaseProcess | None = None
        self._ready: Connection | None = None

    @property
    def sentinel(self) -> int:
        return self._process.sentinel if self._process else -1

    def start(self) -> None:
        self._ready, theirs = _spawn.Pipe(duplex=False)
        self._process = _spawn.Process(target=_work, args=(*self._arguments, theirs))
        self._process.start()
        theirs.close()

    def await_ready(self) -> None:
        """Wait until it serves, or fail with the sentence that it sends instead."""
        answer = DEFECT
        with suppress(EOFError):
            answer = self._ready.recv_bytes().decode() if self._ready else answer
        if answer:
            raise CommandFailure(answer)

    def restart_if_dead(self) -> None:
        if self._process is not None and not self._process.is_alive():
            _log.error("worker %s ended with status %s", self._process.pid, self._process.exitcode)
            self.start()
            self.await_ready()

    def stop(self) -> None:
        if self._process is not None and self._process.is_alive():
            self._process.terminate()

    def join(self, seconds: float) -> None:
        if self._process is not None:
            self._process.join(seconds)
            self._process.kill()


def _work(settings: Settings, uri: str, listener: socket.socket, ready: Connection) -> None:
    """A worker process; it ends when its parent does, however that came about."""
    # Ctrl-C reaches the whole process group; the parent passes it on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    application = None
    try:
        application = Application(settings, uri)
        configuration = _configuration(settings, application)
        _Server(configuration, partial(ready.send_bytes, b"")).run([listener])
    except CommandFailure as refused:
        ready.send_bytes(str(refused).encode())
    except SystemExit:
        if application is not None:
            ready.send_bytes(application.refusal.encode())
        raise


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _configuration(settings: Settings, application: Application) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        loop="uvloop",
        http=BoundedHttp,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=settings.behind_proxy,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=settings.shutdown_timeout,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )


def _announce(settings: Settings) -> None:
    print(f"fhir-server is ready: {settings.fhir_base}", flush=True)  # noqa: T201 (for people)
