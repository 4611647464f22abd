"""Large contents in MongoDB: chunks by the content's hash, since a document ends at 16 MB.

A content is put there before the transaction that writes of it begins, on a lease. The
transaction ends the lease, so that a content is kept from the instant on at which a version that is
acknowledged refers to it; as no version ever goes away, it is kept for good. What is left on its
lease, because the write failed, is swept after `GRACE`: a transaction and a sweep write to the same
document, and MongoDB lets only one of them.
"""

from __future__ import annotations

import asyncio
import random
from binascii import a2b_base64, b2a_base64
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from bson.binary import Binary
from bson.objectid import ObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from fhir_server.outcome import FhirError
from fhir_server.store.database import CHUNKS, CONTENTS, Database, Document
from fhir_server.store.document import now
from fhir_server.store.marks import CHUNK, Content, Parcel, split
from fhir_server.store.trouble import TRANSLATING, Duplicate, Interrupted, StoreFault

GRACE: Final = timedelta(hours=1)
"""From the last sign of an upload until it is swept; a transaction takes seconds."""
_FRESH: Final = GRACE / 4
_EVERY: Final = 900.0
"""Seconds between sweeps."""
_AT_ONCE: Final = 200
"""Contents that one sweep looks at."""
_END: Final = 2**31


async def put(database: Database, parcels: Iterable[Parcel]) -> None:
    """Makes sure that all of these are there, by a majority, until `GRACE` from now or longer."""
    for parcel in parcels:
        while not await _put(database, parcel):
            pass


async def _put(database: Database, parcel: Parcel) -> bool:
    """False where another got in the way, so that it has to be looked at again."""
    digest = parcel.content.digest
    known = await database.first(CONTENTS, {"_id": digest}, {}, None)
    if known is None:
        await _lease(database, digest)
        return False
    if "pending" not in known:
        return True
    if known.get("swept"):
        await _clear(database, known)
        return False
    if known.get("complete") and now() - known["pending"] < _FRESH:
        return True
    if not await _changed(database, known, {"pending": now()}):
        return False
    if not known.get("complete"):
        await _write(database, parcel, known["g"])
    return await _changed(database, known, {"complete": True})


async def _lease(database: Database, digest: str) -> None:
    fresh: Document = {"_id": digest, "g": ObjectId(), "pending": now()}
    with suppress(Duplicate), TRANSLATING:
        await database.collection(CONTENTS).insert_one(fresh)


async def _changed(database: Database, known: Document, facts: Mapping[str, Any]) -> bool:
    """Whether it is still the same upload, and not being swept."""
    mine = {"_id": known["_id"], "g": known["g"], "swept": None}
    with TRANSLATING:
        result = await database.collection(CONTENTS).update_one(mine, {"$set": facts})
    return bool(result.matched_count)


async def _write(database: Database, parcel: Parcel, generation: ObjectId) -> None:
    """Whoever writes the same chunk writes the same bytes; the last one's generation counts."""
    chunks = database.collection(CHUNKS)
    for number, chunk in enumerate(parcel.chunks):
        place = {"_id": {"h": parcel.content.digest, "n": number}}
        facts = {"$set": {"g": generation, "d": Binary(chunk)}}
        for _ in range(2):  # the second time, if another made it at the same moment
            with suppress(Duplicate), TRANSLATING:
                await chunks.update_one(place, facts, upsert=True)
                break


async def keep(database: Database, session: AsyncClientSession, contents: set[str]) -> None:
    """Inside the transaction that writes of these: they stay for as long as what it writes."""
    if not contents:
        return
    whole = {"_id": {"$in": sorted(contents)}, "complete": True}
    with TRANSLATING:
        result = await database.collection(CONTENTS).update_many(
            whole, {"$unset": {"pending": ""}}, session=session
        )
    if result.matched_count != len(contents):  # put there after this transaction's snapshot
        raise Interrupted(away=False)


class Contents:
    """Fills in the marks of what the store gave out; whoever has a mark may have its content."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def whole(self, json: bytes) -> AsyncIterator[bytes]:
        """The JSON (or XML) with the base64 in place of its marks, a chunk at a time."""
        for piece in split(json):
            if isinstance(piece, bytes):
                yield piece
                continue
            async for chunk in self.read(piece):
                yield chunk if piece.spelt else b2a_base64(chunk, newline=False)

    async def decoded(self, content: Content) -> bytes:
        """What is kept as its text: rare enough to be whole in memory."""
        text = b"".join([chunk async for chunk in self.read(content)])
        return a2b_base64(text.translate(None, b" "))

    async def read(
        self, content: Content, start: int = 0, stop: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes that are kept, from `start` to before `stop`, a chunk at a time."""
        end = content.size if stop is None else stop
        for number in range(start // CHUNK, -(-end // CHUNK)):
            place = {"_id": {"h": content.digest, "n": number}}
            found = await self._database.first(CHUNKS, place, {"d": 1}, None)
            if found is None:
                raise StoreFault("a chunk of a content is missing")
            at = number * CHUNK
            yield bytes(found["d"])[max(start - at, 0) : end - at]


# Sweeping


async def sweep(database: Database, before: datetime) -> int:
    """Removes what has been on its lease since before then; how many contents it was."""
    old = {"pending": {"$lt": before}}
    found = await database.many(CONTENTS, old, {}, None, limit=_AT_ONCE, sort={"pending": 1})
    swept = 0
    for one in found:
        mine = {"_id": one["_id"], "g": one["g"], **old}
        with TRANSLATING:
            result = await database.collection(CONTENTS).update_one(
                mine, {"$set": {"swept": True}, "$unset": {"complete": ""}}
            )
        if result.matched_count:
            await _clear(database, one)
            swept += 1
    return swept


async def _clear(database: Database, known: Document) -> None:
    """Of this upload alone: another one of the same content has a generation of its own."""
    digest, generation = known["_id"], known["g"]
    whole = {"_id": {"$gte": {"h": digest, "n": 0}, "$lt": {"h": digest, "n": _END}}}
    with TRANSLATING:
        await database.collection(CHUNKS).delete_many({**whole, "g": generation})
        await database.collection(CONTENTS).delete_one(
            {"_id": digest, "g": generation, "swept": True}
        )


async def keep_sweeping(database: Database, every: float = _EVERY) -> None:
    """For as long as the server runs."""
    while True:
        await asyncio.sleep(every * random.uniform(0.5, 1.5))  # noqa: S311  no secret
        try:
            while await sweep(database, now() - GRACE) == _AT_ONCE:
                pass
        except (FhirError, StoreFault):
            continue  # MongoDB is away, which requests and /readyz tell; what is left waits
