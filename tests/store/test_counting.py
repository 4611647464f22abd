"""`_total=none|estimate|accurate` (Q12, R4 3.1.1.4.6)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient

from fhir_server.outcome import Category
from fhir_server.search.expression import Everything, Member, Nothing
from fhir_server.store import Database, FhirStore, Limits, UnrestrictedStore, counting
from tests.search.finding import parsed
from tests.store.conftest import BASE_URL, CURSOR_KEY, Rights
from tests.store.test_versions import refusal

MOST = 20
STORED = 300


def observation(number: int) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final" if number % 2 else "amended",
        "code": {"coding": [{"system": "urn:s", "code": f"c{number % 25}"}], "text": "Weight"},
        "subject": {"reference": f"Patient/p{number % 3}"},
        "effectiveDateTime": f"2024-01-{number % 28 + 1:02}",
        "valueQuantity": {"value": Decimal(number), "unit": "mg"},
    }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counted(mongodb_uri: str, database_name: str) -> AsyncIterator[Database]:
    async with await Database.connect(
        mongodb_uri,
        database_name,
        cursor_key=CURSOR_KEY,
        base_url=BASE_URL,
        limits=Limits(estimated=MOST),
    ) as database:
        items = [("Observation", f"o{number}", observation(number)) for number in range(STORED)]
        await UnrestrictedStore(database, "test").create_many(items)
        yield database


def of_all(database: Database) -> FhirStore:
    return FhirStore(database, Rights(Everything()))


def of_one(database: Database) -> FhirStore:
    return FhirStore(database, Rights(Member(frozenset({"p1"}))))


async def total(store: FhirStore, search: str) -> int | None:
    return (await store.search(parsed(search))).total


@pytest.mark.parametrize(
    ("search", "whole", "part"),
    [
        ("Observation?_sort=_id", 300, 100),
        ("Observation?status=final", 150, 50),
        ("Observation?code=c7", 12, 4),
        ("Observation?code=c7&_sort=status", 12, 4),
        ("Observation?code:text=weight&code=c7", 12, 4),
        ("Observation?code:text=weight", 300, 100),
        ("Observation?code:text=height", 0, 0),
        ("Observation?code=none", 0, 0),
    ],
)
async def test_q12_accurate_is_exact_and_an_estimate_is_up_to_a_bound(
    counted: Database, search: str, whole: int, part: int
) -> None:
    """Beyond it, who reaches all is told what a sample suggests (here it takes in all), and a
    patient no more than what was counted."""
    everyone, one = of_all(counted), of_one(counted)
    for store, exact in ((everyone, whole), (one, part)):
        assert await total(store, f"{search}&_total=accurate&_count=1") == exact
        assert await total(store, f"{search}&_total=none&_count=1") is None
        assert await total(store, f"{search}&_count=1") is None
    assert await total(everyone, f"{search}&_total=estimate&_count=1") == whole
    assert await total(one, f"{search}&_total=estimate&_count=1") == min(part, MOST)


async def test_q12_a_sample_stands_for_many(
    counted: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So few that MongoDB picks them by chance: all of them match, or about a half."""
    monkeypatch.setattr(counting, "SAMPLE", 14)
    store = of_all(counted)
    assert await total(store, "Observation?_total=estimate") == STORED
    half = await total(store, "Observation?status=final&_total=estimate")
    assert half is not None
    assert MOST <= half <= STORED


async def test_q12_the_total_is_of_all_pages(counted: Database) -> None:
    store = of_one(counted)
    for kind in ("accurate", "estimate"):
        query = parsed(f"Observation?code=c7&_count=2&_total={kind}")
        first = await store.search(query)
        second = await store.search(query, cursor=first.next_cursor)
        assert (first.total, second.total) == (4, 4)
    nobody = FhirStore(counted, Rights(Nothing()))
    assert await total(nobody, "Observation?_total=estimate") == 0


@pytest.mark.parametrize(
    "search", ["Observation?_sort=_id", "Observation?status=final", "Observation?code:text=weight"]
)
async def test_q12_an_estimate_looks_at_a_bounded_number(
    counted: Database,
    mongodb_uri: str,
    database_name: str,
    search: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By MongoDB's own record of what it examined."""
    monkeypatch.setattr(counting, "SAMPLE", 14)
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(mongodb_uri) as client:
        told = client[database_name]
        for store in (of_all(counted), of_one(counted)):
            await told["system.profile"].drop()
            await told.command({"profile": 2})
            await store.search(parsed(f"{search}&_total=estimate&_count=0"))
            await told.command({"profile": 0})
            asked = told["system.profile"].find({"ns": f"{database_name}.Observation"})
            examined = [one.get("docsExamined", 0) for one in await asked.to_list()]
            assert examined
            assert sum(examined) <= 3 * MOST, examined


async def test_q12_accurate_says_what_else_to_ask_for(
    counted: Database, mongodb_uri: str, database_name: str
) -> None:
    """Where the time that a query has does not do."""
    await UnrestrictedStore(counted, "test").create_many(
        [
            ("Basic", f"b{number}", {"resourceType": "Basic", "code": {"text": "x " * 500}})
            for number in range(2_000)
        ]
    )
    hurried = Limits(query_milliseconds=1)
    async with await Database.connect(
        mongodb_uri, database_name, cursor_key=CURSOR_KEY, base_url=BASE_URL, limits=hurried
    ) as database:
        query = parsed("Basic?code:text=y&_total=accurate&_count=0")
        problem = await refusal(UnrestrictedStore(database, "test").search(query))
    assert problem.category is Category.TOO_COSTLY
    assert "_total=estimate" in str(problem)
