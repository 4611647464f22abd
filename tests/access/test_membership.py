"""Whose record a resource belongs to: a case for each rule, and the rule said plainly."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.access_table import ROWS, UNKNOWN, Kind, Link, Row, members
from resources.extraction import extractor
from resources.references import parse_reference
from resources.registry import REGISTRY
from tests.access.world import label
from tests.resources.data import examples, needs_data

BASE = "https://ehr.example/fhir"
A, B = {"reference": "Patient/a"}, {"reference": "Patient/b"}
DOCTOR = {"reference": "Practitioner/d"}
NAMELESS = {"display": "somebody"}


def nested(path: str, value: Any) -> dict[str, Any]:
    """A resource body with this value at the path, in an array where the element repeats."""
    first, _, rest = path.partition(".")
    return {first: nested(rest, value) if rest else value}


def placed(type_name: str, path: str, value: Any) -> dict[str, Any]:
    """As `nested`, with the arrays that the type's definition has."""
    steps, body = path.split("."), value
    for depth in range(len(steps), 0, -1):
        element = REGISTRY.element(type_name, ".".join(steps[:depth]))
        assert element is not None
        body = {steps[depth - 1]: [body] if element.repeats else body}
    return {"resourceType": type_name, "id": "x", **body}


# ---- every link of every row --------------------------------------------------------------------

LINKS = [
    pytest.param(row, link, id=f"{row.type_name}.{link.path}")
    for row in ROWS.values()
    for link in (*row.subjects, *row.roles)
]


@pytest.mark.parametrize(("row", "link"), LINKS)
def test_whom_a_link_names_alone_is_a_member(row: Row, link: Link) -> None:
    """Y0, for every type and every parameter of the compartment."""
    assert members(placed(row.type_name, link.path, A)) == {"a"}


ROLES = [
    pytest.param(row, link, id=f"{row.type_name}.{link.path}")
    for row in ROWS.values()
    for link in row.roles
]


@pytest.mark.parametrize(("row", "link"), ROLES)
def test_a_role_does_not_open_another_persons_record(row: Row, link: Link) -> None:
    """Y: what is about B is not A's because A performed, wrote or was paid for it."""
    for subject in row.subjects:
        resource = placed(row.type_name, subject.path, B)
        resource |= placed(row.type_name, link.path, A)
        assert members(resource) == {"b"}
        assert members(resource | placed(row.type_name, subject.path, NAMELESS)) == frozenset()


@pytest.mark.parametrize(("row", "link"), LINKS)
def test_a_contained_patient_makes_nobody_a_member(row: Row, link: Link) -> None:
    resource = placed(row.type_name, link.path, {"reference": "#a"})
    resource["contained"] = [{"resourceType": "Patient", "id": "a"}]
    assert members(resource) <= {UNKNOWN}


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.type_name)
def test_an_empty_resource_is_nobodys(row: Row) -> None:
    assert members({"resourceType": row.type_name}) == frozenset()


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS.values() if row.kind in (Kind.SHARED, Kind.HIDDEN)],
    ids=lambda row: row.type_name,
)
def test_shared_and_hidden_types_have_no_members(row: Row) -> None:
    everywhere = {name: [A] for name in ("subject", "patient", "actor", "target", "member")}
    assert members({"resourceType": row.type_name, **everywhere}) == frozenset()


