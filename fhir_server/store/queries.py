"""How the store asks MongoDB: plain commands, which cost a fifth less than the driver's cursors.

Outside transactions they see what a majority has; each has a time limit. (On the primary, an
acknowledged write is part of that.)
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar, cast

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    AutoReconnect,
    NetworkTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
)

from fhir_server.store.trouble import TRANSLATING

Document = dict[str, Any]
T = TypeVar("T")

TIMES: Final = CodecOptions[Document](tz_aware=True)
RAW: Final = CodecOptions[RawBSONDocument](document_class=RawBSONDocument, tz_aware=True)
_MAJORITY: Final = {"level": "majority"}
_SNAPSHOT: Final = {"level": "snapshot"}
"""Of the majority's data too, and at one instant: never half a transaction."""
_CATALOG_CHANGED: Final = 246
"""A collection was made just now, and the snapshot is older; the next one is not."""
_PATIENCE: Final = 5


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
        session: AsyncClientSession | None,
    ) -> Document | None:
        """The document that meets the conditions."""
        return await self._first(collection, conditions, fields, session, TIMES)

    async def first_raw(
        self,
        collection: str,
        conditions: Mapping[str, Any],
        fields: Mapping[str, Any],
        session: AsyncClientSession | None,
    ) -> RawBSONDocument | None:
        """The same, undecoded, to be copied or restored."""
        return await self._first(collection, conditions, fields, session, RAW)

    async def _first(
        self,
        collection: str,
        conditions: Mapping[str, Any],
        fields: Mapping[str, Any],
        session: AsyncClientSession | None,
        options: CodecOptions[Any],
    ) -> Any:
        command = self._command("find", collection, session, _MAJORITY)
        command |= {"filter": conditions, "projection": fields, "limit": 1, "singleBatch": True}
        reply = await self.run(command, session, options)
        batch = reply["cursor"]["firstBatch"]
        return batch[0] if batch else None

    async def many(
        self,
        collection: str,
        conditions: Mapping[str, Any],
        fields: Mapping[str, Any],
        session: AsyncClientSession | None,
        **options: Any,
    ) -> list[Document]:
        """All documents that meet the conditions, however many batches they take.

        The options are those of MongoDB's `find` command.
        """
        command = self.find(collection, conditions, fields, session, **options)
        return await self._all(command, session, TIMES)

    async def many_raw(
        self,
        collection: str,
        conditions: Mapping[str, Any],
        fields: Mapping[str, Any],
        session: AsyncClientSession | None,
        **options: Any,
    ) -> list[RawBSONDocument]:
        """The same, undecoded."""
        command = self.find(collection, conditions, fields, session, **options)
        return await self._all(command, session, RAW)

    def find(
        self,
        collection: str,
        conditions: Mapping[str, Any],
        fields: Mapping[str, Any],
        session: AsyncClientSession | None,
        **options: Any,
    ) -> Document:
        """A `find` command. What it sorts has to fit into memory."""
        command = self._command("find", collection, session, _SNAPSHOT)
        command |= {"filter": conditions, "projection": fields, "allowDiskUse": False}
        if limit := options.get("limit"):
            command["batchSize"] = limit + 1  # so that the first batch ends the cursor
        return command | options

    async def count(
        self,
        collection: str,
        conditions: Mapping[str, Any],
        session: AsyncClientSession | None,
        *,
        hint: str | None = None,
        limit: int | None = None,
    ) -> int:
        """How many documents meet the conditions, or `limit` where there are more."""
        cut = [] if limit is None else [{"$limit": limit}]
        command = self._command("aggregate", collection, session, _SNAPSHOT)
        command["pipeline"] = [{"$match": conditions}, *cut, {"$count": "n"}]
        command["cursor"] = {}
        if hint is not None:
            command["hint"] = hint
        counted = (await self.run(command, session))["cursor"]["firstBatch"]
        return cast(int, counted[0]["n"]) if counted else 0

    async def run(
        self,
        command: Document,
        session: AsyncClientSession | None,
        options: CodecOptions[Any] = TIMES,
    ) -> Any:
        """The reply to a command that only reads."""

        async def ask() -> Any:
            return await self._database.command(command, codec_options=options, session=session)

        return await _again(ask, session)

    async def _all(
        self, command: Document, session: AsyncClientSession | None, options: CodecOptions[Any]
    ) -> list[Any]:
        """A driver's cursor costs as much again as the question, so a page does without."""

        async def ask() -> list[Any]:
            if "limit" in command:
                reply = await self._database.command(
                    command, codec_options=options, session=session
                )
                if not reply["cursor"]["id"]:
                    return reply["cursor"]["firstBatch"]
                # More than the 16 MB of one answer: the same again, batch by batch.
                kill = {"killCursors": command["find"], "cursors": [reply["cursor"]["id"]]}
                await self._database.command(kill, session=session)
            cursor = await self._database.cursor_command(
                command, codec_options=options, session=session
            )
            return await cursor.to_list()

        return await _again(ask, session)

    def _command(
        self,
        name: str,
        collection: str,
        session: AsyncClientSession | None,
        concern: Mapping[str, str],
    ) -> Document:
        command: Document = {name: collection, "maxTimeMS": self._milliseconds}
        if session is None:
            command["readConcern"] = concern
        return command


async def _again(ask: Callable[[], Awaitable[T]], session: AsyncClientSession | None) -> T:
    """Asks, and again where the connection broke (the driver retries no plain command) or the
    snapshot is too old."""
    with TRANSLATING:
        left = _PATIENCE if session is None else 0
        while True:
            try:
                return await ask()
            except (AutoReconnect, OperationFailure) as problem:
                left -= 1
                if left < 0 or not _passing(problem):
                    raise
                if isinstance(problem, OperationFailure):
                    await asyncio.sleep(0.02)


def _passing(problem: AutoReconnect | OperationFailure) -> bool:
    if isinstance(problem, OperationFailure):
        return problem.code == _CATALOG_CHANGED
    return not isinstance(problem, ServerSelectionTimeoutError | NetworkTimeout)
