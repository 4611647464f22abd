"""Random resources in the store and random queries of them, by the specification's words.

What the reference selects is what is found; whoever may see less finds just that part of it; the
pages joined are the whole, in the order of the sort and without repeats; the total is the length.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from fhir_server.search.expression import Ids
from fhir_server.search.query import SearchQuery
from fhir_server.store import Database, FhirStore, UnrestrictedStore
from tests.search import asked, made, reference
from tests.search.finding import BASE, parsed
from tests.search.words.order import SORTED, in_order
from tests.store.conftest import Rights

Resource = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(mongodb_uri: str, database_name: str) -> AsyncIterator[Database]:
    """A store that has the base URL of the references."""
    async with await Database.connect(
        mongodb_uri, database_name, cursor_key=b"k" * 32, base_url=BASE
    ) as connected:
        yield connected


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def documents(mongodb_uri: str, database_name: str) -> AsyncIterator[AsyncDatabase[Any]]:
    """What the store keeps, to empty it."""
    async with AsyncMongoClient[Any](mongodb_uri) as client:
        yield client[database_name]


@st.composite
def _case(draw: st.DrawFn) -> tuple[str, list[Resource], list[tuple[asked.Asked, ...]], str]:
    """A type, resources of it, searches, and a sort."""
    type_name = draw(st.sampled_from(("Observation", "Patient", "Patient", *made.MADE)))
    resources = draw(st.lists(made.MADE[type_name], min_size=3, max_size=12))
    named = [{**each, "id": f"x{number}"} for number, each in enumerate(resources)]
    one = asked.one(type_name)
    searches = draw(st.lists(st.one_of(st.tuples(one), st.tuples(one, one)), min_size=6))
    keys = draw(st.permutations(SORTED.get(type_name, ("_id",))))[: draw(st.integers(1, 2))]
    sort = ",".join(draw(st.sampled_from(("", "-"))) + key for key in keys)
    return type_name, named, searches, sort


@settings(max_examples=15)
@given(case=_case(), few=st.frozensets(st.sampled_from([f"x{n}" for n in range(12)])))
async def test_the_store_answers_as_the_words_do(
    database: Database, documents: AsyncDatabase[Any], case: Any, few: frozenset[str]
) -> None:
    """Q1, Q2, Q3, Q4, Q5, Q7, Q8, Q10, Q11, Q12; Y2 for who sees less."""
    type_name, resources, searches, sort = case
    system = UnrestrictedStore(database, "test")
    restricted = FhirStore(database, Rights(Ids(few)))
    await system.create_many([(type_name, each["id"], each) for each in resources])
    try:
        for search in searches:
            expected = {
                each["id"]
                for each in resources
                if all(reference.decide(each, *one) for one in search)
            }
            wanted = asked.search(type_name, *search) + f"&_sort={sort}"
            query = replace(parsed(wanted), total="accurate")
            whole = await _ids(system, query)
            assert whole == [each for each in in_order(resources, sort) if each in expected], wanted
            assert await _pages(system, query, 2) == whole, wanted
            assert await _ids(restricted, query) == [each for each in whole if each in few]
    finally:
        for name in (type_name, "_history"):
            await documents[name].delete_many({})


async def _ids(store: FhirStore, query: SearchQuery) -> list[str]:
    page = await store.search(query)
    assert page.total == len(page.matches)
    return [match.logical_id for match in page.matches]


async def _pages(store: FhirStore, query: SearchQuery, size: int) -> list[str]:
    """All pages of so many, one after the other; each but the last is full."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await store.search(replace(query, count=size), cursor=cursor)
        found += [match.logical_id for match in page.matches]
        cursor = page.next_cursor
        if cursor is None:
            return found
        assert len(page.matches) == size
