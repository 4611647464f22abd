"""A few resources with elements that nothing in the demo record has, so that each search parameter
of the five core resources can be tried."""

from __future__ import annotations

from typing import Any, Final

Resource = dict[str, Any]


def _to(place: str) -> Resource:
    return {"reference": place}


def _coded(code: str, system: str = "http://snomed.info/sct") -> Resource:
    return {"coding": [{"system": system, "code": code}]}


_LOINC: Final = "http://loinc.org"
_META: Final[Resource] = {
    "profile": ["https://example.org/profiles/rare"],
    "security": [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "V"}
    ],
}
_TEXT: Final[Resource] = {
    "status": "additional",
    "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Seldom seen</p></div>',
}
_ABSENT: Final = _coded("not-performed", "http://terminology.hl7.org/CodeSystem/data-absent-reason")

RARE: Final[list[Resource]] = [
    {
        "resourceType": "Patient",
        "id": "rare-before",
        "meta": _META,
        "text": _TEXT,
        "active": False,
        "link": [{"other": _to("Patient/rare"), "type": "replaced-by"}],
    },
    {
        "resourceType": "Observation",
        "id": "rare",
        "meta": _META,
        "text": _TEXT,
        "identifier": [{"system": "https://example.org/accession", "value": "A-77"}],
        "basedOn": [_to("ServiceRequest/rare")],
        "partOf": [_to("Procedure/rare")],
        "status": "final",
        "code": _coded("34552-0", _LOINC),
        "subject": _to("Patient/rare"),
        "focus": [_to("BodyStructure/rare")],
        "method": _coded("702659008"),
        "device": _to("Device/rare"),
        "hasMember": [_to("Observation/rare-finding")],
        "dataAbsentReason": _ABSENT,
        "component": [
            {"code": _coded("32423-6", _LOINC), "valueCodeableConcept": _coded("10828004")},
            {"code": _coded("85337-4", _LOINC), "dataAbsentReason": _ABSENT},
        ],
    },
    {
        "resourceType": "Observation",
        "id": "rare-finding",
        "status": "final",
        "code": _coded("8251-1", _LOINC),
        "subject": _to("Patient/rare"),
        "valueString": "Seen after lunch",
    },
    {
        "resourceType": "MedicationRequest",
        "id": "rare",
        "text": _TEXT,
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": _coded(
            "105585", "http://www.nlm.nih.gov/research/umls/rxnorm"
        ),
        "subject": _to("Patient/rare"),
        "performer": _to("Practitioner/nora-lindqvist"),
        "performerType": _coded("106292003"),
        "dosageInstruction": [{"timing": {"event": ["2026-11-20T08:00:00-07:00"]}}],
    },
    {
        "resourceType": "Appointment",
        "id": "rare",
        "meta": _META,
        "text": _TEXT,
        "identifier": [{"system": "https://example.org/bookings", "value": "B-12"}],
        "status": "proposed",
        "participant": [{"actor": _to("Patient/rare"), "status": "accepted"}],
    },
    {
        "resourceType": "Communication",
        "id": "rare",
        "meta": _META,
        "text": _TEXT,
        "identifier": [{"system": "https://example.org/letters", "value": "L-3"}],
        "instantiatesCanonical": ["https://example.org/plans/reminder"],
        "instantiatesUri": ["https://example.org/protocols/recall.html"],
        "basedOn": [_to("CarePlan/rare")],
        "partOf": [_to("Procedure/rare")],
        "status": "preparation",
        "subject": _to("Patient/rare"),
        "encounter": _to("Encounter/rare"),
    },
]
