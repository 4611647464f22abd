"""Random resources of two patients, random searches: the restricted answer is the unrestricted
one filtered by the plain rule (requirements section 6; Q11 for the pages)."""

from __future__ import annotations

import json
import random
from typing import Any, cast
from urllib.parse import quote

import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.matrix.callers import KINDS
from tests.matrix.rules import Resource, readable
from tests.matrix.world import Asker, World, everything
from tests.matrix.woven import CATEGORY, A, B, about, ref
from tests.search.finding import CATALOGUE

TYPES = ("Appointment", "Communication", "Condition", "Device", "Observation")
WHO = ("patient all", "granular union", "user as the patient", "user as staff", "patient s")
CODES = ("laboratory", "vital-signs", "social-history")
STATUSES = {
    "Appointment": ("proposed", "waitlist"),
    "Communication": ("completed", "in-progress"),
    "Device": ("active", "inactive"),
    "Observation": ("final", "amended", "registered"),
}
DATES = ("2023", "2024-01", "2024-01-01", "2024-01-02", "2024-01-01T10:00:00Z")


def population(chance: random.Random, size: int) -> list[Resource]:
    return [_one(chance, number) for number in range(size)]


def _one(chance: random.Random, number: int) -> Resource:
    type_name = chance.choice(TYPES)
    patients = chance.choice([(A,), (A,), (B,), (B,), ()])
    if type_name in ("Appointment", "Communication") and chance.random() < 0.3:
        patients = (A, B)
    resource = about(type_name, f"whose-random-{number}", patients, f"WHOSE-random{number % 4}")
    if type_name in STATUSES:
        resource["status"] = chance.choice(STATUSES[type_name])
    if type_name in ("Observation", "Condition") and chance.random() < 0.7:
        coded = {"coding": [{"system": CATEGORY, "code": chance.choice(CODES)}]}
        resource["category"] = [coded]
    if type_name == "Observation":
        resource["effectiveDateTime"] = chance.choice(DATES)
        if chance.random() < 0.4:
            resource["performer"] = [ref(f"Patient/{chance.choice((A, B))}")]
        if chance.random() < 0.3:
            place = f"Observation/{chance.choice(('aaa', 'bbb'))}-lab"
            resource["hasMember"] = [ref(place)]
    return _named(resource)


