"""All or nothing: MongoDB transactions, run again from the start when another was in the way.

A transaction sees one snapshot, so two of them can each decide on what the other changes (write
skew). Whatever a decision read is therefore made a write, of a lock document.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from hashlib import sha256
from random import uniform
from time import monotonic
from typing import Final, TypeVar

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import ConnectionFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from fhir_server.outcome import Category, FhirError, error
from fhir_server.store.database import LOCKS, MAJORITY, Database, Unprepared
from fhir_server.store.document import now
from fhir_server.store.lateness import keep_findable
from fhir_server.store.trouble import TRANSLATING, Duplicate, Interrupted, outcome_unknown

T = TypeVar("T")

_SNAPSHOT: Final = ReadConcern("snapshot")
_COMMITS: Final = 3
_LONGEST_PAUSE: Final = 0.25
_LOCK_DOCUMENTS: Final = 1 << 20


async def run_transaction(
    database: Database, work: Callable[[AsyncClientSession], Awaitable[T]]
) -> T:
    """What `work` comes to, committed. It may be run several times and must only touch the store.

    Raises `FhirError` CONFLICT when other changes get in the way for too long.
    """
    deadline = monotonic() + database.limits.transaction_seconds
    attempt = 0
    while True:
        began = monotonic()
        try:
            return await _attempt(database, work)
        except Unprepared as missing:
            await database.prepare(missing.type_name)
            continue
        except Interrupted as interruption:
            attempt += 1
            if monotonic() - began > database.limits.lifetime_seconds:
                raise _too_long(monotonic() - began) from None
            if monotonic() > deadline or (interruption.away and attempt > 1):
                raise interruption.given_up() from None
        await asyncio.sleep(uniform(0, min(_LONGEST_PAUSE, 0.004 * 2**attempt)))  # noqa: S311  no secret


def _too_long(seconds: float) -> FhirError:
    text = (
        f"The transaction was ended after {seconds:.0f} seconds: MongoDB lets one take 60, unless "
        "its transactionLifetimeLimitSeconds says else. Send it in smaller parts."
    )
    return error(Category.TOO_COSTLY, text)


async def _attempt(database: Database, work: Callable[[AsyncClientSession], Awaitable[T]]) -> T:
    """Once. What ends without a commit is taken back by the end of its session."""
    await database.keep_up()
    catalogue, began = database.catalogue, now()
    async with database.session() as session:
        with TRANSLATING:
            await session.start_transaction(read_concern=_SNAPSHOT, write_concern=MAJORITY)
        result = await work(session)
        await database.keep_up()
        if database.catalogue is not catalogue:  # what was indexed lacks what is known by now
            raise Interrupted(away=False)
        with TRANSLATING:
            await _commit(session)
    await keep_findable(database, catalogue, began)
    return result


async def _commit(session: AsyncClientSession) -> None:
    """Commits; asked again, MongoDB tells the outcome of the first commit rather than another."""
    for remaining in reversed(range(_COMMITS)):
        try:
            await session.commit_transaction()
        except PyMongoError as problem:
            if problem.has_error_label("TransientTransactionError"):
                raise
            if not _unconfirmed(problem):
                raise
            if not remaining:
                raise outcome_unknown() from None
        else:
            return


def _unconfirmed(problem: PyMongoError) -> bool:
    return isinstance(problem, ConnectionFailure) or problem.has_error_label(
        "UnknownTransactionCommitResult"
    )


async def opened(database: Database, session: AsyncClientSession) -> None:
    """Makes sure that MongoDB knows of the transaction, which it does from its first question on:
    before a version takes its time (`settling`)."""
    await database.first(LOCKS, {"_id": -1}, {"_id": 1}, session)


async def lock(database: Database, session: AsyncClientSession, keys: Iterable[str]) -> None:
    """Until the end of the transaction, nobody else who names one of these keys can commit.

    Keys are hashed onto a bounded set of documents: two keys may, rarely, be one lock.
    """
    digests = (sha256(key.encode()).digest() for key in keys)
    numbers = sorted({int.from_bytes(digest[:8], "big") % _LOCK_DOCUMENTS for digest in digests})
    if not numbers:
        return
    writes = [UpdateOne({"_id": number}, {"$inc": {"n": 1}}, upsert=True) for number in numbers]
    try:
        with TRANSLATING:
            await database.collection(LOCKS).bulk_write(writes, ordered=False, session=session)
    except Duplicate:  # made by another transaction since this one's snapshot
        raise Interrupted(away=False) from None


async def hold(
    database: Database, session: AsyncClientSession, type_name: str, ids: Sequence[str]
) -> None:
    """Until the end of the transaction, nobody else who changes one of these resources can commit.

    A resource that was only read becomes a write: MongoDB looks for no other conflicts.
    """
    found = {"_id": ids[0] if len(ids) == 1 else {"$in": ids}}
    with TRANSLATING:
        await database.collection(type_name).update_many(found, {"$inc": {"h": 1}}, session=session)
