"""The query shapes that matter walk an index, by 20,000 documents (issue 3, done when).

Asked over HTTP; what MongoDB examined is what its profiler says of the commands that it ran.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from pymongo import MongoClient

from fhir_server.interactions.checked import checked
from fhir_server.store import Database
from tests.bench.search.criteria import Criteria
from tests.bench.search.loading import load
from tests.bench.search.pages import Asking
from tests.bench.search.practice import Practice
from tests.bench.search.shapes import Asked, Shape, asked, cases
from tests.bench.search.watching import Watch
from tests.serving import serving

PRACTICE = Practice(160)
CRITERIA = Criteria(PRACTICE)
BASE_URL = "http://127.0.0.1/fhir"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def asking(
    mongodb_uri: str, database_name: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Asking]:
    async with await Database.connect(
        mongodb_uri, database_name, cursor_key=b"k" * 32, base_url=BASE_URL
    ) as database:
        assert await load(database, mongodb_uri, database_name, PRACTICE) > 20_000
    folder = tmp_path_factory.mktemp("shapes")
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        async with serving(mongodb_uri, database_name, folder) as served:
            with Watch(client[database_name]).watching() as watch:
                yield Asking(served, watch)


def _name(value: object) -> str:
    return value.name if isinstance(value, Shape) else str(value)


@pytest.mark.parametrize(("shape", "caller"), cases(), ids=_name)
async def test_a_shape_examines_little(asking: Asking, shape: Shape, caller: str) -> None:
    """At most two documents for each returned, plus two, none sorted; a later page as the first."""
    found, last = 0, 0
    for one in asked(shape, caller, CRITERIA, choices=2):
        async for page in asking.pages(one):
            assert page.bounded, page
            found, last = found + page.entries, max(last, page.number)
    assert found > 0
    assert (last > 1) is shape.pages


@pytest.mark.parametrize(
    ("query", "sorts"),
    [
        ("Observation?patient={patient}&_sort=status", True),
        ("Observation?patient={patient}&status:not=final&_count=5", False),
    ],
)
async def test_what_is_costly_is_seen(asking: Asking, query: str, sorts: bool) -> None:
    """A sort in memory, and documents read for nothing: or the shapes above would prove little."""
    one = Asked(query.format_map(CRITERIA.values(0)), None)
    pages = [page async for page in asking.pages(one)]
    assert not any(page.bounded for page in pages)
    assert any(page.work.sorts for page in pages) is sorts


def test_a_made_record_is_valid() -> None:
    """Searches are measured on resources that the server would take."""
    for made in [*PRACTICE.record(9), *PRACTICE.block(1)[::50]]:
        checked(made.resource, made.type_name)


def test_records_are_the_same_in_a_practice_of_any_size() -> None:
    """Or the queries of two stores could not be compared. Only with whom a visit is differs."""
    larger = Practice(16_000)
    for one, other in zip(PRACTICE.record(8), larger.record(8), strict=True):
        assert (one.logical_id, one.written) == (other.logical_id, other.written)
        if one.type_name == "Observation":
            assert one.resource == other.resource
