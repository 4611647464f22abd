"""Pages of several types (Q11): under writes, by links, inside transactions, and at what cost."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from fhir_server.outcome import Category
from fhir_server.store import Database, FhirStore, UnrestrictedStore, mixing
from tests.search.finding import parsed
from tests.store.mixed import (
    TYPES,
    Mixed,
    Place,
    new_resource,
    pages_of,
    places_of,
    read,
    tagged,
)
from tests.store.test_versions import refusal


async def test_q11_pages_hold_while_others_write(mixed: Mixed) -> None:
    """No repeats and no gaps among what did not change, in either kind of order."""
    system = UnrestrictedStore(mixed.database, "test")
    chance = random.Random(3)
    for sort in ("", "&_sort=_id", "&_sort=-_lastUpdated"):
        query = read(f"_tag=a&_count=2{sort}")
        page = await system.search_mixed(query)
        places = places_of(page)
        made: list[Place] = []
        while page.next_cursor is not None:
            name = chance.choice(("Observation", "Patient", "Device"))
            new = {**new_resource(name, "x", chance), "meta": {"tag": [{"code": "a"}]}}
            made.append((name, (await system.create(name, new)).logical_id))
            page = await system.search_mixed(query, cursor=page.next_cursor)
            places += places_of(page)
        assert len(places) == len(set(places))
        expected = {place for place, one in mixed.resources.items() if tagged("a")(one)}
        assert expected <= set(places) <= expected | set(made)
        for name, one in made:
            await system.delete(name, one)


async def test_a_link_is_of_no_use_to_another_caller_or_place(mixed: Mixed) -> None:
    query = read("_count=2")
    cursor = (await mixed.of("all").search_mixed(query)).next_cursor
    for caller, other in (
        ("1", query),
        ("all", read("_count=3")),
        ("all", read("_count=2&_tag=a")),
    ):
        problem = await refusal(mixed.of(caller).search_mixed(other, cursor=cursor))
        assert problem.category is Category.INVALID
    problem = await refusal(
        mixed.of("all").search_mixed(read("_count=2", "Patient/1"), cursor=cursor)
    )
    assert problem.category is Category.INVALID
    single = parsed("Observation?_count=2")
    problem = await refusal(mixed.of("all").search(single, cursor=cursor))
    assert problem.category is Category.INVALID


async def test_a_transaction_is_asked_one_thing_at_a_time(mixed: Mixed) -> None:
    """And sees what it wrote itself."""

    async def work(store: FhirStore) -> list[Place]:
        await store.create("Slot", new_resource("Slot", "x", random.Random(1)), logical_id="new")
        found = await store.search_mixed(read("_id=new,z&_sort=_lastUpdated&_total=accurate"))
        assert found.total == len(found.matches)
        again = await store.search_mixed(read("_id=new,z"))
        assert sorted(places_of(again)) == sorted(places_of(found))
        await store.delete("Slot", "new")
        return places_of(found)

    system = UnrestrictedStore(mixed.database, "test")
    found = await system.run_transaction(work, types=("Slot",))
    assert sorted(found) == sorted([("Slot", "new"), *((name, "z") for name in TYPES)])


async def test_what_a_search_costs(mixed: Mixed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 145 types those are asked that have resources, and of those as many as fill the page."""
    asked: list[str] = []
    original = Database.run

    async def run(self: Database, command: dict[str, Any], *rest: Any) -> Any:
        asked.append(next(iter(command.values())))
        return await original(self, command, *rest)

    monkeypatch.setattr(Database, "run", run)

    async def cost(search: str) -> list[str]:
        asked.clear()
        await mixed.of("all").search_mixed(read(search))
        return sorted(asked)

    assert await cost("_count=5") == ["Device", "_store"]
    assert await cost("_id=none") == sorted(["_store", *TYPES])
    assert await cost("_type=Observation,Account,Medication") == ["Observation", "_store"]
    assert await cost("_count=0") == sorted(["_store", *TYPES])
    assert await cost("_sort=-_id&_count=9") == sorted([*("_store", *TYPES), *TYPES])
    assert await cost("_sort=-_id&_count=1") == sorted(["Device", "_store", *TYPES])


@pytest.mark.parametrize("sort", ["_lastUpdated", "-_lastUpdated", "_id", "-_id"])
async def test_q11_a_page_of_few_of_each_type_is_the_same(
    mixed: Mixed, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    """Where a type has more of the page than its share, it is asked again."""
    whole = places_of(await mixed.of("all").search_mixed(read(f"_sort={sort}&_count=100")))
    monkeypatch.setattr(mixing, "FEW", 0)
    for types, count in (("", 20), ("_type=Observation,Patient,Slot,Device&", 7)):
        pages = await pages_of(mixed.of("all"), read(f"{types}_sort={sort}&_count={count}"))
        expected = [place for place in whole if not types or place[0] in types]
        assert [place for page in pages for place in places_of(page)] == expected


async def test_limits_are_told(mixed: Mixed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixing, "MOST_SORTED", len(TYPES) * 3)
    pages = await pages_of(mixed.of("all"), read("_sort=-_lastUpdated&_count=50"))
    assert [len(page.matches) for page in pages] == [3] * 18 + [2]
    monkeypatch.setattr(mixing, "MOST_LOOKUPS", 1)
    many = read("_type=Observation,Encounter&patient.family=ann")
    problem = await refusal(mixed.of("all").search_mixed(many))
    assert problem.category is Category.TOO_COSTLY
    monkeypatch.setattr(
        mixed.database, "limits", replace(mixed.database.limits, query_milliseconds=-1)
    )
    problem = await refusal(mixed.of("all").search_mixed(read("_count=0")))
    assert problem.category is Category.TOO_COSTLY
