"""Grants and index entries for the tests of access."""

from __future__ import annotations

from collections.abc import Iterable

from fhir_server.access.grant import GrantedAccess, grant_access
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import IndexEntry
from smart_auth.grant import Grant

BASE = "https://ehr.example/fhir"
CATALOGUE = Catalogue(BASE)


def grant(*scopes: str, patient: str | None = "a", fhir_user: str | None = "Patient/a") -> Grant:
    return Grant(
        grant_id="g",
        token_id="t",
        subject="sub",
        client_id="app",
        scopes=scopes,
        patient=patient,
        encounter=None,
        fhir_user=fhir_user,
        expires_at=2_000_000_000,
    )


def access(
    *scopes: str, patient: str | None = "a", fhir_user: str | None = "Patient/a"
) -> GrantedAccess:
    return grant_access(grant(*scopes, patient=patient, fhir_user=fhir_user), CATALOGUE)


def entry(members: Iterable[str] = (), keys: Iterable[str] = ()) -> IndexEntry:
    """A stored version of which only its members and keys matter."""
    return IndexEntry(
        logical_id="x",
        last_updated=0,
        members=frozenset(members),
        keys=frozenset(keys),
        spans={},
        present=frozenset(),
        sort={},
    )


def label(value: object) -> str:
    """In the name of a test, which has to be the same in every process: sets have no order."""
    return " ".join(sorted(map(str, value))) if isinstance(value, set) else str(value)
