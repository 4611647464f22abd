"""The connection to MongoDB: how it reads and writes, which collections and indexes there are.

Reads see what a majority has (nobody is shown what a failover could take back) on the primary,
where a write that was acknowledged is part of it: so everybody reads their own writes. Writes
are acknowledged by a majority that has them in its journal.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum
from time import monotonic
from typing import Any, Final
from weakref import WeakValueDictionary

import pymongo
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import (
    ConfigurationError,
    InvalidURI,
    OperationFailure,
    PyMongoError,
)
from pymongo.write_concern import WriteConcern

from fhir_server.search import plan
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.indexes import CONTENTS_INDEXES, HISTORY_INDEXES, IndexSpec
from fhir_server.store import schema
from fhir_server.store.additions import AdditionsDocument
from fhir_server.store.queries import TIMES, Document, Queries, View
from fhir_server.store.schema import StoreRefused
from fhir_server.store.trouble import TRANSLATING, unavailable
from resources.registry import REGISTRY

HISTORY: Final = "_history"
LOCKS: Final = "_locks"
STORE: Final = "_store"
CONTENTS: Final = "_contents"
CHUNKS: Final = "_chunks"
_TYPES: Final = "types"

MAJORITY: Final = WriteConcern(w="majority", j=True, wtimeout=15_000)
PATIENCE: Final = 0.5
"""Seconds for which what was heard of search parameters is relied on."""
_STORAGE: Final = {"wiredTiger": {"configString": "block_compressor=zstd"}}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost."""

    query_milliseconds: int = 10_000
    candidates: int = 50_000
    """Documents that one step of a search looks at for what its index cannot tell."""
    estimated: int = 10_000
    """Matches that `_total=estimate` counts before it estimates."""
    included: int = 1_000
    """Resources that includes add to one page."""
    joined: int = 10_000
    """Resources that one step of a chain may find."""
    transaction_seconds: float = 10.0
    """How long an interrupted transaction is tried again."""
    lifetime_seconds: float = 55.0
    """A transaction that was interrupted later than this ran into MongoDB's own limit, 60 s."""
    selection_seconds: float = 3.0
    """How long to wait for a primary before saying that the store is away."""
    hearing_seconds: float = 5.0
    """How long to wait for what every request asks first; then the store is away as well."""
    settling_seconds: float = 4 * PATIENCE
    """From the publication of a search parameter until documents are walked: every process knows
    of it by then, or notices that its write is late."""


class Integrity(Enum):
    """What is kept: nothing; that references name what is there; and that it stays there."""

    OFF = "off"
    WRITE = "write"
    DELETE = "delete"


class Unprepared(Exception):
    """A transaction is about to write to a collection that may not exist yet."""

    def __init__(self, type_name: str) -> None:
        super().__init__(type_name)
        self.type_name = type_name


