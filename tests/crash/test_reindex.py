"""`$reindex` over real processes: two servers on one store, and kill -9 of the one that walks."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pymongo import MongoClient

from tests.crash.server_process import LONGEST_START, PROGRAM
from tests.ports import free_port
from tests.serving import assert_outcome

STORED = 1500
URL = "http://example.org/crash"
PARAMETER = {
    "resourceType": "SearchParameter",
    "id": "crash",
    "url": "http://example.org/SearchParameter/crash",
    "name": "Crash",
    "status": "active",
    "description": "A parameter of a test.",
    "code": "crash",
    "base": ["Basic"],
    "type": "token",
    "expression": f"Basic.extension('{URL}').value",
}


def basic() -> dict[str, Any]:
    extension = {"url": URL, "valueCode": "a"}
    return {"resourceType": "Basic", "code": {"text": "x"}, "extension": [extension]}


class Serve:
    """`fhir-server serve` on a MongoDB that is there already, under the one public address."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.port = free_port()
        self.environment = {**os.environ, **settings, "FHIR_SERVER_PORT": str(self.port)}
        self.process: subprocess.Popen[bytes] | None = None
        self.clients = ExitStack()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [str(PROGRAM), "serve"],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def ready(self, token: str) -> httpx.Client:
        """Someone to call it with, as soon as it answers."""
        deadline = time.monotonic() + LONGEST_START
        headers = {"authorization": f"Bearer {token}"}
        base_url = f"http://127.0.0.1:{self.port}/fhir"
        http = self.clients.enter_context(
            httpx.Client(base_url=base_url, headers=headers, timeout=20)
        )
        while True:
            assert self.process is not None
            assert self.process.poll() is None, "the server has ended"
            assert time.monotonic() < deadline
            try:
                if http.get("/metadata").status_code == 200:
                    return http
            except httpx.TransportError:
                time.sleep(0.05)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def token(self) -> str:
        command = [str(PROGRAM), "token", "--scope", "system/*.cruds"]
        finished = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=True, timeout=60
        )
        return finished.stdout.strip()


@contextmanager
def ended(*servers: Serve) -> Iterator[None]:
    try:
        yield
    finally:
        for each in servers:
            each.clients.close()
            if each.process is not None and each.process.poll() is None:
                each.process.kill()
                each.process.wait()


@pytest.fixture
def servers(mongodb_uri: str, tmp_path: Path) -> Iterator[tuple[Serve, Serve]]:
    """Two, neither of them started, with one key and one public address."""
    name = f"crash_{uuid4().hex[:8]}"
    settings = {
        "FHIR_SERVER_MONGODB_URI": mongodb_uri,
        "FHIR_SERVER_DATABASE": name,
        "FHIR_SERVER_MASTER_KEY_FILE": str(tmp_path / "master.key"),
        "FHIR_SERVER_METRICS_PORT": "0",
        "FHIR_SERVER_BASE_URL": f"http://127.0.0.1:{free_port()}",
    }
    first, second = Serve(settings), Serve(settings)
    with ended(first, second):
        yield first, second
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        client.drop_database(name)


def stored(http: httpx.Client, number: int) -> None:
    entry = {"resource": basic(), "request": {"method": "POST", "url": "Basic"}}
    for start in range(0, number, 1000):
        entries = [entry] * min(1000, number - start)
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        assert http.post("/", json=bundle).status_code == 200


def answers(http: httpx.Client) -> bool:
    """Whether it searches by the parameter; until then it says that it is being indexed."""
    answer = http.get("/Basic?crash=a&_count=1")
    if answer.status_code == 200:
        return True
    assert "is being indexed" in assert_outcome(answer, 400, "not-supported")["diagnostics"]
    return False


def test_kill_of_the_server_that_walks(servers: tuple[Serve, Serve]) -> None:
    """Another process goes on with its start; what either wrote meanwhile is found on both."""
    first, second = servers
    token = first.token()
    first.start()
    second.start()
    here, there = first.ready(token), second.ready(token)
    stored(here, STORED)
    assert here.put("/SearchParameter/crash", json=PARAMETER).status_code == 201
    begun = here.post("/$reindex")
    assert begun.status_code == 202
    place = begun.headers["content-location"].rpartition("/fhir")[2]
    time.sleep(0.5)
    expected, walking = STORED, False
    while not walking:
        assert not answers(here)
        assert not answers(there)
        for each in (here, there):
            assert each.post("/Basic", json=basic()).status_code == 201
            expected += 1
        progress = there.get(place)
        assert progress.status_code == 202
        walking = progress.headers["x-progress"].startswith("Basic:")
    first.kill()
    assert there.post("/Basic", json=basic()).status_code == 201
    assert not answers(there)
    first.start()
    here = first.ready(token)
    deadline = time.monotonic() + 60
    while not answers(there):
        assert time.monotonic() < deadline, "nobody went on"
        assert there.post("/Basic", json=basic()).status_code == 201
        expected += 1
        time.sleep(0.1)
    active = time.monotonic()
    while not answers(here):
        time.sleep(0.02)
    assert time.monotonic() - active < 1
    for each in (here, there):
        total = each.get("/Basic?crash=a&_count=0&_total=accurate").json()["total"]
        assert total == expected + 1
