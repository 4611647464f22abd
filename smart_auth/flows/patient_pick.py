"""Whose record is opened: patient/ scopes and launch/patient need one patient in context."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from authlib.oauth2.rfc6749.errors import AccessDeniedError

from smart_auth.directory import Directory, PatientChoice, Person
from smart_auth.scopes import needs_patient

_MOST_SHOWN = 20
_LONGEST_NAME = 100
_FHIR_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_WORD = re.compile(r"[^\W_][\w'’.-]*")


def words_of(text: str) -> str | None:
    """What of the typed text can be a name: the directory is asked for words and nothing else."""
    typed = unicodedata.normalize("NFC", text[:_LONGEST_NAME])
    words = " ".join(_WORD.findall(typed))[:_LONGEST_NAME]
    return words if any(letter.isalnum() for letter in words) else None


class NotPicked(Exception):
    """The person has to choose (again)."""


@dataclass(frozen=True, slots=True)
class PatientQuestion:
    """What the page asks. One choice alone is no question."""

    choices: tuple[PatientChoice, ...]
    searchable: bool
    text: str
    chosen: str | None


class PatientPick:
    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def question(
        self, person: Person, scopes: tuple[str, ...], text: str, chosen: str | None
    ) -> PatientQuestion | None:
        if not needs_patient(scopes) or (len(person.patients) == 1 and not person.any_patient):
            return None
        if not person.any_patient and not person.patients:
            # A patient context is a must for patient/ scopes: the request is refused.
            raise AccessDeniedError("no patient record belongs to this user")
        limit = _MOST_SHOWN if person.any_patient else max(_MOST_SHOWN, len(person.patients))
        found = await self._directory.patients(person.fhir_user, words_of(text), limit)
        choices = tuple(
            choice for choice in found if person.any_patient or choice.id in person.patients
        )
        return PatientQuestion(choices, person.any_patient, text, chosen)

    async def picked(
        self, person: Person, scopes: tuple[str, ...], value: str | None
    ) -> str | None:
        """The patient of the grant; what the form says is only believed as far as it may be."""
        if not needs_patient(scopes):
            return None
        patient = (value or "").removeprefix("Patient/")
        if person.any_patient:
            well_formed = _FHIR_ID.fullmatch(patient) is not None
            allowed = well_formed and await self._directory.patient_exists(patient)
        elif not patient and len(person.patients) == 1:
            return person.patients[0]
        else:
            allowed = patient in person.patients
        if not allowed:
            raise NotPicked
        return patient
