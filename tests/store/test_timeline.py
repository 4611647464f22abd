"""The history of types and of the system, and that who follows it by `_since` misses nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient

from fhir_server.outcome import Category, FhirError
from fhir_server.search.expression import Everything, Member
from fhir_server.search.history import HistoryQuery
from fhir_server.store import (
    Database,
    FhirStore,
    StoredVersion,
    UnrestrictedStore,
    queries,
    writing,
)
from fhir_server.store.settling import GRACE, LIFETIME, settled
from resources.registry import REGISTRY
from tests.store.conftest import BASE_URL, CURSOR_KEY, Rights

Key = tuple[str, str, int]


def patient(family: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "name": [{"family": family}]}


def observation(owner: str, text: str = "") -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": text or "x"},
        "subject": {"reference": f"Patient/{owner}"},
    }


def asking(*types: str, count: int = 100, since: datetime | None = None) -> HistoryQuery:
    """The history of one type, of several that are named, or of all."""
    only = types[0] if len(types) == 1 else ""
    applied = (("_count", str(count)), ("_since", str(since)))
    return HistoryQuery(only, types or REGISTRY.endpoints, bool(types), count, since, applied)


def key(version: StoredVersion) -> Key:
    return version.type_name, version.logical_id, version.version


async def all_pages(store: FhirStore, query: HistoryQuery) -> list[StoredVersion]:
    found: list[StoredVersion] = []
    cursor: str | None = None
    while True:
        page = await store.timeline(query, cursor=cursor)
        assert len(page.versions) <= query.count
        found += page.versions
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def written(store: UnrestrictedStore) -> list[StoredVersion]:
    """Versions of four types, oldest first; many of one instant, some deleted and revived."""
    made: list[StoredVersion] = []
    for number in range(3):
        some: list[tuple[str, str | None, dict[str, Any]]] = [
            ("Patient", f"p{number}-{each}", patient("A")) for each in range(3)
        ]
        some += [("Observation", f"o{number}-{each}", observation("p0-0")) for each in range(3)]
        some += [("Observation", f"q{number}", observation("p1-0"))]
        some += [("Organization", f"g{number}", {"resourceType": "Organization", "name": "G"})]
        made += await store.create_many(some)
        changes = [
            writing.Change("Observation", f"o{number}-{each}", observation("p0-0", "y"))
            for each in range(2)
        ]
        made += [one.stored for one in await store.update_many(changes)]
        for place in (("Patient", f"p{number}-2"), ("Observation", f"o{number}-1")):
            marker = await store.delete(*place)
            assert marker is not None
            made.append(marker)
    revived = await store.update("Patient", "p0-2", patient("B"))
    moved = await store.update("Observation", "q0", observation("p0-0", "moved"))
    made += [revived.stored, moved.stored]
    await asyncio.sleep(GRACE.total_seconds())
    return made


def in_order(versions: list[StoredVersion]) -> list[StoredVersion]:
    """Newest first, the one way in which those of one instant follow each other."""
    return sorted(versions, key=lambda one: (one.last_updated, *key(one)), reverse=True)


@pytest.mark.parametrize("count", [1, 3, 7, 100])
@pytest.mark.parametrize(
    "types", [("Patient",), ("Observation",), ("Patient", "Organization"), (), ("Basic",)]
)
async def test_pages_join_to_every_version_newest_first(
    store: UnrestrictedStore, written: list[StoredVersion], types: tuple[str, ...], count: int
) -> None:
    expected = [one for one in in_order(written) if not types or one.type_name in types]
    assert await all_pages(store, asking(*types, count=count)) == expected
    for since in {one.last_updated for one in written[::7]}:
        found = await all_pages(store, asking(*types, count=count, since=since))
        assert found == [one for one in expected if one.last_updated >= since]


@pytest.mark.parametrize("count", [1, 4, 100])
@pytest.mark.parametrize("owner", ["p0-0", "p1-0", "nobody"])
async def test_each_version_is_judged_by_its_own_content(
    database: Database, written: list[StoredVersion], owner: str, count: int
) -> None:
    """What moved from one record to another shows each owner their own versions of it, and a
    deletion is shown with the version before it."""
    theirs = Member(frozenset({owner}))
    rights = Rights(theirs, {"Organization": Everything(), "Device": None})
    store = FhirStore(database, rights)
    last: dict[tuple[str, str], bool] = {}
    shown: list[StoredVersion] = []
    for one in sorted(written, key=key):
        place = (one.type_name, one.logical_id)
        if not one.deleted:
            mine = f'"Patient/{owner}"'.encode() in one.json or place == ("Patient", owner)
            last[place] = mine or one.type_name == "Organization"
        shown += [one] if last[place] else []
    for types in ((), ("Observation",), ("Patient",)):
        expected = [one for one in in_order(shown) if not types or one.type_name in types]
        assert await all_pages(store, asking(*types, count=count)) == expected


async def test_a_type_without_a_scope_is_refused_or_left_out(
    database: Database, written: list[StoredVersion]
) -> None:
    store = FhirStore(database, Rights(Everything(), {"Patient": None}))
    for types in (("Patient",), ("Observation", "Patient")):
        with pytest.raises(FhirError) as refused:
            await store.timeline(asking(*types))
        assert refused.value.category is Category.FORBIDDEN
    found = await all_pages(store, asking())
    assert {one.type_name for one in found} == {"Observation", "Organization"}
    nothing = FhirStore(database, Rights(Everything(), dict.fromkeys(REGISTRY.endpoints)))
    with pytest.raises(FhirError) as refused:
        await nothing.timeline(asking())
    assert refused.value.category is Category.FORBIDDEN


async def test_y7_a_cursor_is_of_its_own_query_and_caller(
    database: Database, store: UnrestrictedStore, written: list[StoredVersion]
) -> None:
    page = await store.timeline(asking("Observation", count=2))
    other = FhirStore(database, Rights(Everything(), caller="another"))
    for asked, query in (
        (store, asking("Patient", count=2)),
        (store, asking("Observation", count=3)),
        (store, asking(count=2)),
        (other, asking("Observation", count=2)),
    ):
        with pytest.raises(FhirError) as refused:
            await asked.timeline(query, cursor=page.next_cursor)
        assert refused.value.category is Category.INVALID


# ---- nothing is missed -------------------------------------------------------------------------


class Follower:
    """Asks again and again for what came since the newest version that it knows."""

    def __init__(self, store: FhirStore, *types: str) -> None:
        self.store, self.types = store, types
        self.since: datetime | None = None
        self.seen: dict[Key, StoredVersion] = {}

    async def ask(self, *, by_timestamp: bool = False) -> None:
        query = asking(*self.types, count=5, since=self.since)
        cursor: str | None = None
        newest: list[datetime | None] = []
        while True:
            page = await self.store.timeline(query, cursor=cursor)
            newest.append(page.until if by_timestamp else self.since)
            for one in page.versions:
                self.seen[key(one)] = one
                newest.append(one.last_updated)
            cursor = page.next_cursor
            if cursor is None:
                break
        self.since = max((each for each in newest if each is not None), default=None)


@pytest.mark.parametrize("by_timestamp", [False, True])
@pytest.mark.parametrize("types", [("Basic", "Patient"), ()])
async def test_a_reader_of_since_misses_nothing_of_a_long_transaction(
    database: Database,
    mongodb_uri: str,
    database_name: str,
    types: tuple[str, ...],
    by_timestamp: bool,
) -> None:
    """Another worker's transaction commits after the reader has read what is newer than it."""
    before, inside, after = (f"t-{uuid4()}" for _ in range(3))
    other = await Database.connect(
        mongodb_uri, database_name, cursor_key=CURSOR_KEY, base_url=BASE_URL
    )
    async with other:
        reader = Follower(UnrestrictedStore(database, "reader"), *types)
        quick = UnrestrictedStore(database, "quick")
        await quick.create("Patient", patient("old"), logical_id=before)
        await reader.ask(by_timestamp=by_timestamp)
        has_written, may_end = asyncio.Event(), asyncio.Event()

        async def long(store: FhirStore) -> StoredVersion:
            created = await store.create("Basic", _basic(), logical_id=inside)
            await store.update("Patient", before, patient("new"))
            has_written.set()
            await may_end.wait()
            return created

        await other.prepare("Basic")
        await other.prepare("Patient")
        task = asyncio.create_task(UnrestrictedStore(other, "long").run_transaction(long))
        await has_written.wait()
        await asyncio.sleep(GRACE.total_seconds() + 0.1)
        newer = await quick.create("Patient", patient("quick"), logical_id=after)
        await reader.ask(by_timestamp=by_timestamp)
        assert ("Patient", after, 1) not in reader.seen, "it is newer than what may come"
        may_end.set()
        late = await task
        assert late.last_updated < newer.last_updated
        await reader.ask(by_timestamp=by_timestamp)
    wanted = {("Basic", inside, 1), ("Patient", before, 2), ("Patient", after, 1)}
    assert wanted <= reader.seen.keys()


