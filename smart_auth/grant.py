"""The result of checking an access token: who calls, through which client, with what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grant:
    """What one access token stands for. Nothing in it was taken from an unchecked request."""

    grant_id: str
    """The approval that all tokens of one authorization share; revocation names it."""
    token_id: str
    """`jti` of the access token."""
    subject: str
    """`sub`: the user's stable identifier, or the client id of a backend service."""
    client_id: str
    scopes: tuple[str, ...]
    """Exactly as granted."""
    patient: str | None
    """Logical id of the patient in context, which bounds every `patient/` scope."""
    encounter: str | None
    fhir_user: str | None
    """`Patient/ID`, `Practitioner/ID` or `RelatedPerson/ID`; None for a backend service."""
    expires_at: int
    """Seconds since 1970 UTC."""
