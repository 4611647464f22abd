"""Patients and practitioners, with names of which many begin alike."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Final

from resources.fhir_json import Resource
from tests.bench.search.chance import FIRST, Made, chance, falling, identity, moment, reference

MRN: Final = "urn:oid:2.16.840.1.113883.19.5"
INSURANCE: Final = "http://insurance.example/member"
BORN_FROM: Final = date(1932, 1, 1)
BORN_DAYS: Final = 90 * 365


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_BEGINNINGS: Final = _words(
    "Mar Schu Ander Han Pet Ber Kow Al Mc Ros Da Fern Wil Le Gar San Hof Kel Bra O' De Tan Nak Ol "
    "Jo Vas Mül Iva Per Du Lind Gon Sil Wag Bo Ram Hu Ny Eri Za"
)
_ENDINGS: Final = _words(
    "son mann ini ez ski sen er ova dt berg as ins kins ley ton mark ström eau aki ic man os dez "
    "escu ard wood ter eira lov rell"
)
_GIVEN: Final = _words(
    "Maria Anna Martin Peter Margaret Thomas Elena Daniel Marie Michael Anders Annika David Sofia "
    "Andrea Paul Petra Marta Lukas Hanna Johannes Joanna Marco Emil Emma Noah Nora Olga Omar Priya "
    "Rosa Ruth Samuel Sara Theo Uma Victor Wanda Yusuf Zoë"
)
_CITIES: Final = ("Springfield", "Riverside", "Fairview", "Georgetown", "Salem")

_BY_BEGINNING: Final = falling(len(_BEGINNINGS))
_BY_ENDING: Final = falling(len(_ENDINGS))
_BY_GIVEN: Final = falling(len(_GIVEN))


def name(among: Random) -> tuple[str, str]:
    """Family and given name."""
    beginning = among.choices(_BEGINNINGS, cum_weights=_BY_BEGINNING)[0]
    ending = among.choices(_ENDINGS, cum_weights=_BY_ENDING)[0]
    return beginning + ending, among.choices(_GIVEN, cum_weights=_BY_GIVEN)[0]


def patient_name(number: int) -> tuple[str, str]:
    """Those of one patient, without making the rest."""
    return name(chance("Patient", number))


def practitioner_name(number: int) -> tuple[str, str]:
    return name(chance("Practitioner", number))


def mrn(number: int) -> str:
    """The number that the practice gives to a patient."""
    return f"{number:08}"


def patient(number: int, practitioner: str) -> Made:
    """One patient, whose general practitioner has this id."""
    among = chance("Patient", number)
    family, given = name(among)
    born = BORN_FROM + timedelta(days=int(among.random() * BORN_DAYS))
    logical_id = identity("Patient", number)
    resource: Resource = {
        "resourceType": "Patient",
        "identifier": [
            {"use": "usual", "system": MRN, "value": mrn(number)},
            {"system": INSURANCE, "value": f"{among.choice('ABC')}{among.randrange(10**9):09}"},
        ],
        "active": among.random() < 0.97,
        "name": [{"use": "official", "family": family, "given": [given]}],
        "telecom": [{"system": "phone", "value": f"+49 30 {among.randrange(10**8):08}"}],
        "gender": among.choice(("female", "male")),
        "birthDate": born.isoformat(),
        "address": [
            {
                "line": [f"{among.randrange(1, 200)} High Street"],
                "city": among.choice(_CITIES),
                "postalCode": f"{among.randrange(10_000, 99_999)}",
            }
        ],
        "generalPractitioner": [reference("Practitioner", practitioner)],
    }
    written = moment(among, FIRST, FIRST + timedelta(days=365))
    return Made(resource, logical_id, written)


def practitioner(number: int) -> Made:
    """One practitioner."""
    family, given = practitioner_name(number)
    resource: Resource = {
        "resourceType": "Practitioner",
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": f"{number:010}"}],
        "active": True,
        "name": [{"family": family, "given": [given], "prefix": ["Dr."]}],
    }
    return Made(resource, identity("Practitioner", number), FIRST)