# ---- how a reference is written ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ({"reference": "Patient/a"}, {"a"}),
        ({"reference": "Patient/a/_history/3"}, {"a"}),
        ({"reference": f"{BASE}/Patient/a"}, {"a"}),
        ({"reference": f"{BASE}/Patient/a/_history/3"}, {"a"}),
        ({"reference": "https://other.example/fhir/Patient/a"}, set[str]()),
        ({"reference": f"{BASE}x/Patient/a"}, set[str]()),
        ({"reference": f"{BASE}/tenant/Patient/a"}, set[str]()),
        ({"reference": "/Patient/a"}, set[str]()),
        ({"reference": "patient/a"}, set[str]()),
        ({"reference": "Patient/a#part"}, set[str]()),
        ({"reference": "Patient/a/"}, set[str]()),
        ({"reference": "Patient/a b"}, set[str]()),
        ({"reference": "Patient/"}, set[str]()),
        ({"reference": "Patient?identifier=a"}, set[str]()),
        ({"reference": "urn:uuid:4a1f7f0e-6f0b-4f0c-9d52-3d6d2a6f0b11"}, set[str]()),
        ({"reference": "#a"}, set[str]()),
        ({"reference": "RelatedPerson/a"}, set[str]()),
        ({"reference": "Practitioner/a", "type": "Patient"}, set[str]()),
        ({"identifier": {"value": "a"}, "type": "Patient"}, set[str]()),
        ({"display": "Patient/a"}, set[str]()),
        ({"reference": None}, set[str]()),
        ({"reference": ["Patient/a"]}, set[str]()),
        ("Patient/a", set[str]()),
        (None, set[str]()),
    ],
    ids=str,
)
def test_only_a_literal_reference_to_our_patient_counts(reference: Any, expected: set[str]) -> None:
    assert members({"resourceType": "Observation", "subject": reference}, BASE) == expected


def test_an_absolute_reference_needs_to_know_our_base() -> None:
    resource = {"resourceType": "Observation", "subject": {"reference": f"{BASE}/Patient/a"}}
    assert members(resource) == frozenset()


# ---- rules of their own --------------------------------------------------------------------------


def agent(who: Any) -> dict[str, Any]:
    return {"agent": [{"who": who}]}


def entity(*what: Any) -> dict[str, Any]:
    return {"entity": [{"what": one} for one in what]}


def group(*entities: Any) -> dict[str, Any]:
    return {"actual": True, "member": [{"entity": one} for one in entities]}


@pytest.mark.parametrize(
    ("type_name", "body", "expected"),
    [
        ("Patient", {"id": "a"}, {"a"}),
        ("Patient", {}, set[str]()),
        ("Patient", {"id": "a", "link": [{"other": B, "type": "seealso"}]}, {"a"}),
        ("Patient", {"id": "a", "generalPractitioner": [B]}, {"a"}),
        ("Group", group(), set[str]()),
        ("Group", group(A), {"a"}),
        ("Group", group(A, A), {"a"}),
        ("Group", group(A, B), set[str]()),
        ("Group", group(A, DOCTOR), set[str]()),
        ("Group", group(A, {"reference": "Group/g"}), set[str]()),
        ("Group", group(A, NAMELESS), set[str]()),
        ("AuditEvent", agent(A), {"a"}),
        ("AuditEvent", agent(DOCTOR) | entity(A), {"a"}),
        ("AuditEvent", agent(B) | entity(A), {"a"}),
        ("AuditEvent", agent(A) | entity({"reference": "Observation/1"}), {"a"}),
        ("AuditEvent", agent(DOCTOR) | entity(A, B), set[str]()),
        ("AuditEvent", agent(A) | entity(A, B), set[str]()),
        ("Provenance", {"target": [A, {"reference": "Observation/1"}]}, {"a"}),
        ("Provenance", {"target": [A, B]}, set[str]()),
        ("Provenance", {"target": [{"reference": "Observation/1"}]} | agent(A), set[str]()),
        ("Binary", {"securityContext": A}, {"a"}),
        ("Binary", {"securityContext": {"reference": "DocumentReference/1"}}, set[str]()),
        ("Task", {"for": A, "requester": DOCTOR, "owner": B}, {"a", "b"}),
        ("Appointment", {"participant": [{"actor": A}, {"actor": B}]}, {"a", "b"}),
        ("Communication", {"sender": A, "recipient": [B, DOCTOR]}, {"a", "b"}),
        ("Coverage", {"policyHolder": A, "beneficiary": B}, {"a", "b"}),
        ("Observation", {"subject": {"reference": "Group/g"}, "performer": [A]}, {"a"}),
        ("Observation", {"subject": A, "focus": [B]}, {"a"}),
        ("List", {"subject": A, "entry": [{"item": B}]}, {"a"}),
        ("Device", {}, set[str]()),
        ("Device", {"patient": NAMELESS}, {UNKNOWN}),
        ("Schedule", {"actor": [DOCTOR, {"reference": "Location/l"}]}, set[str]()),
        ("Schedule", {"actor": [DOCTOR, A]}, {"a"}),
        ("Schedule", {"actor": [{"reference": "RelatedPerson/r"}]}, {UNKNOWN}),
        ("Schedule", {"actor": [{"display": "Dr. Who"}]}, {UNKNOWN}),
        ("Schedule", {"actor": [{"type": "Practitioner", "display": "Dr. Who"}]}, set[str]()),
        ("Schedule", {"actor": [{"reference": "https://o.example/Patient/a"}]}, {UNKNOWN}),
        ("Endpoint", {"address": "https://o.example"}, set[str]()),
        ("Endpoint", {"header": ["Authorization: x"]}, {UNKNOWN}),
    ],
    ids=label,
)
def test_the_rules(type_name: str, body: dict[str, Any], expected: set[str]) -> None:
    assert members({"resourceType": type_name, **body}, BASE) == expected


