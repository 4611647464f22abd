"""Patients with their visits, conditions and measurements: the same ones on every run.

Each patient has one Patient, 14 Encounters, 10 Conditions and 350 Observations of ten codes, made
visit by visit over all patients, so that one patient's record lies between those of the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Final
from uuid import UUID

from resources.fhir_json import Resource

VISITS: Final = 14
CONDITIONS: Final = 10
OBSERVATIONS_PER_VISIT: Final = 25
PER_PATIENT: Final = 1 + CONDITIONS + VISITS * (1 + OBSERVATIONS_PER_VISIT)

_LOINC: Final = "http://loinc.org"
_SNOMED: Final = "http://snomed.info/sct"
_UCUM: Final = "http://unitsofmeasure.org"
_CLASS: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
_FIRST_DAY: Final = datetime(2012, 1, 9, 8, 30, tzinfo=timezone(timedelta(hours=1)))


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is measured again and again."""

    code: str
    display: str
    unit: str
    low: int
    high: int
    category: str = "laboratory"


MEASURES: Final = (
    Measure("8302-2", "Body height", "cm", 1500, 1950, "vital-signs"),
    Measure("29463-7", "Body weight", "kg", 450, 1200, "vital-signs"),
    Measure("39156-5", "Body mass index (BMI) [Ratio]", "kg/m2", 180, 390, "vital-signs"),
    Measure("8867-4", "Heart rate", "/min", 500, 1100, "vital-signs"),
    Measure("2339-0", "Glucose [Mass/volume] in Blood", "mg/dL", 650, 1600),
    Measure("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", 5, 30),
    Measure("2947-0", "Sodium [Moles/volume] in Blood", "mmol/L", 1350, 1450),
    Measure("6298-4", "Potassium [Moles/volume] in Blood", "mmol/L", 35, 52),
    Measure("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", 40, 110),
    Measure("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", "mg/dL", 1300, 2900),
)
_DIAGNOSES: Final = (
    ("44054006", "Diabetes mellitus type 2"),
    ("38341003", "Hypertensive disorder"),
    ("195662009", "Acute viral pharyngitis"),
    ("40055000", "Chronic sinusitis"),
    ("271737000", "Anemia"),
)
_FAMILIES: Final = ("Abel", "Brandt", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Horvat")
_GIVEN: Final = ("Alma", "Boris", "Clara", "David", "Edith", "Felix", "Greta", "Hugo", "Ines")


@dataclass(frozen=True, slots=True)
class Named:
    """A resource and the id that it is to have."""

    type_name: str
    logical_id: str
    resource: Resource


class Clinic:
    """Makes records; a seed gives the same ones again."""

    def __init__(self, seed: int, reference: str = "{type_name}/{logical_id}") -> None:
        self._random = Random(seed)
        self._reference = reference

    def population(self, patients: int) -> Iterator[Named]:
        """Everybody's records, interwoven."""
        people = [self.patient() for _ in range(patients)]
        yield from people
        for number in range(CONDITIONS):
            for person in people:
                yield self.condition(person, number)
        for visit in range(VISITS):
            for person in people:
                yield from self.visit(person, visit, OBSERVATIONS_PER_VISIT)

    def record(self, resources: int) -> Iterator[Named]:
        """One new patient's record of about so many resources."""
        person = self.patient()
        yield person
        yield from (self.condition(person, number) for number in range(CONDITIONS))
        left = resources - 1 - CONDITIONS
        for visit in range(max(1, left // (1 + OBSERVATIONS_PER_VISIT))):
            yield from self.visit(person, visit, OBSERVATIONS_PER_VISIT)

    def patient(self) -> Named:
        family, given = self._random.choice(_FAMILIES), self._random.choice(_GIVEN)
        number = self._random.randrange(10**9)
        return self._named(
            {
                "resourceType": "Patient",
                "identifier": [
                    {
                        "use": "usual",
                        "system": "urn:oid:2.16.840.1.113883.19.5",
                        "value": f"{number:09}",
                    }
                ],
                "active": True,
                "name": [{"use": "official", "family": f"{family}{number % 97}", "given": [given]}],
                "telecom": [{"system": "phone", "value": f"+49 30 {number:09}", "use": "home"}],
                "gender": self._random.choice(("female", "male")),
                "birthDate": f"{1935 + number % 80}-{1 + number % 12:02}-{1 + number % 28:02}",
                "address": [
                    {
                        "line": [f"{1 + number % 200} High Street"],
                        "city": "Springfield",
                        "postalCode": f"{number % 90000 + 10000}",
                        "country": "US",
                    }
                ],
            }
        )

    def condition(self, person: Named, number: int) -> Named:
        code, display = _DIAGNOSES[number % len(_DIAGNOSES)]
        terminology = "http://terminology.hl7.org/CodeSystem"
        return self._named(
            {
                "resourceType": "Condition",
                "clinicalStatus": _concept(f"{terminology}/condition-clinical", "active"),
                "verificationStatus": _concept(f"{terminology}/condition-ver-status", "confirmed"),
                "category": [_concept(f"{terminology}/condition-category", "encounter-diagnosis")],
                "code": _concept(_SNOMED, code, display),
                "subject": self._to(person),
                "onsetDateTime": self._moment(number).isoformat(),
                "recordedDate": self._moment(number).isoformat(),
            }
        )

    def visit(self, person: Named, visit: int, observations: int) -> Iterator[Named]:
        """An encounter and what was measured there."""
        begun = self._moment(visit)
        encounter = self._named(
            {
                "resourceType": "Encounter",
                "status": "finished",
                "class": {"system": _CLASS, "code": "AMB"},
                "type": [_concept(_SNOMED, "185349003", "Encounter for check up")],
                "subject": self._to(person),
                "period": {
                    "start": begun.isoformat(),
                    "end": (begun + timedelta(minutes=45)).isoformat(),
                },
            }
        )
        yield encounter
        for number in range(observations):
            measure = MEASURES[(visit * observations + number) % len(MEASURES)]
            yield self.observation(person, encounter, measure, visit)

    def observation(self, person: Named, encounter: Named, measure: Measure, visit: int) -> Named:
        moment = self._moment(visit) + timedelta(seconds=self._random.randrange(86_400))
        tenths = self._random.randint(measure.low, measure.high)
        return self._named(
            {
                "resourceType": "Observation",
                "meta": {
                    "profile": [
                        "http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-lab"
                    ]
                },
                "status": "final",
                "category": [_concept(_CATEGORY, measure.category)],
                "code": _concept(_LOINC, measure.code, measure.display),
                "subject": self._to(person),
                "encounter": self._to(encounter),
                "effectiveDateTime": moment.isoformat(),
                "issued": (moment + timedelta(hours=2)).isoformat(timespec="milliseconds"),
                "valueQuantity": {
                    "value": Decimal(tenths).scaleb(-1),
                    "unit": measure.unit,
                    "system": _UCUM,
                    "code": measure.unit,
                },
            }
        )

    def _moment(self, visit: int) -> datetime:
        return _FIRST_DAY + timedelta(days=97 * visit + self._random.randrange(60))

    def _named(self, resource: Resource) -> Named:
        logical_id = str(UUID(int=self._random.getrandbits(128), version=4))
        return Named(resource["resourceType"], logical_id, resource)

    def _to(self, target: Named) -> dict[str, str]:
        text = self._reference.format(type_name=target.type_name, logical_id=target.logical_id)
        return {"reference": text}


def _concept(system: str, code: str, display: str | None = None) -> Resource:
    if display is None:
        return {"coding": [{"system": system, "code": code}]}
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}
