"""Pages, totals, includes and their limits, as the store puts them together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from fhir_server.outcome import Category
from fhir_server.search import plan
from fhir_server.search.expression import Everything, Key, Member
from fhir_server.search.query import Include, SearchQuery, SortKey
from fhir_server.store import Database, FhirStore, SearchPage, UnrestrictedStore
from tests.store.conftest import Rights
from tests.store.test_versions import refusal

NUMBER = 23
SUBJECT = (Include("Observation", "subject", None),)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def seeded(database: Database) -> AsyncIterator[FhirStore]:
    """Observations of three patients; some share a date, some have none; one was deleted."""
    system = UnrestrictedStore(database, "test")
    people = [("Patient", f"p{number}", {"resourceType": "Patient"}) for number in range(3)]
    await system.create_many(people)
    await system.create_many(
        [("Observation", f"o{number}", _observation(number)) for number in range(NUMBER)]
    )
    await system.create("Observation", _observation(1), logical_id="gone")
    await system.delete("Observation", "gone")
    yield system


def _observation(number: int) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "resourceType": "Observation",
        "status": ["final", "amended"][number % 2],
        "code": {"coding": [{"system": "http://loinc.org", "code": f"c{number % 4}"}]},
        "subject": {"reference": f"Patient/p{number % 3}"},
    }
    if number % 5:
        resource["effectiveDateTime"] = f"2024-01-{number // 2 + 1:02}"
    return resource


SORTS = [
    (),
    (SortKey("date", True),),
    (SortKey("date", False),),
    (SortKey("_id", False),),
    (SortKey("_lastUpdated", True),),
    (SortKey("_lastUpdated", False),),
    (SortKey("status", False), SortKey("date", True)),
]


@pytest.mark.parametrize("rights", [Everything(), Member(frozenset({"p1"}))], ids=["all", "p1"])
@pytest.mark.parametrize("sort", SORTS, ids=str)
async def test_q11a_pages_join_to_the_whole_forward_and_back(
    seeded: FhirStore, database: Database, sort: Any, rights: Any
) -> None:
    store = FhirStore(database, Rights(rights))
    whole = await store.search(SearchQuery("Observation", Everything(), sort, count=99))
    ids = [match.logical_id for match in whole.matches]
    expected = range(NUMBER) if isinstance(rights, Everything) else range(1, NUMBER, 3)
    assert sorted(ids) == sorted(f"o{number}" for number in expected)
    assert (whole.next_cursor, whole.previous_cursor) == (None, None)
    query = SearchQuery("Observation", Everything(), sort, count=4, total="accurate")
    pages = [await store.search(query)]
    while pages[-1].next_cursor is not None:
        pages.append(await store.search(query, cursor=pages[-1].next_cursor))
    assert [match.logical_id for page in pages for match in page.matches] == ids
    assert {page.total for page in pages} == {len(ids)}
    assert all(len(page.matches) == 4 for page in pages[:-1])
    assert pages[0].previous_cursor is None
    await _same_backwards(store, query, pages)


async def _same_backwards(store: FhirStore, query: SearchQuery, pages: list[SearchPage]) -> None:
    cursor = pages[-1].previous_cursor
    for page in reversed(pages[:-1]):
        assert cursor is not None
        back = await store.search(query, cursor=cursor)
        assert back.matches == page.matches
        assert back.next_cursor is not None
        cursor = back.previous_cursor
    assert cursor is None


async def test_a_cursor_is_of_no_use_to_another_caller_or_search(
    seeded: FhirStore, database: Database
) -> None:
    mine = FhirStore(database, Rights(Everything(), caller="me"))
    query = SearchQuery("Observation", Everything(), count=4, applied=(("_count", "4"),))
    cursor = (await mine.search(query)).next_cursor
    assert cursor is not None
    theirs = FhirStore(database, Rights(Member(frozenset({"p1"})), caller="they"))
    other = SearchQuery("Observation", Everything(), count=4, applied=(("_count", "5"),))
    for call in (
        theirs.search(query, cursor=cursor),
        mine.search(other, cursor=cursor),
        mine.search(query, cursor="x" + cursor),
        mine.search(query, cursor="ä"),
    ):
        assert (await refusal(call)).category is Category.INVALID


async def test_a_count_of_zero_only_counts(seeded: FhirStore) -> None:
    page = await seeded.search(SearchQuery("Observation", Everything(), count=0))
    assert page == SearchPage((), total=NUMBER)


async def test_q9b_includes_come_once_and_never_a_match(seeded: FhirStore) -> None:
    query = SearchQuery("Observation", Everything(), count=10, includes=SUBJECT)
    page = await seeded.search(query)
    assert sorted(found.logical_id for found in page.included) == ["p0", "p1", "p2"]
    for include, expected in (
        (Include("Observation", "subject", "Patient"), 3),
        (Include("Observation", "subject", "Group"), 0),
        (Include("Observation", "*", None), 3),
        (Include("*", "*", None), 3),
        (Include("Condition", "subject", None), 0),
    ):
        query = SearchQuery("Observation", Everything(), count=10, includes=(include,))
        assert len((await seeded.search(query)).included) == expected
    back = SearchQuery("Patient", Everything(), count=2, revincludes=SUBJECT)
    page = await seeded.search(back)
    matched = {match.logical_id for match in page.matches}
    expected_ids = {f"o{number}" for number in range(NUMBER) if f"p{number % 3}" in matched}
    assert len(matched) == 2
    assert {found.logical_id for found in page.included} == expected_ids
    assert len(page.included) == len(expected_ids)
    wide = SearchQuery("Patient", Everything(), revincludes=(Include("Observation", "*", None),))
    assert len((await seeded.search(wide)).included) == NUMBER


async def test_includes_end_at_the_limit_and_say_so(seeded: FhirStore, database: Database) -> None:
    limit = database.limits.included
    await seeded.create_many([("Condition", None, _condition("p0")) for _ in range(limit - NUMBER)])
    revincludes = (*SUBJECT, Include("Condition", "subject", None))
    query = SearchQuery("Patient", Everything(), revincludes=revincludes)
    page = await seeded.search(query)
    assert (len(page.included), page.capped) == (limit, False)
    await seeded.create("Condition", _condition("p1"))
    page = await seeded.search(query)
    assert (len(page.included), page.capped) == (limit, True)


def _condition(patient: str) -> dict[str, Any]:
    return {"resourceType": "Condition", "subject": {"reference": f"Patient/{patient}"}}


async def test_a_search_by_key_examines_what_it_returns(seeded: FhirStore) -> None:
    query = SearchQuery("Observation", Key("code\x1fc\x1fc1"), count=3)
    stats = (await seeded.explain(query))["executionStats"]
    assert stats["nReturned"] == 4
    assert stats["totalKeysExamined"] <= 6
    assert stats["totalDocsExamined"] <= 6


async def test_a_sort_without_an_index_is_bounded(
    seeded: FhirStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = SearchQuery("Observation", Everything(), (SortKey("status", False),), count=4)
    monkeypatch.setattr(plan, "SORT_LIMIT", NUMBER)
    assert len((await seeded.search(query)).matches) == 4
    monkeypatch.setattr(plan, "SORT_LIMIT", NUMBER - 1)
    assert (await refusal(seeded.search(query))).category is Category.TOO_COSTLY
