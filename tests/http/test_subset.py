"""`_summary` and `_elements` of reads and searches (Q12, R4 3.1.1.5.8 and 3.1.1.5.9)."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from tests.serving import Caller, assert_outcome

SUBSETTED = "SUBSETTED"
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "subset",
    "text": {
        "status": "generated",
        "div": '<div xmlns="http://www.w3.org/1999/xhtml">words</div>',
    },
    "active": True,
    "name": [{"family": "Subset"}],
    "_birthDate": {"extension": [{"url": "http://example.org/x", "valueString": "y"}]},
    "maritalStatus": {"text": "married"},
    "contact": [{"name": {"family": "Contact"}}],
    "communication": [{"language": {"text": "English"}}],
    "link": [{"other": {"reference": "Patient/subset2"}, "type": "seealso"}],
}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "subset",
    "status": "final",
    "code": {"text": "x"},
    "subject": {"reference": "Patient/subset"},
    "valueQuantity": {"value": 1, "unit": "mg"},
    "note": [{"text": "not in a summary"}],
    "component": [{"code": {"text": "y"}, "valueString": "z", "referenceRange": [{"text": "r"}]}],
}


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def stored(system: Caller) -> None:
    for resource in (PATIENT, OBSERVATION):
        place = f"{resource['resourceType']}/{resource['id']}"
        assert (await system.put(place, resource)).status_code == 201


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("_summary=true", {"active", "name", "_birthDate", "link"}),
        ("_summary=text", {"text"}),
        ("_summary=data", set(PATIENT) - {"resourceType", "id", "text"}),
        ("_elements=name", {"name", "active", "link"}),
        ("_elements=Patient.maritalStatus,contact", {"maritalStatus", "contact", "active", "link"}),
        ("_elements=birthDate", {"_birthDate", "active", "link"}),
        ("_summary=false", set(PATIENT) - {"resourceType", "id"}),
    ],
)
async def test_q12d_what_is_left_is_marked(system: Caller, query: str, expected: set[str]) -> None:
    read = (await system.get(f"Patient/subset?{query}")).json()
    found = (await system.get(f"Patient?_id=subset&{query}")).json()
    version = (await system.get(f"Patient/subset/_history/1?{query}")).json()
    assert found["entry"][0]["resource"] == read == version
    assert set(read) - {"resourceType", "id", "meta"} == expected
    whole = query.endswith("false")
    assert (read["meta"].get("tag", [{}])[0].get("code") == SUBSETTED) is not whole
    assert found["link"][0]["url"].endswith(f"Patient?_id=subset&{query}")


async def test_q12_a_summary_goes_into_backbone_elements(system: Caller) -> None:
    part = (await system.get("Observation/subset?_summary=true")).json()
    assert "note" not in part
    assert set(part["component"][0]) == {"code", "valueString"}
    assert part["valueQuantity"] == {"value": 1, "unit": "mg"}


async def test_q12_count_alone(system: Caller) -> None:
    bundle = (await system.get("Patient?_id=subset&_summary=count&_count=5")).json()
    assert bundle["total"] == 1
    assert "entry" not in bundle
    assert bundle["link"][0]["url"].endswith("Patient?_id=subset&_summary=count")


@pytest.mark.parametrize("name", ["_summary", "_elements", "_sort", "_total", "_include", "name"])
async def test_f13_a_parameter_without_a_value(system: Caller, name: str) -> None:
    """R4 3.1.1.3: to be ignored, which lenient handling does and says; else it may be a mistake."""
    query = f"Patient?_id=subset&{name}="
    issue = assert_outcome(await system.get(query), 400, "invalid")
    assert issue["diagnostics"] == f"{name} has no value."
    bundle = (await system.get(query, headers={"prefer": "handling=lenient"})).json()
    found, told = bundle["entry"]
    assert found["resource"]["id"] == "subset"
    assert told["search"]["mode"] == "outcome"
    assert bundle["link"][0]["url"].endswith("Patient?_id=subset")


async def test_f13_a_search_of_types_without_a_name(system: Caller) -> None:
    assert_outcome(await system.get("?_type=&_id=subset"), 400, "invalid")
    bundle = (await system.get("?_type=&_id=subset", headers={"prefer": "handling=lenient"})).json()
    assert bundle["link"][0]["url"].endswith("/fhir?_id=subset")
    assert bundle["entry"][-1]["search"]["mode"] == "outcome"


@pytest.mark.parametrize(
    "path",
    [
        "Patient/subset?_summary=count",
        "Patient/subset?_summary=nonsense",
        "Patient/subset?_elements=nmae",
        "Patient/subset?_elements=",
        "Patient/subset?_summary=true&_elements=name",
        "Patient/subset?nonsense=1",
        "Patient?_summary=text&_revinclude=Observation:subject",
        "Patient?_summary=text&_revinclude:iterate=Observation:subject",
        "Patient?_summary=true&_summary=data",
    ],
)
async def test_q12_what_cannot_be_asked(system: Caller, path: str) -> None:
    assert_outcome(await system.get(path), 400)
