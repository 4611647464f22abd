"""reindex: every derived field of every stored resource, made anew from its FHIR JSON.

It runs while others read and write: a document is replaced only in the version that was read,
and a version written meanwhile is up to date by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from bson.raw_bson import RawBSONDocument
from pymongo import UpdateOne

from fhir_server.search.history import superseded_fields
from fhir_server.search.indexes import UPDATED
from fhir_server.search.stored import derived_fields
from fhir_server.store.codec import decode, restore, restore_raw, with_marks
from fhir_server.store.database import HISTORY, Database, Document
from fhir_server.store.document import breathe, entry_of, superseded_id
from fhir_server.store.marks import apart, is_marked
from fhir_server.store.trouble import TRANSLATING
from resources.access_table import members
from resources.fhir_json import dump

_BATCH: Final = 200
_DERIVED: Final = (
    *("m", "k", "d", "e", "dt", "n", "p", "s", "f", "c", "w", "o", "g", "json", "b"),
    *("u", "l"),
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far reindexing one collection is; `done` counts what was looked at."""

    name: str
    """A resource type, or `history`."""
    done: int
    total: int
    changed: int = 0
    """Of the last batch, how many were not up to date."""


class _Version(NamedTuple):
    type_name: str
    logical_id: str
    version: int


async def reindex(database: Database, progress: Callable[[Progress], None]) -> int:
    """Brings every document up to date; the number of those that were not."""
    changed = 0
    for type_name in await database.stored_types():
        await database.prepare(type_name)
        async for at in walk(database, type_name, type_name):
            changed += at.changed
            progress(at)
    async for at in walk(database, HISTORY, "history"):
        changed += at.changed
        progress(at)
    await database.record_schema()
    return changed


async def walk(
    database: Database, collection: str, name: str, *, since: datetime | None = None
) -> AsyncIterator[Progress]:
    """Brings the documents of one collection up to date, batch by batch; with `since`, those that
    were written from then on."""
    wanted: Document = {} if since is None else {"t": {"$gte": since}}
    total = await database.count(collection, wanted, None)
    done = 0
    yield Progress(name, done, total)
    batches = (
        _batches(database, collection) if since is None else _recent(database, collection, wanted)
    )
    async for batch in batches:
        writes: list[UpdateOne] = []
        ends = await _ends(database, batch) if collection == HISTORY else None
        for index, one in enumerate(batch):
            await breathe(index)
            ended = ends[index] if ends else {}
            if (write := await _renewed(database, collection, one, ended)) is not None:
                writes.append(write)
        if writes:
            with TRANSLATING:
                await database.collection(collection).bulk_write(writes, ordered=False)
        done += len(batch)
        yield Progress(name, done, max(done, total), len(writes))


async def _recent(
    database: Database, collection: str, wanted: Document
) -> AsyncIterator[list[RawBSONDocument]]:
    """By the index of last changes. What changes meanwhile is up to date by itself."""
    found = await database.many(collection, wanted, {"_id": 1}, None, hint=UPDATED.name)
    ids = [each["_id"] for each in found]
    for start in range(0, len(ids), _BATCH):
        some = {"_id": {"$in": ids[start : start + _BATCH]}}
        yield await database.many_raw(collection, some, {}, None)


async def _batches(database: Database, collection: str) -> AsyncIterator[list[RawBSONDocument]]:
    """All documents by `_id`, in reads that each begin where the last one ended."""
    conditions: Document = {}
    while batch := await database.many_raw(
        collection, conditions, {}, None, sort={"_id": 1}, limit=_BATCH
    ):
        yield batch
        conditions = {"_id": {"$gt": batch[-1]["_id"]}}


async def _ends(database: Database, batch: Sequence[RawBSONDocument]) -> list[Document]:
    """What each of these superseded versions says of its end, nothing where its successor is not
    there any more."""
    successors = [_Version(each["_id"]["t"], each["_id"]["i"], each["v"] + 1) for each in batch]
    times = await _written(database, set(successors))
    return [
        superseded_fields(_utc(each["t"]), times[after]) if after in times else {}
        for each, after in zip(batch, successors, strict=True)
    ]


async def _written(database: Database, versions: set[_Version]) -> dict[_Version, datetime]:
    """When these were written: the last ones of their resources, and the others."""
    times: dict[_Version, datetime] = {}
    by_type: dict[str, list[str]] = defaultdict(list)
    for one in versions:
        by_type[one.type_name].append(one.logical_id)
    fields = {"v": 1, "t": 1}
    for type_name, ids in by_type.items():
        for each in await database.many(type_name, {"_id": {"$in": ids}}, fields, None):
            times[_Version(type_name, each["_id"], each["v"])] = _utc(each["t"])
    keys = [superseded_id(*one) for one in versions - times.keys()]
    for each in await database.many(HISTORY, {"_id": {"$in": keys}}, fields, None):
        times[_Version(*each["_id"].values())] = _utc(each["t"])
    return times


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


async def _renewed(
    database: Database, collection: str, document: RawBSONDocument, ended: Document
) -> UpdateOne | None:
    """What to write, or None where the document is up to date."""
    whole = decode(bytes(document.raw))
    if whole.get("x"):
        derived: Document = {"m": await _members_before(database, collection, whole)}
    else:
        derived = _derived(database, collection, whole)
    derived |= ended
    stored = {name: whole[name] for name in _DERIVED if name in whole}
    if _comparable(stored) == _comparable(derived):
        return None
    update: dict[str, Any] = {"$set": derived}
    if stale := stored.keys() - derived.keys():
        update["$unset"] = dict.fromkeys(stale, "")
    return UpdateOne({"_id": document["_id"], "v": whole["v"]}, update)


def _comparable(derived: Document) -> Document:
    """The order of keys means nothing."""
    return {**derived, "k": sorted(derived.get("k", ()))}


def _derived(database: Database, collection: str, document: Document) -> Document:
    resource = restore(document)
    fields = derived_fields(entry_of(database.catalogue, resource))
    if collection == HISTORY:
        fields = {"m": fields["m"]}
    json = dump(with_marks(resource, document))
    if not is_marked(json):
        return {**fields, "json": json}
    _, json, beside = apart(resource, json)
    return {**fields, "json": json, "b": beside}


async def _members_before(database: Database, collection: str, marker: Document) -> list[str]:
    """A delete marker belongs to the records of the version that it ended."""
    if collection == HISTORY:
        type_name, logical_id = marker["_id"]["t"], marker["_id"]["i"]
    else:
        type_name, logical_id = collection, marker["_id"]
    found_by = {"_id": superseded_id(type_name, logical_id, marker["v"] - 1)}
    last = await database.first_raw(HISTORY, found_by, {}, None)
    return [] if last is None else sorted(members(restore_raw(last), database.catalogue.base_url))
