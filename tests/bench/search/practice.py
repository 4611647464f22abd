"""A practice of so many patients: for each of them about 130 resources.

10,000 patients have 1,000,000 Observations, 80,000 Encounters and 50,000 each of
MedicationRequest, Appointment, Communication and Slot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.bench.search.calendars import calendar
from tests.bench.search.chance import Made, identity
from tests.bench.search.measurements import visits
from tests.bench.search.messages import messages
from tests.bench.search.orders import appointments, medication_requests
from tests.bench.search.people import patient, practitioner

_PATIENTS_EACH: Final = 50
"""Of a practitioner."""
BLOCK: Final = 100
"""Patients whose records are written together."""
TYPES: Final = (
    "Appointment",
    "Communication",
    "Encounter",
    "MedicationRequest",
    "Observation",
    "Patient",
    "Practitioner",
    "Schedule",
    "Slot",
)


@dataclass(frozen=True, slots=True)
class Practice:
    """Everything follows from the number of patients, a multiple of ten."""

    patients: int

    @property
    def practitioners(self) -> int:
        return max(1, self.patients // _PATIENTS_EACH)

    @property
    def blocks(self) -> int:
        return -(-self.patients // BLOCK)

    def practitioner_of(self, number: int) -> str:
        """The id of a patient's own practitioner."""
        return identity("Practitioner", number % self.practitioners)

    def record(self, number: int) -> Iterator[Made]:
        """The whole record of one patient."""
        own = self.practitioner_of(number)
        yield patient(number, own)
        yield from visits(number, own)
        yield from medication_requests(number, own)
        yield from appointments(number, self.practitioners)
        yield from messages(number, own)

    def block(self, number: int) -> list[Made]:
        """Some of the whole in the order in which it was written, records interwoven."""
        made: list[Made] = []
        for each in range(number * BLOCK, min((number + 1) * BLOCK, self.patients)):
            made += self.record(each)
        for each in range(number, self.practitioners, self.blocks):
            made.append(practitioner(each))
            made += calendar(each)
        return sorted(made, key=lambda one: one.written)
