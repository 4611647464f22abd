"""Whose record is opened: patient/ scopes and launch/patient need one patient in context."""

from __future__ import annotations

from dataclasses import dataclass

from authlib.oauth2.rfc6749.errors import AccessDeniedError

from smart_auth.directory import Directory, PatientChoice, Person
from smart_auth.scopes import needs_patient

_MOST_SHOWN = 20


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
        found = await self._directory.patients(person.fhir_user, text or None, limit)
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
        patient = value.removeprefix("Patient/") if value else None
        if not person.any_patient:
            if patient is None and len(person.patients) == 1:
                return person.patients[0]
            allowed = patient in person.patients
        else:
            allowed = patient is not None and await self._directory.patient_exists(patient)
        if patient is None or not allowed:
            raise NotPicked
        return patient
