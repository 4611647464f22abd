"""What happens when MongoDB is not there, not what it should be, or says no."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pymongo import MongoClient

from fhir_server.outcome import Category, FhirError
from fhir_server.search.expression import Everything, Ids
from fhir_server.search.query import SearchQuery
from fhir_server.store import Database, FhirStore, Limits, StoreRefused, UnrestrictedStore
from fhir_server.store.schema import NUMBER
from tests.ports import free_port
from tests.store.conftest import BASE_URL, CURSOR_KEY
from tests.store.mongod import Mongod, always, failing, mongod
from tests.store.test_versions import patient, refusal

# A client that is closed while its monitor is connecting leaves that socket to the collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()


QUICK = Limits(selection_seconds=1.0, transaction_seconds=1.0)
ALL = SearchQuery("Patient", Everything())


@pytest.fixture(scope="module")
def own() -> Iterator[Mongod]:
    with mongod() as started:
        yield started


@asynccontextmanager
async def connected(uri: str, name: str = "own", limits: Limits = QUICK) -> AsyncIterator[Database]:
    database = await Database.connect(
        uri, name, cursor_key=CURSOR_KEY, base_url=BASE_URL, limits=limits
    )
    async with database:
        yield database


# ---- opening -----------------------------------------------------------------------------------


async def test_a_standalone_is_refused_in_one_sentence() -> None:
    with mongod(replica_set=False) as standalone, pytest.raises(StoreRefused, match="standalone"):
        async with connected(standalone.uri, limits=Limits()):
            pass


@pytest.mark.parametrize("uri", ["", "http://h/", "mongodb://", "mongodb://h:x/"])
async def test_a_uri_that_is_none_is_refused(uri: str) -> None:
    with pytest.raises(StoreRefused):
        async with connected(uri):
            pass


async def test_nobody_there_is_unavailable_in_time() -> None:
    start = time.monotonic()
    with pytest.raises(FhirError) as refused:
        async with connected(f"mongodb://127.0.0.1:{free_port()}/"):
            pass
    assert refused.value.category is Category.UNAVAILABLE
    assert time.monotonic() - start < 3


async def test_a_newer_schema_is_refused_and_an_older_one_wants_reindex(own: Mongod) -> None:
    with MongoClient[dict[str, Any]](own.uri, directConnection=True) as client:
        store = client["schemas"]["_store"]
        async with connected(own.uri, "schemas") as database:
            assert database.needs_reindex is None
        store.update_one({"_id": "schema"}, {"$set": {"tables": "other"}})
        async with connected(own.uri, "schemas") as database:
            assert "reindex" in (database.needs_reindex or "")
            await database.record_schema()
            assert database.needs_reindex is None
        async with connected(own.uri, "schemas") as database:
            assert database.needs_reindex is None
        store.update_one({"_id": "schema"}, {"$set": {"number": NUMBER - 1}})
        async with connected(own.uri, "schemas") as database:
            assert "reindex" in (database.needs_reindex or "")
        store.update_one({"_id": "schema"}, {"$set": {"number": NUMBER + 1}})
        with pytest.raises(StoreRefused, match=str(NUMBER + 1)):
            async with connected(own.uri, "schemas"):
                pass


async def test_collections_appear_once_with_all_indexes_whoever_is_first(own: Mongod) -> None:
    async with (
        connected(own.uri, "race") as one,
        connected(own.uri, "race") as other,
        connected(own.uri, "race") as third,
    ):
        assert await one.stored_types() == []
        stores = [UnrestrictedStore(each, "test") for each in (one, other, third)]
        assert (await stores[0].search(ALL)).matches == ()
        assert await stores[0].find("Patient", Ids(frozenset({"x"}))) == []
        await asyncio.gather(
            *(each.create("Patient", patient("A")) for each in stores for _ in range(4)),
            *(each.create_many([("Patient", None, patient("B"))]) for each in stores),
        )
        indexes = await one.collection("Patient").index_information()
        assert set(indexes) == {"_id_", "keys", "updated", "member_updated"}
        assert len((await stores[1].search(ALL)).matches) == 15
        assert await third.stored_types() == ["Patient"]


# ---- failing -----------------------------------------------------------------------------------

OPERATIONS: dict[str, Any] = {
    "read": lambda store, one: store.read("Patient", one),
    "history": lambda store, one: store.history("Patient", one, count=5),
    "search": lambda store, one: store.search(ALL),
    "create": lambda store, one: store.create("Patient", patient("A")),
    "update": lambda store, one: store.update("Patient", one, patient("B")),
    "delete": lambda store, one: store.delete("Patient", one),
    "create_many": lambda store, one: store.create_many([("Patient", None, patient("A"))] * 3),
}
COMMANDS = ["find", "insert", "update", "aggregate", "commitTransaction"]


@pytest.mark.parametrize("name", OPERATIONS)
async def test_one_lost_connection_is_not_noticed(own: Mongod, name: str) -> None:
    async with connected(own.uri) as database:
        store = UnrestrictedStore(database, "test")
        one = (await store.create("Patient", patient("A"))).logical_id
        with failing(own, 1, COMMANDS, closeConnection=True):
            assert await OPERATIONS[name](store, one)


async def test_a_lost_commit_answer_is_asked_for_again(own: Mongod) -> None:
    async with connected(own.uri) as database:
        store = UnrestrictedStore(database, "test")
        one = (await store.create("Patient", patient("A"))).logical_id
        with failing(own, 3, ["commitTransaction"], closeConnection=True):
            written = await store.update("Patient", one, patient("B"))
        assert written.stored.version == 2
        assert (await store.history("Patient", one, count=9)).total == 2


async def test_a_transaction_that_is_always_interrupted_is_a_conflict(own: Mongod) -> None:
    async with connected(own.uri) as database:
        store = UnrestrictedStore(database, "test")
        one = (await store.create("Patient", patient("A"))).logical_id
        label = ["TransientTransactionError"]
        with failing(own, 9999, ["update"], errorCode=112, errorLabels=label):
            refused = await refusal(store.update("Patient", one, patient("B")))
        assert refused.category is Category.CONFLICT
        assert refused.headers["Retry-After"]
        assert (await store.read("Patient", one)).version == 1


@pytest.mark.parametrize(
    ("code", "command", "category"),
    [
        (50, "find", Category.TOO_COSTLY),
        (292, "find", Category.TOO_COSTLY),
        (388, "insert", Category.TOO_COSTLY),
        (257, "commitTransaction", Category.TOO_COSTLY),
        (10334, "insert", Category.TOO_LONG),
        (11600, "find", Category.UNAVAILABLE),
    ],
)
async def test_what_mongodb_refuses_has_its_own_outcome(
    own: Mongod, code: int, command: str, category: Category
) -> None:
    async with connected(own.uri) as database:
        store = UnrestrictedStore(database, "test")
        name = "search" if command == "find" else "create_many"
        await store.create("Patient", patient("A"))
        with failing(own, 99, [command], errorCode=code):
            refused = await refusal(OPERATIONS[name](store, "x"))
        assert refused.category is category


async def test_every_question_has_a_time_limit(own: Mongod) -> None:
    async with connected(own.uri) as database:
        store = UnrestrictedStore(database, "test")
        one = (await store.create("Patient", patient("A"))).logical_id
        counted = SearchQuery("Patient", Everything(), count=0, total="accurate")
        with always(own, "maxTimeAlwaysTimeOut"):
            for call in (
                store.read("Patient", one),
                store.vread("Patient", one, "1"),
                store.history("Patient", one, count=1),
                store.search(ALL),
                store.search(counted),
                store.update("Patient", one, patient("B")),
            ):
                assert (await refusal(call)).category is Category.TOO_COSTLY


async def test_an_accident_says_nothing_of_what_was_stored(
    own: Mongod, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(own.uri) as database:
        store = UnrestrictedStore(database, "test")
        caplog.set_level(logging.DEBUG)
        with failing(own, 1, ["insert"], errorCode=121), pytest.raises(Exception) as accident:
            await store.create("Patient", patient("Zebedee"))
        assert not isinstance(accident.value, FhirError)
        assert accident.value.__cause__ is None
        assert accident.value.__suppress_context__
        assert "Zebedee" not in str(accident.value)
        await store.create("Patient", patient("Zebedee"))
        with pytest.raises(FhirError):
            await store.create("Patient", patient("Zebedee"), logical_id="Zebedee id")
        assert "Zebedee" not in caplog.text


async def test_a_killed_mongod_is_503_soon_and_forgiven_when_back(own: Mongod) -> None:
    async with connected(own.uri) as database:
        store = UnrestrictedStore(database, "test")
        one = (await store.create("Patient", patient("A"))).logical_id
        assert await database.ready()
        own.process.send_signal(signal.SIGSTOP)
        try:
            start = time.monotonic()
            assert not await database.ready()
            assert time.monotonic() - start < 2
        finally:
            own.process.send_signal(signal.SIGCONT)
        assert await database.ready()
        await _all_unavailable(own, store, one)
        assert not await database.ready()


async def _all_unavailable(own: Mongod, store: FhirStore, one: str) -> None:
    own.process.kill()
    own.process.wait()
    for name in ("read", "create", "update"):
        start = time.monotonic()
        refused = await refusal(OPERATIONS[name](store, one))
        assert refused.category is Category.UNAVAILABLE, name
        assert refused.headers["Retry-After"]
        assert time.monotonic() - start < 5, name