def _basic() -> dict[str, Any]:
    return {"resourceType": "Basic", "code": {"text": "b"}}


async def test_a_reader_misses_nothing_of_many_writers(
    database: Database, mongodb_uri: str, database_name: str
) -> None:
    """Creates, updates and transactions by two workers, while a reader follows."""
    other = await Database.connect(
        mongodb_uri, database_name, cursor_key=CURSOR_KEY, base_url=BASE_URL
    )
    made: set[Key] = set()
    reader = Follower(UnrestrictedStore(database, "reader"), "Basic")
    ended = datetime.now(UTC) + timedelta(seconds=1)

    async def write(store: FhirStore, number: int) -> None:
        while datetime.now(UTC) < ended:
            one = await store.create("Basic", _basic())
            changed = await store.update("Basic", one.logical_id, _basic())
            some: list[tuple[str, str | None, dict[str, Any]]] = [("Basic", None, _basic())]
            many = await store.create_many(some * number * 3)
            made.update(map(key, [one, changed.stored, *many]))

    async with other:
        stores = [UnrestrictedStore(each, "w") for each in (database, other)]
        writers = [asyncio.create_task(write(one, n)) for n in range(1, 4) for one in stores]
        while datetime.now(UTC) < ended:
            await reader.ask()
        await asyncio.gather(*writers)
    await asyncio.sleep(GRACE.total_seconds())
    await reader.ask()
    assert made <= reader.seen.keys()


