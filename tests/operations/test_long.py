"""Long work: 202, its address, its progress, its end (R4 async.html)."""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient

from fhir_server.interactions.call import Call, Service
from fhir_server.interactions.operations.long import LongWork, Report, begin
from fhir_server.outcome import Category, error
from fhir_server.store import Database, FhirStore
from fhir_server.store.database import STORE
from fhir_server.store.jobs import Stopped
from tests.serving import Caller, Served, assert_outcome

DONE = b'{"resourceType":"Parameters"}'


class Rights:
    """Of a token that was minted for the tests: nothing is read but jobs."""

    def __init__(self, caller: str) -> None:
        self.caller = caller

    def covers(self, *_: Any) -> bool:
        return False

    def policy(self, *_: Any) -> Any:
        raise AssertionError

    def explain(self, *_: Any) -> str:
        return ""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(served: Served) -> AsyncIterator[Database]:
    """The server's own."""
    async with await Database.connect(
        served.mongodb_uri,
        served.settings.database,
        cursor_key=b"k" * 32,
        base_url=served.base,
    ) as connected:
        yield connected


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(served: Served) -> AsyncIterator[Service]:
    made = Service(served.base, True, 50, 1000, 1000, 1000, 32_768)
    yield made
    await made.background.close()


def named(caller: Caller) -> str:
    """As the server names who has the token."""
    part = caller.token.split(".")[1]
    claims: dict[str, str] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return f"{claims['client_id']}/{claims['sub']}"


class Desk:
    """Somebody who has work begun, and asks the server for it."""

    def __init__(self, service: Service, database: Database, caller: Caller) -> None:
        self.store = FhirStore(database, Rights(named(caller)))
        self.call, self.caller = Call(service, self.store), caller

    async def begin(self, work: LongWork) -> str:
        """The address that tells of it."""
        reply = await begin(self.call, "$thing", work)
        assert (reply.status, dict(reply.headers)["retry-after"]) == (202, "2")
        assert b"$thing" in reply.body
        return dict(reply.headers)["content-location"]

    async def until(self, place: str, done: Callable[[httpx.Response], bool]) -> httpx.Response:
        for _ in range(400):
            answer = await self.caller.get(place)
            if done(answer):
                return answer
            await asyncio.sleep(0.01)
        raise AssertionError(answer.text)


@pytest.fixture
def desk(service: Service, database: Database, system: Caller) -> Desk:
    return Desk(service, database, system)


async def test_the_address_tells_how_far_it_is_and_then_what_it_came_to(
    desk: Desk, served: Served
) -> None:
    go_on = asyncio.Event()

    async def work(report: Report) -> bytes:
        await report("half")
        await go_on.wait()
        return DONE

    place = await desk.begin(work)
    assert place.startswith(f"{served.base}/")
    told = await desk.until(place, lambda answer: answer.headers.get("x-progress") == "half")
    assert (told.status_code, told.headers["retry-after"], told.content) == (202, "2", b"")
    go_on.set()
    ended = await desk.until(place, lambda answer: answer.status_code != 202)
    assert (ended.status_code, ended.content) == (200, DONE)
    assert_outcome(await desk.caller.get(f"{place}?x=1"), 400)


async def test_nobody_else_is_told(
    desk: Desk, service: Service, database: Database, served: Served
) -> None:
    async def work(_: Report) -> bytes:
        return DONE

    desk.call = Call(service, FhirStore(database, Rights("someone/else")))
    place = await desk.begin(work)
    for method in ("GET", "DELETE"):
        assert_outcome(await desk.caller(method, place), 404)
        assert_outcome(await desk.caller(method, f"{served.base}/_job/none"), 404)


async def test_what_goes_wrong_is_told(desk: Desk) -> None:
    async def refused(_: Report) -> bytes:
        raise error(Category.TOO_COSTLY, "too much")

    async def broken(_: Report) -> bytes:
        raise ValueError("secret")

    for work, status in ((refused, 422), (broken, 500)):
        place = await desk.begin(work)
        ended = await desk.until(place, lambda answer: answer.status_code != 202)
        assert_outcome(ended, status)
        assert "secret" not in ended.text


async def test_it_is_given_up(desk: Desk) -> None:
    ended = asyncio.Event()

    async def work(report: Report) -> bytes:
        try:
            while True:
                await report("on")
                await asyncio.sleep(0.01)
        except Stopped:
            ended.set()
            raise

    place = await desk.begin(work)
    assert (await desk.caller("DELETE", place)).status_code == 202
    await asyncio.wait_for(ended.wait(), 5)
    assert_outcome(await desk.caller.get(place), 404)
    assert_outcome(await desk.caller("DELETE", place), 404)


async def test_who_worked_on_it_may_be_gone(desk: Desk, served: Served) -> None:
    """Then it says so; after a day it is forgotten."""

    async def work(_: Report) -> bytes:
        await asyncio.sleep(60)
        return DONE

    place = await desk.begin(work)
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(served.mongodb_uri) as client:
        jobs = client[served.settings.database][STORE]
        found = {"_id": f"job:{place.rpartition('/')[2]}"}
        for age, status in ((timedelta(minutes=1), 202), (timedelta(minutes=5), 503)):
            await jobs.update_one(found, {"$set": {"t": datetime.now(UTC) - age}})
            assert (await desk.caller.get(place)).status_code == status
        await jobs.update_one(found, {"$set": {"t": datetime.now(UTC) - timedelta(days=2)}})
        await desk.begin(work)
        assert await jobs.find_one(found) is None
