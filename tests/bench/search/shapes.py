"""The query shapes that matter, as templates over `Criteria`; each is asked with several values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench.search.criteria import CHOICES, Criteria

EVERYBODY: Final = "all"
"""Somebody who reaches every record."""
ONESELF: Final = "own"
"""A patient, who reaches one."""
BOTH: Final = (EVERYBODY, ONESELF)


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of query, and on whose behalf it is asked."""

    name: str
    template: str
    count: int
    """Entries of a page: few enough that there is a later one."""
    callers: tuple[str, ...] = BOTH
    pages: bool = True
    """It finds more than one page."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One query by one caller: `patient` is the id of the one who asks, None for everybody's."""

    query: str
    patient: str | None


SHAPES: Final = (
    Shape(
        "patient + code, newest first",
        "Observation?patient={patient}&code=http://loinc.org|{code}&_sort=-date",
        5,
    ),
    Shape(
        "code, newest first, of one's own",
        "Observation?code={code}&_sort=-date",
        5,
        (ONESELF,),
    ),
    Shape(
        "patient + category + date range",
        "Observation?patient={patient}&category=laboratory&date=ge{own_since}&date=lt{own_until}",
        20,
    ),
    Shape(
        "patient + category + date range, sorted",
        "Observation?patient={patient}&category=http://terminology.hl7.org/CodeSystem/"
        "observation-category|vital-signs&date=gt{own_since}&date=le{own_until}&_sort=date",
        20,
    ),
    Shape(
        "patient + category + code",
        "Observation?patient={patient}&category=vital-signs&code={vital}",
        5,
    ),
    Shape(
        "patient + category + code, with systems",
        "Observation?patient={patient}&category=http://terminology.hl7.org/CodeSystem/"
        "observation-category|vital-signs&code=http://loinc.org|{vital}&_sort=-date",
        5,
    ),
    Shape(
        "code + date range",
        "Observation?code={all_code}&date=ge{all_since}&date=lt{all_until}",
        20,
        (EVERYBODY,),
    ),
    Shape(
        "code + date range, oldest first",
        "Observation?code=http://loinc.org|{all_code}&date=ge{all_since}&date=lt{all_until}"
        "&_sort=date",
        20,
        (EVERYBODY,),
    ),
    Shape(
        "code + date range, of one's own",
        "Observation?code={code}&date=ge{own_since}&date=lt{own_until}",
        5,
        (ONESELF,),
    ),
    Shape("encounter", "Observation?encounter=Encounter/{encounter}", 5),
    Shape(
        "_lastUpdated range",
        "Observation?_lastUpdated=ge{changed_since}&_lastUpdated=lt{changed_until}",
        20,
        (EVERYBODY,),
    ),
    Shape(
        "_lastUpdated range, oldest first",
        "Observation?_lastUpdated=ge{changed_since}&_lastUpdated=lt{changed_until}"
        "&_sort=_lastUpdated",
        20,
        (EVERYBODY,),
    ),
    Shape(
        "_lastUpdated range, of one's own",
        "Observation?_lastUpdated=ge{own_since}&_lastUpdated=lt{own_until}",
        20,
        (ONESELF,),
    ),
    Shape(
        "identifier",
        "Observation?identifier=http://practice.example/accession|{accession}",
        20,
        pages=False,
    ),
    Shape("identifier without system", "Observation?identifier={accession}", 20, pages=False),
    Shape("Patient by name prefix", "Patient?name={name}", 4, (EVERYBODY,)),
    Shape("Patient by name prefix, oneself", "Patient?name={own_name}", 4, (ONESELF,), pages=False),
    Shape("Patient by birth date", "Patient?birthdate={birthdate}", 20, pages=False),
    Shape(
        "Patient by a range of birth dates",
        "Patient?birthdate=ge{born_since}&birthdate=lt{born_until}",
        4,
        (EVERYBODY,),
    ),
    Shape(
        "Patient by identifier",
        "Patient?identifier=urn:oid:2.16.840.1.113883.19.5|{mrn}",
        20,
        pages=False,
    ),
    Shape("Patient by identifier without system", "Patient?identifier={mrn}", 20, pages=False),
    Shape(
        "MedicationRequest: patient + intent + status",
        "MedicationRequest?patient={patient}&intent=order&status=active",
        2,
    ),
    Shape(
        "Appointment: practitioner + date",
        "Appointment?practitioner={practitioner}&date=ge{visits_since}&date=lt{visits_until}",
        20,
        (EVERYBODY,),
    ),
    Shape(
        "Appointment: practitioner + date, sorted",
        "Appointment?practitioner=Practitioner/{practitioner}&date=ge{visits_since}"
        "&date=lt{visits_until}&_sort=date",
        20,
        (EVERYBODY,),
    ),
    Shape(
        "Appointment: practitioner + date, of one's own",
        "Appointment?practitioner={own_practitioner}&date=ge2018-01-01&date=lt2027-01-01",
        20,
        (ONESELF,),
        pages=False,
    ),
    Shape(
        "Appointment: date, of one's own",
        "Appointment?date=ge{visits_since}&_sort=date",
        3,
        (ONESELF,),
    ),
    Shape(
        "Communication: patient, newest first",
        "Communication?patient={patient}&_sort=-sent",
        4,
    ),
    Shape(
        "Communication: thread, by what is answered",
        "Communication?in-response-to=Communication/{thread}",
        2,
    ),
    Shape(
        "Communication: thread, by what it is part of",
        "Communication?part-of=Communication/{thread}",
        2,
    ),
    Shape(
        "Communication: patient + topic",
        "Communication?patient={patient}&topic=http://practice.example/topics|{topic}&_sort=sent",
        2,
    ),
    Shape(
        "Slot: schedule + start + free",
        "Slot?schedule=Schedule/{schedule}&start=ge{slots_since}&start=lt{slots_until}&status=free",
        20,
    ),
    Shape(
        "Slot: schedule + start + free, sorted",
        "Slot?schedule={schedule}&start=ge{slots_since}&start=lt{slots_until}&status=free"
        "&_sort=start",
        20,
    ),
)


def asked(shape: Shape, caller: str, criteria: Criteria, choices: int = CHOICES) -> Iterator[Asked]:
    """The queries of a shape by one kind of caller."""
    for choice in range(choices):
        values = criteria.values(choice)
        query = shape.template.format_map(values)
        patient = values["patient"] if caller == ONESELF else None
        yield Asked(f"{query}&_count={shape.count}", patient)


def cases(shapes: Sequence[Shape] = SHAPES) -> list[tuple[Shape, str]]:
    """Each shape with each caller."""
    return [(shape, caller) for shape in shapes for caller in shape.callers]
