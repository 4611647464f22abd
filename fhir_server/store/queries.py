"""How the store asks MongoDB: plain commands, which cost a fifth less than the driver's cursors.

Outside transactions they see what a majority has; each has a time limit. (On the primary, an
acknowledged write is part of that.)
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar, cast

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from bson.timestamp import Timestamp
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    AutoReconnect,
    NetworkTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
)

from fhir_server.store.snapshot import LOST, Snapshot, SnapshotLost
from fhir_server.store.trouble import TRANSLATING

Document = dict[str, Any]
View: TypeAlias = AsyncClientSession | Snapshot | None
"""Where a reading command reads: in a transaction, at an instant, or now."""
T = TypeVar("T")

TIMES: Final = CodecOptions[Document](tz_aware=True)
RAW: Final = CodecOptions[RawBSONDocument](document_class=RawBSONDocument, tz_aware=True)
_MAJORITY: Final = {"level": "majority"}
_SNAPSHOT: Final = {"level": "snapshot"}
"""Of the majority's data too, and at one instant: never half a transaction."""
_PATIENCE: Final = 5
_OLDEST: Final = (
    {"$currentOp": {"idleSessions": True}},
    {"$match": {"transaction": {"$exists": True}}},
    {"$group": {"_id": None, "longest": {"$max": "$transaction.timeOpenMicros"}}},
)
_UNTOLD: Final = {8, 13, 59, 8000, 40324}
"""Refusals of `$currentOp`: unauthorized, unknown, not offered by a host."""


