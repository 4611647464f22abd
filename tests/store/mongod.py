"""A mongod of a test's own, which may be stopped, killed, and told to fail."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pymongo import MongoClient

from fhir_server.mongodb.binary import find_mongod
from tests.ports import free_port


@dataclass(frozen=True)
class Mongod:
    port: int
    process: subprocess.Popen[bytes]

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/"


@contextmanager
def mongod(*, replica_set: bool = True) -> Iterator[Mongod]:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="fhir-tests-") as folder:
        command = [str(find_mongod(None)), "--port", str(port), "--dbpath", folder, "--quiet"]
        command += ["--bind_ip", "127.0.0.1", "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25"]
        command += ["--setParameter", "enableTestCommands=1"]
        command += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
        command += ["--replSet", "rs0"] if replica_set else []
        linux = sys.platform == "linux"
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_end_with_parent if linux else None,
        )
        own = Mongod(port, process)
        try:
            if replica_set:
                _initiate(own)
            yield own
        finally:
            process.kill()
            process.wait()


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _initiate(own: Mongod) -> None:
    with MongoClient[dict[str, Any]](
        own.uri, directConnection=True, serverSelectionTimeoutMS=30_000
    ) as client:
        members = [{"_id": 0, "host": f"127.0.0.1:{own.port}"}]
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
        deadline = time.monotonic() + 30
        while not client.admin.command("hello")["isWritablePrimary"]:
            assert time.monotonic() < deadline, "the mongod never became primary"
            time.sleep(0.02)


@contextmanager
def failing(own: Mongod, times: int, commands: list[str], **how: Any) -> Iterator[None]:
    """These commands fail so many times, as MongoDB's own tests make them."""
    data = {"failCommands": commands, "failInternalCommands": False, **how}
    with _fail_point(own, "failCommand", mode={"times": times}, data=data):
        yield


@contextmanager
def always(own: Mongod, name: str) -> Iterator[None]:
    """One of MongoDB's fail points, on until the end."""
    with _fail_point(own, name, mode="alwaysOn"):
        yield


@contextmanager
def _fail_point(own: Mongod, name: str, **how: Any) -> Iterator[None]:
    with MongoClient[dict[str, Any]](own.uri, directConnection=True) as client:
        client.admin.command({"configureFailPoint": name, **how})
        try:
            yield
        finally:
            client.admin.command({"configureFailPoint": name, "mode": "off"})
