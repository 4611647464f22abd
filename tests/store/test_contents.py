"""Large contents are there for as long as a version refers to them, and no longer than they must
be where none does (design.md section 3)."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
import pytest_asyncio

from fhir_server.outcome import Category, FhirError
from fhir_server.store import Contents, Database, UnrestrictedStore, contents, reindex
from fhir_server.store.database import CHUNKS, CONTENTS, HISTORY
from fhir_server.store.document import now
from fhir_server.store.marks import CHUNK, Parcel
from tests.store.conftest import BASE_URL, CURSOR_KEY

LATER = timedelta(hours=2)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def second(
    mongodb_uri: str, database: Database, database_name: str
) -> AsyncIterator[Database]:
    """Another process on the same store."""
    async with await Database.connect(
        mongodb_uri, database_name, cursor_key=CURSOR_KEY, base_url=BASE_URL
    ) as connected:
        yield connected


def parcel(seed: int, size: int = CHUNK + 5) -> Parcel:
    content = Random(seed).randbytes(size)
    return Parcel.of([content[at : at + CHUNK] for at in range(0, size, CHUNK)])


def binary(sent: Parcel) -> dict[str, Any]:
    return {"resourceType": "Binary", "contentType": "a/b", "data": sent.content.mark}


async def whole(database: Database, json: bytes) -> bytes:
    return b"".join([piece async for piece in Contents(database).whole(json)])


async def there(database: Database, sent: Parcel) -> tuple[int, int]:
    """Its entry, and how many of its chunks."""
    digest = sent.content.digest
    entries = await database.count(CONTENTS, {"_id": digest}, None)
    return entries, await database.count(CHUNKS, {"_id.h": digest}, None)


async def age(database: Database, sent: Parcel) -> None:
    """As if it had been put there two hours ago."""
    await database.collection(CONTENTS).update_one(
        {"_id": sent.content.digest, "pending": {"$exists": True}},
        {"$set": {"pending": now() - LATER}},
    )


def due() -> datetime:
    return now() - contents.GRACE


async def test_versions_share_a_content(database: Database, store: UnrestrictedStore) -> None:
    """It is kept once, and read from the current version, the history and after a deletion."""
    sent = parcel(1)
    await store.set_aside([sent])
    made = await store.create("Binary", binary(sent), logical_id="shared")
    changed = {**binary(sent), "contentType": "c/d"}
    await store.set_aside([sent])
    await store.update("Binary", "shared", changed)
    await store.delete("Binary", "shared")
    assert await there(database, sent) == (1, 2)
    expected = b64encode(b"".join(sent.chunks))
    for version in ("1", "2"):
        read = await store.vread("Binary", "shared", version)
        assert expected in await whole(database, read.json)
    assert (await whole(database, made.json)).count(expected) == 1
    assert await contents.sweep(database, now() + LATER) == 0
    assert await there(database, sent) == (1, 2)


async def test_mongodb_users_see_the_hash(database: Database, store: UnrestrictedStore) -> None:
    sent = parcel(2)
    await store.set_aside([sent])
    await store.create("Binary", binary(sent), logical_id="hashed")
    document = await database.first("Binary", {"_id": "hashed"}, {}, None)
    assert document is not None
    assert document["resource"]["data"] == sent.content.digest
    assert b'"data":""' in document["json"]
    assert document["b"][0]["n"] == sent.content.size


async def test_a_failed_write_leaves_what_the_sweep_takes(
    database: Database, store: UnrestrictedStore
) -> None:
    sent = parcel(3)
    await store.set_aside([sent])
    with pytest.raises(FhirError):
        await store.create("Binary", binary(sent), logical_id="not an id")
    assert await contents.sweep(database, due()) == 0, "too young"
    assert await there(database, sent) == (1, 2)
    await age(database, sent)
    assert await contents.sweep(database, due()) == 1
    assert await there(database, sent) == (0, 0)


async def test_a_write_after_the_sweep_fails_and_can_be_repeated(
    database: Database, store: UnrestrictedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An acknowledged write has its content; one whose content was swept is not acknowledged."""
    sent = parcel(4)
    await store.set_aside([sent])
    await age(database, sent)
    assert await contents.sweep(database, due()) == 1
    limits = type(database.limits)(transaction_seconds=0.2)
    monkeypatch.setattr(database, "limits", limits)
    with pytest.raises(FhirError) as refused:
        await store.create("Binary", binary(sent), logical_id="late")
    assert refused.value.category is Category.CONFLICT
    assert await database.first("Binary", {"_id": "late"}, {}, None) is None
    await store.set_aside([sent])
    made = await store.create("Binary", binary(sent), logical_id="late")
    assert b64encode(b"".join(sent.chunks)) in await whole(database, made.json)


