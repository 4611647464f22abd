"""What every test may ask for: one real MongoDB for the session, a database for a module."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from types import ModuleType
from typing import Any, cast

import pytest
import pytest_asyncio
from hypothesis import settings
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from fhir_server.mongodb.binary import find_mongod
from tests.databases import own_database
from tests.demo.served import Record, serving_record
from tests.ports import free_port
from tests.serving import Caller, Served, serving
from tests.spreading import Spreading, turn

# httpcore looks for sniffio some seven times a request, and what is absent is looked for in every
# folder of the path each time, which took longer than what the server does.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = cast("ModuleType", None)

# The same examples in every run, so that a change is to blame for what a change breaks; new ones
# are looked for with HYPOTHESIS_PROFILE=explore. A busy machine is no failure, so no deadlines.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: turn(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Spreading:
    return Spreading(config, log)


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


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
    port = free_port()
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
    async with own_database(mongodb_uri, module) as name:
        yield name


@pytest.fixture(scope="module")
def server_options() -> dict[str, Any]:
    """Settings of the module's server, where they are not the defaults."""
    return {}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(
    mongodb_uri: str,
    database_name: str,
    tmp_path_factory: pytest.TempPathFactory,
    server_options: dict[str, Any],
) -> AsyncIterator[Served]:
    """A running server for the module."""
    folder = tmp_path_factory.mktemp("server")
    async with serving(mongodb_uri, database_name, folder, **server_options) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def system(served: Served) -> Caller:
    """Who reaches everything."""
    return await served.caller("system/*.cruds")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def demo_record(
    mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Record]:
    """A server with the demo record, for all tests that only read it."""
    folder = tmp_path_factory.mktemp("demo")
    async with (
        own_database(mongodb_uri, "demo") as name,
        serving_record(mongodb_uri, name, folder) as record,
    ):
        yield record
