"""Encounters and the Observations made there: LOINC codes of which few are frequent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from resources.fhir_json import Resource
from tests.bench.search.chance import (
    FIRST,
    LAST,
    Made,
    chance,
    concept,
    falling,
    identity,
    moment,
    reference,
    share,
)

OBSERVATIONS: Final = (20, 30, 40, 60, 80, 100, 120, 150, 180, 220)
"""Of ten patients in turn: 100 each."""
ENCOUNTERS: Final = (1, 2, 3, 5, 6, 8, 10, 12, 15, 18)
LOINC: Final = "http://loinc.org"
ACCESSION: Final = "http://practice.example/accession"

_UCUM: Final = "http://unitsofmeasure.org"
_ACT: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
_INTERPRETATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is measured; values are tenths."""

    code: str
    display: str
    unit: str
    low: int
    high: int


VITAL_SIGNS: Final = (
    Measure("85354-9", "Blood pressure panel", "mm[Hg]", 600, 1900),
    Measure("8867-4", "Heart rate", "/min", 500, 1100),
    Measure("29463-7", "Body weight", "kg", 450, 1200),
    Measure("39156-5", "Body mass index", "kg/m2", 180, 390),
    Measure("8310-5", "Body temperature", "Cel", 360, 395),
    Measure("9279-1", "Respiratory rate", "/min", 120, 250),
    Measure("59408-5", "Oxygen saturation", "%", 900, 1000),
    Measure("8302-2", "Body height", "cm", 1500, 1950),
)
LABORATORY: Final = (
    Measure("2339-0", "Glucose [Mass/volume] in Blood", "mg/dL", 650, 1600),
    Measure("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", 110, 170),
    Measure("2160-0", "Creatinine in Serum or Plasma", "mg/dL", 5, 30),
    Measure("2951-2", "Sodium in Serum or Plasma", "mmol/L", 1350, 1450),
    Measure("2823-3", "Potassium in Serum or Plasma", "mmol/L", 35, 52),
    Measure("4548-4", "Hemoglobin A1c", "%", 40, 110),
    Measure("2093-3", "Cholesterol in Serum or Plasma", "mg/dL", 1300, 2900),
    Measure("2571-8", "Triglyceride in Serum or Plasma", "mg/dL", 600, 3000),
    Measure("6690-2", "Leukocytes in Blood", "10*3/uL", 40, 120),
    Measure("777-3", "Platelets in Blood", "10*3/uL", 1500, 4000),
    Measure("33914-3", "Glomerular filtration rate", "mL/min", 300, 1200),
    Measure("3016-3", "Thyrotropin in Serum or Plasma", "m[IU]/L", 4, 45),
    Measure("1988-5", "C reactive protein", "mg/L", 1, 500),
    Measure("2276-4", "Ferritin in Serum or Plasma", "ug/L", 150, 3000),
    Measure("62292-8", "Vitamin D", "ng/mL", 80, 700),
    Measure("2885-2", "Protein in Serum or Plasma", "g/dL", 60, 85),
)
SURVEY: Final = (Measure("44261-6", "Patient Health Questionnaire 9 score", "{score}", 0, 270),)
_KINDS: Final = (("vital-signs", VITAL_SIGNS), ("laboratory", LABORATORY), ("survey", SURVEY))
_BY_KIND: Final = (0.5, 0.95, 1.0)
_STATUSES: Final = ("final", "amended", "corrected", "preliminary", "entered-in-error")
_BY_STATUS: Final = (0.9, 0.94, 0.97, 0.99, 1.0)


def frequency(code: str) -> float:
    """The share of a code among all Observations."""
    before = 0.0
    for (_, measures), until in zip(_KINDS, _BY_KIND, strict=True):
        weights = falling(len(measures))
        for place, measure in enumerate(measures):
            if measure.code == code:
                return (until - before) / (place + 1) / weights[-1]
        before = until
    raise LookupError(code)


def visits(number: int, practitioner: str) -> Iterator[Made]:
    """The Encounters of one patient and all Observations, some of them made at home."""
    among = chance("Encounter", number)
    encounters = [
        _encounter(number, each, practitioner, moment(among, FIRST, LAST), among)
        for each in range(share(number, ENCOUNTERS))
    ]
    yield from (made for made, _ in encounters)
    for each in range(share(number, OBSERVATIONS)):
        made, begun = among.choice(encounters)
        if among.random() < 0.06:
            yield _observation(number, each, None, moment(among, FIRST, LAST), among)
        else:
            taken = begun + timedelta(minutes=int(among.random() * 30))
            yield _observation(number, each, made.logical_id, taken, among)


def _encounter(
    number: int, each: int, practitioner: str, begun: datetime, among: Random
) -> tuple[Made, datetime]:
    end = begun + timedelta(minutes=45)
    resource: Resource = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": _ACT, "code": among.choice(("AMB", "AMB", "VR", "EMER"))},
        "type": [concept("http://snomed.info/sct", "185349003", "Encounter for check up")],
        "subject": reference("Patient", identity("Patient", number)),
        "participant": [{"individual": reference("Practitioner", practitioner)}],
        "period": {"start": begun.isoformat(), "end": end.isoformat()},
    }
    written = end + timedelta(minutes=int(among.random() * 120))
    return Made(resource, identity("Encounter", number, each), written), begun


def _observation(
    number: int, each: int, encounter: str | None, taken: datetime, among: Random
) -> Made:
    category, measures = among.choices(_KINDS, cum_weights=_BY_KIND)[0]
    measure = among.choices(measures, cum_weights=falling(len(measures)))[0]
    resource: Resource = {
        "resourceType": "Observation",
        "identifier": [{"system": ACCESSION, "value": accession(number, each)}],
        "status": among.choices(_STATUSES, cum_weights=_BY_STATUS)[0],
        "category": [concept(_CATEGORY, category)],
        "code": concept(LOINC, measure.code, measure.display),
        "subject": reference("Patient", identity("Patient", number)),
        **({"encounter": reference("Encounter", encounter)} if encounter else {}),
        **_time(taken, among),
        **_result(measure, among),
    }
    written = taken + timedelta(minutes=5 + int(among.expovariate(1 / 240)))
    return Made(resource, identity("Observation", number, each), written)


def accession(number: int, each: int) -> str:
    """The identifier of one Observation."""
    return f"{number:06}-{each:03}"


def _time(taken: datetime, among: Random) -> dict[str, Any]:
    if among.random() < 0.96:
        return {"effectiveDateTime": taken.isoformat()}
    end = taken + timedelta(minutes=10)
    return {"effectivePeriod": {"start": taken.isoformat(), "end": end.isoformat()}}


def _result(measure: Measure, among: Random) -> dict[str, Any]:
    if measure is VITAL_SIGNS[0]:
        return {
            "component": [
                _component("8480-6", "Systolic", _quantity(measure, 1000, 1900, among)),
                _component("8462-4", "Diastolic", _quantity(measure, 600, 1000, among)),
            ]
        }
    high = among.random() < 0.1
    found = {"valueQuantity": _quantity(measure, measure.low, measure.high, among)}
    return found | ({"interpretation": [concept(_INTERPRETATION, "H")]} if high else {})


def _component(code: str, display: str, value: Resource) -> Resource:
    return {"code": concept(LOINC, code, display), "valueQuantity": value}


def _quantity(measure: Measure, low: int, high: int, among: Random) -> Resource:
    tenths = low + int(among.random() * (high - low))
    return {
        "value": Decimal(tenths).scaleb(-1),
        "unit": measure.unit,
        "system": _UCUM,
        "code": measure.unit,
    }
