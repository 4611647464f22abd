"""What a scope lets an app do, in plain words; the FHIR side may know better words."""

from __future__ import annotations

import re

from smart_auth.directory import ScopeRules
from smart_auth.scopes import ResourceScope, parse_scope

_SPECIAL = {
    "openid": "Confirm who you are",
    "fhirUser": "Know which person in the health record you are",
    "launch/patient": "Know whose record is open",
    "offline_access": "Stay connected when you are not using the app, until you end it",
    "online_access": "Stay connected for as long as you are signed in here",
}
_TYPES = {
    "*": "everything in the record",
    "AllergyIntolerance": "allergies",
    "Appointment": "appointments",
    "CarePlan": "care plans",
    "CareTeam": "care team",
    "Claim": "bills",
    "Communication": "messages",
    "Condition": "health problems",
    "Coverage": "insurance",
    "Device": "devices and implants",
    "DiagnosticReport": "test reports",
    "DocumentReference": "documents and notes",
    "Encounter": "visits and hospital stays",
    "ExplanationOfBenefit": "insurance statements",
    "Goal": "health goals",
    "Immunization": "vaccinations",
    "Location": "clinics and departments",
    "Medication": "medicines",
    "MedicationRequest": "prescriptions",
    "Observation": "lab results and vital signs",
    "Organization": "hospitals and practices",
    "Patient": "name, birth date and contact details",
    "Practitioner": "doctors and nurses",
    "PractitionerRole": "doctors and nurses, where they work",
    "Procedure": "operations and procedures",
    "QuestionnaireResponse": "answers to questionnaires",
    "RelatedPerson": "relatives and carers",
    "ServiceRequest": "referrals and orders",
}


def scope_in_words(scope: str, rules: ScopeRules, *, own_record: bool) -> str:
    parsed = parse_scope(scope)
    if parsed is None:
        return _SPECIAL.get(scope, scope)
    return rules.describe(scope) or _resource_words(parsed, own_record=own_record)


def _resource_words(scope: ResourceScope, *, own_record: bool) -> str:
    words = f"{_actions(scope.letters)}: {_type_words(scope.type_name)}"
    if scope.constraint is not None:
        kinds = ", ".join(f"{name} {value}" for name, value in sorted(scope.criteria))
        words += f" (only where {kinds})"
    if scope.context == "user" and not own_record:
        words += ", of all patients that you may see"
    return words


def _actions(letters: frozenset[str]) -> str:
    actions = [
        word
        for word, needed in (("see", "rs"), ("add", "c"), ("change", "u"), ("delete", "d"))
        if letters & set(needed)
    ]
    head = ", ".join(actions[:-1])
    return (f"{head} and {actions[-1]}" if head else actions[-1]).capitalize()


def _type_words(type_name: str) -> str:
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type_name).lower()
    return _TYPES.get(type_name, split)
