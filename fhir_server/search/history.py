"""What the history of a type or of the system is asked for (R4 `http.html#history`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fhir_server.search.cursor import Position
from fhir_server.search.expression import (
    And,
    Expression,
    Member,
    NoMember,
    Nothing,
    OnlyMember,
    Or,
)

FIRST: Final = datetime.min.replace(tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)
_LASTING: Final = tuple((step, 16**step * _MINUTE) for step in range(6))
"""Steps of how long a version was current: less than a minute, and each below sixteen times the
one before."""
_LONGEST: Final = len(_LASTING)
"""The step of what lasted longer than two years."""


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time, to the millisecond as versions have it, without its end."""

    start: datetime
    end: datetime


def superseded_fields(moment: datetime, until: datetime) -> dict[str, Any]:
    """What a superseded version says of its end, for `_at`: when its successor was written (`u`),
    and the step of how long it was current (`l`), unless it was less than a minute."""
    lasted = until - moment
    step = next((step for step, most in _LASTING if lasted < most), _LONGEST)
    return {"u": until, "l": step} if step else {"u": until}


def lasting(until: datetime) -> tuple[tuple[int, datetime], ...]:
    """Each step with the time since which a version was written that lasted for it and was
    superseded at that time or later; the first step is that of less than a minute."""
    known = ((step, FIRST if until - FIRST < most else until - most) for step, most in _LASTING)
    return (*known, (_LONGEST, FIRST))


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """The versions of these types, newest first."""

    type_name: str
    """Empty where the system is asked."""
    types: tuple[str, ...]
    named: bool
    """The types are named: one without a scope is refused, and not left out."""
    count: int
    since: datetime | None = None
    applied: tuple[tuple[str, str], ...] = ()
    """As given, for the self link."""
    at: Period | None = None
    """Only what was current at some point of it: was written within, or current at its start."""

    @property
    def compartment(self) -> str:
        """Sets its positions apart from those of searches."""
        return "_history"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a version stands in the order of a history; the newest is the greatest."""

    moment: datetime
    type_name: str
    logical_id: str
    version: int

    def position(self) -> Position:
        """For a cursor."""
        micros = self.moment.isoformat()
        return Position((micros, self.type_name, self.version), self.logical_id)


def place_of(position: Position) -> Place:
    """The place that a cursor's position tells."""
    moment, type_name, version = position.values
    return Place(
        datetime.fromisoformat(str(moment)), str(type_name), position.logical_id, int(version or 0)
    )


@dataclass(frozen=True, slots=True)
class Records:
    """The records that all versions within a policy belong to, as far as the policy says it."""

    patients: frozenset[str]
    nobody: bool
    """What is in nobody's record may be within it too."""


def records_of(policy: Expression) -> Records | None:
    """None where it may be anybody's."""
    match policy:
        case Nothing():
            return Records(frozenset(), nobody=False)
        case Member(patients) | OnlyMember(patients):
            return Records(patients, nobody=False)
        case NoMember():
            return Records(frozenset(), nobody=True)
        case And(parts):
            return next((each for part in parts if (each := records_of(part))), None)
        case Or(parts):
            return _joined([records_of(part) for part in parts])
        case _:
            return None


def _joined(parts: list[Records | None]) -> Records | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    patients = frozenset[str]().union(*(part.patients for part in known))
    return Records(patients, any(part.nobody for part in known))
