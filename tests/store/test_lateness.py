"""Search parameters that are published while others write, and a store that does not answer."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient

from fhir_server.outcome import FhirError
from fhir_server.search.query import parse_criteria
from fhir_server.store import Database, FhirStore, Limits, UnrestrictedStore, finish, refresh
from fhir_server.store.resuming import keep_indexing
from tests.store.conftest import BASE_URL, CURSOR_KEY
from tests.store.mongod import Mongod, failing, mongod

LIMITS = Limits(settling_seconds=0.6, hearing_seconds=0.8)
URL = "http://example.org/late"
PASSED = 1.5
"""Seconds after which a walk that began with the wait is over."""


def parameter(code: str, base: str) -> dict[str, Any]:
    return {
        "resourceType": "SearchParameter",
        "url": f"http://example.org/SearchParameter/{code}",
        "name": "Late",
        "status": "active",
        "description": "A parameter of a test.",
        "code": code,
        "base": [base],
        "type": "token",
        "expression": f"{base}.extension('{URL}').value",
    }


def resource(type_name: str) -> dict[str, Any]:
    return {
        "resourceType": type_name,
        "extension": [{"url": URL, "valueCode": "a"}],
        "code": {"text": "x"},
    }


@dataclass
class Two:
    """Two processes on one store, as far as the store can tell."""

    first: Database
    second: Database
    name: str

    async def publish(self, code: str, base: str) -> None:
        """By the first; the second hears of it when it asks."""
        await UnrestrictedStore(self.first, "test").create("SearchParameter", parameter(code, base))
        await self.second.hear()
        await refresh(self.first)

    async def found(self, code: str, base: str) -> set[str]:
        await self.first.hear()
        criteria = parse_criteria(self.first.catalogue, base, f"{code}=a")
        some = await UnrestrictedStore(self.first, "test").find(base, criteria, 99)
        return {each.logical_id for each in some}


@pytest.fixture(scope="module")
def own() -> Any:
    with mongod() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def two(own: Mongod) -> AsyncIterator[Two]:
    async with AsyncExitStack() as stack:
        name = f"late_{uuid4().hex[:8]}"
        databases = [
            await stack.enter_async_context(
                await Database.connect(
                    own.uri, name, cursor_key=CURSOR_KEY, base_url=BASE_URL, limits=LIMITS
                )
            )
            for _ in range(2)
        ]
        await UnrestrictedStore(databases[0], "test").create("Basic", resource("Basic"))
        await databases[1].prepare("Basic")
        yield Two(databases[0], databases[1], name)


async def test_a_transaction_begun_before_the_publication_and_committed_after_the_walk(
    two: Two,
) -> None:
    """It notices before its commit, and is run again."""
    written, walked, runs = asyncio.Event(), asyncio.Event(), 0

    async def work(store: FhirStore) -> str:
        nonlocal runs
        runs += 1
        made = await store.create("Basic", resource("Basic"))
        written.set()
        await walked.wait()
        return made.logical_id

    slow = asyncio.create_task(UnrestrictedStore(two.second, "test").run_transaction(work))
    await written.wait()
    await two.publish("in-transaction", "Basic")
    await finish(two.first)
    walked.set()
    assert await slow in await two.found("in-transaction", "Basic")
    assert runs == 2


async def _create(store: FhirStore) -> str:
    return (await store.create("Basic", resource("Basic"))).logical_id


async def _update(store: FhirStore) -> str:
    return (await store.update("Basic", "late", resource("Basic"))).stored.logical_id


@pytest.mark.parametrize(
    ("held", "write"), [("commitTransaction", _update), ("insert", _create)], ids=["commit", "one"]
)
async def test_a_write_that_reaches_the_store_after_the_walk(
    two: Two, own: Mongod, held: str, write: Callable[[FhirStore], Awaitable[str]]
) -> None:
    """MongoDB takes its time with a commit, or an insert, of which every check was passed."""
    code = f"held-{held}"
    await UnrestrictedStore(two.first, "test").create("SearchParameter", parameter(code, "Basic"))
    await two.second.hear()
    with failing(own, 1, [held], blockConnection=True, blockTimeMS=int(PASSED * 1000)):
        late = asyncio.create_task(write(UnrestrictedStore(two.second, "test")))
        await asyncio.sleep(0.1)
        await refresh(two.first)
        await finish(two.first)
        walked_before_it_came = not late.done()
        assert await late in await two.found(code, "Basic")
    assert walked_before_it_came


async def test_the_first_resource_of_a_type_by_a_server_that_did_not_know_yet(two: Two) -> None:
    """There was nothing of the type to be walked at the publication."""
    await two.second.prepare("Substance")
    await two.publish("of-substance", "Substance")
    second = UnrestrictedStore(two.second, "test")
    made = await second.create("Substance", resource("Substance"))
    await finish(two.first)
    assert await two.found("of-substance", "Substance") == {made.logical_id}


async def test_what_nobody_is_at_is_gone_on_with_by_a_server_that_is_up(two: Two) -> None:
    """Whoever published it was killed, or its job failed."""
    going_on = asyncio.create_task(keep_indexing(two.second, look=0.1))
    await asyncio.sleep(0.05)
    await two.publish("left", "Basic")
    deadline = monotonic() + 10
    while "left" not in two.second.catalogue.fields("Basic"):
        assert monotonic() < deadline
        await two.second.keep_up()
        await asyncio.sleep(0.05)
    going_on.cancel()
    assert await two.found("left", "Basic")


async def test_one_question_is_under_way_at_a_time(two: Two, own: Mongod) -> None:
    """However many requests come when what is known has grown old."""
    async with AsyncMongoClient[dict[str, Any]](own.uri, directConnection=True) as client:
        database = client[two.name]
        await database.command({"profile": 2})
        try:
            for _ in range(2):
                await asyncio.sleep(0.55)
                await asyncio.gather(*(two.second.keep_up() for _ in range(300)))
        finally:
            await database.command({"profile": 0})
        asked = {"command.find": "_store", "command.filter._id": "search-parameters"}
        assert await database["system.profile"].count_documents(asked) == 2


async def test_a_store_that_stands_still_is_told_at_once(two: Two, own: Mongod) -> None:
    """503 for all who wait, after one wait; and all is well when it goes on."""
    await asyncio.sleep(0.55)
    os.kill(own.process.pid, signal.SIGSTOP)
    try:
        begun = monotonic()
        ended = await asyncio.gather(
            *(two.second.keep_up() for _ in range(50)), return_exceptions=True
        )
        took = monotonic() - begun
    finally:
        os.kill(own.process.pid, signal.SIGCONT)
    assert took < 2 * LIMITS.hearing_seconds
    for each in ended:
        assert isinstance(each, FhirError)
        assert each.category.status == 503
    await two.second.keep_up()
