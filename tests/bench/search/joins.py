"""Chained and reverse chained queries: answered by bounded lookups, or refused as too costly."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from tests.bench.search.criteria import Criteria
from tests.bench.search.pages import Asking
from tests.bench.search.shapes import ONESELF
from tests.bench.search.watching import Work

SLOWEST: Final = 10.0
"""Seconds: the time limit of a query."""
_REFUSED: Final = "too-costly"
_COUNT: Final = 20

JOINS: Final = (
    "Observation?subject:Patient.name={name}",
    "Observation?subject:Patient.name=ma",
    "Observation?subject:Patient.name={name}&code=http://loinc.org|{code}&_sort=-date",
    "Observation?patient.identifier=urn:oid:2.16.840.1.113883.19.5|{mrn}&_sort=-date",
    "Observation?patient.birthdate=ge{born_since}&patient.birthdate=lt{born_until}&code={vital}",
    "Observation?patient.gender=female&code=62292-8&date=ge{changed_since}&date=lt{changed_until}",
    "Observation?encounter.participant:Practitioner.name=dr",
    "Observation?encounter.subject:Patient.identifier={mrn}",
    "MedicationRequest?patient.identifier=urn:oid:2.16.840.1.113883.19.5|{mrn}",
    "MedicationRequest?requester:Practitioner.name={doctor}&status=active",
    "Appointment?actor:Practitioner.name={doctor}",
    "Appointment?actor:Practitioner.name={doctor}&date=ge2026-01-01&_sort=date",
    "Communication?sender:Practitioner.name={doctor}&_sort=-sent",
    "Communication?part-of:Communication.sender=Patient/{patient}",
    "Slot?schedule.actor:Practitioner.name={doctor}&status=free&start=ge{slots_since}&_sort=start",
    "Patient?general-practitioner:Practitioner.name={doctor}",
    "Patient?_has:Observation:patient:code=http://loinc.org|{code}",
    "Patient?_has:Observation:patient:identifier={accession}",
    "Patient?_has:Observation:patient:code={all_code}&_has:Observation:patient:date=ge{all_since}",
    "Patient?_has:MedicationRequest:patient:code={medicine}&birthdate=lt{born_until}",
    "Patient?_has:Appointment:patient:actor=Practitioner/{practitioner}",
    "Patient?_has:Appointment:patient:date=ge2026-01-05&_has:Appointment:patient:status=booked",
    "Practitioner?_has:Appointment:actor:patient=Patient/{patient}",
    "Schedule?_has:Slot:schedule:status=free",
    "Encounter?_has:Observation:encounter:code=44261-6&patient={patient}",
    "Encounter?_has:Observation:encounter:code=44261-6",
    "Patient?_has:Encounter:patient:_has:Observation:encounter:identifier={accession}",
)


@dataclass(frozen=True, slots=True)
class Join:
    """What came of one query."""

    query: str
    caller: str
    status: int
    answer: str
    """How many entries the page has, or how it was refused."""
    seconds: float
    work: Work

    @property
    def bounded(self) -> bool:
        """Answered or refused for what it would cost, within its time."""
        return (self.status == 200 or self.answer == _REFUSED) and self.seconds < SLOWEST


async def ask(asking: Asking, template: str, criteria: Criteria, caller: str) -> Join:
    """One query with the first of the values."""
    values = criteria.values(0)
    query = f"{template.format_map(values)}&_count={_COUNT}"
    asks = await asking.caller(values["patient"] if caller == ONESELF else None)
    mark = asking.watch.mark()
    begun = time.perf_counter()
    response = await asks.get(query)
    seconds = time.perf_counter() - begun
    answer = _answer(response.json())
    return Join(query, caller, response.status_code, answer, seconds, asking.watch.since(mark))


def _answer(body: dict[str, Any]) -> str:
    if body["resourceType"] == "Bundle":
        return f"{len(body.get('entry', ()))} found"
    code: str = body["issue"][0]["code"]
    return code
