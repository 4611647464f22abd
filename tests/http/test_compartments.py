"""Search in a compartment (Q13): exactly CompartmentDefinition, within what the caller reaches."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from fhir_server.outcome import Category, FhirError
from fhir_server.search import keys
from fhir_server.search.compartments import within
from fhir_server.search.expression import Ids, Key, Or
from resources.registry import REGISTRY
from tests.serving import Caller, Served, assert_outcome

FORM = {"content-type": "application/x-www-form-urlencoded"}


def _observation(one: str, **more: str) -> dict[str, Any]:
    references: dict[str, Any] = {name: {"reference": place} for name, place in more.items()}
    for name in ("performer", "focus"):
        if name in references:
            references[name] = [references[name]]
    code = {"coding": [{"code": one[0]}]}
    return {"resourceType": "Observation", "id": one, "status": "final", "code": code, **references}


RESOURCES: list[dict[str, Any]] = [
    {"resourceType": "Patient", "id": "ann"},
    {"resourceType": "Patient", "id": "bob"},
    {"resourceType": "Practitioner", "id": "doc"},
    {"resourceType": "Device", "id": "gauge"},
    {"resourceType": "RelatedPerson", "id": "kin", "patient": {"reference": "Patient/ann"}},
    {
        "resourceType": "Encounter",
        "id": "visit",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": "Patient/ann"},
    },
    _observation("a1", subject="Patient/ann", performer="Practitioner/doc"),
    _observation("a2", subject="Patient/ann", encounter="Encounter/visit"),
    _observation("b1", subject="Patient/bob", performer="Patient/ann"),
    _observation("b2", subject="Patient/bob", performer="RelatedPerson/kin"),
    _observation("c1", subject="Device/gauge"),
    _observation("c2", focus="Patient/ann"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def seeded(served: Served, system: Caller) -> AsyncIterator[Served]:
    entry = [
        {
            "resource": each,
            "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"},
        }
        for each in RESOURCES
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entry}
    assert (await system.post("", bundle)).status_code == 200
    yield served


def _ids(bundle: dict[str, Any]) -> str:
    return " ".join(sorted(one["resource"]["id"] for one in bundle.get("entry", ())))


@pytest.mark.parametrize(
    ("place", "query", "expected"),
    [
        ("Patient/ann/Observation", "", "a1 a2 b1"),
        ("Patient/ann/Observation", "code=a", "a1 a2"),
        ("Patient/ann/Observation", "code=a&performer=Practitioner/doc", "a1"),
        ("Patient/ann/Observation", "encounter.status=finished", "a2"),
        ("Patient/bob/Observation", "", "b1 b2"),
        ("Patient/nobody/Observation", "", ""),
        ("Patient/ann/Encounter", "", "visit"),
        ("Patient/ann/RelatedPerson", "", "kin"),
        ("Encounter/visit/Observation", "", "a2"),
        ("Encounter/visit/Encounter", "", "visit"),
        ("Practitioner/doc/Observation", "", "a1"),
        ("Practitioner/doc/Practitioner", "", "doc"),
        ("RelatedPerson/kin/Observation", "", "b2"),
        ("Device/gauge/Observation", "", "c1"),
    ],
)
async def test_q13b_a_compartment_by_get_and_by_post(
    seeded: Served, system: Caller, place: str, query: str, expected: str
) -> None:
    answer = await system.get(f"{place}?{query}")
    assert answer.status_code == 200, answer.text[:300]
    assert _ids(answer.json()) == expected
    link = f"{seeded.base}/{place}"
    assert answer.json()["link"][0]["url"] == (f"{link}?{query}" if query else link)
    posted = await system("POST", f"{place}/_search", query, headers=FORM)
    assert _ids(posted.json()) == expected
    entry = [{"request": {"method": "GET", "url": f"{place}?{query}"}}]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entry}
    batch = (await system.post("", bundle)).json()
    assert _ids(batch["entry"][0]["resource"]) == expected


async def test_y5_a_compartment_out_of_reach_looks_absent(seeded: Served) -> None:
    ann = await seeded.caller("patient/*.rs", "ann")
    answer = (await ann.get("Patient/ann/Observation")).json()
    assert _ids(answer) == "a1 a2"
    for place in ("Patient/bob", "Patient/nobody", "Encounter/none", "RelatedPerson/none"):
        answer = await ann.get(f"{place}/Observation")
        assert answer.status_code == 200
        assert _ids(answer.json()) == ""
        assert answer.json()["total"] == 0
    # A practitioner is shared; what is in their compartment is not.
    assert _ids((await ann.get("Practitioner/doc/Observation")).json()) == "a1"
    bob = await seeded.caller("patient/*.rs", "bob")
    assert _ids((await bob.get("Practitioner/doc/Observation")).json()) == ""


@pytest.mark.parametrize(
    ("scope", "named"),
    [("patient/Observation.rs", "Patient"), ("patient/Patient.rs", "Observation")],
)
async def test_z4_both_types_need_a_scope(seeded: Served, scope: str, named: str) -> None:
    caller = await seeded.caller(scope, "ann")
    for owner in ("ann", "bob", "nobody"):
        issue = assert_outcome(await caller.get(f"Patient/{owner}/Observation"), 403)
        assert f"patient/{named}." in issue["diagnostics"]


async def test_q11_pages_keep_to_their_compartment(seeded: Served, system: Caller) -> None:
    first = (await system.get("Patient/ann/Observation?_count=2&_total=accurate")).json()
    link = next(one["url"] for one in first["link"] if one["relation"] == "next")
    assert first["total"] == 3
    assert link.startswith(f"{seeded.base}/Patient/ann/Observation?")
    second = (await system.get(link)).json()
    assert sorted(f"{_ids(first)} {_ids(second)}".split()) == ["a1", "a2", "b1"]
    for place in ("Patient/bob/Observation", "Observation", "Practitioner/ann/Observation"):
        other = link.replace("Patient/ann/Observation", place)
        assert_outcome(await system.get(other), 400)


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ("Patient/ann/Medication", 404),
        ("Patient/ann/Observatoin", 404),
        ("Group/ann/Observation", 404),
        ("Organization/ann/Patient", 404),
        ("Patient/ann/Observation/a1", 404),
        ("Patient/an_n/Observation", 404),
        ("Patient/ann/Observation?nonsense=1", 400),
        ("Patient/ann/Observation?_sort=nonsense", 400),
    ],
)
async def test_f13_what_is_no_compartment_is_refused(
    seeded: Served, system: Caller, place: str, status: int
) -> None:
    assert_outcome(await system.get(place), status)


async def test_d17_the_statement_lists_the_compartments(served: Served) -> None:
    rest = (await served.http.get(f"{served.base}/metadata")).json()["rest"][0]
    assert [one.rpartition("/")[2] for one in rest["compartment"]] == [
        name.lower() for name in REGISTRY.compartments
    ]


def test_a_compartment_is_exactly_its_definition() -> None:
    """Each type's parameters, no more and no less; other types are in none."""
    for name in REGISTRY.compartments:
        definition = REGISTRY.compartment(name)
        for type_name in REGISTRY.endpoints:
            if type_name not in definition:
                with pytest.raises(FhirError) as caught:
                    within(name, "x", type_name)
                assert caught.value.category is Category.UNKNOWN_ROUTE
                continue
            found = within(name, "x", type_name)
            parts = found.parts if isinstance(found, Or) else (found,)
            asked = [
                keys.parameter_of(part.key) if isinstance(part, Key) else "{def}" for part in parts
            ]
            assert asked == list(definition[type_name])
            assert all(
                part == Ids(frozenset(("x",)))
                or (isinstance(part, Key) and part.key.endswith(f"{name}/x"))
                for part in parts
            )
