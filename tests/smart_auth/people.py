"""Who is in the test world: the two protocols of the FHIR side, in memory."""

from __future__ import annotations

import re

from smart_auth.directory import PatientChoice, Person
from smart_auth.scopes import parse_scope

PATIENTS = {
    "ann": PatientChoice("ann", "Ann Marsh", "1961-04-02"),
    "ben": PatientChoice("ben", "Ben Okafor", "1984-11-30"),
    "cleo": PatientChoice("cleo", "Cleo Marsh", "2016-07-15"),
}
PEOPLE = {
    "Patient/ann": Person("Patient/ann", "Ann Marsh", ("ann",)),
    "Patient/ben": Person("Patient/ben", "Ben Okafor", ("ben",)),
    "RelatedPerson/mum": Person("RelatedPerson/mum", "Dana Marsh", ("ann", "cleo")),
    "RelatedPerson/nobody": Person("RelatedPerson/nobody", "Nils Alone", ()),
    "Practitioner/doc": Person("Practitioner/doc", "Dr. Eve Stone", (), any_patient=True),
}


class TestDirectory:
    __test__ = False

    async def describe(self, fhir_user: str) -> Person | None:
        return PEOPLE.get(fhir_user)

    async def patients(self, fhir_user: str, text: str | None, limit: int) -> list[PatientChoice]:
        person = PEOPLE[fhir_user]
        found = [
            patient
            for patient in PATIENTS.values()
            if (person.any_patient or patient.id in person.patients)
            and (text or "").casefold() in patient.name.casefold()
        ]
        return found[:limit]

    async def patient_exists(self, patient_id: str) -> bool:
        assert re.fullmatch("[A-Za-z0-9.-]{1,64}", patient_id), "asked for what is no id"
        return patient_id in PATIENTS


class TestScopeRules:
    """Knows a few types, and constraints by category alone."""

    __test__ = False
    types = frozenset({"*", "Patient", "Observation", "Condition", "MedicationRequest"})

    def enforceable(self, scope: str) -> bool:
        parsed = parse_scope(scope)
        if parsed is None or parsed.type_name not in self.types:
            return False
        return parsed.constraint is None or all(name == "category" for name, _ in parsed.criteria)

    def describe(self, scope: str) -> str | None:
        return "See and write your health problems" if "/Condition." in scope else None
