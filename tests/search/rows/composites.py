"""Composites (Q7, R4 3.1.1.4.14): all components of one and the same element."""

from __future__ import annotations

from tests.search.rows.quantities import UCUM
from tests.search.rows.row import Resource, Row, Table, observation


def _concept(code: str, system: str = "http://loinc.org") -> dict[str, object]:
    return {"coding": [{"system": system, "code": code}]}


def _pressure(name: str, systolic: int, diastolic: int) -> Resource:
    parts = [
        {
            "code": _concept(code),
            "valueQuantity": {"value": value, "unit": "mmHg", "system": UCUM, "code": "mm[Hg]"},
        }
        for code, value in (("8480-6", systolic), ("8462-4", diastolic))
    ]
    return observation(name, code=_concept("85354-9"), component=parts)


SYSTOLIC = "component-code-value-quantity=8480-6"
VALUES = Table(
    "codes together with values",
    "Observation",
    [
        _pressure("high", 160, 80),
        _pressure("crossed", 80, 160),
        observation(
            "glucose",
            code=_concept("2339-0"),
            valueQuantity={"value": 6, "unit": "mmol/L", "system": UCUM, "code": "mmol/L"},
        ),
        observation("text", code=_concept("note"), valueString="Séverely dry, very"),
        observation("words", code=_concept("remark"), valueString="Severely dry"),
        observation("coded", code=_concept("note"), valueCodeableConcept=_concept("LA1")),
        observation("answer", code=_concept("question"), valueCodeableConcept=_concept("LA1")),
        observation("dated", code=_concept("note"), valueDateTime="2020-05-01"),
        observation("later", code=_concept("note"), valueDateTime="2020-05-02"),
        observation("codeless", valueQuantity={"value": 6, "unit": "mmol/L"}),
    ],
    [
        Row(f"{SYSTOLIC}$gt150", "high"),
        Row(f"{SYSTOLIC}$gt150", "high", "high crossed"),
        Row(f"{SYSTOLIC}$160", "high", "high crossed"),
        Row(f"{SYSTOLIC}$gt160"),
        Row(f"{SYSTOLIC}$lt150", "crossed"),
        Row("component-code-value-quantity=8462-4$gt150", "crossed"),
        Row("component-code-value-quantity=http://loinc.org|8462-4$160", "crossed"),
        Row("component-code-value-quantity=http://other.org|8462-4$160"),
        Row(f"component-code-value-quantity=8462-4$16|{UCUM}|cm[Hg]", "crossed"),
        Row("component-code-value-quantity=8462-4$80||mmHg", "high"),
        Row("component-code-value-quantity=8462-4$80||kPa"),
        Row(f"{SYSTOLIC}$gt150,8462-4$gt150", "crossed high"),
        Row(f"{SYSTOLIC}$gt150&component-code-value-quantity=8462-4$80", "high"),
        Row("code-value-quantity=8480-6$gt150"),
        Row("combo-code-value-quantity=8480-6$gt150", "high"),
        Row("combo-code-value-quantity=2339-0$ge6", "glucose"),
        Row("combo-code-value-quantity=2339-0$gt6"),
        Row(f"code-value-quantity=2339-0$6000|{UCUM}|umol/L", "glucose"),
        Row("code-value-quantity=http://loinc.org|$6", "glucose", "glucose codeless"),
        Row("code-value-string=note$SEVERELY", "text"),
        Row("code-value-string=note$SEVERELY", "text", "text words"),
        Row("code-value-string=note$severely dry\\, very", "text"),
        Row("code-value-string=note$dry"),
        Row("code-value-concept=note$LA1", "coded"),
        Row("code-value-concept=note$LA1", "coded", "coded answer"),
        Row("code-value-concept=note$LA2"),
        Row("combo-code-value-concept=note$http://loinc.org|LA1", "coded"),
        Row("code-value-date=note$2020", "dated later"),
        Row("code-value-date=note$lt2020"),
        Row("code-value-date=note$ge2020-05", "dated later"),
        Row("code-value-date=note$2020-05-01", "dated", "dated later"),
        Row("code-value-date=question$2020"),
    ],
)


def _document(name: str, **relations: str) -> Resource:
    return {
        "resourceType": "DocumentReference",
        "id": name,
        "relatesTo": [
            {"code": code, "target": {"reference": f"DocumentReference/{target}"}}
            for code, target in relations.items()
        ],
    }


RELATIONS = Table(
    "codes together with references",
    "DocumentReference",
    [_document("a", replaces="1", appends="2"), _document("b", replaces="2", appends="1")],
    [
        Row("replaces$DocumentReference/1", "a"),
        Row("replaces$DocumentReference/1", "a", "a b"),
        Row("replaces$DocumentReference/3"),
        Row("transforms$DocumentReference/1"),
        Row("appends$2", "a"),
        Row("http://hl7.org/fhir/document-relationship-type|appends$1", "b"),
    ],
    start="relationship=",
)


def _sequence(name: str, chromosome: str, start: int, end: int) -> Resource:
    return {
        "resourceType": "MolecularSequence",
        "id": name,
        "referenceSeq": {
            "chromosome": {"coding": [{"code": chromosome}]},
            "windowStart": start,
            "windowEnd": end,
        },
    }


WINDOWS = Table(
    "codes together with two numbers",
    "MolecularSequence",
    [
        _sequence("near", "1", 100, 200),
        _sequence("next", "1", 101, 200),
        _sequence("other", "2", 100, 200),
    ],
    [
        Row("1$lt150$gt150", "near next"),
        Row("1$100$200", "near", "near next"),
        Row("1$100$200", "near", "near other"),
        Row("1$le100$ge200", "near", "near next"),
        Row("1$gt101$200"),
        Row("3$100$200"),
    ],
    start="chromosome-window-coordinate=",
)

TABLES = (VALUES, RELATIONS, WINDOWS)
