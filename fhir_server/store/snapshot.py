"""One instant of the data for all steps of a request: MongoDB's `atClusterTime`.

The first step reads what a majority has now, and so every write that was acknowledged before; its
reply tells the time at which all later steps read. A transaction is never half seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from bson.timestamp import Timestamp

from fhir_server.store.trouble import unavailable

T = TypeVar("T")

LOST: Final = frozenset((239, 246))
"""SnapshotTooOld, and SnapshotUnavailable: a collection was made after it."""
_PATIENCE: Final = 5


class SnapshotLost(Exception):
    """The steps so far are to be run again from the first, at this time where it is known."""

    def __init__(self, at: Timestamp | None = None) -> None:
        super().__init__()
        self.at = at


@dataclass(slots=True)
class Snapshot:
    """The instant that a request reads at. Steps may run together once the first is done."""

    at: Timestamp | None = None
    blank: bool = False
    """A step was asked of no collection, and such a reply tells no time."""

    @property
    def concern(self) -> Mapping[str, Any]:
        if self.at is None:
            return {"level": "snapshot"}
        return {"level": "snapshot", "atClusterTime": self.at}

    def learn(self, reply: Mapping[str, Any]) -> None:
        """Keeps the time of the first reply that tells one. Raises `SnapshotLost` where a step
        before it was blank: the collection may have come with what this reply shows."""
        if self.at is not None:
            return
        at = reply["cursor"].get("atClusterTime")
        if at is None:
            self.blank = True
        elif self.blank:
            raise SnapshotLost(at)
        else:
            self.at = at


async def at_one_instant(work: Callable[[Snapshot], Awaitable[T]]) -> T:
    """What `work` comes to when each of its steps reads the same snapshot; it may run again."""
    snapshot = Snapshot()
    for _ in range(_PATIENCE):
        try:
            return await work(snapshot)
        except SnapshotLost as lost:
            snapshot = Snapshot(lost.at)
            if lost.at is None:
                await asyncio.sleep(0.02)
    raise unavailable("each snapshot was lost")
