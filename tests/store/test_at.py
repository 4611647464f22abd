"""`_at` (F4): what was current at some point of a period, as a plain list of versions tells it."""

from __future__ import annotations

import random
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import pytest_asyncio

from fhir_server.access.context import Interaction
from fhir_server.access.system import SystemAccess
from fhir_server.search.expression import Member
from fhir_server.search.history import HistoryQuery, Period, lasting, superseded_fields
from fhir_server.store import (
    Database,
    FhirStore,
    StoredVersion,
    UnrestrictedStore,
    document,
    timeline,
    writing,
)
from fhir_server.store.database import HISTORY
from fhir_server.store.reach import Reach
from fhir_server.store.reindexing import reindex
from fhir_server.store.sources import END_OF_TIME, sources
from resources.registry import REGISTRY
from tests.store.conftest import Rights
from tests.store.test_timeline import all_pages, in_order, key

BEGIN: Final = datetime(1951, 5, 3, 12, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
PAUSES: Final = (
    timedelta(0),
    timedelta(0),
    MILLISECOND,
    timedelta(seconds=20),
    timedelta(minutes=3),
    timedelta(hours=5),
    timedelta(days=2),
    timedelta(days=40),
    timedelta(days=700),
)
PLACES: Final = [(name, f"at-{number}") for name in ("Observation", "Basic") for number in range(4)]


def content(type_name: str, owner: str) -> dict[str, Any]:
    whole = {"resourceType": type_name, "code": {"text": owner}}
    whole["subject"] = {"reference": f"Patient/{owner}"}
    return whole | ({"status": "final"} if type_name == "Observation" else {})


@dataclass
class Model:
    """Every version that was written, with the record that it belongs to, in order."""

    versions: list[tuple[StoredVersion, str]]

    def current_within(self, at: Period, owner: str | None = None) -> list[StoredVersion]:
        """Newest first. A deletion belongs to the record of the version before it."""
        found: list[StoredVersion] = []
        ends: dict[tuple[str, str], datetime] = {}
        for one, of in reversed(self.versions):
            place, begin = (one.type_name, one.logical_id), one.last_updated
            end = ends.get(place, END_OF_TIME)
            ends[place] = begin
            within = begin >= at.start or end > at.start
            if begin < at.end and within and owner in (None, of):
                found.append(one)
        return in_order(found)


@contextmanager
def clock_at(moment: datetime) -> Generator[None]:
    """Writes are made at this time."""
    with pytest.MonkeyPatch.context() as patched:
        for module in (document, writing):
            patched.setattr(module, "now", lambda: moment)
        patched.setattr(writing, "PROMPT", 100.0)
        yield


async def write(store: FhirStore, seed: int, steps: int) -> Model:
    """Random creates, updates, deletions and revivals, by turns close together and far apart."""
    chance, model, moment = random.Random(seed), Model([]), BEGIN
    owners: dict[tuple[str, str], str] = {}
    gone: set[tuple[str, str]] = set()
    for _ in range(steps):
        moment += chance.choice(PAUSES) + chance.randrange(2) * MILLISECOND
        place = chance.choice(PLACES)
        with clock_at(moment):
            if place in owners and place not in gone and chance.random() < 0.3:
                made = await store.delete(*place)
                assert made is not None
                gone.add(place)
            else:
                owners[place] = chance.choice(("ann", "bob"))
                made = (await store.update(*place, content(place[0], owners[place]))).stored
                gone.discard(place)
        model.versions.append((made, owners[place]))
    return model


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def model(store: UnrestrictedStore) -> Model:
    return await write(store, seed=4, steps=150)


def periods(model: Model) -> list[Period]:
    """Instants and longer times, before, at, between and after what was written."""
    chance = random.Random(7)
    times = [one.last_updated for one, _ in model.versions]
    starts = [*chance.sample(times, 8), times[0] - MILLISECOND, times[-1], datetime.now(UTC)]
    starts += [one - MILLISECOND for one in starts[:3]]
    starts += [one + chance.choice(PAUSES) for one in starts[:3]]
    return [Period(one, one + max(chance.choice(PAUSES), MILLISECOND)) for one in starts] + [
        Period(BEGIN.replace(month=1, day=1), BEGIN.replace(year=1952, month=1, day=1)),
        Period(datetime.min.replace(tzinfo=UTC), BEGIN),
        Period(datetime(2999, 1, 1, tzinfo=UTC), END_OF_TIME),
    ]


def asking(types: tuple[str, ...], at: Period, count: int, since: datetime | None) -> HistoryQuery:
    only = types[0] if len(types) == 1 else ""
    applied = (("_at", str(at)), ("_count", str(count)))
    named = types or REGISTRY.endpoints
    return HistoryQuery(only, named, bool(types), count, since, applied, at)


@pytest.mark.parametrize("types", [("Observation",), ("Basic", "Observation"), (), ("Patient",)])
async def test_f4_at_of_a_type_and_of_the_system(
    store: UnrestrictedStore, model: Model, types: tuple[str, ...]
) -> None:
    """Over all pages, and with `_since` what meets both."""
    for number, at in enumerate(periods(model)):
        expected = [one for one in model.current_within(at) if not types or one.type_name in types]
        count = (2, 5, 200)[number % 3]
        assert await all_pages(store, asking(types, at, count, None)) == expected, at
        since = at.start - timedelta(days=30) if at.start > BEGIN else BEGIN
        later = [one for one in expected if one.last_updated >= since]
        assert await all_pages(store, asking(types, at, 50, since)) == later, at


@pytest.mark.parametrize("owner", ["ann", "bob"])
async def test_f4_at_judges_each_version_by_its_own_record(
    database: Database, model: Model, owner: str
) -> None:
    rights = Rights(Member(frozenset({owner})), {"Basic": Member(frozenset({owner}))})
    store = FhirStore(database, rights)
    for at in periods(model)[::2]:
        expected = model.current_within(at, owner)
        assert await all_pages(store, asking((), at, 7, None)) == expected, at
        for place in PLACES[::3]:
            of_one = [one for one in expected if key(one)[:2] == place]
            page = await store.history(*place, count=100, at=at)
            assert (list(page.versions), page.total) == (of_one, len(of_one))


async def test_f4_at_of_one_resource(store: UnrestrictedStore, model: Model) -> None:
    for number, at in enumerate(periods(model)):
        place = PLACES[number % len(PLACES)]
        expected = [one for one in model.current_within(at) if key(one)[:2] == place]
        seen: list[StoredVersion] = []
        before: int | None = None
        while True:
            page = await store.history(*place, count=2, before=before, at=at)
            assert page.total == len(expected)
            seen += page.versions
            before = page.next_before
            if before is None:
                break
        assert seen == expected, (place, at)


async def test_what_had_been_superseded_long_before_is_not_walked(
    database: Database, store: UnrestrictedStore
) -> None:
    """The walk of each step is a merge of index scans without a document, and starts where what
    lasted so long may have begun."""
    at = Period(BEGIN, BEGIN + MILLISECOND)
    rule = Reach(database, SystemAccess("test")).rule(Interaction.SEARCH, "Patient")
    old = [BEGIN - timedelta(days=100) + timedelta(seconds=one) for one in range(300)]
    history = database.collection(HISTORY)
    await history.insert_many(
        {
            "_id": {"t": "Patient", "i": "walked", "v": number},
            "v": number,
            "t": one,
            "m": ["walked"],
            "method": "PUT",
            "x": True,
            **superseded_fields(one, one + timedelta(seconds=90)),
        }
        for number, one in enumerate(old, 1)
    )
    (lasted,) = [one for one in sources({"Patient": rule}, frozenset({"Patient"}), at) if one.steps]
    (stretch,) = lasted.stretches(datetime.min.replace(tzinfo=UTC), END_OF_TIME, None)
    find = {
        "find": HISTORY,
        "filter": stretch,
        "projection": lasted.fields,
        "sort": {"t": -1, "_id": -1},
        "hint": lasted.hint,
    }
    told = await history.database.command({"explain": find, "verbosity": "executionStats"})
    assert "'SORT'" not in str(told["queryPlanner"]["winningPlan"])
    stats = told["executionStats"]
    assert (stats["nReturned"], stats["totalDocsExamined"]) == (0, 0)
    assert stats["totalKeysExamined"] < 20
    await history.delete_many({"_id.i": "walked"})


async def test_a_page_that_passes_over_much_is_shorter_and_goes_on(
    store: UnrestrictedStore, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "MOST_PASSED", 1)
    monkeypatch.setattr(timeline, "_MOST_AT_ONCE", 2)
    for at in periods(model)[:6]:
        expected = model.current_within(at)
        assert await all_pages(store, asking((), at, 30, None)) == expected


async def test_a_reindex_notes_the_ends_of_what_an_older_version_wrote(
    database: Database, store: UnrestrictedStore, model: Model
) -> None:
    history = database.collection(HISTORY)
    before = await history.find({}, {"u": 1, "l": 1}).sort("_id").to_list()
    assert all("u" in one for one in before)
    assert {one.get("l") for one in before} >= {None, 1, 3, 4, 5}
    await history.update_many({}, {"$unset": {"u": "", "l": ""}})
    await reindex(database, lambda _: None)
    assert await history.find({}, {"u": 1, "l": 1}).sort("_id").to_list() == before


def test_steps_reach_as_far_back_as_what_lasted_so_long() -> None:
    for pause in (*PAUSES, timedelta(days=3000), timedelta(minutes=1), timedelta(minutes=16)):
        for later in (MILLISECOND, timedelta(days=20)):
            fields = superseded_fields(BEGIN, BEGIN + pause)
            first = dict(lasting(BEGIN + pause - later))[fields.get("l", 0)]
            assert first <= BEGIN
    assert superseded_fields(BEGIN, BEGIN + timedelta(seconds=59)) == {
        "u": BEGIN + timedelta(seconds=59)
    }
