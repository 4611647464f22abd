"""`_include` and `_revinclude` with wildcards and `:iterate` (Q9, Y4) against following by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from fhir_server.store import Database, FhirStore
from fhir_server.store import including as including_module
from tests.search.finding import parsed
from tests.search.joined import WAYS, Resource, Sees, values
from tests.store.test_joining import CALLERS, EVERYONE, joined

__all__ = ["joined"]

Place = tuple[str, str]


def _place(resource: Resource) -> Place:
    return resource["resourceType"], resource["id"]


def _ways(resource: Resource) -> Iterator[tuple[str, Place]]:
    """Parameter and target of each reference."""
    for (source, parameter), (path, targets) in WAYS.items():
        if source == resource["resourceType"]:
            for each in values(resource, path):
                kind, _, one = each["reference"].partition("/")
                if kind in targets:
                    yield parameter, (kind, one)


def _by_hand(matches: list[Resource], asked: list[tuple[str, str]], sees: Sees) -> set[Place]:
    """What R4 3.1.1.5.5 says is included; `*` stands for any type or parameter."""
    known = {_place(each) for each in matches}
    front, found, first = list(matches), set[Place](), True
    while front:
        new: list[Resource] = []
        for name, way in asked:
            if not first and ":iterate" not in name:
                continue
            source, parameter, target = (*(way if way != "*" else "*:*").split(":"), "")[:3]
            for one in EVERYONE.resources:
                if not sees(one) or _place(one) in known:
                    continue
                pairs = [(one, each) if "_rev" in name else (each, one) for each in front]
                if any(
                    source in ("*", here["resourceType"])
                    and parameter in ("*", by)
                    and target in ("", place[0])
                    and place == _place(there)
                    for here, there in pairs
                    for by, place in _ways(here)
                ):
                    new.append(one)
        front, first = [], False
        for one in new:
            if _place(one) not in known:
                known.add(_place(one))
                found.add(_place(one))
                front.append(one)
    return found


@pytest.mark.parametrize("caller", sorted(CALLERS))
@pytest.mark.parametrize(
    "search",
    [
        "Observation?_id=b3,b7&_include=*",
        "Observation?_id=b3,b7&_include=Observation:*",
        "Observation?_include=Observation:*:Patient",
        "Observation?_id=b29&_include:iterate=Observation:has-member",
        "Observation?_id=b29,b28&_include:iterate=*",
        "Observation?_id=b29&_include=Observation:patient&_include:iterate=Patient:organization",
        (
            "Observation?_id=b29&_include=Observation:patient&_include=Observation:encounter"
            "&_include:iterate=Encounter:service-provider"
        ),
        "Patient?_id=p0,p1&_revinclude=*",
        "Patient?_id=p0,p1&_revinclude=Observation:*",
        "Patient?_id=p0,p1&_revinclude=Encounter:patient&_revinclude:iterate=Observation:encounter",
        "Observation?_id=b0,b1&_revinclude:iterate=Observation:has-member",
        (
            "Organization?_id=o0&_revinclude=Patient:organization&_revinclude:iterate=Group:member"
            "&_include:iterate=Group:member:Practitioner"
        ),
        "Patient?_id=p1&_include:iterate=Patient:link&_revinclude:iterate=Patient:link",
        "Organization?_revinclude:iterate=*",
        "Practitioner?_revinclude=Observation:performer",
    ],
)
async def test_q9_y4_what_is_included(joined: Database, search: str, caller: str) -> None:
    """Each once, none of the matches, and nothing that the caller could not find."""
    who = CALLERS[caller]
    page = await FhirStore(joined, who.access).search(parsed(search))
    type_name, _, rest = search.partition("?")
    pairs = [(pair.partition("=")[0], pair.partition("=")[2]) for pair in rest.split("&")]
    ids = [value.split(",") for name, value in pairs if name == "_id"]
    matches = [
        each
        for each in EVERYONE.resources
        if each["resourceType"] == type_name
        and who.sees(each)
        and all(each["id"] in some for some in ids)
    ]
    assert {each.logical_id for each in page.matches} == {each["id"] for each in matches}
    asked = [pair for pair in pairs if pair[0] != "_id"]
    places = [(each.type_name, each.logical_id) for each in page.included]
    expected = _by_hand(matches, asked, who.sees)
    assert page.capped == (len(expected) > joined.limits.included)
    if page.capped:
        assert len(places) == joined.limits.included
        assert set(places) <= expected
    else:
        assert sorted(places) == sorted(expected)


async def test_q11c_includes_count_for_nothing(joined: Database) -> None:
    store = FhirStore(joined, CALLERS["all"].access)
    page = await store.search(parsed("Observation?_count=2&_total=accurate&_include:iterate=*"))
    assert (len(page.matches), page.total) == (2, 30)
    assert page.included
    empty = await store.search(parsed("Observation?_count=0&_include=*"))
    assert empty.included == ()


async def test_iterating_is_bounded_and_says_so(joined: Database) -> None:
    store = FhirStore(joined, CALLERS["all"].access)
    query = parsed("Observation?_id=b29&_include:iterate=Observation:has-member")
    whole = await store.search(query)
    assert len(whole.included) > 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(including_module, "MOST_ROUNDS", 1)
        page = await store.search(query)
        assert page.capped
        assert len(page.included) == 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joined, "limits", replace(joined.limits, included=1))
        page = await store.search(query)
        assert page.capped
        assert len(page.included) == 1
