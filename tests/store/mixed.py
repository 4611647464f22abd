"""Resources of several types in one store, who asks for them, and what each is to see."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import unquote_plus

import pytest_asyncio

from fhir_server.access.grant import grant_access
from fhir_server.access.system import SystemAccess
from fhir_server.search.mixed import MixedQuery, parse_mixed
from fhir_server.store import Database, FhirStore, SearchPage, UnrestrictedStore
from resources.access_table import Kind, members, visibility
from resources.fhir_json import parse
from tests.access.world import grant
from tests.search.finding import CATALOGUE

Resource = dict[str, Any]
Place = tuple[str, str]
TYPES = ("Device", "Encounter", "Observation", "Organization", "Patient", "Practitioner", "Slot")
IDS = ("1", "1-", "1.", "10", "2", "A", "a", "z")
"""The same in each type; one begins another, so that nothing falls between two of them."""


def new_resource(type_name: str, one: str, chance: random.Random) -> Resource:
    """Some of these have a date, a tag or a patient, and some not."""
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


def sees(caller: str, resource: Resource) -> bool:
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
    everything = [(name, one, new_resource(name, one, chance)) for name in TYPES for one in IDS]
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


def places_of(page: SearchPage) -> list[Place]:
    return [(match.type_name, match.logical_id) for match in page.matches]


async def pages_of(store: FhirStore, query: MixedQuery) -> list[SearchPage]:
    """All of them; going back shows the same."""
    pages = [await store.search_mixed(query)]
    while (cursor := pages[-1].next_cursor) is not None:
        pages.append(await store.search_mixed(query, cursor=cursor))
    cursor = pages[-1].previous_cursor
    for page in reversed(pages[:-1]):
        assert cursor is not None
        back = await store.search_mixed(query, cursor=cursor)
        assert places_of(back) == places_of(page)
        assert back.next_cursor is not None
        cursor = back.previous_cursor
    assert cursor is None
    return pages


def tagged(code: str) -> Callable[[Resource], bool]:
    return lambda one: {"code": code} in one.get("meta", {}).get("tag", ())
