"""What an interaction answers, before HTTP dresses it (R4 `http.html`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import format_datetime

from fhir_server.interactions.call import Call, Return
from fhir_server.outcome import Issue, operation_outcome
from fhir_server.store.versions import StoredVersion
from resources import fhir_json


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers and the FHIR JSON to send; an empty body is no body."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    version: StoredVersion | None = None
    """The version that was read or written, for the response entry of a bundle."""
    is_public: bool = False
    """Anybody may keep it, and ask each time whether it has changed."""


def version_headers(version: StoredVersion) -> tuple[tuple[str, str], ...]:
    """`ETag` and `Last-Modified` (R4 3.1.0.1.3: weak, the version id in quotes)."""
    return (
        ("etag", f'W/"{version.version}"'),
        ("last-modified", format_datetime(version.last_updated, usegmt=True)),
    )


def outcome_body(issues: Sequence[Issue]) -> bytes:
    """An `OperationOutcome` as bytes."""
    return fhir_json.dump(operation_outcome(issues))


def written(
    call: Call, version: StoredVersion, *, created: bool, doubts: Sequence[Issue] = ()
) -> Reply:
    """The answer to a write, with as much of a body as the caller prefers (R4 3.1.0.1.7)."""
    headers = version_headers(version)
    place = f"{call.service.base_url}/{version.type_name}/{version.logical_id}/_history"
    location = ("location", f"{place}/{version.version}")
    status = 201 if created else 200
    match call.preference.content:
        case Return.MINIMAL:
            body = b""
        case Return.OUTCOME:
            done = (
                f"{version.type_name}/{version.logical_id} is stored as version {version.version}."
            )
            body = outcome_body([Issue("information", "informational", done), *doubts])
        case Return.REPRESENTATION | None:
            body = version.json
    return Reply(status, body, (*headers, location), version)


def deleted(marker: StoredVersion | None) -> Reply:
    """The answer to a delete; None where there was nothing left to delete."""
    if marker is None:
        return Reply(204)
    return Reply(204, headers=(("etag", f'W/"{marker.version}"'),), version=marker)
