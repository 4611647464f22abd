"""How a process of ours comes to use the MongoDB of a data folder, and lets go of it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import fhir_server
from fhir_server.mongodb.binary import find_mongod
from fhir_server.mongodb.failure import MongoUnavailable
from fhir_server.mongodb.folder import (
    Folder,
    lock_if_free,
    lock_shared,
    open_lock,
    try_exclusive,
)

POLL = 0.02
WATCH = 0.25
LONGEST_PAUSE = 5.0
ATTEMPTS = 3
LONGEST_FAREWELL = 3.0
SUPERVISOR = "fhir_server.mongodb.supervisor"


@contextmanager
def embedded_mongodb(
    data_dir: Path, *, mongod: Path | None = None, cache_gb: float | None = None
) -> Generator[str]:
    """The URI of the folder's MongoDB, which runs at least until the end of the block.

    Finds the running one or starts it; the URI stays valid when mongod is started again.
    """
    if sys.platform == "win32":
        raise MongoUnavailable("Windows has no embedded MongoDB: give --mongodb-uri.")
    try:
        folder = Folder.of(data_dir)
        users = open_lock(folder.users)
    except OSError as failure:
        raise MongoUnavailable(
            f"The data folder {data_dir} cannot be used: {failure.strerror}."
        ) from None
    keeper = _Keeper(folder, mongod, cache_gb)
    try:
        # Waits while the last supervisor stops.
        lock_shared(users)
        keeper.await_ready()
        with keeper.watching():
            yield folder.uri()
    finally:
        _leave(folder, users)


def _leave(folder: Folder, users: int) -> None:
    """Let go; the last one waits until mongod has stopped or somebody else has come."""
    last = try_exclusive(users)
    os.close(users)
    deadline = time.monotonic() + (LONGEST_FAREWELL if last else 0)
    while time.monotonic() < deadline:
        with lock_if_free(folder.supervisor) as lock:
            if lock is not None:
                return
        time.sleep(POLL)


class _Keeper:
    """Sees to it that a folder in use has a supervisor."""

    def __init__(self, folder: Folder, mongod: Path | None, cache_gb: float | None) -> None:
        self._folder = folder
        self._mongod = mongod
        self._cache_gb = cache_gb

    def await_ready(self) -> None:
        """Return when mongod takes writes."""
        started = 0
        while True:
            with lock_if_free(self._folder.supervisor) as lock:
                if lock is not None:
                    self._complain_after(started)
                    self._start(lock)
                    started += 1
                elif self._folder.is_ready():
                    return
            time.sleep(POLL)

    @contextmanager
    def watching(self) -> Generator[None]:
        """Meanwhile start another supervisor whenever the one there is was killed."""
        over = threading.Event()
        thread = threading.Thread(
            target=self._watch, args=(over,), name="embedded-mongodb", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _watch(self, over: threading.Event) -> None:
        pause = WATCH
        while not over.wait(pause):
            with lock_if_free(self._folder.supervisor) as lock:
                pause = WATCH if lock is None else min(2 * pause, LONGEST_PAUSE)
                if lock is not None:
                    with suppress(MongoUnavailable):
                        self._start(lock)

    def _start(self, lock: int) -> None:
        self._folder.ready.unlink(missing_ok=True)
        self._folder.failure.unlink(missing_ok=True)
        _start_supervisor(self._folder, lock, find_mongod(self._mongod), self._cache_gb)

    def _complain_after(self, started: int) -> None:
        """A supervisor of ours that has ended says why, or may be tried again."""
        if started and self._folder.failure.exists():
            raise MongoUnavailable(self._folder.failure.read_text())
        if started == ATTEMPTS:
            raise MongoUnavailable(
                "The supervisor of the embedded MongoDB ends at once; see "
                f"{self._folder.supervisor_log}."
            )


def _start_supervisor(folder: Folder, lock: int, mongod: Path, cache_gb: float | None) -> None:
    """In a session of its own, which Ctrl-C does not reach; it inherits the lock."""
    arguments = [
        str(folder.root),
        str(lock),
        str(mongod),
        "" if cache_gb is None else str(cache_gb),
    ]
    packages = str(Path(fhir_server.__path__[0]).parent)
    search_path = os.pathsep.join(filter(None, (packages, os.environ.get("PYTHONPATH"))))
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("FHIR_SERVER_")
    }
    with folder.supervisor_log.open("ab") as log:
        subprocess.run(  # noqa: S603 (our own module, by our own interpreter)
            [sys.executable, "-m", SUPERVISOR, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder.root,
            env={**environment, "PYTHONPATH": search_path},
            pass_fds=(lock,),
            start_new_session=True,
            check=False,
        )
