"""MedicationRequests and Appointments of one patient."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Final

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

FEW: Final = (1, 1, 2, 2, 4, 4, 6, 8, 10, 12)
"""Of ten patients in turn: 5 each."""
PLANNED: Final = timedelta(days=90)
"""How far ahead appointments are made."""

_RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
_MEDICINES: Final = (
    ("314076", "lisinopril 10 MG Oral Tablet"),
    ("860975", "metformin 500 MG Extended Release Oral Tablet"),
    ("617312", "atorvastatin 20 MG Oral Tablet"),
    ("197361", "amlodipine 5 MG Oral Tablet"),
    ("966222", "levothyroxine 0.05 MG Oral Tablet"),
    ("312941", "sertraline 50 MG Oral Tablet"),
    ("308182", "amoxicillin 250 MG Oral Capsule"),
    ("435", "albuterol"),
    ("105585", "methotrexate 2.5 MG Oral Tablet"),
)
_BY_MEDICINE: Final = falling(len(_MEDICINES))
_STATUSES: Final = ("active", "completed", "stopped", "on-hold", "cancelled")
_BY_STATUS: Final = (0.45, 0.8, 0.93, 0.96, 1.0)
_INTENTS: Final = ("order", "plan", "proposal", "original-order")
_BY_INTENT: Final = (0.85, 0.92, 0.97, 1.0)
_PAST: Final = ("fulfilled", "cancelled", "noshow")
_BY_PAST: Final = (0.85, 0.95, 1.0)


def medication_requests(number: int, practitioner: str) -> Iterator[Made]:
    """The prescriptions of one patient."""
    among = chance("MedicationRequest", number)
    for each in range(share(number, FEW)):
        code, display = among.choices(_MEDICINES, cum_weights=_BY_MEDICINE)[0]
        authored = moment(among, FIRST, LAST)
        resource: Resource = {
            "resourceType": "MedicationRequest",
            "status": among.choices(_STATUSES, cum_weights=_BY_STATUS)[0],
            "intent": among.choices(_INTENTS, cum_weights=_BY_INTENT)[0],
            "medicationCodeableConcept": concept(_RXNORM, code, display),
            "subject": reference("Patient", identity("Patient", number)),
            "requester": reference("Practitioner", practitioner),
            "authoredOn": authored.isoformat(),
            "dosageInstruction": [{"text": "1 tablet a day"}],
        }
        written = authored + timedelta(minutes=int(among.random() * 60))
        yield Made(resource, identity("MedicationRequest", number, each), written)


def appointments(number: int, practitioners: int) -> Iterator[Made]:
    """The visits of one patient, kept and planned, with anybody of the practice."""
    among = chance("Appointment", number)
    for each in range(share(number, FEW)):
        yield _appointment(number, each, practitioners, among)


def _appointment(number: int, each: int, practitioners: int, among: Random) -> Made:
    start = moment(among, FIRST, LAST + PLANNED)
    practitioner = identity("Practitioner", int(among.random() * practitioners))
    past = among.choices(_PAST, cum_weights=_BY_PAST)[0]
    actors = (reference("Patient", identity("Patient", number)),)
    actors += (reference("Practitioner", practitioner),)
    resource: Resource = {
        "resourceType": "Appointment",
        "status": past if start < LAST else "booked",
        "description": among.choice(("Check-up", "Follow-up", "Vaccination", "Results")),
        "start": start.isoformat(),
        "end": (start + timedelta(minutes=30)).isoformat(),
        "minutesDuration": 30,
        "participant": [{"actor": actor, "status": "accepted"} for actor in actors],
    }
    written = start - timedelta(days=1 + int(among.random() * 40))
    return Made(resource, identity("Appointment", number, each), written)