def _named(resource: Resource) -> Resource:
    """With an id and marks that tell whether A may read it."""
    whose = "aaa" if readable(resource, A) else "bbb"
    text = json.dumps(resource).replace("whose-", f"{whose}-").replace("WHOSE", whose.upper())
    return cast(Resource, json.loads(text))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def askers(world: World) -> dict[str, Asker]:
    """Everybody who asks, once the random resources are stored."""
    resources = population(random.Random(20240101), 150)
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in resources
    ]
    answer = await world.system.post(
        "", {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    )
    assert answer.status_code == 200, answer.text[:500]
    world.learn(resources)
    return {kind.name: await world.caller(kind) for kind in KINDS if kind.name in WHO}


PLACES = [
    A, B, f"Patient/{A}", f"Patient/{B}", f"Patient/{A},Patient/{B}", "Observation/aaa-lab",
    "Observation/bbb-lab", "Group/nobody-group", "Practitioner/shared-main", "zzz",
]  # fmt: skip
IDS = ["aaa-lab", "bbb-lab", *(f"{whose}-random-{n}" for whose in ("aaa", "bbb") for n in range(9))]


KINDS_OF_VALUE = frozenset(("date", "reference", "string", "token", "uri"))
"""Of which there are values below; others would be refused whoever asks."""


def _values(kind: str, name: str) -> st.SearchStrategy[str]:
    if name == "_id":
        return st.lists(st.sampled_from(IDS), min_size=1, max_size=4).map(",".join)
    if name == "_tag":
        return st.sampled_from([f"{whose}-random{n}" for whose in ("AAA", "BBB") for n in range(4)])
    match kind:
        case "reference":
            return st.sampled_from(PLACES)
        case "date":
            prefix = st.sampled_from(["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"])
            return st.tuples(prefix, st.sampled_from(DATES)).map("".join)
        case "token":
            codes = [*CODES, f"{CATEGORY}|laboratory", "final", "amended", "proposed", "x,final"]
            return st.sampled_from(codes)
        case _:
            return st.sampled_from(["AAA", "BBB", "random", "x"])


@st.composite
def criteria(draw: st.DrawFn, type_name: str) -> str:
    known = [each for each in CATALOGUE.fields(type_name).values() if each.type in KINDS_OF_VALUE]
    field = draw(st.sampled_from(known))
    modifiers = [each for each in field.modifiers if each != "missing"]
    if draw(st.integers(0, 5)) == 0:
        return f"{field.name}:missing={draw(st.sampled_from(['true', 'false']))}"
    modifier = draw(st.sampled_from(["", "", *modifiers]))
    value = quote(draw(_values(field.type, field.name)), safe=":,|/")
    return f"{field.name}{':' if modifier else ''}{modifier}={value}"


@st.composite
def searches(draw: st.DrawFn) -> str:
    type_name = draw(st.sampled_from(TYPES))
    favourites = {
        "Observation": ["patient", "subject", "performer", "category", "date", "status", "_id"],
        "Appointment": ["actor", "patient", "status"],
    }
    parts = draw(st.lists(criteria(type_name), max_size=2))
    if draw(st.booleans()):
        name = draw(st.sampled_from(favourites.get(type_name, ["_id", "_tag", "_lastUpdated"])))
        field = CATALOGUE.fields(type_name)[name]
        parts.append(f"{name}={quote(draw(_values(field.type, name)), safe=':,|/')}")
    if draw(st.integers(0, 2)) == 0:
        sort = draw(st.sampled_from(["_id", "-_id", "-_lastUpdated,_id", "_lastUpdated,-_id"]))
        parts.append(f"_sort={sort}")
    if draw(st.integers(0, 2)) == 0:
        parts.append(f"_include={draw(st.sampled_from(CATALOGUE.includes(type_name)))}")
    if draw(st.integers(0, 2)) == 0:
        parts.append(f"_revinclude={draw(st.sampled_from(CATALOGUE.revincludes(type_name)))}")
    return f"{type_name}?{'&'.join(parts)}"


KIND = {kind.name: kind for kind in KINDS}


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(searches(), st.sampled_from(WHO), st.integers(1, 6))
async def test_restricted_is_unrestricted_filtered(
    world: World, askers: dict[str, Asker], query: str, who: str, count: int
) -> None:
    whole = await world.system.get(f"{query}&_count=1000")
    mine = await askers[who].get(f"{query}&_count=1000&_total=accurate")
    if whole.status_code != 200:
        assert mine.status_code in (whole.status_code, 403), query
        return
    if mine.status_code == 403:
        assert not KIND[who].speaks("s", query.partition("?")[0])
        return
    matches, included = _split(whole.json())
    expected = [one for one in matches if KIND[who].reaches("s", one)]
    got, brought = _split(mine.json())
    assert sorted(map(_place, got)) == sorted(map(_place, expected))
    assert mine.json()["total"] == len(expected)
    if "_sort" in query:
        assert got == expected
    reachable = {_place(one) for one in (*matches, *included)}
    for one in brought:
        assert KIND[who].reaches("s", one) or KIND[who].reaches("r", one)
        assert _place(one) in reachable
    if not KIND[who].whole("s", "Observation"):
        world.clean(mine, query)
    paged = await everything(askers[who], f"{query}&_count={count}")
    assert sorted(map(_place, paged)) == sorted(map(_place, expected))
    if expected and len(expected) < len(matches):
        TOLD_APART.append(query)


TOLD_APART: list[str] = []
"""Searches of which a caller got some matches and not all."""


def test_the_random_searches_did_tell_apart() -> None:
    """So that the test above can fail."""
    assert len(TOLD_APART) > 20


def _split(bundle: dict[str, Any]) -> tuple[list[Resource], list[Resource]]:
    entries = [one for one in bundle.get("entry", []) if "id" in one["resource"]]
    modes = ("match", "include")
    matches, included = (
        [one["resource"] for one in entries if one["search"]["mode"] == mode] for mode in modes
    )
    return matches, included


def _place(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"
