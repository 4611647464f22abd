"""Scopes in plain words, as a patient reads them before they approve an app."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from resources.access_table import Kind, visibility
from smart_auth.scopes import ResourceScope

_WORDS = {
    "Account": "accounts",
    "AllergyIntolerance": "allergies",
    "Appointment": "appointments",
    "AppointmentResponse": "answers to appointments",
    "AuditEvent": "log of who opened the record",
    "Binary": "attached files",
    "CarePlan": "care plans",
    "CareTeam": "care team",
    "Claim": "insurance claims",
    "Communication": "messages",
    "CommunicationRequest": "requests for messages",
    "Composition": "clinical documents",
    "Condition": "health conditions",
    "Consent": "consents",
    "Coverage": "insurance coverage",
    "Device": "medical devices",
    "DiagnosticReport": "test reports",
    "DocumentReference": "clinical notes and documents",
    "Encounter": "visits",
    "EpisodeOfCare": "episodes of care",
    "ExplanationOfBenefit": "insurance statements",
    "FamilyMemberHistory": "family health history",
    "Flag": "alerts",
    "Goal": "health goals",
    "ImagingStudy": "imaging studies",
    "Immunization": "immunizations",
    "Invoice": "bills",
    "List": "lists",
    "MedicationAdministration": "record of medicines given",
    "MedicationDispense": "medicines handed out by a pharmacy",
    "MedicationRequest": "prescriptions",
    "MedicationStatement": "medicines taken",
    "NutritionOrder": "diet orders",
    "Observation": "test results, vital signs and other measurements",
    "Patient": "personal details, such as name, birth date and address",
    "Person": "personal details kept for several records",
    "Procedure": "procedures and operations",
    "Provenance": "notes of where information came from",
    "Questionnaire": "questionnaires",
    "QuestionnaireResponse": "answers to questionnaires",
    "RelatedPerson": "family members and contacts",
    "RiskAssessment": "risk assessments",
    "ServiceRequest": "orders and referrals",
    "Specimen": "samples taken",
    "Task": "tasks and requests",
    "HealthcareService": "services offered",
    "Location": "places of care",
    "Medication": "descriptions of medicines",
    "Organization": "hospitals, practices and other organizations",
    "Practitioner": "names and contact details of clinicians",
    "PractitionerRole": "roles of clinicians",
    "Schedule": "schedules",
    "Slot": "free appointment times",
}

_CATEGORIES = {
    ("Observation", "social-history"): "social history, such as smoking and work",
    ("Observation", "vital-signs"): "vital signs, such as blood pressure and weight",
    ("Observation", "imaging"): "imaging results",
    ("Observation", "laboratory"): "laboratory results",
    ("Observation", "procedure"): "results of procedures",
    ("Observation", "survey"): "answers to surveys and screenings",
    ("Observation", "exam"): "findings of examinations",
    ("Observation", "therapy"): "results of therapies",
    ("Observation", "activity"): "physical activity",
    ("Observation", "sdoh"): "living circumstances",
    ("Condition", "problem-list-item"): "health problems",
    ("Condition", "encounter-diagnosis"): "diagnoses made at visits",
    ("Condition", "health-concern"): "health concerns",
    ("Condition", "sdoh"): "concerns about living circumstances",
    ("DocumentReference", "clinical-note"): "clinical notes",
    ("DiagnosticReport", "LAB"): "laboratory reports",
}

_VERBS = (("rs", "see"), ("c", "add"), ("u", "change"), ("d", "delete"))


def in_plain_words(scope: ResourceScope) -> str:
    """`See your allergies`, `See and change your appointments`."""
    if scope.type_name == "*":
        return _all_types(scope)
    verbs = _list([verb for letters, verb in _VERBS if scope.letters & set(letters)])
    return f"{_capital(verbs)} {_whose(scope)}{_narrowed(scope)}"


def _all_types(scope: ResourceScope) -> str:
    record = {
        "patient": "your health record",
        "user": "every health record that you may open",
        "system": "all health records",
    }[scope.context]
    writes = _list([verb for letters, verb in _VERBS[1:] if letters in scope.letters])
    limit = _conditions(scope)
    if scope.letters.isdisjoint("rs"):
        return f"{_capital(writes)} entries in {record}{limit}"
    seen = f"See everything in {record}{limit}"
    return f"{seen}, and {writes} entries in it" if writes else seen


def _whose(scope: ResourceScope) -> str:
    words = _named_categories(scope) or _WORDS.get(scope.type_name) or _spelt(scope.type_name)
    if visibility(scope.type_name).kind in (Kind.SHARED, Kind.MIXED) or scope.context == "system":
        return words if scope.context != "system" else f"{words} of everybody"
    return f"your {words}" if scope.context == "patient" else f"{words} in records you may open"


def _narrowed(scope: ResourceScope) -> str:
    return "" if _named_categories(scope) else _conditions(scope)


def _named_categories(scope: ResourceScope) -> str | None:
    """Where the whole constraint is categories that have a name: those names."""
    pairs = parse_qsl(scope.constraint or "", keep_blank_values=True)
    if len(pairs) != 1 or pairs[0][0] != "category":
        return None
    codes = [value.rpartition("|")[2] for value in pairs[0][1].split(",")]
    names = [_CATEGORIES.get((scope.type_name, code)) for code in codes]
    known = [name for name in names if name is not None]
    return _list(known) if len(known) == len(codes) else None


def _conditions(scope: ResourceScope) -> str:
    """`, only where category is laboratory and status is final`."""
    pairs = parse_qsl(scope.constraint or "", keep_blank_values=True)
    if not pairs:
        return ""
    told = [f"{name} is {' or '.join(value.split(','))}" for name, value in pairs]
    return f", only where {' and '.join(told)}"


def _spelt(type_name: str) -> str:
    """`VisionPrescription` → `vision prescription entries`."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type_name).lower() + " entries"


def _list(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
