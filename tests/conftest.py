"""What every test may ask for: one real MongoDB for the session, a database for a module."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from types import ModuleType
from typing import cast
from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import settings
from pymongo import AsyncMongoClient, MongoClient
from pymongo.errors import PyMongoError

from fhir_server.mongodb.binary import find_mongod
from tests.demo.served import Record, serving_record

# httpcore looks for sniffio some seven times a request, and what is absent is looked for in every
# folder of the path each time, which took longer than what the server does.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = cast("ModuleType", None)

# The same examples in every run, so that a change is to blame for what a change breaks; new ones
# are looked for with HYPOTHESIS_PROFILE=explore. A busy machine is no failure, so no deadlines.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_primary(uri: str, port: int) -> None:
    client: MongoClient[dict[str, object]] = MongoClient(
        uri, directConnection=True, serverSelectionTimeoutMS=30_000
    )
    with client:
        members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
        deadline = time.monotonic() + 30
        while not client.admin.command("hello")["isWritablePrimary"]:
            if time.monotonic() > deadline:
                raise PyMongoError("the test mongod never became primary")
            time.sleep(0.02)


@pytest.fixture(scope="session")
def mongodb_uri() -> Iterator[str]:
    """A single-member replica set for the whole session, in a folder that goes away with it."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="fhir-tests-") as folder:
        command = [
            str(find_mongod(None)),
            "--replSet",
            "rs0",
            "--bind_ip",
            "127.0.0.1",
            "--port",
            str(port),
        ]
        command += ["--dbpath", folder, "--wiredTigerCacheSizeGB", "0.5", "--quiet"]
        command += ["--networkMessageCompressors", "disabled", "--nounixsocket"]
        command += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
        try:
            _await_primary(f"mongodb://127.0.0.1:{port}/", port)
            yield f"mongodb://127.0.0.1:{port}/?replicaSet=rs0"
        finally:
            process.kill()
            process.wait()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database_name(request: pytest.FixtureRequest, mongodb_uri: str) -> AsyncIterator[str]:
    """A database of the module's own, dropped afterwards."""
    module = re.sub(r"\W+", "_", request.node.name.rpartition("/")[2])[:30]
    name = f"{module}_{uuid4().hex[:8]}"
    yield name
    async with AsyncMongoClient[dict[str, object]](mongodb_uri) as client:
        await client.drop_database(name)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def demo_record(
    mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Record]:
    """A server with the demo record, for all tests that only read it."""
    name = f"demo_{uuid4().hex[:8]}"
    async with serving_record(mongodb_uri, name, tmp_path_factory.mktemp("demo")) as record:
        yield record
    async with AsyncMongoClient[dict[str, object]](mongodb_uri) as client:
        await client.drop_database(name)
