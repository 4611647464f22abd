"""Which starts of the main date a walk along the index has to see (R4 `search.html#prefix`).

A date is a span, and `ge` asks for its end, by which no index is sorted. But a span that ends after
a moment, and is no longer than a day, starts at most a day before it; so what lasts longer has its
keys a second time, by how long it lasts (`stored`), and is looked for in a walk of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from fhir_server.search import keys
from fhir_server.search.expression import DateTest, Expression, Or, Prefix, Span
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
    after: int | None = None
    """Of those, what ends after this moment, which an entry of the index tells."""
    by: int | None = None
    """What ends by this one."""

    @property
    def condition(self) -> dict[str, dict[str, int]]:
        """On the fields that hold the start and the end."""
        starts, ends = {"$gte": self.low, "$lt": self.below}, {"$gt": self.after, "$lte": self.by}
        found: dict[str, dict[str, int]] = {}
        for field, bounds in (("d", starts), ("e", ends)):
            said = {operator: value for operator, value in bounds.items() if value is not None}
            if said:
                found[field] = said
        return found

    @property
    def is_empty(self) -> bool:
        return self.low is not None and self.below is not None and self.low >= self.below

    def within(self, low: int | None, below: int | None) -> Window:
        return replace(self, low=_greater(self.low, low), below=_lesser(self.below, below))


ANY: Final = Window()


def before_keys(of: Span | None) -> str:
    """What stands in front of the keys of what lasts longer than a day."""
    if of is None or of.end - of.start <= DAY:
        return ""
    return keys.DAYS if of.end - of.start <= YEAR else keys.YEARS


def windows(type_name: str, parts: Iterable[Expression]) -> tuple[Window, ...]:
    """Windows in which every match of these conditions starts; `ANY` where none is of the date."""
    found = [_Asked()]
    for part in parts:
        found = _joined(found, part)
    return tuple(dict.fromkeys(window for one in found for window in _of(type_name, one)))


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
    after: int | None = None
    """An end after this, and by that one, which a window is to say too."""
    by: int | None = None

    @property
    def is_empty(self) -> bool:
        return self.low is not None and self.below is not None and self.low >= self.below

    def joined(self, other: _Asked) -> _Asked:
        return _Asked(
            _greater(self.low, other.low),
            _lesser(self.below, other.below),
            _greater(self.above, other.above),
            _greater(self.after, other.after),
            _lesser(self.by, other.by),
        )


def _joined(found: list[_Asked], part: Expression) -> list[_Asked]:
    """These choices, each with those of one more condition, told apart as far as they are few."""
    for exact in (True, False):
        choices = _asked(part, exact=exact)
        if choices and len(found) * len(choices) <= MOST_CHOICES:
            both = (one.joined(other) for one in found for other in choices)
            return [each for each in both if not each.is_empty]
    return found


def _asked(part: Expression, *, exact: bool) -> tuple[_Asked, ...]:
    """What a condition asks of the main date, one for each choice; nothing if it is another."""
    match part:
        case DateTest(main=True):
            return (exact and _split(part)) or (_whole(part),)
        case Or(parts) if len(parts) <= MOST_CHOICES:
            found = [_asked(each, exact=exact) for each in parts]
            return tuple(one for each in found for one in each) if all(found) else ()
        case _:
            return ()


def _whole(test: DateTest) -> _Asked:
    region = relation(test.prefix, test.span.start, test.span.end).within
    # A span has a length, so that what ends by a moment started before it.
    return _Asked(region.low, _lesser(region.below, region.high), region.above)


def _split(test: DateTest) -> tuple[_Asked, ...]:
    """`ge` and `le` of a month or year: what starts on the right side of it, and what is on both.

    Of what starts in April `le2018-04` leaves out what ends in May, and `ge2018-04` of what started
    in March what ends in April; both may be many, and are told by the index in a walk of their own.
    """
    start, end = test.span.start, test.span.end
    if end - start <= DAY:
        return ()
    match test.prefix:
        case Prefix.GE:
            return _Asked(low=start), _Asked(below=start, above=end, after=end)
        case Prefix.LE:
            return _Asked(below=start), _Asked(low=start, below=end, by=end)
        case _:
            return ()


def _of(type_name: str, asked: _Asked) -> Iterator[Window]:
    """The last day before `above` in the walk of all, what is before it in those of what lasts."""
    whole = Window(asked.low, asked.below, "", asked.after, asked.by)
    if asked.above is None:
        found = [whole]
    else:
        day, year = asked.above - DAY + 1, asked.above - YEAR + 1
        longest = lasting(type_name)
        found = [whole.within(day, None)]
        if longest >= Lasting.YEAR:
            found.append(replace(whole, lasting=keys.DAYS).within(year, day))
        if longest >= Lasting.ANY:
            found.append(replace(whole, lasting=keys.YEARS).within(None, day))
    return (each for each in found if not each.is_empty)


def _greater(one: int | None, other: int | None) -> int | None:
    return max((each for each in (one, other) if each is not None), default=None)


def _lesser(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)
