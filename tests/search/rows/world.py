"""A few resources of several types, for what a search does besides finding."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.search.rows.row import Resource

UCUM = "http://unitsofmeasure.org"
WORDS = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">words</div>'}


def _to(place: str) -> dict[str, str]:
    return {"reference": place}


def _patient(name: str, /, **elements: Any) -> Resource:
    return {"resourceType": "Patient", "id": name, **elements}


def _baker(name: str, /, **elements: Any) -> Resource:
    named = {"name": [{"family": "Baker"}], "gender": "male", "birthDate": "1970-01-02"}
    return _patient(name, **named, **elements)


def _observation(name: str, value: str | None = None, code: str = "g", **more: Any) -> Resource:
    bare = {"resourceType": "Observation", "id": name, "code": {"text": "x"}, "status": "final"}
    if value is not None:
        amount = {"value": Decimal(value), "system": UCUM, "code": code, "unit": code}
        bare["valueQuantity"] = amount
    return {**bare, **more}


def _risk(name: str, probability: str | None) -> Resource:
    bare: Resource = {"resourceType": "RiskAssessment", "id": name, "status": "final"}
    if probability is not None:
        bare["prediction"] = [{"probabilityDecimal": Decimal(probability)}]
    return {**bare, "subject": _to("Patient/none")}


def _list(name: str, *items: str) -> Resource:
    bare: Resource = {"resourceType": "List", "id": name, "status": "current", "mode": "working"}
    return {**bare, "entry": [{"item": _to(each)} for each in items]} if items else bare


def _value_set(name: str, url: str | None) -> Resource:
    bare = {"resourceType": "ValueSet", "id": name, "status": "draft"}
    return {**bare, "url": url} if url else bare


RESOURCES: tuple[Resource, ...] = (
    {"resourceType": "Organization", "id": "hospital", "name": "Hospital"},
    {"resourceType": "Organization", "id": "clinic", "name": "Clinic"},
    {"resourceType": "Practitioner", "id": "doc", "name": [{"family": "Doe"}]},
    {"resourceType": "Group", "id": "crowd", "type": "person", "actual": True},
    _patient(
        "abel",
        name=[{"family": "Abel"}],
        gender="female",
        birthDate="1970-01-01",
        managingOrganization=_to("Organization/hospital"),
        generalPractitioner=[_to("Practitioner/doc")],
        maritalStatus={"text": "married"},
        text=WORDS,
    ),
    _baker("baker", managingOrganization=_to("Organization/clinic")),
    _baker("baker2", link=[{"other": _to("Patient/abel"), "type": "seealso"}]),
    _patient("none"),
    {
        "resourceType": "Encounter",
        "id": "visit",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": _to("Patient/abel"),
        "serviceProvider": _to("Organization/clinic"),
    },
    _observation("w", "1", subject=_to("Patient/abel"), encounter=_to("Encounter/visit")),
    _observation("x", "1000", "mg", subject=_to("Patient/abel"), status="amended"),
    _observation("y", "1.001", subject=_to("Patient/baker")),
    _observation("z"),
    _observation("mass", subject=_to("Group/crowd"), note=[{"text": "not in a summary"}]),
    _risk("low", "0.25"),
    _risk("mid", "0.251"),
    _risk("mid2", "0.2510"),
    _risk("unsaid", None),
    _list("risky", "RiskAssessment/low", "RiskAssessment/mid"),
    _list("worst", "RiskAssessment/mid2"),
    _list("empty"),
    _value_set("a", "http://a.org/vs"),
    _value_set("a2", "http://a.org/vs"),
    _value_set("b", "http://a.org/vs1"),
    _value_set("urless", None),
)
