"""Which starts of the main date a walk along the index has to see (R4 `search.html#prefix`).

A date is a span, and `ge` asks for its end, by which no index is sorted. But a span that ends after
a moment, and is no longer than a day, starts at most a day before it; so what lasts longer has its
keys a second time, by how long it lasts (`stored`), and is looked for in a walk of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from fhir_server.search import keys
from fhir_server.search.expression import DateTest, Expression, Or, Span
from fhir_server.search.main_dates import Lasting, lasting
from fhir_server.search.relations import relation

DAY: Final = 86_400_000_000
YEAR: Final = 366 * DAY
MOST_CHOICES: Final = 8
"""Dates between commas that have walks of their own."""


@dataclass(frozen=True, slots=True)
class Window:
    """Starts from `low` up to `below`, of what lasts so long; None is no bound."""

    low: int | None = None
    below: int | None = None
    lasting: str = ""
    """What stands in front of the keys: `keys.DAYS`, `keys.YEARS`, or nothing, where it is all."""

    @property
    def condition(self) -> dict[str, dict[str, int]]:
        """On the field that holds the start."""
        bounds = {"$gte": self.low, "$lt": self.below}
        said = {operator: value for operator, value in bounds.items() if value is not None}
        return {"d": said} if said else {}

    @property
    def is_empty(self) -> bool:
        return self.low is not None and self.below is not None and self.low >= self.below

    def within(self, low: int | None, below: int | None) -> Window:
        return Window(_greater(self.low, low), _lesser(self.below, below), self.lasting)


ANY: Final = Window()


def before_keys(of: Span | None) -> str:
    """What stands in front of the keys of what lasts longer than a day."""
    if of is None or of.end - of.start <= DAY:
        return ""
    return keys.DAYS if of.end - of.start <= YEAR else keys.YEARS


def windows(type_name: str, parts: Iterable[Expression]) -> tuple[Window, ...]:
    """Windows in which every match of these conditions starts; `ANY` where none is of the date."""
    asked = [found for part in parts if (found := _asked(part))]
    if not asked:
        return (ANY,)
    common = _common([choices[0] for choices in asked if len(choices) == 1])
    several = next((choices for choices in asked if len(choices) > 1), (_Asked(),))
    found = [window for one in several for window in _of(type_name, _common([common, one]))]
    return tuple(dict.fromkeys(found))


def hull(found: tuple[Window, ...]) -> Window:
    """One window of all keys that has the others in it."""
    lows = [each.low for each in found if each.low is not None and not each.lasting]
    belows = [each.below for each in found if each.below is not None]
    return Window(
        min(lows) if len(lows) == len(found) else None,
        max(belows) if len(belows) == len(found) else None,
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """Starts from `low` up to `below`, with an end after `above`."""

    low: int | None = None
    below: int | None = None
    above: int | None = None


def _asked(part: Expression) -> tuple[_Asked, ...]:
    """What a condition asks of the main date, one for each choice; nothing if it is another."""
    match part:
        case DateTest(main=True):
            region = relation(part.prefix, part.span.start, part.span.end).within
            # A span has a length, so that what ends by a moment started before it.
            return (_Asked(region.low, _lesser(region.below, region.high), region.above),)
        case Or(parts) if len(parts) <= MOST_CHOICES:
            found = [_asked(each) for each in parts]
            return tuple(one for each in found for one in each) if all(found) else ()
        case _:
            return ()


def _common(asked: Iterable[_Asked]) -> _Asked:
    found = _Asked()
    for each in asked:
        found = _Asked(
            _greater(found.low, each.low),
            _lesser(found.below, each.below),
            _greater(found.above, each.above),
        )
    return found


def _of(type_name: str, asked: _Asked) -> Iterator[Window]:
    """The last day before `above` in the walk of all, what is before it in those of what lasts."""
    whole = Window(asked.low, asked.below)
    if asked.above is None:
        found = [whole]
    else:
        day, year = asked.above - DAY + 1, asked.above - YEAR + 1
        longest = lasting(type_name)
        found = [whole.within(day, None)]
        if longest >= Lasting.YEAR:
            found.append(Window(asked.low, asked.below, keys.DAYS).within(year, day))
        if longest >= Lasting.ANY:
            found.append(Window(asked.low, asked.below, keys.YEARS).within(None, day))
    return (each for each in found if not each.is_empty)


def _greater(one: int | None, other: int | None) -> int | None:
    return max((each for each in (one, other) if each is not None), default=None)


def _lesser(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)