async def test_the_sweep_races_a_transaction(
    database: Database, second: Database, store: UnrestrictedStore
) -> None:
    """By name: whoever is first wins, and no version is left without its content."""
    won = {"write": 0, "sweep": 0}
    for turn in range(24):
        sent = parcel(100 + turn, 1000 + turn)
        await store.set_aside([sent])
        await age(database, sent)

        async def sweep(wait: float = (turn % 6) * 0.002) -> None:
            await asyncio.sleep(wait)
            await contents.sweep(second, due())

        async def write(sent: Parcel = sent, turn: int = turn) -> bool:
            try:
                await asyncio.wait_for(
                    store.create("Binary", binary(sent), logical_id=f"race-{turn}"), 2
                )
            except (FhirError, TimeoutError):
                return False
            return True

        wrote, _ = await asyncio.gather(write(), sweep())
        assert await there(database, sent) == ((1, 1) if wrote else (0, 0))
        won["write" if wrote else "sweep"] += 1
        if wrote:
            read = await store.read("Binary", f"race-{turn}")
            assert b64encode(b"".join(sent.chunks)) in await whole(database, read.json)
        if min(won.values()) >= 2:
            break
    assert won["write"], won


async def test_a_sweep_that_ended_halfway_is_finished(
    database: Database, store: UnrestrictedStore
) -> None:
    """By the next one, or by whoever sends the same content."""
    for seed, again in ((5, False), (6, True)):
        sent = parcel(seed)
        await store.set_aside([sent])
        await database.collection(CONTENTS).update_one(
            {"_id": sent.content.digest},
            {"$set": {"swept": True, "pending": now() - LATER}, "$unset": {"complete": ""}},
        )
        await database.collection(CHUNKS).delete_one({"_id.h": sent.content.digest, "_id.n": 0})
        if again:
            await store.set_aside([sent])
            assert await there(database, sent) == (1, 2)
        else:
            assert await contents.sweep(database, due()) == 1
            assert await there(database, sent) == (0, 0)


async def test_many_send_the_same_at_once(
    database: Database, second: Database, store: UnrestrictedStore
) -> None:
    sent = parcel(8)
    other = UnrestrictedStore(second, "test")
    stores = [store, other] * 4

    async def send(number: int) -> None:
        await stores[number].set_aside([sent])
        await stores[number].create("Binary", binary(sent), logical_id=f"same-{number}")

    await asyncio.gather(*map(send, range(8)))
    assert await there(database, sent) == (1, 2)
    read = await store.read("Binary", "same-7")
    assert b64encode(b"".join(sent.chunks)) in await whole(database, read.json)


async def test_reindex_leaves_contents_as_they_are(
    database: Database, store: UnrestrictedStore
) -> None:
    """Derived fields are made anew from the resource; the content is part of none."""
    sent = parcel(9)
    await store.set_aside([sent])
    await store.create("Binary", binary(sent), logical_id="anew")
    await store.update("Binary", "anew", {**binary(sent), "contentType": "c/d"})
    before = [
        await database.first("Binary", {"_id": "anew"}, {}, None),
        await database.first(HISTORY, {"_id.i": "anew"}, {}, None),
    ]
    await database.collection("Binary").update_one({"_id": "anew"}, {"$set": {"json": b"{}"}})
    assert await reindex(database, lambda _: None) == 1
    after = [
        await database.first("Binary", {"_id": "anew"}, {}, None),
        await database.first(HISTORY, {"_id.i": "anew"}, {}, None),
    ]
    assert after == before
