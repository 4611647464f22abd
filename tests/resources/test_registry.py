"""The registry against facts that the R4 specification states, and against its source."""

from __future__ import annotations

from gzip import decompress
from pathlib import Path

import pytest

from resources.definitions import compile as compilation
from resources.registry import REGISTRY
from tests.resources.data import DATA, needs_data


def test_types() -> None:
    assert len(REGISTRY.types) == 146
    assert list(REGISTRY.types) == sorted(REGISTRY.types)
    assert set(REGISTRY.types) - set(REGISTRY.endpoints) == {"Parameters"}
    assert REGISTRY.is_type("Patient")
    assert not any(
        map(REGISTRY.is_type, ("DomainResource", "Resource", "HumanName", "patient", ""))
    )
    assert REGISTRY.base("Bundle") == "Resource"
    assert REGISTRY.base("Patient") == "DomainResource"
    assert len(REGISTRY.primitives) == 20


@pytest.mark.parametrize(
    ("type_name", "path", "types", "cardinality"),
    [
        ("Patient", "id", ["id"], (0, 1)),
        ("Patient", "name", ["HumanName"], (0, None)),
        ("Patient", "name.id", ["string"], (0, 1)),
        ("Patient", "name.given", ["string"], (0, None)),
        ("Patient", "deceased", ["boolean", "dateTime"], (0, 1)),
        ("Patient", "contact.name.family", ["string"], (0, 1)),
        ("Observation", "status", ["code"], (1, 1)),
        ("Observation", "valueQuantity", None, (0, 1)),
        ("Observation", "valueQuantity.value", ["decimal"], (0, 1)),
        ("Observation", "component.referenceRange.low.comparator", ["code"], (0, 0)),
        ("Questionnaire", "item.item.item.linkId", ["string"], (1, 1)),
        ("Extension", "url", ["uri"], (1, 1)),
        ("Timing", "repeat.frequency", ["positiveInt"], (0, 1)),
    ],
)
def test_element(
    type_name: str, path: str, types: list[str] | None, cardinality: tuple[int, int | None]
) -> None:
    element = REGISTRY.element(type_name, path)
    assert element is not None
    assert types is None or [of.name for of in element.types] == types
    assert (element.minimum, element.maximum) == cardinality


@pytest.mark.parametrize(
    ("type_name", "path"),
    [("Patient", "nam"), ("Patient", "name.given.x"), ("Observation", "valueMoney"), ("X", "id")],
)
def test_no_such_element(type_name: str, path: str) -> None:
    assert REGISTRY.element(type_name, path) is None


def test_element_details() -> None:
    subject = REGISTRY.element("Observation", "subject")
    assert subject is not None
    assert subject.types[0].targets == ("Device", "Group", "Location", "Patient")
    status = REGISTRY.element("Observation", "status")
    assert status is not None
    assert status.binding == ("required", "http://hl7.org/fhir/ValueSet/observation-status")
    assert status.is_modifier
    assert status.is_summary
    value = REGISTRY.element("Observation", "value")
    assert value is not None
    assert [value.json_name(of) for of in value.types][:3] == [
        "valueQuantity",
        "valueCodeableConcept",
        "valueString",
    ]
    assert REGISTRY.invariants("Observation") == ("obs-6", "obs-7")


def test_search_parameters() -> None:
    own = {url for url in REGISTRY.search_parameters if not url.startswith("http://hl7.org/fhir/")}
    assert len(REGISTRY.search_parameters) == 1375 + len(own)
    birthdate = REGISTRY.parameter("Patient", "birthdate")
    assert birthdate is not None
    assert birthdate.type == "date"
    assert birthdate.url == "http://hl7.org/fhir/SearchParameter/individual-birthdate"
    assert "_id" in REGISTRY.parameters("Binary")
    assert "_text" not in REGISTRY.parameters("Binary")
    assert "_text" in REGISTRY.parameters("Patient")
    assert REGISTRY.parameter("Patient", "nonsense") is None
    composite = REGISTRY.parameter("Observation", "code-value-quantity")
    assert composite is not None
    assert [expression for _, expression in composite.components] == ["code", "value.as(Quantity)"]
    assert not composite.multiple_or


def test_one_parameter_for_each_name_and_type() -> None:
    for parameter in REGISTRY.search_parameters.values():
        for base in parameter.bases:
            assert REGISTRY.parameter(base, parameter.name) is parameter


def test_compartments() -> None:
    assert set(REGISTRY.compartments) == {
        "Device", "Encounter", "Patient", "Practitioner", "RelatedPerson",
    }  # fmt: skip
    patient = REGISTRY.compartment("Patient")
    assert len(patient) == 66
    assert patient["Observation"] == ("subject", "performer")


def test_codes() -> None:
    genders = REGISTRY.codes("http://hl7.org/fhir/ValueSet/administrative-gender")
    assert genders == {
        "http://hl7.org/fhir/administrative-gender": {"male", "female", "other", "unknown"}
    }
    assert REGISTRY.codes("http://hl7.org/fhir/ValueSet/mimetypes") is None


def test_every_node_can_be_walked() -> None:
    """No element points to a type or path that the tables lack."""
    seen: set[str] = set()
    waiting = list(REGISTRY.types)
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        for element in REGISTRY.children(node).values():
            assert element.types
            waiting += [of.node for of in element.types if of.node != "Resource"]
    assert "Observation.component" in seen


@needs_data
def test_compilation_gives_the_committed_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compilation, "DESTINATION", tmp_path)
    compilation.main(DATA / "definitions")
    for made in tmp_path.iterdir():
        committed = Path(compilation.__file__).with_name(made.name)
        assert decompress(made.read_bytes()) == decompress(committed.read_bytes()), made.name
    assert len(list(tmp_path.iterdir())) == 7