class Database(Queries):
    """One MongoDB database with FHIR resources in it. `connect` makes one."""

    needs_reindex: str | None = None
    """In one sentence, why `reindex` should run."""

    def __init__(
        self,
        client: AsyncMongoClient[Document],
        name: str,
        limits: Limits,
        cursor_key: bytes,
        catalogue: Catalogue,
        integrity: Integrity = Integrity.OFF,
    ) -> None:
        database = client.get_database(name, codec_options=TIMES, write_concern=MAJORITY)
        super().__init__(database, limits.query_milliseconds)
        self.limits = limits
        self.cursor_key = cursor_key
        self.integrity = integrity
        self.catalogue = catalogue
        """What can be searched by on this store."""
        self._revision = 0
        self._heard_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None
        self._client = client
        self._collections: dict[str, AsyncCollection[Document]] = {}
        self._prepared: set[str] = set()
        self._listed: set[str] = set()
        self._serial: WeakValueDictionary[object, asyncio.Lock] = WeakValueDictionary()
        self.additions = AdditionsDocument(self.collection(STORE))
        """What can be searched by beside the standard parameters, as it is recorded."""

    @classmethod
    async def connect(
        cls,
        uri: str,
        name: str,
        *,
        cursor_key: bytes,
        base_url: str,
        limits: Limits | None = None,
        integrity: Integrity = Integrity.OFF,
    ) -> Database:
        """Connects, and checks that this is a MongoDB and a store to work with.

        The key signs page links and has to be the same for all workers; the base URL is the
        server's own, which references to its resources may begin with.

        Raises `StoreRefused` with a sentence for the operator, `FhirError` UNAVAILABLE where
        nothing answers.
        """
        limits = limits or Limits()
        logging.getLogger("pymongo").setLevel(logging.WARNING)  # it logs documents at DEBUG
        try:
            client: AsyncMongoClient[Document] = AsyncMongoClient(
                uri,
                retryWrites=True,
                retryReads=True,
                serverSelectionTimeoutMS=int(limits.selection_seconds * 1000),
                connectTimeoutMS=int(limits.selection_seconds * 1000),
                waitQueueTimeoutMS=10_000,
                socketTimeoutMS=60_000,
                appname="fhir-server",
            )
        except (ConfigurationError, InvalidURI, ValueError) as problem:
            raise StoreRefused(f"The MongoDB URI cannot be used: {problem}.") from None
        self = cls(client, name, limits, cursor_key, Catalogue(base_url.rstrip("/")), integrity)
        try:
            await self._open()
        except BaseException:
            await client.close()
            raise
        return self

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
        await self._client.close()

    async def __aenter__(self) -> Database:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def ready(self) -> bool:
        """Whether MongoDB takes a majority write within a second."""
        try:
            with pymongo.timeout(1.0):
                await self.collection(STORE).update_one(
                    {"_id": "ready"}, {"$inc": {"n": 1}}, upsert=True
                )
        except PyMongoError:
            return False
        return True

    # Collections

    def collection(self, name: str) -> AsyncCollection[Document]:
        """Of this name; kept, because the driver takes its time to make one."""
        known = self._collections.get(name)
        if known is None:
            known = self._collections[name] = self._database.get_collection(name)
        return known

    async def prepare(self, type_name: str) -> None:
        """Makes sure of a type's collection and indexes, before its first write by this process.

        Both commands do nothing where the work is done, so several processes may do this at once.
        """
        if type_name not in self._prepared:
            async with self.serial(("prepare", type_name)):
                if type_name not in self._prepared:
                    await self._list([type_name])
                    await self._make(type_name, plan.INDEXES(type_name))

    def prepared(self, type_name: str) -> None:
        """Raises `Unprepared`: collections are not made inside a transaction."""
        if type_name not in self._prepared:
            raise Unprepared(type_name)

    async def stored_types(self) -> list[str]:
        """The types that have a collection."""
        with TRANSLATING:
            names = await self._database.list_collection_names()
        return sorted(name for name in names if REGISTRY.is_type(name))

    async def listed_types(self, view: View) -> frozenset[str]:
        """The types that may have resources. It is written before a type's first one, so that at
        every instant nothing is missing from it."""
        found = await self.first(STORE, {"_id": _TYPES}, {"names": 1}, view)
        return frozenset(found["names"] if found else ())

    async def _list(self, type_names: Sequence[str]) -> None:
        new = [name for name in type_names if name not in self._listed]
        if not new:
            return
        with TRANSLATING:
            await self.collection(STORE).update_one(
                {"_id": _TYPES}, {"$addToSet": {"names": {"$each": new}}}, upsert=True
            )
        self._listed.update(new)

    async def _make(self, name: str, specs: Sequence[IndexSpec]) -> None:
        """A collection appears together with its indexes, so that no plan misses its index."""
        indexes = [_index(each) for each in specs]
        with TRANSLATING:
            async with self.session() as session:
                try:
                    async with await session.start_transaction():
                        await self._create(name, indexes, session)
                except OperationFailure:
                    pass  # it is there, or someone else is at it, or compression has no zstd
            if indexes:
                await self._database.command({"createIndexes": name, "indexes": indexes})
        self._prepared.add(name)

    async def _create(
        self, name: str, indexes: Sequence[Mapping[str, Any]], session: AsyncClientSession
    ) -> None:
        await self._database.create_collection(
            name, session=session, check_exists=False, storageEngine=_STORAGE
        )
        if indexes:
            command = {"createIndexes": name, "indexes": indexes}
            await self._database.command(command, session=session)

    # Opening

    async def _open(self) -> None:
        with TRANSLATING:
            hello = await self._database.command("hello")
        if "setName" not in hello and hello.get("msg") != "isdbgrid":
            raise StoreRefused(
                "That MongoDB is a standalone, which has no transactions; "
                "start it with --replSet and initiate a replica set of one member."
            )
        await self._make(HISTORY, HISTORY_INDEXES)
        for name in (LOCKS, STORE, CHUNKS):
            await self._make(name, ())
        await self._make(CONTENTS, CONTENTS_INDEXES)
        await self._check_schema()
        await self.hear()
        stored = await self.stored_types()
        await self._list(stored)
        for type_name in stored:
            await self.prepare(type_name)

    async def _check_schema(self) -> None:
        store = self.collection(STORE)
        with TRANSLATING:
            await store.update_one(
                {"_id": schema.DOCUMENT_ID}, {"$setOnInsert": schema.current()}, upsert=True
            )
            recorded = await store.find_one({"_id": schema.DOCUMENT_ID})
        self.needs_reindex = schema.check(recorded) if recorded else None

    async def record_schema(self) -> None:
        """To be called when every document has the present form."""
        with TRANSLATING:
            await self.collection(STORE).update_one(
                {"_id": schema.DOCUMENT_ID}, {"$set": schema.current()}, upsert=True
            )
        self.needs_reindex = None

    # What can be searched by

    async def keep_up(self) -> None:
        """Before a search is read or a resource indexed: asks what can be searched by, unless it
        was asked just now. One question is under way at a time, and all wait for its answer."""
        called = monotonic()
        while self._heard_at < called - PATIENCE:
            if self._asking is None:
                self._asking = asyncio.create_task(self._ask())
            await asyncio.shield(self._asking)

    async def _ask(self) -> None:
        try:
            await self.hear()
        finally:
            self._asking = None

    async def hear(self) -> None:
        """Asks now. Raises UNAVAILABLE where no answer comes."""
        asked_at = monotonic()
        try:
            async with asyncio.timeout(self.limits.hearing_seconds):
                newer = await self.additions.newer_than(self._revision)
        except TimeoutError:
            raise unavailable("no answer") from None
        if asked_at < self._heard_at:  # somebody who asked later has heard already
            return
        if newer is not None:
            self._revision = newer.revision
            self.catalogue = newer.catalogue(self.catalogue.base_url)
        self._heard_at = asked_at

    # Writing

    def session(self) -> AbstractAsyncContextManager[AsyncClientSession]:
        """For one transaction."""
        return self._client.start_session(causal_consistency=False)

    def serial(self, key: object) -> asyncio.Lock:
        """A lock of this process: those who would only get in each other's way queue up here."""
        lock = self._serial.get(key)
        if lock is None:
            lock = self._serial[key] = asyncio.Lock()
        return lock


def _index(spec: IndexSpec) -> dict[str, Any]:
    """As `createIndexes` takes it."""
    index: dict[str, Any] = {"name": spec.name, "key": dict(spec.fields)}
    if spec.having is not None:
        index["partialFilterExpression"] = {spec.having: {"$exists": True}}
    return index
