"""What an operation is given is held to its definition (R4 operations.html 3.2.0.1)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from fhir_server.interactions.operations.input import Input, read_input
from fhir_server.outcome import Category, FhirError
from resources.operations import (
    Level,
    OperationDefinition,
    OperationParameter,
    operation_definitions,
)

MODES = "http://hl7.org/fhir/ValueSet/resource-validation-mode"


def taking(name: str, cardinality: str, kind: str, **more: Any) -> OperationParameter:
    least, _, most = cardinality.partition("..")
    maximum = None if most == "*" else int(most)
    return OperationParameter(
        name, int(least), maximum, kind, more.get("value_set"), more.get("parts", ())
    )


DEFINITION = OperationDefinition(
    url="http://example.org/op",
    code="op",
    types=("Patient",),
    levels=frozenset({Level.TYPE}),
    affects_state=False,
    inputs=(
        taking("flag", "0..1", "boolean"),
        taking("number", "0..1", "integer"),
        taking("count", "0..1", "positiveInt"),
        taking("size", "0..1", "decimal"),
        taking("day", "0..1", "date"),
        taking("code", "0..*", "code"),
        taking("mode", "0..1", "code", value_set=MODES),
        taking("word", "0..2", "string"),
        taking("period", "0..1", "Period"),
        taking("patient", "0..1", "Patient"),
        taking("any", "0..1", "Element"),
        taking(
            "group", "0..*", "", parts=(taking("a", "1..1", "code"), taking("b", "0..1", "uri"))
        ),
    ),
    outputs=(),
)


def body(*parameters: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": list(parameters)}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("flag", "true", True),
        ("flag", "false", False),
        ("number", "-12", -12),
        ("count", "1", 1),
        ("size", "1.50", Decimal("1.50")),
        ("day", "2020-02", "2020-02"),
        ("code", "final", "final"),
        ("mode", "create", "create"),
        ("word", "two words", "two words"),
    ],
)
def test_a_text_is_read_as_its_type(name: str, text: str, value: object) -> None:
    found = read_input(DEFINITION, [(name, text)]).one(name)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("flag", "yes", "true or false"),
        ("flag", "", "true or false"),
        ("number", "1.0", "whole number"),
        ("number", "99999999999999", "whole number"),
        ("count", "0", "from 1"),
        ("size", "1e400", "number"),
        ("size", "NaN", "number"),
        ("day", "2020-02-30", "day"),
        ("code", " final", "code"),
        ("code", "", "empty"),
        ("mode", "destroy", "is none of create, delete, profile, update"),
        ("period", "2020", "Parameters resource"),
        ("patient", "Patient/1", "Parameters resource"),
        ("group", "x", "group of parts"),
        ("flog", "true", "it takes flag"),
        ("_format", "json", "no such parameter"),
        ("$where", "1", "no such parameter"),
    ],
)
def test_a_wrong_text_is_refused_by_name(name: str, text: str, told: str) -> None:
    with pytest.raises(FhirError) as caught:
        read_input(DEFINITION, [(name, text)])
    assert caught.value.category is Category.INVALID
    assert name in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"name": "flag", "valueBoolean": True}, "flag", True),
        ({"name": "number", "valueInteger": 3}, "number", 3),
        ({"name": "number", "valuePositiveInt": 3}, "number", 3),
        ({"name": "code", "valueString": "final"}, "code", "final"),
        ({"name": "day", "valueDate": "2020"}, "day", "2020"),
        ({"name": "period", "valuePeriod": {"start": "2020"}}, "period", {"start": "2020"}),
        ({"name": "any", "valueQuantity": {"value": 1}}, "any", {"value": Decimal(1)}),
        ({"name": "patient", "resource": {"resourceType": "Patient"}}, "patient", None),
        (
            {"name": "group", "part": [{"name": "a", "valueCode": "x"}]},
            "group",
            Input({"a": ("x",)}),
        ),
    ],
)
def test_a_parameter_of_a_body_is_taken(given: dict[str, Any], name: str, value: object) -> None:
    found = read_input(DEFINITION, (), body(given)).one(name)
    assert found == (given["resource"] if value is None else value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": "flag", "valueString": "true"}, "true or false"),
        ({"name": "number", "valueDecimal": Decimal("1.5")}, "whole number"),
        ({"name": "period", "valueQuantity": {"value": 1}}, "it is a Period"),
        ({"name": "word", "valuePeriod": {"start": "2020"}}, "it is a string"),
        ({"name": "patient", "resource": {"resourceType": "Device"}}, "it is a Patient"),
        ({"name": "word", "resource": {"resourceType": "Patient"}}, "it is a string"),
        ({"name": "word", "part": [{"name": "a", "valueCode": "x"}]}, "it has no parts"),
        ({"name": "group", "part": [{"name": "b", "valueUri": "urn:x"}]}, "needs the parameter a"),
        ({"name": "group", "part": [{"name": "c", "valueUri": "urn:x"}]}, "it takes a, b"),
        ({"name": "group", "valueCode": "x"}, "group of parts"),
        ({"name": "flag"}, "one of (value, resource, part) (inv-1) Parameters.parameter[0]"),
        ({"name": "mode", "valueCode": "destroy"}, "is none of"),
        ({"name": "nothing", "valueCode": "x"}, "no such parameter"),
        ({"valueCode": "x"}, "Parameters.parameter[0].name"),
        ({"name": "code", "valueCode": 3}, "Parameters.parameter[0].value"),
        ({"name": "code", "valueNonsense": 3}, "valueNonsense"),
    ],
)
def test_a_wrong_parameter_of_a_body_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(FhirError) as caught:
        read_input(DEFINITION, (), body(given))
    assert caught.value.category is Category.INVALID
    problems = [f"{one.diagnostics} {one.expression}" for one in caught.value.issues]
    assert told in " ".join(problems)


def test_cardinality_counts_address_and_body_together() -> None:
    words = body({"name": "word", "valueString": "b"})
    assert read_input(DEFINITION, [("word", "a")], words).all("word") == ("a", "b")
    with pytest.raises(FhirError, match="2 times, not 3"):
        read_input(DEFINITION, [("word", "a"), ("word", "c")], words)
    with pytest.raises(FhirError, match="once"):
        read_input(DEFINITION, [("flag", "true"), ("flag", "true")])


def test_one_resource_may_come_bare() -> None:
    patient = {"resourceType": "Patient", "active": True}
    given = read_input(DEFINITION, [("flag", "true")], patient)
    assert (given.one("patient"), given.one("flag")) == (patient, True)
    with pytest.raises(FhirError, match="it is a Patient"):
        read_input(DEFINITION, (), {"resourceType": "Device"})
    versions = operation_definitions()["CapabilityStatement-versions"]
    with pytest.raises(FhirError, match="takes a Parameters resource"):
        read_input(versions, (), patient)


def test_a_search_takes_the_rest() -> None:
    more = body({"name": "active", "valueBoolean": True}, {"name": "age", "valueInteger": 3})
    given = read_input(DEFINITION, [("name", "x"), ("flag", "true")], more, searches=True)
    assert given.search == (("name", "x"), ("active", "true"), ("age", "3"))
    assert given.one("flag") is True
    with pytest.raises(FhirError, match="primitive"):
        read_input(
            DEFINITION, (), body({"name": "x", "valuePeriod": {"start": "2020"}}), searches=True
        )


def test_all_definitions_of_r4_are_there() -> None:
    known = operation_definitions()
    hl7 = {name: one for name, one in known.items() if one.url.startswith("http://hl7.org/")}
    assert len(hl7) == 46
    assert all(one.levels for one in known.values())
    assert hl7["Patient-everything"].levels == {Level.TYPE, Level.INSTANCE}
    assert hl7["Resource-meta-add"].affects_state
    assert not hl7["Resource-meta-add"].by_get
    assert hl7["Observation-stats"].by_get
    assert not hl7["Patient-match"].by_get
