"""Up to when the history is settled, so that nobody who reads it page by page misses a version.

A version's time is set before it is committed. So a version may appear with a time that a reader
of `_since` has passed already, unless readers stop before the oldest write that is under way:

- Of transactions MongoDB itself tells which are open, whoever began them and whether they still
  live. A version's time is taken after its transaction has opened there, so that none that is not
  listed can still commit a time from before the question.
- A create that is one insert is no transaction. It takes less than `PROMPT` from its time to its
  acknowledgement, or its version is stamped anew in a transaction; `GRACE` is left for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from fhir_server.store.database import Database
from fhir_server.store.document import now
from fhir_server.store.snapshot import Snapshot, SnapshotLost
from fhir_server.store.trouble import unavailable

T = TypeVar("T")

PROMPT: Final = 0.25
"""Seconds from the time of a version to the acknowledgement of its one insert."""
GRACE: Final = timedelta(seconds=2 * PROMPT)
"""The same, and as much again for clocks that differ."""
LIFETIME: Final = timedelta(seconds=60)
"""What MongoDB lets a transaction live (`transactionLifetimeLimitSeconds`), to be waited for where
it does not tell which are open."""
_PATIENCE: Final = 5


@dataclass(frozen=True, slots=True)
class Settled:
    """Every version up to `until` that will ever be is seen at `snapshot`."""

    until: datetime
    snapshot: Snapshot


async def settled(database: Database) -> Settled:
    """Asks MongoDB now. All that was committed by the time of its reply is in the snapshot."""
    asked_at = now()
    microseconds, at = await database.oldest_transaction()
    open_for = LIFETIME if microseconds is None else timedelta(microseconds=microseconds)
    return Settled(asked_at - open_for - GRACE, Snapshot(at))


async def read_settled(database: Database, work: Callable[[Settled], Awaitable[T]]) -> T:
    """What `work` comes to at one settled instant; it may be run several times."""
    for _ in range(_PATIENCE):
        try:
            return await work(await settled(database))
        except SnapshotLost:
            await asyncio.sleep(0.02)
    raise unavailable("each snapshot was lost")
