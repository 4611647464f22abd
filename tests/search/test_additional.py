"""Search parameters beside R4's: the project's own, and what a SearchParameter may say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from fhir_server.outcome import FhirError
from fhir_server.search.additional import read_parameter
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.indexing import index_entry
from fhir_server.search.matching import matches
from fhir_server.search.query import parse_criteria
from resources.registry import REGISTRY
from tests.search.finding import BASE, found

REASON = "http://example.org/reason"
COMMUNICATION = {"resourceType": "Communication", "status": "completed"}


@pytest.mark.parametrize(
    ("search", "resources", "expected"),
    [
        (
            "Communication?in-response-to=a",
            [
                COMMUNICATION | {"id": "b", "inResponseTo": [{"reference": "Communication/a"}]},
                COMMUNICATION | {"id": "c", "inResponseTo": [{"reference": "Communication/b"}]},
            ],
            "b",
        ),
        (
            "Communication?topic=urn:t|refill",
            [
                COMMUNICATION
                | {"id": "a", "topic": {"coding": [{"system": "urn:t", "code": "refill"}]}},
                COMMUNICATION
                | {"id": "b", "topic": {"coding": [{"system": "urn:u", "code": "refill"}]}},
            ],
            "a",
        ),
        (
            "MedicationRequest?prior-prescription=MedicationRequest/a",
            [
                {
                    "resourceType": "MedicationRequest",
                    "id": each,
                    "priorPrescription": {"reference": f"MedicationRequest/{prior}"},
                }
                for each, prior in (("b", "a"), ("c", "b"))
            ],
            "b",
        ),
    ],
)
def test_what_r4_has_no_parameter_for(
    search: str, resources: list[dict[str, Any]], expected: str
) -> None:
    """Issue 3: messages of a thread, of a topic, and the renewals of an order."""
    assert found(search, resources) == expected


def definition(**said: Any) -> dict[str, Any]:
    return {
        "resourceType": "SearchParameter",
        "url": "http://example.org/SearchParameter/x",
        "name": "X",
        "status": "active",
        "description": "x",
        "code": "x",
        "base": ["Patient"],
        "type": "token",
        "expression": f"Patient.extension('{REASON}').value",
    } | said


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"code": "name"}, "Patient-name|individual"),
        ({"code": "na.me"}, "a letter, then"),
        ({"code": "_x"}, "a letter, then"),
        ({"type": "special"}, "type special"),
        ({"base": ["Parameters"]}, "Parameters: no type"),
        ({"expression": None}, "needs an expression"),
        ({"expression": "Patient.nam"}, "leads to no element of Patient"),
        ({"expression": "Person.name"}, "begin one with Patient"),
        ({"expression": "Patient.name"}, "looks at"),
        ({"expression": "Patient.name.given", "type": "date"}, "leads to string on Patient"),
        ({"expression": "Patient.name.first()"}, "is not understood"),
        ({"expression": "Patient.name.where($this.use = 'x')"}, "is not understood"),
        ({"expression": "Patient.name.ofType(HumanName)[0].given"}, "An index"),
        ({"expression": "Patient" + ".extension" * 20}, "more than 12 steps"),
        ({"expression": "Patient" + ".extension.value" * 5}, "through value more than 2"),
        ({"expression": "Patient.name" + " | Patient.name.given" * 200}, "longer than 2000"),
        ({"expression": "Patient.managingOrganization", "type": "reference"}, "to which types"),
        ({"type": "composite", "expression": "Patient"}, "two components or more"),
        (
            {
                "type": "composite",
                "expression": "Patient",
                "component": [
                    {"definition": "http://nothing", "expression": "gender"},
                    {
                        "definition": "http://hl7.org/fhir/SearchParameter/Observation-date",
                        "expression": "gender",
                    },
                ],
            },
            "http://nothing is no search parameter here",
        ),
    ],
)
def test_what_cannot_become_a_parameter_is_told_why(said: dict[str, Any], why: str) -> None:
    with pytest.raises(FhirError) as refused:
        read_parameter(
            {name: value for name, value in definition(**said).items() if value is not None},
            REGISTRY.search_parameters,
        )
    assert refused.value.category.status == 422
    assert any(each in str(refused.value) for each in why.split("|"))
    assert all((each.expression or "").startswith("Search") for each in refused.value.issues)


@pytest.mark.parametrize(
    ("said", "extension", "hit", "miss"),
    [
        ({}, {"valueCoding": {"system": "urn:r", "code": "a"}}, "urn:r|a", "urn:r|b"),
        ({}, {"valueCodeableConcept": {"coding": [{"code": "a"}]}}, "a", "b"),
        ({"type": "date"}, {"valueDate": "2024-03"}, "2024-03", "2024-04"),
        ({"type": "string"}, {"valueString": "Smörgås"}, "smor", "gas"),
        ({"type": "number"}, {"valueDecimal": Decimal("1.5")}, "gt1", "gt2"),
        ({"type": "uri"}, {"valueUri": "urn:a"}, "urn:a", "urn:b"),
        (
            {"type": "quantity"},
            {"valueQuantity": {"value": 1, "system": "http://unitsofmeasure.org", "code": "g"}},
            "1000|http://unitsofmeasure.org|mg",
            "1|http://unitsofmeasure.org|mg",
        ),
        (
            {"type": "reference", "target": ["Organization"]},
            {"valueReference": {"reference": "Organization/a"}},
            "a",
            "b",
        ),
    ],
)
def test_each_type_of_parameter_finds_its_extension(
    said: dict[str, Any], extension: dict[str, Any], hit: str, miss: str
) -> None:
    """And passes over an extension whose value is of a type that it cannot look at."""
    catalogue = Catalogue(BASE, (read_parameter(definition(**said)),))
    odd = {"valueBase64Binary": "AAAA"}
    for url, value, hits in ((REASON, extension, True), (REASON, odd, False), ("u", extension, 0)):
        patient = {"resourceType": "Patient", "id": "p", "extension": [{"url": url} | value]}
        entry = index_entry(catalogue, patient, frozenset())
        assert matches(parse_criteria(catalogue, "Patient", f"x={hit}"), entry) is bool(hits)
        assert not matches(parse_criteria(catalogue, "Patient", f"x={miss}"), entry)
        assert matches(parse_criteria(catalogue, "Patient", "x:missing=false"), entry) is bool(hits)


def test_what_is_being_indexed_is_not_searched_by() -> None:
    parameter = read_parameter(definition())
    catalogue = Catalogue(BASE, (parameter,), frozenset((parameter.url,)))
    assert "x" in catalogue.indexed("Patient")
    assert "x" not in catalogue.fields("Patient")
    with pytest.raises(FhirError, match="x is being indexed on Patient"):
        parse_criteria(catalogue, "Patient", "x=a")
    with pytest.raises(FhirError, match="no search parameter x"):
        parse_criteria(catalogue, "Person", "x=a")