# ---- what holds for any resource -----------------------------------------------------------------

references = st.sampled_from(
    [A, B, DOCTOR, NAMELESS, {"reference": "Patient/c/_history/2"}, {"reference": "#a"}]
)


@st.composite
def linked(draw: st.DrawFn) -> dict[str, Any]:
    """A resource of any type with references at some of its links, and some elsewhere."""
    row = ROWS[draw(st.sampled_from(REGISTRY.types))]
    resource: dict[str, Any] = {"resourceType": row.type_name}
    for link in draw(st.lists(st.sampled_from([*row.subjects, *row.roles, Link("", "basedOn")]))):
        resource |= nested(link.path, draw(st.lists(references, min_size=1, max_size=3)))
    return resource


def named_at(resource: dict[str, Any], links: tuple[Link, ...]) -> tuple[set[str], bool]:
    """Plainly: the patients named at these places, and whether somebody unknown is."""
    patients, unknown = set[str](), False
    for link in links:
        value: Any = resource
        for step in link.path.split("."):
            value = value.get(step, {}) if isinstance(value, dict) else {}
        for reference in value or []:
            found = re.fullmatch(r"Patient/(\w+).*", reference.get("reference", ""))
            patients |= {found[1]} if found else set()
            unknown |= not found and reference != DOCTOR
    return patients, unknown


@given(linked())
def test_members_are_those_whom_the_row_says(resource: dict[str, Any]) -> None:
    row = ROWS[resource["resourceType"]]
    subjects, unknown = named_at(resource, row.subjects)
    roles, _ = named_at(resource, row.roles)
    expected = subjects if subjects or unknown else roles
    if row.single and len(expected) > 1:
        expected = set[str]()
    if row.kind is Kind.MIXED and unknown:
        expected = expected | {UNKNOWN}
    if row.type_name != "Group":
        assert members(resource, BASE) == expected


@given(linked())
def test_nobody_is_a_member_who_is_not_named(resource: dict[str, Any]) -> None:
    named = set(re.findall(r'"Patient/(\w+)', json.dumps(resource)))
    assert members(resource, BASE) <= named | {UNKNOWN}


# ---- HL7's examples ------------------------------------------------------------------------------


def compartment_patients(resource: dict[str, Any]) -> set[str]:
    """Patients by the parameters of CompartmentDefinition, through the search's own extraction."""
    type_name, found = resource["resourceType"], set[str]()
    for name in REGISTRY.compartment("Patient")[type_name]:
        parameter = REGISTRY.parameter(type_name, name)
        assert parameter is not None
        for extracted in extractor(parameter, type_name)(resource):
            parsed = parse_reference(extracted.value.get("reference", ""))
            if parsed.type_name == "Patient" and parsed.base is None and parsed.logical_id:
                found.add(parsed.logical_id)
    return found


@needs_data
@pytest.mark.parametrize("folder", ["r4-examples", "us-core-examples"])
def test_examples_belong_to_the_patients_of_their_compartment(folder: str) -> None:
    checked = 0
    for place, resource in examples(folder):
        row = ROWS[resource["resourceType"]]
        if row.kind is Kind.COMPARTMENT:
            published, found = compartment_patients(resource), members(resource)
            assert found <= published, place
            assert row.roles or found == published, place
            checked += bool(found)
    assert checked > 50