KILLED = """
import asyncio, sys
from fhir_server.store import Database, UnrestrictedStore

async def main(uri, name):
    async with await Database.connect(uri, name, cursor_key=b"k" * 32, base_url="http://x") as to:
        async def work(store):
            await store.create("Patient", {"resourceType": "Patient"}, logical_id="killed")
            print("open", flush=True)
            await asyncio.sleep(100)
        await UnrestrictedStore(to, "killed").run_transaction(work)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_killed_writer_holds_the_history_until_mongodb_ends_its_transaction(
    store: UnrestrictedStore, mongodb_uri: str, database_name: str
) -> None:
    """And no longer: what it wrote never comes."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, mongodb_uri, database_name, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"open\n"
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    one = await store.create("Patient", patient("after"))
    await asyncio.sleep(GRACE.total_seconds())
    query = asking("Patient", since=one.last_updated)
    held = await store.timeline(query)
    assert (held.versions, held.until < one.last_updated) == ((), True)
    await _end_open_transaction(mongodb_uri)
    page = held
    for _ in range(100):
        page = await store.timeline(query)
        if page.versions:
            break
        await asyncio.sleep(0.05)
    assert [key(each) for each in page.versions] == [key(one)]
    with pytest.raises(FhirError):
        await store.read("Patient", "killed")


async def _end_open_transaction(uri: str) -> None:
    """As MongoDB does by itself after a minute."""
    stages = [{"$currentOp": {"idleSessions": True}}, {"$match": {"transaction": {"$ne": None}}}]
    async with AsyncMongoClient[dict[str, Any]](uri) as client:
        reply = await client.admin.command({"aggregate": 1, "pipeline": stages, "cursor": {}})
        (only,) = reply["cursor"]["firstBatch"]
        await client.admin.command({"killSessions": [{"id": only["lsid"]["id"]}]})


async def test_a_slow_create_is_stamped_anew(
    store: UnrestrictedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first time may have been passed by readers before its insert arrived."""
    monkeypatch.setattr(writing, "PROMPT", -1.0)
    one = f"t-{uuid4()}"
    before = datetime.now(UTC)
    made = await store.create("Patient", patient("slow"), logical_id=one)
    assert await store.read("Patient", one) == made
    assert made.version == 1
    assert made.last_updated.replace(tzinfo=UTC) >= before - timedelta(milliseconds=1)
    assert (await store.history("Patient", one, count=9)).versions == (made,)


async def test_where_mongodb_does_not_tell_a_lifetime_is_waited(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a host keeps `$currentOp` to itself: MongoDB refuses what it is asked."""
    monkeypatch.setattr(queries, "_OLDEST", [{"$unknown": 1}])
    at = await settled(database)
    assert datetime.now(UTC) - at.until >= LIFETIME
