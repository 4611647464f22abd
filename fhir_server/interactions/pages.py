"""Bundles of stored versions, joined from their bytes without parsing any (R4 `bundle.html`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from fhir_server.interactions.reply import outcome_body
from fhir_server.interactions.subset import Subset
from fhir_server.outcome import Issue
from fhir_server.store.versions import Match, StoredVersion
from resources import fhir_json

_SEARCH_END = {
    "match": b',"search":{"mode":"match"}}',
    "include": b',"search":{"mode":"include"}}',
    "outcome": b',"search":{"mode":"outcome"}}',
}


def bundle(
    kind: str,
    links: Sequence[tuple[str, str]],
    entries: Iterable[bytes],
    total: int | None,
    as_of: datetime | None = None,
) -> bytes:
    """A `Bundle` of this type, as of now or of another instant. R4 forbids an empty array, so an
    empty bundle has no `entry`."""
    head: dict[str, object] = {
        "resourceType": "Bundle",
        "type": kind,
        "timestamp": (as_of or datetime.now(UTC)).isoformat(timespec="milliseconds"),
    }
    if total is not None:
        head["total"] = total
    head["link"] = [{"relation": relation, "url": url} for relation, url in links]
    start = fhir_json.dump(head)[:-1]
    joined = b",".join(entries)
    return start + (b',"entry":[' + joined + b"]}" if joined else b"}")


def search_entries(
    base_url: str, found: Sequence[Match | StoredVersion], mode: str, subset: Subset
) -> list[bytes]:
    """Entries of a searchset; ids hold nothing that JSON would have to escape."""
    start, end, part = f'{{"fullUrl":"{base_url}/', _SEARCH_END[mode], subset.of
    return [
        f'{start}{one.type_name}/{one.logical_id}","resource":'.encode() + part(one.json) + end
        for one in found
    ]


def scored_entry(base_url: str, one: StoredVersion, search: dict[str, object]) -> bytes:
    """An entry that says of itself why it is in the searchset (R4 3.1.1.5.6)."""
    start = f'{{"fullUrl":"{base_url}/{one.type_name}/{one.logical_id}","resource":'.encode()
    return start + one.json + b',"search":' + fhir_json.dump(search) + b"}"


def outcome_entry(issues: Sequence[Issue]) -> bytes:
    """The entry that tells what was ignored or cut (R4 3.1.1.4.4)."""
    return b'{"resource":' + outcome_body(issues) + _SEARCH_END["outcome"]


def history_entry(base_url: str, version: StoredVersion) -> bytes:
    """An entry of a history bundle: what was asked then, and what was answered."""
    place = f"{version.type_name}/{version.logical_id}"
    status = "204 No Content" if version.deleted else "200 OK"
    if version.version == 1:
        status = "201 Created"
    tail = {
        "request": {
            "method": version.method,
            "url": version.type_name if version.method == "POST" else place,
        },
        "response": {
            "status": status,
            "etag": f'W/"{version.version}"',
            "lastModified": version.last_updated.isoformat(timespec="milliseconds"),
        },
    }
    resource = b"" if version.deleted else b'"resource":' + version.json + b","
    start = f'{{"fullUrl":"{base_url}/{place}",'.encode()
    return start + resource + fhir_json.dump(tail)[1:]
