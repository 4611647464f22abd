"""`$validate`: everything that is wrong or doubtful, and whether a write would go through."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from fhir_server.cli.validation_page import validation_page
from resources.operations import operation_definitions
from tests.operations.checking import answered
from tests.serving import Caller, Served, assert_outcome

DEFINITION = operation_definitions()["Resource-validate"]
NARRATIVE = {
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}
}
PATIENT = {"resourceType": "Patient", **NARRATIVE}
OBSERVATION = {
    "resourceType": "Observation",
    **NARRATIVE,
    "status": "final",
    "code": {"text": "x"},
}
BASE = "http://hl7.org/fhir/StructureDefinition/"
Found = tuple[str, str, str | None]


def parameters(resource: Any = None, **more: str) -> dict[str, Any]:
    listed: list[dict[str, Any]] = [{"name": "resource", "resource": resource}] if resource else []
    if "mode" in more:
        listed.append({"name": "mode", "valueCode": more["mode"]})
    if "profile" in more:
        listed.append({"name": "profile", "valueUri": more["profile"]})
    return {"resourceType": "Parameters", "parameter": listed}


async def told(
    caller: Caller,
    path: str,
    body: Any = None,
    *,
    method: str = "POST",
    headers: dict[str, str] | None = None,
) -> set[Found]:
    answer = await caller(method, path, body, headers=headers)
    assert answer.status_code == 200, answer.text
    issues = answered(DEFINITION, answer.content)["issue"]
    assert all(issue["diagnostics"] for issue in issues)
    return {
        (issue["severity"], issue["code"], issue.get("expression", [None])[0]) for issue in issues
    }


ALL_OK: Found = ("information", "informational", None)
JUDGED: list[tuple[str, dict[str, Any], set[Found]]] = [
    ("good", PATIENT, {ALL_OK}),
    ("no narrative", {"resourceType": "Patient"}, {("warning", "invariant", "Patient")}),
    (
        "several",
        PATIENT | {"gender": "x", "birthDate": "2023-02-29", "colour": "red", "contact": [{}]},
        {
            ("error", "code-invalid", "Patient.gender"),
            ("error", "value", "Patient.birthDate"),
            ("error", "structure", "Patient.colour"),
            ("error", "structure", "Patient.contact[0]"),
            ("error", "invariant", "Patient.contact[0]"),
        },
    ),
    (
        "extensible",
        PATIENT | {"maritalStatus": {"coding": [{"system": "urn:x", "code": "M"}]}},
        {("warning", "code-invalid", "Patient.maritalStatus")},
    ),
    ("text alone", PATIENT | {"maritalStatus": {"text": "married"}}, {ALL_OK}),
    (
        "target",
        PATIENT | {"managingOrganization": {"reference": "Patient/1"}},
        {("error", "value", "Patient.managingOrganization")},
    ),
    (
        "dom-2 to dom-5",
        PATIENT
        | {
            "contained": [
                {
                    "resourceType": "Organization",
                    "id": "o",
                    "name": "x",
                    "meta": {"versionId": "1", "security": [{"code": "R"}]},
                    "contained": [{"resourceType": "Patient", "id": "p"}],
                }
            ]
        },
        {
            ("error", "invariant", "Patient.contained[0]"),
            ("error", "invariant", "Patient.contained[0].contained"),
            ("error", "invariant", "Patient.contained[0].meta"),
            ("error", "invariant", "Patient.contained[0].meta.security"),
            ("error", "invariant", "Patient.contained[0].contained[0]"),
        },
    ),
    ("another type", OBSERVATION, {("error", "invalid", "resourceType")}),
    ("no type", {"id": "x"}, {("error", "structure", "Patient.resourceType")}),
    ("R4's profile", PATIENT | {"meta": {"profile": [BASE + "Patient"]}}, {ALL_OK}),
    (
        "a claim",
        PATIENT | {"meta": {"profile": ["http://example.org/p"]}},
        {("warning", "not-supported", "Patient.meta.profile[0]")},
    ),
]


@pytest.mark.parametrize(
    ("resource", "expected"), [row[1:] for row in JUDGED], ids=[row[0] for row in JUDGED]
)
async def test_everything_is_told(
    system: Caller, resource: dict[str, Any], expected: set[Found]
) -> None:
    """The same of a bare resource and of one in Parameters, which is let through however wrong."""
    if resource.get("resourceType"):
        assert await told(system, "Patient/$validate", resource) == expected
    if "resourceType" not in resource:
        expected = {("error", "structure", "Resource.resourceType")}
    assert await told(system, "Patient/$validate", parameters(resource)) == expected


XML = {"content-type": "application/fhir+xml"}
DIV = '<text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">x</div></text>'
GIVEN = '<name value="resource"/><resource><Patient><id value="a b"/></Patient></resource>'
IN_XML: list[tuple[str, set[Found]]] = [
    (f"<Patient {{ns}}>{DIV}</Patient>", {ALL_OK}),
    ("<Patient {ns}/>", {("warning", "invariant", "Patient")}),
    (
        f'<Patient {{ns}}>{DIV}<gender value="x"/><birthDate value="2023-02-30"/></Patient>',
        {("error", "code-invalid", "Patient.gender"), ("error", "value", "Patient.birthDate")},
    ),
    (
        f"<Parameters {{ns}}><parameter>{GIVEN}</parameter></Parameters>",
        {("error", "value", "Patient.id"), ("warning", "invariant", "Patient")},
    ),
]


@pytest.mark.parametrize(("body", "expected"), IN_XML)
async def test_xml_is_judged_alike(system: Caller, body: str, expected: set[Found]) -> None:
    """What is no FHIR XML at all cannot be judged."""
    written = body.format(ns='xmlns="http://hl7.org/fhir"')
    assert await told(system, "Patient/$validate", written, headers=XML) == expected
    broken = await system.post("Patient/$validate", written[:-1], headers=XML)
    assert_outcome(broken, 400, "structure")


PROFILES: list[tuple[str, Found]] = [
    (BASE + "Patient", ALL_OK),
    (BASE + "DomainResource", ALL_OK),
    (BASE + "Patient|4.0.1", ALL_OK),
    (BASE + "Observation", ("error", "not-supported", None)),
    ("http://example.org/unknown", ("error", "not-supported", None)),
]


@pytest.mark.parametrize(("profile", "expected"), PROFILES)
async def test_a_profile_that_is_not_known_is_an_error(
    system: Caller, profile: str, expected: Found
) -> None:
    """R4: if the server cannot validate against it, "it SHALL return an error"."""
    assert await told(system, "Patient/$validate", parameters(PATIENT, profile=profile)) == {
        expected
    }
    asked = f"Patient/$validate?mode=profile&profile={profile.replace('|', '%7C')}"
    assert await told(system, asked, PATIENT) == {expected}


async def _stored(system: Caller, resource: dict[str, Any] = PATIENT) -> str:
    place = f"{resource['resourceType']}/{uuid4().hex}"
    answer = await system.put(place, {**resource, "id": place.partition("/")[2]})
    assert answer.status_code == 201
    return place


async def test_the_modes_tell_what_the_write_would(system: Caller) -> None:
    """Nothing of it is done."""
    place = await _stored(system)
    own = {**PATIENT, "id": place.partition("/")[2], "active": True}
    path = f"{place}/$validate"
    assert await told(system, "Patient/$validate?mode=create", PATIENT) == {ALL_OK}
    assert await told(system, f"{path}?mode=update", own) == {ALL_OK}
    assert await told(system, path, parameters(own, mode="update")) == {ALL_OK}
    wrong_id = await told(system, f"{path}?mode=update", PATIENT)
    assert wrong_id == {("error", "invalid", "Patient.id")}
    older = {"if-match": 'W/"7"'}
    found = await told(system, f"{path}?mode=update", own, headers=older)
    assert found == {("error", "conflict", None)}
    assert await told(system, f"{path}?mode=delete") == {ALL_OK}
    assert await told(system, path, parameters(mode="delete")) == {ALL_OK}
    assert await told(system, f"{path}?mode=delete", method="GET") == {ALL_OK}
    assert await told(system, "Patient/absent/$validate?mode=delete") == {
        ("error", "not-found", None)
    }
    answer = await system.get(place)
    assert answer.headers["etag"] == 'W/"1"'
    assert "active" not in answer.json()


async def test_a_create_that_finds_several_is_told(system: Caller) -> None:
    mark = uuid4().hex
    marked = PATIENT | {"identifier": [{"system": "urn:v", "value": mark}]}
    for _ in range(2):
        await _stored(system, marked)
    sent = {"if-none-exist": f"identifier=urn:v|{mark}"}
    found = await told(system, "Patient/$validate?mode=create", marked, headers=sent)
    assert found == {("error", "multiple-matches", None)}
    counted = await system.get(f"Patient?identifier=urn:v|{mark}&_summary=count")
    assert counted.json()["total"] == 2


async def test_a_doubtful_step_is_a_warning(system: Caller) -> None:
    place = await _stored(system)
    final = OBSERVATION | {"subject": {"reference": place}}
    place = await _stored(system, final)
    back = {**final, "id": place.partition("/")[2], "status": "registered"}
    found = await told(system, f"{place}/$validate?mode=update", back)
    assert found == {("warning", "business-rule", "Observation.status")}


async def test_what_is_stored_is_judged_where_nothing_is_given(system: Caller) -> None:
    place = await _stored(system)
    assert await told(system, f"{place}/$validate", method="GET") == {ALL_OK}
    assert await told(system, f"{place}/$validate") == {ALL_OK}
    assert_outcome(await system.get("Patient/absent/$validate"), 404)


REFUSED: list[tuple[str, str, Any]] = [
    ("POST", "Patient/$validate", None),
    ("GET", "Patient/$validate", None),
    ("POST", "Patient/$validate?mode=update", PATIENT),
    ("POST", "Patient/$validate?mode=delete", None),
    ("POST", "Patient/$validate?mode=profile", PATIENT),
    ("POST", "Patient/$validate?mode=nonsense", PATIENT),
    ("POST", "Patient/$validate?nonsense=1", PATIENT),
    ("POST", "Patient/$validate", {"resourceType": "Parameters", "parameter": [{"name": 1}]}),
    (
        "POST",
        "Patient/$validate",
        {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": "x"}]},
    ),
    ("POST", "Patient/$validate", parameters() | {"nonsense": 1}),
    ("POST", "Patient/$validate", b"{"),
]


@pytest.mark.parametrize(("method", "path", "body"), REFUSED)
async def test_what_cannot_be_judged_is_a_400(
    system: Caller, method: str, path: str, body: Any
) -> None:
    """R4: "a 4xx … means that the validation itself could not be performed"."""
    assert_outcome(await system(method, path, body), 400)


async def test_z_the_caller_s_own_rights_are_what_counts(served: Served, system: Caller) -> None:
    """What is out of reach is told as what is absent; a right that is lacking, as it is."""
    own, other = await _stored(system), await _stored(system)
    patient = await served.caller("patient/Patient.r patient/Observation.cu", own.partition("/")[2])
    assert await told(patient, f"{own}/$validate?mode=delete") == {("error", "forbidden", None)}
    mine = OBSERVATION | {"subject": {"reference": own}}
    theirs = OBSERVATION | {"subject": {"reference": other}}
    path = "Observation/$validate?mode=create"
    assert await told(patient, path, mine) == {ALL_OK}
    assert await told(patient, path, theirs) == {("error", "forbidden", None)}
    stored = await _stored(system, theirs)
    for place in (stored, "Observation/absent"):
        update = {**mine, "id": place.partition("/")[2]}
        found = await told(patient, f"{place}/$validate?mode=update", update)
        assert found == {("error", "not-found", None)}
    assert_outcome(await patient.get(f"{other}/$validate"), 404)


def test_the_validation_page_is_current() -> None:
    page = Path(__file__).parents[2] / "docs" / "validation.md"
    assert page.read_text("utf-8") == validation_page()