class Queries:
    """Reading commands on one MongoDB database."""

    def __init__(self, database: AsyncDatabase[Document], milliseconds: int) -> None:
        self._database = database
        self._milliseconds = milliseconds

    async def first(
        self,
        collection: str,
        conditions: Mapping[str, Any],
        fields: Mapping[str, Any],
        view: View,
    ) -> Document | None:
        """The document that meets the conditions."""
        return await self._first(collection, conditions, fields, view, TIMES)

    async def first_raw(
        self,
        collection: str,
        conditions: Mapping[str, Any],
        fields: Mapping[str, Any],
        view: View,
    ) -> RawBSONDocument | None:
        """The same, undecoded, to be copied or restored."""
        return await self._first(collection, conditions, fields, view, RAW)

    async def _first(
        self,
        collection: str,
        conditions: Mapping[str, Any],
        fields: Mapping[str, Any],
        view: View,
        options: CodecOptions[Any],
    ) -> Any:
        command = self._command("find", collection, view, _MAJORITY)
        command |= {"filter": conditions, "projection": fields, "limit": 1, "singleBatch": True}
        reply = await self.run(command, view, options)
        batch = reply["cursor"]["firstBatch"]
        return batch[0] if batch else None

    async def many(
        self,
        collection: str,
        conditions: Mapping[str, Any],
        fields: Mapping[str, Any],
        view: View,
        **options: Any,
    ) -> list[Document]:
        """All documents that meet the conditions, however many batches they take.

        The options are those of MongoDB's `find` command.
        """
        command = self.find(collection, conditions, fields, view, **options)
        return await self._all(command, view, TIMES)

    async def many_raw(
        self,
        collection: str,
        conditions: Mapping[str, Any],
        fields: Mapping[str, Any],
        view: View,
        **options: Any,
    ) -> list[RawBSONDocument]:
        """The same, undecoded."""
        command = self.find(collection, conditions, fields, view, **options)
        return await self._all(command, view, RAW)

    def find(
        self,
        collection: str,
        conditions: Mapping[str, Any],
        fields: Mapping[str, Any],
        view: View,
        **options: Any,
    ) -> Document:
        """A `find` command. What it sorts has to fit into memory."""
        command = self._command("find", collection, view, _SNAPSHOT)
        command |= {"filter": conditions, "projection": fields, "allowDiskUse": False}
        if limit := options.get("limit"):
            command["batchSize"] = limit + 1  # so that the first batch ends the cursor
        return command | options

    async def aggregate(
        self,
        collection: str,
        stages: Sequence[Mapping[str, Any]],
        view: View,
        *,
        hint: str | None,
        most: int,
    ) -> list[Document]:
        """All that the stages of a pipeline leave, which is so many documents at most."""
        command = self._command("aggregate", collection, view, _SNAPSHOT)
        command |= {"pipeline": stages, "cursor": {"batchSize": most + 1}, "allowDiskUse": False}
        if hint is not None:
            command["hint"] = hint
        return await self._all(command, view, TIMES)

    async def count(
        self,
        collection: str,
        conditions: Mapping[str, Any],
        view: View,
        *,
        hint: str | None = None,
        limit: int | None = None,
    ) -> int:
        """How many documents meet the conditions, or `limit` where there are more."""
        cut = [] if limit is None else [{"$limit": limit}]
        command = self._command("aggregate", collection, view, _SNAPSHOT)
        command["pipeline"] = [{"$match": conditions}, *cut, {"$count": "n"}]
        command["cursor"] = {}
        if hint is not None:
            command["hint"] = hint
        counted = (await self.run(command, view))["cursor"]["firstBatch"]
        return cast(int, counted[0]["n"]) if counted else 0

    async def roughly(self, collection: str) -> int:
        """How many documents there are, delete markers and all, as MongoDB notes it."""

        async def ask() -> int:
            return int((await self._database.command({"count": collection}))["n"])

        return await _again(ask, None)

    async def oldest_transaction(self) -> tuple[int | None, Timestamp]:
        """For how many microseconds the oldest open transaction of anybody's is open, and a time
        of the data that has all those which were committed before.

        None where MongoDB does not tell: a hosted one may keep it to its administrators.
        """

        async def ask() -> tuple[int | None, Timestamp]:
            admin = self._database.client.admin
            try:
                command: Document = {"aggregate": 1, "pipeline": _OLDEST, "cursor": {}}
                reply = await admin.command(command, maxTimeMS=self._milliseconds)
            except OperationFailure as refused:
                if refused.code not in _UNTOLD:
                    raise
                return None, (await admin.command("ping"))["operationTime"]
            found = reply["cursor"]["firstBatch"]
            return (int(found[0]["longest"] or 0) if found else 0), reply["operationTime"]

        return await _again(ask, None)

    async def run(
        self,
        command: Document,
        view: View,
        options: CodecOptions[Any] = TIMES,
    ) -> Any:
        """The reply to a command that only reads."""

        async def ask() -> Any:
            return await self._database.command(
                command, codec_options=options, session=_session(view)
            )

        reply = await _again(ask, view)
        if isinstance(view, Snapshot):
            view.learn(reply)
        return reply

    async def _all(self, command: Document, view: View, options: CodecOptions[Any]) -> list[Any]:
        """A driver's cursor costs as much again as the question, so a page does without."""
        session = _session(view)
        if "limit" in command or "pipeline" in command:
            reply = await self.run(command, view, options)
            if not reply["cursor"]["id"]:
                return reply["cursor"]["firstBatch"]
            # More than the 16 MB of one answer: the same again, batch by batch.
            kill = {"killCursors": next(iter(command.values())), "cursors": [reply["cursor"]["id"]]}
            with TRANSLATING:
                await self._database.command(kill, session=session)
            if isinstance(view, Snapshot):
                command = {**command, "readConcern": view.concern}

        async def ask() -> list[Any]:
            # The driver decodes later batches as its database says, whatever the command says.
            database = self._database.with_options(codec_options=options)
            cursor = await database.cursor_command(command, codec_options=options, session=session)
            return await cursor.to_list()

        return await _again(ask, view)

    def _command(
        self, name: str, collection: str, view: View, concern: Mapping[str, Any]
    ) -> Document:
        command: Document = {name: collection, "maxTimeMS": self._milliseconds}
        if isinstance(view, Snapshot):
            concern = view.concern
        if _session(view) is None:
            command["readConcern"] = concern
        return command


def _session(view: View) -> AsyncClientSession | None:
    return None if isinstance(view, Snapshot) else view


async def _again(ask: Callable[[], Awaitable[T]], view: View) -> T:
    """Asks, and again where the connection broke (the driver retries no plain command) or the
    snapshot is too old."""
    with TRANSLATING:
        left = _PATIENCE if _session(view) is None else 0
        while True:
            try:
                return await ask()
            except (AutoReconnect, OperationFailure) as problem:
                left -= 1
                if _lost(problem) and isinstance(view, Snapshot) and view.at is not None:
                    raise SnapshotLost from None
                if left < 0 or not _passing(problem):
                    raise
                if isinstance(problem, OperationFailure):
                    await asyncio.sleep(0.02)


def _lost(problem: AutoReconnect | OperationFailure) -> bool:
    """A collection was made just now and the snapshot is older (the next one is not), or the
    snapshot is older than what MongoDB keeps."""
    return isinstance(problem, OperationFailure) and problem.code in LOST


def _passing(problem: AutoReconnect | OperationFailure) -> bool:
    if isinstance(problem, OperationFailure):
        return _lost(problem)
    return not isinstance(problem, ServerSelectionTimeoutError | NetworkTimeout)
