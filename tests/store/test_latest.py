"""The newest Observations of each code (R4 observation-operation-lastn.html) as a plain reference
finds them, in a record of any size, within the caller's reach and no further than may be looked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
import pytest_asyncio

from fhir_server.outcome import Category
from fhir_server.search.expression import Everything, Expression, Key, Member, conjunction
from fhir_server.search.newest import Candidate, newest
from fhir_server.search.query import SearchQuery, parse_search
from fhir_server.search.types import date
from fhir_server.store import Database, FhirStore, Limits, UnrestrictedStore
from tests.store.conftest import BASE_URL, CURSOR_KEY, Rights
from tests.store.test_versions import refusal

Resource = dict[str, Any]
MOST = 400
TIMES = ("2024-01-01", "2024-01-02", "2024-01-02T10:00:00Z", "2024-01", "2023-12-31", None)


def _observation(number: int, chance: Random) -> Resource:
    systems = chance.choices(("urn:a", "urn:b", None), k=chance.choice((0, 1, 1, 1, 2)))
    codings = [
        {"code": chance.choice("vwxyz"), **({"system": each} if each else {})} for each in systems
    ]
    time = chance.choice(TIMES)
    return {
        "resourceType": "Observation",
        "id": f"o{number:03}",
        "status": chance.choice(("final", "amended")),
        "category": [{"coding": [{"system": "urn:c", "code": chance.choice("kl")}]}],
        "code": {**({"coding": codings} if codings else {}), "text": chance.choice(("T", "t"))},
        "subject": {"reference": f"Patient/p{number % 2}"},
        **({"effectiveDateTime": time} if time else {}),
    }


SEEDED = Random(7)
RESOURCES = [_observation(number, SEEDED) for number in range(300)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def few(mongodb_uri: str, database_name: str) -> AsyncIterator[Database]:
    limits = Limits(candidates=MOST)
    async with await Database.connect(
        mongodb_uri, database_name, cursor_key=CURSOR_KEY, base_url=BASE_URL, limits=limits
    ) as database:
        store = UnrestrictedStore(database, "test")
        await store.create_many([("Observation", one["id"], {**one}) for one in RESOURCES])
        yield database


def _asked(store: FhirStore, text: str) -> SearchQuery:
    pairs = [tuple(each.split("=", 1)) for each in text.split("&")]
    return parse_search(
        store.catalogue,
        "Observation",
        [(name, value) for name, value in pairs],
        strict=True,
        default_count=10,
        max_count=1000,
    )


def _candidate(one: Resource) -> tuple[tuple[bool, int, str], Candidate]:
    span = date.span(one.get("effectiveDateTime", ""))
    codings = one["code"].get("coding", ())
    labels = [(each.get("system", ""), each["code"]) for each in codings]
    order = (span is not None, span.start if span else 0, one["id"])
    return order, Candidate(tuple(labels) or ((None, one["code"]["text"]),), span, one["id"])


def _expected(some: list[Resource], wanted: int) -> list[str]:
    ordered = sorted(map(_candidate, some), key=lambda pair: pair[0], reverse=True)
    candidates = [candidate for _, candidate in ordered]
    return [candidates[at].logical_id for at in newest(candidates, wanted)]


async def _found(store: FhirStore, text: str, wanted: int, *, one_code: bool = False) -> list[str]:
    query = _asked(store, text)
    page = await store.newest_by_code(query, wanted, 1000, one_code=one_code)
    assert page.total == len(page.matches)
    return [match.logical_id for match in page.matches]


@pytest.mark.parametrize("wanted", [1, 2, 5, 1000])
@pytest.mark.parametrize("who", ["patient=p0", "subject=Patient/p1", "patient=absent"])
async def test_the_newest_of_each_code(few: Database, who: str, wanted: int) -> None:
    store = UnrestrictedStore(few, "test")
    patient = who[-2:]
    for status in ("", "final"):
        some = [
            one
            for one in RESOURCES
            if one["subject"]["reference"].endswith(patient) and one["status"].startswith(status)
        ]
        text = f"{who}&category=k,l" + (f"&status={status}" if status else "")
        assert await _found(store, text, wanted) == _expected(some, wanted)


@pytest.mark.parametrize("wanted", [1, 3, 500])
async def test_the_newest_of_one_code(few: Database, wanted: int) -> None:
    """With one coding in common they are one group, however it is found out."""
    store = UnrestrictedStore(few, "test")
    coding = {"system": "urn:a", "code": "v"}
    some = [
        one
        for one in RESOURCES
        if one["subject"]["reference"] == "Patient/p0" and coding in one["code"].get("coding", ())
    ]
    text = "patient=p0&code=urn:a|v"
    for one_code in (True, False):
        assert await _found(store, text, wanted, one_code=one_code) == _expected(some, wanted)


@pytest.mark.parametrize("one_code", [True, False])
@pytest.mark.parametrize(
    "narrowed", [Everything(), Key("status\x1fc\x1ffinal")], ids=["record", "granular"]
)
async def test_y10_no_further_than_the_caller_reaches(
    few: Database, narrowed: Expression, one_code: bool
) -> None:
    """What is out of reach neither comes nor ties nor makes one code of two."""
    store = FhirStore(few, Rights(conjunction(Member(frozenset({"p0"})), narrowed)))
    reached = [
        one
        for one in RESOURCES
        if one["subject"]["reference"] == "Patient/p0"
        and (isinstance(narrowed, Everything) or one["status"] == "final")
    ]
    text = "patient=p0&code=urn:a|v" if one_code else "patient=p0&category=k,l"
    if one_code:
        coding = {"system": "urn:a", "code": "v"}
        reached = [one for one in reached if coding in one["code"].get("coding", ())]
    assert await _found(store, text, 2, one_code=one_code) == _expected(reached, 2)
    assert await _found(store, text.replace("p0", "p1"), 2, one_code=one_code) == []


async def test_too_much_is_refused_with_advice(few: Database) -> None:
    """To be put in groups, or to be given; of one code no more is looked at than its newest."""
    store = UnrestrictedStore(few, "test")
    problem = await refusal(
        store.newest_by_code(_asked(store, "patient=p0&category=k"), 9, 3, one_code=False)
    )
    assert problem.category is Category.TOO_COSTLY
    assert "max" in str(problem)
    more = [
        {
            **_observation(1000 + number, SEEDED),
            "subject": {"reference": "Patient/many"},
            "code": {"coding": [{"system": "urn:a", "code": "v"}]},
            "effectiveDateTime": f"2024-01-01T00:00:00.{number:03}Z",
        }
        for number in range(MOST + 1)
    ]
    await store.create_many([("Observation", f"m{at:03}", one) for at, one in enumerate(more)])
    problem = await refusal(
        store.newest_by_code(_asked(store, "patient=many&category=k,l"), 1, 10, one_code=False)
    )
    assert problem.category is Category.TOO_COSTLY
    found = await _found(store, "patient=many&code=urn:a|v", 2, one_code=True)
    assert found == [f"m{MOST:03}", f"m{MOST - 1:03}"]
