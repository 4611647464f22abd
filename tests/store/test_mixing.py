"""Searches of several types (Q11-Q13, Y2-Y7) against each type's own search and plain Python."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import unquote_plus

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.access.context import Interaction
from fhir_server.access.grant import grant_access
from fhir_server.access.system import SystemAccess
from fhir_server.outcome import Category
from fhir_server.search.mixed import MixedQuery, parse_mixed
from fhir_server.store import Database, FhirStore, SearchPage, UnrestrictedStore, mixing
from resources.access_table import Kind, members, visibility
from resources.fhir_json import parse
from tests.access.world import grant
from tests.search.finding import CATALOGUE, parsed
from tests.store.test_versions import refusal

Resource = dict[str, Any]
Place = tuple[str, str]
TYPES = ("Device", "Encounter", "Observation", "Organization", "Patient", "Practitioner", "Slot")
IDS = ("1", "1-", "1.", "10", "2", "A", "a", "z")
"""The same in each type; one begins another, so that nothing falls between two of them."""


def _resource(type_name: str, one: str, chance: random.Random) -> Resource:
    made: Resource = {"resourceType": type_name}
    made["meta"] = {"tag": [{"code": code} for code in ("a", "b") if chance.random() < 0.5]}
    if not made["meta"]["tag"]:
        del made["meta"]
    patient = {"reference": f"Patient/{chance.choice(IDS)}"}
    day = f"2024-0{chance.randrange(1, 4)}-0{chance.randrange(1, 3)}"
    match type_name:
        case "Observation":
            made |= {"status": chance.choice(("final", "cancelled")), "code": {"text": "x"}}
            made |= {"subject": patient}
            if chance.random() < 0.7:
                made["effectiveDateTime"] = day
        case "Encounter":
            made |= {"status": chance.choice(("finished", "cancelled")), "class": {"code": "AMB"}}
            made |= {"subject": patient}
            if chance.random() < 0.7:
                made["period"] = {"start": day}
        case "Device" if chance.random() < 0.7:
            made["patient"] = patient
        case "Patient":
            made["name"] = [{"family": chance.choice(("ann", "bob"))}]
        case "Organization" | "Practitioner":
            made["identifier"] = [{"value": f"{type_name}-{one}"}]
        case "Slot":
            made |= {
                "schedule": {"reference": "Schedule/x"},
                "status": "free",
                "start": f"{day}T10:00:00Z",
                "end": f"{day}T11:00:00Z",
            }
        case _:
            pass
    return made


@dataclass(frozen=True, repr=False)
class Mixed:
    database: Database
    resources: dict[Place, Resource]
    """As they are stored."""

    def of(self, caller: str) -> FhirStore:
        return FhirStore(self.database, CALLERS[caller])


def _patient(who: str) -> Any:
    given = replace(grant("patient/*.rs"), patient=who, fhir_user=f"Patient/{who}")
    return grant_access(given, CATALOGUE)


CALLERS: dict[str, Any] = {
    "all": SystemAccess("test"),
    "1": _patient("1"),
    "a": _patient("a"),
    "some": grant_access(grant("system/Observation.s", "system/Patient.rs"), CATALOGUE),
}


def _sees(caller: str, resource: Resource) -> bool:
    if caller in ("all", "some"):
        return caller == "all" or resource["resourceType"] in ("Observation", "Patient")
    kind = visibility(resource["resourceType"]).kind
    return kind is Kind.SHARED or (
        caller in members(resource) or (kind is Kind.MIXED and not members(resource))
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mixed(database: Database) -> AsyncIterator[Mixed]:
    """Some of one instant, as a transaction makes them, and some not."""
    chance = random.Random(7)
    system = UnrestrictedStore(database, "test")
    everything = [(name, one, _resource(name, one, chance)) for name in TYPES for one in IDS]
    chance.shuffle(everything)
    stored: dict[Place, Resource] = {}
    for start in range(0, len(everything), 12):
        for version in await system.create_many(everything[start : start + 12]):
            resource = cast(Resource, parse(version.json))
            stored[version.type_name, version.logical_id] = resource
        await asyncio.sleep(0.003)
    yield Mixed(database, stored)


def read(search: str, compartment: str = "", *, strict: bool = True) -> MixedQuery:
    pairs = [pair.partition("=") for pair in search.split("&")] if search else []
    return parse_mixed(
        CATALOGUE,
        [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs],
        compartment=compartment,
        strict=strict,
        default_count=50,
        max_count=100,
    )


def _places(page: SearchPage) -> list[Place]:
    return [(match.type_name, match.logical_id) for match in page.matches]


async def _pages(store: FhirStore, query: MixedQuery) -> list[SearchPage]:
    """All of them; going back shows the same."""
    pages = [await store.search_mixed(query)]
    while (cursor := pages[-1].next_cursor) is not None:
        pages.append(await store.search_mixed(query, cursor=cursor))
    cursor = pages[-1].previous_cursor
    for page in reversed(pages[:-1]):
        assert cursor is not None
        back = await store.search_mixed(query, cursor=cursor)
        assert _places(back) == _places(page)
        assert back.next_cursor is not None
        cursor = back.previous_cursor
    assert cursor is None
    return pages


def _tagged(code: str) -> Callable[[Resource], bool]:
    return lambda one: {"code": code} in one.get("meta", {}).get("tag", ())


FILTERS: dict[str, Callable[[Resource], bool]] = {
    "": lambda _: True,
    "_tag=a": _tagged("a"),
    "_tag:not=b": lambda one: not _tagged("b")(one),
    "_tag=a&_id=1,2,a,none": lambda one: _tagged("a")(one) and one["id"] in ("1", "2", "a"),
    "_id=z": lambda one: one["id"] == "z",
    "_tag:missing=true": lambda one: "tag" not in one["meta"],
    "_lastUpdated=gt2000": lambda _: True,
    "_lastUpdated=lt2000": lambda _: False,
}
SORTS = ("_id", "-_id", "_lastUpdated", "-_lastUpdated", "_lastUpdated,-_id", "-_lastUpdated,_id")


def _in_order(resources: list[Resource], sort: str) -> list[Place]:
    """By the rules of `_sort`, then by id in the direction of the last of them, then by type."""
    rules = sort.split(",")
    if not rules[-1].endswith("_id"):
        rules.append("-_id" if rules[-1].startswith("-") else "_id")
    ordered = sorted(resources, key=lambda one: one["resourceType"])
    for rule in reversed(rules):

        def key(one: Resource, name: str = rule.removeprefix("-")) -> str:
            return one["id"] if name == "_id" else one["meta"]["lastUpdated"]

        ordered.sort(key=key, reverse=rule.startswith("-"))
    return [(one["resourceType"], one["id"]) for one in ordered]


@settings(max_examples=40)
@given(
    caller=st.sampled_from(sorted(CALLERS)),
    asked=st.sampled_from(sorted(FILTERS)),
    types=st.sets(st.sampled_from(TYPES)),
    sort=st.sampled_from(("", *SORTS)),
    count=st.sampled_from((2, 5, 9, 23)),
)
async def test_q11_y2_pages_of_several_types_are_the_whole(
    mixed: Mixed, caller: str, asked: str, types: set[str], sort: str, count: int
) -> None:
    """Joined they are what each type's own search finds, in one order, without repeats; and what
    the caller sees by a plain look at each resource, counted too."""
    if caller == "some":
        types &= {"Observation", "Patient"}
    search = [asked] if asked else []
    search += [f"_type={','.join(sorted(types))}"] if types else []
    search += [f"_sort={sort}"] if sort else []
    query = read("&".join([*search, f"_count={count}", "_total=accurate"]))
    pages = await _pages(mixed.of(caller), query)
    places = [place for page in pages for place in _places(page)]
    expected = [
        one
        for one in mixed.resources.values()
        if (not types or one["resourceType"] in types)
        and _sees(caller, one)
        and FILTERS[asked](one)
    ]
    assert {page.total for page in pages} == {len(expected)}
    assert all(len(page.matches) == count for page in pages[:-1])
    if sort:
        assert places == _in_order(expected, sort)
    assert sorted(places) == sorted((one["resourceType"], one["id"]) for one in expected)
    if not sort:
        assert places == await _one_by_one(mixed.of(caller), types or set(TYPES), asked)


async def _one_by_one(store: FhirStore, types: set[str], asked: str) -> list[Place]:
    """What the searches of the types find, one after the other."""
    found: list[Place] = []
    for name in sorted(types):
        if store.access.covers(Interaction.SEARCH, name):
            found += _places(await store.search(parsed(f"{name}?{asked}".rstrip("?"))))
    return found


@pytest.mark.parametrize("caller", ["all", "1", "a"])
@pytest.mark.parametrize("count", [3, 100])
@pytest.mark.parametrize(
    ("types", "asked"),
    [
        ("Encounter,Observation", "status=cancelled"),
        ("Encounter,Observation", "status=cancelled,final&_tag=a"),
        ("Encounter,Observation", "date=2024-02"),
        ("Encounter,Observation", "date=gt2024-01-01&_tag:not=a"),
        ("Encounter,Observation", "subject=Patient/1,Patient/a"),
        ("Encounter,Observation", "subject:Patient.family=ann"),
        ("Encounter,Observation,Device", "patient.family:exact=bob&patient=1,a,z"),
        ("Organization,Practitioner", "identifier=Organization-1,Practitioner-z"),
        ("Organization,Practitioner,Patient", "name:missing=true"),
        ("Patient,Practitioner", "family=a"),
        ("Patient", "_has:Observation:patient:status=final"),
        ("Encounter,Observation,Slot", "status=cancelled,free"),
    ],
)
async def test_q13_what_the_types_share_is_asked_of_each(
    mixed: Mixed, caller: str, count: int, types: str, asked: str
) -> None:
    store = mixed.of(caller)
    query = read(f"_type={types}&{asked}&_count={count}")
    found: list[Place] = []
    page = await store.search_mixed(query)
    found += _places(page)
    while page.next_cursor is not None:
        page = await store.search_mixed(query, cursor=page.next_cursor)
        found += _places(page)
    assert found == await _one_by_one(store, set(types.split(",")), asked)
    if caller == "all":
        assert found


@pytest.mark.parametrize("caller", ["all", "a"])
@pytest.mark.parametrize(
    "sort", ["date", "-date", "-date,_id", "status,-date", "status,_lastUpdated"]
)
async def test_q10_types_are_merged_by_a_parameter_that_they_share(
    mixed: Mixed, caller: str, sort: str
) -> None:
    """Those without a value come together, first or last; the same on pages of any size."""
    store = mixed.of(caller)
    types = "_type=Encounter,Observation"
    places = _places(await store.search_mixed(read(f"{types}&_sort={sort}")))
    own = {one for one in mixed.resources if one[0] in ("Encounter", "Observation")}
    assert set(places) == {one for one in own if _sees(caller, mixed.resources[one])}
    values = [_date(mixed.resources[place]) for place in places]
    if "status" not in sort:
        assert values == sorted(values, reverse=sort.startswith("-"))
    else:
        states = [mixed.resources[place]["status"] for place in places]
        assert states == sorted(states)
    pages = await _pages(store, read(f"{types}&_sort={sort}&_count=3"))
    assert [place for page in pages for place in _places(page)] == places


def _date(resource: Resource) -> str:
    return resource.get("effectiveDateTime", resource.get("period", {}).get("start", ""))


COMPARTMENTS: dict[str, Callable[[Resource], bool]] = {
    "Patient/1": lambda one: one.get("subject", {}).get("reference") == "Patient/1",
    "Practitioner/1": lambda one: (one["resourceType"], one["id"]) == ("Practitioner", "1"),
    "Encounter/1": lambda one: (one["resourceType"], one["id"]) == ("Encounter", "1"),
    "Patient/none": lambda _: False,
}


@pytest.mark.parametrize("caller", ["all", "1", "a"])
@pytest.mark.parametrize("compartment", COMPARTMENTS)
@pytest.mark.parametrize("sort", ["", "-_lastUpdated"])
async def test_q13_y5_all_types_of_a_compartment(
    mixed: Mixed, caller: str, compartment: str, sort: str
) -> None:
    """Exactly CompartmentDefinition (a Device is in no Patient's, nor is the Patient); else
    nothing of another's."""
    query = read(f"_count=2&_total=accurate{f'&_sort={sort}' if sort else ''}", compartment)
    pages = await _pages(mixed.of(caller), query)
    places = sorted(place for page in pages for place in _places(page))
    owner, _, one = compartment.partition("/")
    reached = (owner, one) in mixed.resources and _sees(caller, mixed.resources[owner, one])
    expected = [
        place
        for place, one in mixed.resources.items()
        if reached and _sees(caller, one) and COMPARTMENTS[compartment](one)
    ]
    assert places == sorted(expected)
    assert {page.total for page in pages} == {len(expected)}


async def test_q9_includes_are_no_match_of_another_type(mixed: Mixed) -> None:
    query = read(
        "_type=Observation,Patient&_include=Observation:subject&_revinclude=Device:patient"
    )
    page = await mixed.of("all").search_mixed(query)
    assert {name for name, _ in _places(page)} == {"Observation", "Patient"}
    assert {one.type_name for one in page.included} == {"Device"}
    query = read("_type=Observation,Patient&_count=3&_include=Observation:subject")
    page = await mixed.of("all").search_mixed(query)
    assert {name for name, _ in _places(page)} == {"Observation"}
    assert {one.type_name for one in page.included} == {"Patient"}
    query = read("_type=Observation,Patient&_sort=-_id&_count=2&_include:iterate=*&_revinclude=*")
    page = await mixed.of("all").search_mixed(query)
    found = [*_places(page), *((one.type_name, one.logical_id) for one in page.included)]
    assert len(found) == len(set(found)) > 2


async def test_q11_pages_hold_while_others_write(mixed: Mixed) -> None:
    """No repeats and no gaps among what did not change, in either kind of order."""
    system = UnrestrictedStore(mixed.database, "test")
    chance = random.Random(3)
    for sort in ("", "&_sort=_id", "&_sort=-_lastUpdated"):
        query = read(f"_tag=a&_count=2{sort}")
        page = await system.search_mixed(query)
        places = _places(page)
        made: list[Place] = []
        while page.next_cursor is not None:
            name = chance.choice(("Observation", "Patient", "Device"))
            new = {**_resource(name, "x", chance), "meta": {"tag": [{"code": "a"}]}}
            made.append((name, (await system.create(name, new)).logical_id))
            page = await system.search_mixed(query, cursor=page.next_cursor)
            places += _places(page)
        assert len(places) == len(set(places))
        expected = {place for place, one in mixed.resources.items() if _tagged("a")(one)}
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


async def test_z4_what_has_no_scope(mixed: Mixed) -> None:
    """Named it is refused; unnamed it is left out in silence, and of nothing there is a refusal."""
    some = mixed.of("some")
    for search in ("_type=Observation,Device", "_type=Device&_id=none", "_type=Device&_count=0"):
        problem = await refusal(some.search_mixed(read(search)))
        assert problem.category is Category.FORBIDDEN
        assert "/Device.s" in str(problem)
    page = await some.search_mixed(read("_total=accurate&_count=100&_include=*&_revinclude=*"))
    assert {name for name, _ in _places(page)} == {"Observation", "Patient"}
    assert page.total == 2 * len(IDS)
    assert page.included == ()
    nobody = FhirStore(mixed.database, grant_access(grant("openid", "user/Patient.r"), CATALOGUE))
    assert (await refusal(nobody.search_mixed(read("")))).category is Category.FORBIDDEN
    without = grant_access(grant("system/Observation.rs"), CATALOGUE)
    problem = await refusal(FhirStore(mixed.database, without).search_mixed(read("", "Patient/1")))
    assert "/Patient.rs" in str(problem)


async def test_a_transaction_is_asked_one_thing_at_a_time(mixed: Mixed) -> None:
    """And sees what it wrote itself."""

    async def work(store: FhirStore) -> list[Place]:
        await store.create("Slot", _resource("Slot", "x", random.Random(1)), logical_id="new")
        found = await store.search_mixed(read("_id=new,z&_sort=_lastUpdated&_total=accurate"))
        assert found.total == len(found.matches)
        again = await store.search_mixed(read("_id=new,z"))
        assert sorted(_places(again)) == sorted(_places(found))
        await store.delete("Slot", "new")
        return _places(found)

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
    whole = _places(await mixed.of("all").search_mixed(read(f"_sort={sort}&_count=100")))
    monkeypatch.setattr(mixing, "FEW", 0)
    for types, count in (("", 20), ("_type=Observation,Patient,Slot,Device&", 7)):
        pages = await _pages(mixed.of("all"), read(f"{types}_sort={sort}&_count={count}"))
        expected = [place for place in whole if not types or place[0] in types]
        assert [place for page in pages for place in _places(page)] == expected


async def test_limits_are_told(mixed: Mixed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixing, "MOST_SORTED", len(TYPES) * 3)
    pages = await _pages(mixed.of("all"), read("_sort=-_lastUpdated&_count=50"))
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
