"""Values to search by that find about as much in a practice of any size.

What is asked about one patient is asked about the same ones everywhere, and their records are the
same. What is asked about all patients is narrowed as the practice grows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from resources.fhir_json import Resource
from tests.bench.search.calendars import opening
from tests.bench.search.chance import FIRST, LAST, Made, identity
from tests.bench.search.measurements import frequency
from tests.bench.search.people import BORN_DAYS, BORN_FROM, mrn, patient_name, practitioner_name
from tests.bench.search.practice import Practice

MATCHES: Final = 120
"""About how many Observations of all patients a window of time has."""
NAMESAKES: Final = 16
"""About how many Patients a name or a window of birth dates has."""
CHOICES: Final = 20
"""Different values for each shape."""


class Criteria:
    """The values for the queries on one practice."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice

    def values(self, choice: int) -> dict[str, str]:
        """One set of values by name; `patient` is the one who asks where it is a patient."""
        number = 10 * (choice // 2) + 8 + choice % 2  # with long records
        made = list(self._practice.record(number))
        return {
            **self._of_record(made),
            **self._of_everybody(choice, made),
            **self._of_calendar(choice),
            "mrn": mrn(number),
        }

    @staticmethod
    def _of_record(made: list[Made]) -> dict[str, str]:
        patient = made[0]
        observations = [one for one in made if one.type_name == "Observation"]
        laboratory = [one for one in observations if _category(one.resource) == "laboratory"]
        vital_signs = [one for one in observations if _category(one.resource) == "vital-signs"]
        written = sorted(one.written for one in observations)
        replies = [one for one in made if one.type_name == "Communication"]
        visits = [one for one in made if one.type_name == "Appointment"]
        requests = [one for one in made if one.type_name == "MedicationRequest"]
        return {
            "patient": patient.logical_id,
            "birthdate": patient.resource["birthDate"],
            "own_name": patient.resource["name"][0]["family"][:4],
            "code": _most(_code(one.resource) for one in laboratory),
            "vital": _most(_code(one.resource) for one in vital_signs),
            "encounter": _most(_targets(observations, "encounter")),
            "accession": observations[0].resource["identifier"][0]["value"],
            "thread": _most(_targets(replies, "partOf")),
            "topic": _most(one.resource["topic"]["coding"][0]["code"] for one in replies),
            "medicine": _most(_medicine(one.resource) for one in requests),
            "own_practitioner": _most(_practitioner(one.resource) for one in visits),
            "own_since": _instant(written[len(written) // 10]),
            "own_until": _instant(written[len(written) * 9 // 10]),
        }

    def _of_everybody(self, choice: int, made: list[Made]) -> dict[str, str]:
        observations = 100 * self._practice.patients
        code = _most(_code(one.resource) for one in made if one.type_name == "Observation")
        begin = FIRST + (LAST - FIRST) * (choice + 2) / (CHOICES + 4)
        all_of_code = (LAST - FIRST) * MATCHES / observations / frequency(code)
        born = BORN_FROM + timedelta(days=BORN_DAYS * choice // (CHOICES + 4))
        days = max(1, BORN_DAYS * NAMESAKES // self._practice.patients)
        return {
            "all_code": code,
            "all_since": _instant(begin),
            "all_until": _instant(begin + all_of_code),
            "changed_since": _instant(begin),
            "changed_until": _instant(begin + (LAST - FIRST) * MATCHES / observations),
            "born_since": born.isoformat(),
            "born_until": (born + timedelta(days=days)).isoformat(),
            "name": self._names[choice],
        }

    def _of_calendar(self, choice: int) -> dict[str, str]:
        number = choice % self._practice.practitioners
        begin = opening(number) + timedelta(days=3)
        return {
            "practitioner": identity("Practitioner", number),
            "doctor": practitioner_name(number)[0],
            "visits_since": _instant(FIRST + (LAST - FIRST) / 4),
            "visits_until": _instant(FIRST + (LAST - FIRST) * 3 / 4),
            "schedule": identity("Schedule", number),
            "slots_since": _instant(begin),
            "slots_until": _instant(begin + timedelta(days=14)),
        }

    @cached_property
    def _names(self) -> list[str]:
        """Starts of names, of which about the same number of Patients has each."""
        counted: Counter[str] = Counter()
        for number in range(self._practice.patients):
            family, given = (part.lower() for part in patient_name(number))
            counted.update({part[:end] for part in (family, given) for end in range(2, 9)})
        letters = (start for start in counted if start.isascii() and start.isalpha())
        best = sorted(letters, key=lambda start: (abs(counted[start] - NAMESAKES), start))
        return best[:CHOICES]


def _most(found: Iterable[str]) -> str:
    """The most frequent one, or nothing that there is."""
    return max(sorted(Counter(found).items()), key=lambda item: item[1], default=("none", 0))[0]


def _targets(made: Iterable[Made], name: str) -> Iterable[str]:
    for one in made:
        given: Any = one.resource.get(name, [])
        links: list[dict[str, str]] = [given] if "reference" in given else given
        for link in links:
            yield link["reference"].partition("/")[2]


def _code(resource: Resource) -> str:
    code: str = resource["code"]["coding"][0]["code"]
    return code


def _medicine(resource: Resource) -> str:
    code: str = resource["medicationCodeableConcept"]["coding"][0]["code"]
    return code


def _practitioner(appointment: Resource) -> str:
    actor: str = appointment["participant"][1]["actor"]["reference"]
    return actor.partition("/")[2]


def _category(resource: Resource) -> str:
    code: str = resource["category"][0]["coding"][0]["code"]
    return code


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
