"""What is done in the background for somebody, and how far it is (R4 `async.html`).

It stands in the store, so that any worker can tell. Only who had it started is told of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final
from uuid import uuid4

from fhir_server.outcome import Category, FhirError, error
from fhir_server.store.database import STORE, Database
from fhir_server.store.trouble import TRANSLATING

KEPT: Final = timedelta(days=1)
"""How long a job can be asked about after its last sign of life."""
SILENCE: Final = timedelta(minutes=2)
"""After so long without a sign of life, whoever worked on it is gone."""


class State(Enum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


class Stopped(Exception):
    """Whoever started the job does not want it any more."""


@dataclass(frozen=True, slots=True)
class Job:
    """How far one is."""

    id: str
    state: State
    progress: str
    """In a few words."""
    body: bytes
    """The resource that it came to, or the OperationOutcome of its failure."""
    status: int
    """Of the answer."""


class Jobs:
    """Those of one caller."""

    __slots__ = ("_caller", "_jobs")

    def __init__(self, database: Database, caller: str) -> None:
        self._jobs = database.collection(STORE)
        self._caller = caller

    async def add(self, what: str) -> str:
        """A new one that runs; its id. What is old is forgotten."""
        now, name = datetime.now(UTC), uuid4().hex
        with TRANSLATING:
            await self._jobs.delete_many({"_id": {"$regex": "^job:"}, "t": {"$lt": now - KEPT}})
            await self._jobs.insert_one(
                {
                    "_id": _key(name),
                    "caller": self._caller,
                    "what": what,
                    "state": State.RUNNING.value,
                    "progress": "",
                    "t": now,
                }
            )
        return name

    async def find(self, name: str) -> Job:
        """Raises NOT_FOUND for another's as for none."""
        with TRANSLATING:
            found = await self._jobs.find_one({"_id": _key(name), "caller": self._caller})
        if found is None or found["state"] == State.STOPPED.value:
            raise _unknown(name)
        state = State(found["state"])
        if state is State.RUNNING and found["t"] < datetime.now(UTC) - SILENCE:
            text = f"The server that worked on {found['what']} stopped; start it again."
            raise error(Category.UNAVAILABLE, text)
        status = found.get("status", 200)
        return Job(name, state, found["progress"], found.get("body", b""), status)

    async def report(self, name: str, progress: str) -> None:
        """A sign of life. Raises `Stopped` where nobody wants it any more."""
        await self._change(name, {"progress": progress})

    async def finish(self, name: str, body: bytes) -> None:
        await self._change(name, {"state": State.DONE.value, "body": body})

    async def fail(self, name: str, status: int, outcome: bytes) -> None:
        await self._change(name, {"state": State.FAILED.value, "status": status, "body": outcome})

    async def stop(self, name: str) -> None:
        """Forgets its outcome and tells it to end. Raises NOT_FOUND."""
        mine = {
            "_id": _key(name),
            "caller": self._caller,
            "state": {"$ne": State.STOPPED.value},
        }
        with TRANSLATING:
            done = await self._jobs.update_one(
                mine, {"$set": {"state": State.STOPPED.value}, "$unset": {"body": ""}}
            )
        if not done.matched_count:
            raise _unknown(name)

    async def _change(self, name: str, facts: dict[str, Any]) -> None:
        running = {"_id": _key(name), "state": State.RUNNING.value}
        with TRANSLATING:
            done = await self._jobs.update_one(running, {"$set": {**facts, "t": datetime.now(UTC)}})
        if not done.matched_count:
            raise Stopped


def _key(name: str) -> str:
    return f"job:{name}"


def _unknown(name: str) -> FhirError:
    return error(Category.NOT_FOUND, f"There is no job {name[:64]!r} of yours.")
