"""The same choices on every run: ids and random numbers that follow from what they are for.

What is made for one number depends on no other, so that several processes may each make a part,
and the records of the first hundred patients are the same in a practice of any size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from random import Random
from typing import Final
from uuid import UUID

from resources.fhir_json import Resource

_SEED: Final = 1
FIRST: Final = datetime(2018, 1, 1, 7, tzinfo=UTC)
"""When the practice opened."""
LAST: Final = datetime(2026, 1, 1, 7, tzinfo=UTC)
"""Its present: what is later is planned."""


@dataclass(frozen=True, slots=True)
class Made:
    """A resource, its id, and when it is to have been written."""

    resource: Resource
    logical_id: str
    written: datetime

    @property
    def type_name(self) -> str:
        name: str = self.resource["resourceType"]
        return name


def identity(kind: str, *numbers: int) -> str:
    """The id of the thing of this kind with these numbers."""
    text = "/".join(map(str, (_SEED, kind, *numbers)))
    return str(UUID(bytes=blake2b(text.encode(), digest_size=16).digest(), version=4))


def chance(kind: str, number: int) -> Random:
    """Random numbers for one thing."""
    return Random(f"{_SEED}/{kind}/{number}")


def falling(number: int) -> tuple[float, ...]:
    """Weights of which a few are large and many small (Zipf), to be added up as they are."""
    total = 0.0
    return tuple(total := total + 1 / place for place in range(1, number + 1))


def moment(among: Random, begin: datetime, end: datetime) -> datetime:
    """A full minute between the two."""
    minutes = int((end - begin).total_seconds() // 60)
    return begin + timedelta(minutes=int(among.random() * minutes))


def reference(type_name: str, logical_id: str) -> dict[str, str]:
    return {"reference": f"{type_name}/{logical_id}"}


def concept(system: str, code: str, display: str | None = None) -> Resource:
    if display is None:
        return {"coding": [{"system": system, "code": code}]}
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def share(number: int, of: Sequence[int]) -> int:
    """How many of something number N has: a few have many, and ten together always as many."""
    return of[number % len(of)]
