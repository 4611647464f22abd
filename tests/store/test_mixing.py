"""Searches of several types (Q11-Q13, Y2-Y7) against each type's own search and plain Python."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.access.context import Interaction
from fhir_server.access.grant import grant_access
from fhir_server.outcome import Category
from fhir_server.store import FhirStore
from tests.access.world import grant
from tests.search.finding import CATALOGUE, parsed
from tests.store.mixed import (
    CALLERS,
    IDS,
    TYPES,
    Mixed,
    Place,
    Resource,
    pages_of,
    places_of,
    read,
    sees,
    tagged,
)
from tests.store.test_versions import refusal

FILTERS: dict[str, Callable[[Resource], bool]] = {
    "": lambda _: True,
    "_tag=a": tagged("a"),
    "_tag:not=b": lambda one: not tagged("b")(one),
    "_tag=a&_id=1,2,a,none": lambda one: tagged("a")(one) and one["id"] in ("1", "2", "a"),
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
    pages = await pages_of(mixed.of(caller), query)
    places = [place for page in pages for place in places_of(page)]
    expected = [
        one
        for one in mixed.resources.values()
        if (not types or one["resourceType"] in types) and sees(caller, one) and FILTERS[asked](one)
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
            found += places_of(await store.search(parsed(f"{name}?{asked}".rstrip("?"))))
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
    found += places_of(page)
    while page.next_cursor is not None:
        page = await store.search_mixed(query, cursor=page.next_cursor)
        found += places_of(page)
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
    places = places_of(await store.search_mixed(read(f"{types}&_sort={sort}")))
    own = {one for one in mixed.resources if one[0] in ("Encounter", "Observation")}
    assert set(places) == {one for one in own if sees(caller, mixed.resources[one])}
    values = [_date(mixed.resources[place]) for place in places]
    if "status" not in sort:
        assert values == sorted(values, reverse=sort.startswith("-"))
    else:
        states = [mixed.resources[place]["status"] for place in places]
        assert states == sorted(states)
    pages = await pages_of(store, read(f"{types}&_sort={sort}&_count=3"))
    assert [place for page in pages for place in places_of(page)] == places


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
    pages = await pages_of(mixed.of(caller), query)
    places = sorted(place for page in pages for place in places_of(page))
    owner, _, one = compartment.partition("/")
    reached = (owner, one) in mixed.resources and sees(caller, mixed.resources[owner, one])
    expected = [
        place
        for place, one in mixed.resources.items()
        if reached and sees(caller, one) and COMPARTMENTS[compartment](one)
    ]
    assert places == sorted(expected)
    assert {page.total for page in pages} == {len(expected)}


async def test_q9_includes_are_no_match_of_another_type(mixed: Mixed) -> None:
    query = read(
        "_type=Observation,Patient&_include=Observation:subject&_revinclude=Device:patient"
    )
    page = await mixed.of("all").search_mixed(query)
    assert {name for name, _ in places_of(page)} == {"Observation", "Patient"}
    assert {one.type_name for one in page.included} == {"Device"}
    query = read("_type=Observation,Patient&_count=3&_include=Observation:subject")
    page = await mixed.of("all").search_mixed(query)
    assert {name for name, _ in places_of(page)} == {"Observation"}
    assert {one.type_name for one in page.included} == {"Patient"}
    query = read("_type=Observation,Patient&_sort=-_id&_count=2&_include:iterate=*&_revinclude=*")
    page = await mixed.of("all").search_mixed(query)
    found = [*places_of(page), *((one.type_name, one.logical_id) for one in page.included)]
    assert len(found) == len(set(found)) > 2


async def test_z4_what_has_no_scope(mixed: Mixed) -> None:
    """Named it is refused; unnamed it is left out in silence, and of nothing there is a refusal."""
    some = mixed.of("some")
    for search in ("_type=Observation,Device", "_type=Device&_id=none", "_type=Device&_count=0"):
        problem = await refusal(some.search_mixed(read(search)))
        assert problem.category is Category.FORBIDDEN
        assert "/Device.s" in str(problem)
    page = await some.search_mixed(read("_total=accurate&_count=100&_include=*&_revinclude=*"))
    assert {name for name, _ in places_of(page)} == {"Observation", "Patient"}
    assert page.total == 2 * len(IDS)
    assert page.included == ()
    nobody = FhirStore(mixed.database, grant_access(grant("openid", "user/Patient.r"), CATALOGUE))
    assert (await refusal(nobody.search_mixed(read("")))).category is Category.FORBIDDEN
    without = grant_access(grant("system/Observation.rs"), CATALOGUE)
    problem = await refusal(FhirStore(mixed.database, without).search_mixed(read("", "Patient/1")))
    assert "/Patient.rs" in str(problem)
