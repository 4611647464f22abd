"""The stored document: one version of a resource with everything derived from it.

`docs/architecture.md` has the table of its fields.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from bson.raw_bson import RawBSONDocument

from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import IndexEntry
from fhir_server.search.history import superseded_fields
from fhir_server.search.indexing import index_entry
from fhir_server.search.stored import derived_fields
from fhir_server.store.codec import Document, encode, sent
from fhir_server.store.marks import apart, is_marked
from fhir_server.store.versions import StoredVersion
from resources.access_table import members
from resources.fhir_json import Resource, dump

ENTRY: Final = {"json": 1, "b": 1}
"""What an entry of a searchset takes."""
SENT: Final = {**ENTRY, "v": 1, "t": 1, "x": 1, "method": 1}
"""What answering with a version takes."""
KEPT: Final = {**SENT, "m": 1, "resource": 1, "literals": 1}
"""What a superseded version keeps: all but what only finds current resources."""


_BREATH: Final = 16
"""Resources that are prepared before other requests get a turn."""


async def breathe(index: int) -> None:
    """Gives other requests a turn now and then while many resources are prepared."""
    if index and index % _BREATH == 0:
        await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class Draft:
    """A version about to be stored."""

    document: RawBSONDocument
    entry: IndexEntry
    version: StoredVersion
    contents: frozenset[str] = frozenset()
    """The large contents that it refers to, by their hashes."""


def now() -> datetime:
    """To the millisecond, as BSON has it."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def later(current: Mapping[str, Any]) -> datetime:
    """When the version after this one is written: not before it, whatever the clock says."""
    return max(now(), current["t"].replace(tzinfo=UTC))


def instant(moment: datetime) -> str:
    """As `meta.lastUpdated` has it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def with_meta(
    type_name: str, logical_id: str, version: int, moment: datetime, resource: Resource
) -> Resource:
    """The resource with what a server sets (R4 `resource.html#Meta`), in the order to read."""
    given: dict[str, Any] = resource.get("meta") or {}
    meta = {"versionId": str(version), "lastUpdated": instant(moment)}
    meta |= {name: given[name] for name in given if name not in meta}
    whole: Resource = {"resourceType": type_name, "id": logical_id, "meta": meta}
    whole |= {name: resource[name] for name in resource if name not in whole}
    return whole


def entry_of(catalogue: Catalogue, whole: Resource) -> IndexEntry:
    """What is derived from a resource with its `id` and `meta`."""
    return index_entry(catalogue, whole, members(whole, catalogue.base_url))


def draft(
    catalogue: Catalogue,
    type_name: str,
    logical_id: str,
    version: int,
    moment: datetime,
    resource: Resource,
    method: str,
) -> Draft:
    """The document of this version. Raises `FhirError` where it cannot be stored."""
    whole = with_meta(type_name, logical_id, version, moment, resource)
    json = dump(whole)
    stored = StoredVersion(type_name, logical_id, version, moment, json, False, method)
    beside: list[Document] = []
    if is_marked(json):
        whole, json, beside = apart(whole, json)
    entry = entry_of(catalogue, whole)
    document = {
        "_id": logical_id,
        "v": version,
        "t": moment,
        "method": method,
        **derived_fields(entry),
        "resource": whole,
        "json": json,
    }
    if beside:
        document["b"] = beside
    return Draft(encode(document), entry, stored, frozenset(each["h"] for each in beside))


def marker(type_name: str, superseded: RawBSONDocument) -> tuple[Document, StoredVersion]:
    """The delete marker after this version; it belongs to the same records."""
    version, moment = superseded["v"] + 1, later(superseded)
    logical_id = superseded["_id"]
    document = {"_id": logical_id, "v": version, "t": moment, "method": "DELETE", "x": True}
    document["m"] = superseded["m"]
    return document, StoredVersion(type_name, logical_id, version, moment, b"", True, "DELETE")


def superseded_id(type_name: str, logical_id: str, version: int) -> Document:
    """In the history; the order of the fields is the order of the history."""
    return {"t": type_name, "i": logical_id, "v": version}


def superseded(type_name: str, current: RawBSONDocument, until: datetime) -> Document:
    """The document of the history for what was current until then."""
    kept = {name: current[name] for name in KEPT if name in current}
    ended = superseded_fields(current["t"].replace(tzinfo=UTC), until)
    return {"_id": superseded_id(type_name, current["_id"], current["v"]), **kept, **ended}


def version_of(type_name: str, logical_id: str, document: Mapping[str, Any]) -> StoredVersion:
    """What a (projected) document says."""
    return StoredVersion(
        type_name,
        logical_id,
        document["v"],
        document["t"].replace(tzinfo=UTC),  # not the driver's own UTC
        sent(document),
        "x" in document,
        document["method"],
    )
