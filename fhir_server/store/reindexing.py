"""reindex: every derived field of every stored resource, made anew from its FHIR JSON.

It runs while others read and write: a document is replaced only in the version that was read,
and a version written meanwhile is up to date by itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final

from bson.raw_bson import RawBSONDocument
from pymongo import UpdateOne

from fhir_server.search.stored import derived_fields
from fhir_server.store.codec import decode, restore, restore_raw
from fhir_server.store.database import HISTORY, Database, Document
from fhir_server.store.document import entry_of, superseded_id
from fhir_server.store.trouble import TRANSLATING
from resources.access_table import members
from resources.fhir_json import dump

_BATCH: Final = 200
_DERIVED: Final = ("m", "k", "d", "e", "dt", "n", "p", "s", "f", "c", "w", "g", "json")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far reindexing one collection is; `done` counts what was looked at."""

    name: str
    """A resource type, or `history`."""
    done: int
    total: int


async def reindex(database: Database, progress: Callable[[Progress], None]) -> int:
    """Brings every document up to date; the number of those that were not."""
    changed = 0
    for type_name in await database.stored_types():
        await database.prepare(type_name)
        changed += await _collection(database, type_name, type_name, progress)
    changed += await _collection(database, HISTORY, "history", progress)
    await database.record_schema()
    return changed


async def _collection(
    database: Database, collection: str, name: str, progress: Callable[[Progress], None]
) -> int:
    total = await database.count(collection, {}, None)
    done = changed = 0
    progress(Progress(name, done, total))
    async for batch in _batches(database, collection):
        writes = [write for one in batch if (write := await _renewed(database, collection, one))]
        if writes:
            with TRANSLATING:
                await database.collection(collection).bulk_write(writes, ordered=False)
        done += len(batch)
        changed += len(writes)
        progress(Progress(name, done, max(done, total)))
    return changed


async def _batches(database: Database, collection: str) -> AsyncIterator[list[RawBSONDocument]]:
    """All documents by `_id`, in reads that each begin where the last one ended."""
    conditions: Document = {}
    while batch := await database.many_raw(
        collection, conditions, {}, None, sort={"_id": 1}, limit=_BATCH
    ):
        yield batch
        conditions = {"_id": {"$gt": batch[-1]["_id"]}}


async def _renewed(
    database: Database, collection: str, document: RawBSONDocument
) -> UpdateOne | None:
    """What to write, or None where the document is up to date."""
    whole = decode(bytes(document.raw))
    if whole.get("x"):
        derived: Document = {"m": await _members_before(database, collection, whole)}
    else:
        derived = _derived(database, collection, whole)
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
    return {**fields, "json": dump(resource)}


async def _members_before(database: Database, collection: str, marker: Document) -> list[str]:
    """A delete marker belongs to the records of the version that it ended."""
    if collection == HISTORY:
        type_name, logical_id = marker["_id"]["t"], marker["_id"]["i"]
    else:
        type_name, logical_id = collection, marker["_id"]
    found_by = {"_id": superseded_id(type_name, logical_id, marker["v"] - 1)}
    last = await database.first_raw(HISTORY, found_by, {}, None)
    return [] if last is None else sorted(members(restore_raw(last), database.catalogue.base_url))
