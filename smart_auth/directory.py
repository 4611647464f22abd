"""The two narrow questions that the authorization server asks the FHIR side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever signs in, as the record knows them."""

    fhir_user: str
    """`Patient/ID`, `Practitioner/ID` or `RelatedPerson/ID`."""
    name: str
    patients: tuple[str, ...] = ()
    """Ids of the records that are theirs or that they act for."""
    any_patient: bool = False
    """True for a practitioner, who chooses among all patients."""


@dataclass(frozen=True, slots=True)
class PatientChoice:
    id: str
    name: str
    birth_date: str | None = None


class Directory(Protocol):
    async def describe(self, fhir_user: str) -> Person | None: ...

    async def patients(self, fhir_user: str, text: str | None, limit: int) -> list[PatientChoice]:
        """Those this person may open, at most `limit`; `text` is words of a name, if any."""
        ...

    async def patient_exists(self, patient_id: str) -> bool: ...


class ScopeRules(Protocol):
    def enforceable(self, scope: str) -> bool:
        """Whether the FHIR side can hold a token to exactly this resource scope."""
        ...

    def describe(self, scope: str) -> str | None:
        """What it lets an app do, in plain words; None leaves the wording to us."""
        ...
