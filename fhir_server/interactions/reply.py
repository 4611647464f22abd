"""What an interaction answers, before HTTP dresses it (R4 `http.html`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.utils import format_datetime

from fhir_server.interactions.call import Call, Return
from fhir_server.interactions.native import Native
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
    native: Native | None = None
    """In place of a body, the content of a Binary as it is."""


def version_headers(version: StoredVersion) -> tuple[tuple[str, str], ...]:
    """`ETag` and `Last-Modified` (R4 3.1.0.1.3: weak, the version id in quotes)."""
    return (
        ("etag", f'W/"{version.version}"'),
        ("last-modified", format_datetime(version.last_updated, usegmt=True)),
    )


def version_url(base_url: str, version: StoredVersion) -> str:
    """Where this version stays."""
    place = f"{base_url}/{version.type_name}/{version.logical_id}"
    return f"{place}/_history/{version.version}"


def outcome_body(issues: Sequence[Issue]) -> bytes:
    """An `OperationOutcome` as bytes."""
    return fhir_json.dump(operation_outcome(issues))


def deleted(call: Call, what: str, marker: StoredVersion | None) -> Reply:
    """The answer to a delete; None where it had been deleted before."""
    if marker is None:
        return _without_body(call, f"{what} had been deleted before.")
    reply = _without_body(call, f"{what} is deleted, as version {marker.version}.")
    return replace(reply, headers=version_headers(marker), version=marker)


def deleted_all(call: Call, count: int) -> Reply:
    """The answer to a delete by criteria."""
    return _without_body(call, f"{count} deleted.")


def _without_body(call: Call, done: str) -> Reply:
    """R4 `http.html#delete`: 204, or 200 with an outcome for those who prefer one."""
    if call.preference.content is not Return.OUTCOME:
        return Reply(204)
    return Reply(200, outcome_body([Issue("information", "informational", done)]))


def written(
    call: Call, version: StoredVersion, *, created: bool, doubts: Sequence[Issue] = ()
) -> Reply:
    """The answer to a write, with as much of a body as the caller prefers (R4 3.1.0.1.7)."""
    place = version_url(call.service.base_url, version)
    headers = (*version_headers(version), ("location", place))
    status = 201 if created else 200
    match call.preference.content:
        case Return.MINIMAL:
            body = b""
        case None if call.native:  # who sent the content alone has no use for its base64
            body = b""
        case Return.OUTCOME:
            done = (
                f"{version.type_name}/{version.logical_id} is stored as version {version.version}."
            )
            body = outcome_body([Issue("information", "informational", done), *doubts])
        case Return.REPRESENTATION | None:
            body = version.json
            headers = (*headers, ("content-location", place))
    return Reply(status, body, headers, version)
