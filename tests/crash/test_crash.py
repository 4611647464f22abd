"""kill -9 of the server, of mongod and of all; SIGTERM; a MongoDB that is away for a while.

No acknowledged write is lost, no transaction is ever half there, and the next start takes the same
command and no hand.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator

import httpx
import psutil
import pytest
import pytest_asyncio

from tests.crash.journal import Journal, new_mark, observation
from tests.crash.server_process import ServerProcess
from tests.crash.verification import Verification
from tests.crash.writers import Writers
from tests.serving import assert_outcome

ENOUGH = 150
"""Writes acknowledged before the end comes."""
LONGEST_WAIT = 25
"""Seconds for an answer while MongoDB stands still; a busy machine needs more than an idle one."""


class Site:
    """A data folder, its server, and all that the server ever acknowledged."""

    def __init__(self, server: ServerProcess, token: str) -> None:
        self.server = server
        self.token = token
        self.journal = Journal()

    def writers(self) -> Writers:
        return Writers(self.server.base, self.token, self.journal)

    def http(self) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {self.token}"}
        return httpx.AsyncClient(base_url=self.server.base, headers=headers, timeout=20)

    async def verify(self) -> None:
        async with self.http() as http:
            await Verification(http, self.journal).everything()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Site]:
    server = ServerProcess(tmp_path_factory.mktemp("crash") / "data")
    try:
        server.start()
        yield Site(server, server.token("system/*.cruds"))
    finally:
        server.leave_nothing()


async def test_kill_of_the_server(site: Site) -> None:
    writers = site.writers()
    async with writers.at_work():
        await writers.until(ENOUGH)
        site.server.kill()
    site.server.start()
    assert not writers.unexpected, site.server.faults()
    await site.verify()


async def test_kill_of_mongod_under_a_running_server(site: Site) -> None:
    """The server answers 503 meanwhile and goes on by itself when mongod is back."""
    writers = site.writers()
    async with writers.at_work():
        await writers.until(ENOUGH)
        site.server.mongod.kill()
        before = writers.written
        await writers.until(before + ENOUGH)
    assert not writers.unexpected, site.server.faults()
    await site.verify()


async def test_kill_of_all(site: Site) -> None:
    """Supervisor, mongod and server, as when a machine loses its power but for the disk."""
    writers = site.writers()
    async with writers.at_work():
        await writers.until(ENOUGH)
        supervisor, mongod = site.server.supervisor, site.server.mongod
        supervisor.kill()
        mongod.kill()
        site.server.kill()
    site.server.start()
    assert not writers.unexpected, site.server.faults()
    await site.verify()


async def test_an_orderly_stop_under_load(site: Site) -> None:
    """SIGTERM: running requests finish, the status is 0, and mongod goes too."""
    writers = site.writers()
    async with writers.at_work():
        await writers.until(ENOUGH)
        mongod = site.server.mongod
        begun = time.monotonic()
        status = await asyncio.to_thread(site.server.terminate)
        took = time.monotonic() - begun
    assert status == 0
    assert took < 15
    psutil.wait_procs([mongod], timeout=10)
    assert not mongod.is_running()
    site.server.start()
    assert not writers.unexpected, site.server.faults()
    await site.verify()


async def test_while_mongodb_is_away(site: Site) -> None:
    """503 with Retry-After; alive but not ready; and all is well when it returns."""
    supervisor, mongod = site.server.supervisor, site.server.mongod
    async with site.http() as http:
        kept = await http.post("/Observation", json=observation(new_mark()))
        assert kept.status_code == 201
        place = f"/Observation/{kept.json()['id']}"
        supervisor.suspend()
        try:
            mongod.kill()
            await asyncio.to_thread(site.server.await_status, "/readyz", 503, 10)
            assert site.server.status("/healthz") == 200
            for answer in await asyncio.gather(
                http.get(place),
                http.get("/Observation?identifier=x"),
                http.post("/Observation", json=observation(new_mark())),
            ):
                assert_outcome(answer, 503, "transient")
                assert int(answer.headers["retry-after"]) > 0
        finally:
            supervisor.resume()
        await asyncio.to_thread(site.server.await_status, "/readyz", 200, 30)
        assert (await http.get(place)).json() == kept.json()


async def test_while_mongodb_stands_still(site: Site) -> None:
    """It takes connections and answers nothing: 503 within seconds, sign-in included, and all goes
    on when it does."""
    mongod = site.server.mongod
    async with site.http() as http:
        kept = await http.post("/Observation", json=observation(new_mark()))
        place = f"/Observation/{kept.json()['id']}"
        mongod.suspend()
        try:
            await asyncio.to_thread(site.server.await_status, "/readyz", 503, 10)
            assert site.server.status("/healthz") == 200
            began = time.monotonic()
            for answer in await asyncio.gather(
                http.get(place),
                http.get("/Observation?identifier=x"),
                http.post("/Observation", json=observation(new_mark())),
                http.get(f"{site.server.root}/auth/authorize?client_id=x"),
            ):
                assert answer.status_code == 503, answer.text
                assert int(answer.headers["retry-after"]) > 0
            assert time.monotonic() - began < LONGEST_WAIT
        finally:
            mongod.resume()
        await asyncio.to_thread(site.server.await_status, "/readyz", 200, 30)
        assert (await http.get(place)).json() == kept.json()
