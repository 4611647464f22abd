"""How a date or number in a resource stands to one in a query (R4 `search.html#prefix`).

Both are half-open spans of moments, or stretches between cuts of the number line, so each
comparator is a statement about starts and ends. It is written once, as the half-planes that a
target's start and end may lie in; Python and MongoDB both read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from fhir_server.search.expression import Prefix

EARLIEST: Final = -(2**62)
"""The start of a Period without a start."""
LATEST: Final = 2**62
"""The end of a Period without an end."""


Point = TypeVar("Point", int, str)
"""A moment, or a cut of the number line."""


@dataclass(frozen=True, slots=True)
class Region(Generic[Point]):
    """Targets with `low <= start < below` and `above < end <= high`; None is no bound."""

    low: Point | None = None
    below: Point | None = None
    above: Point | None = None
    high: Point | None = None

    def holds(self, start: Point, end: Point) -> bool:
        return (
            (self.low is None or start >= self.low)
            and (self.below is None or start < self.below)
            and (self.above is None or end > self.above)
            and (self.high is None or end <= self.high)
        )


@dataclass(frozen=True, slots=True)
class Relation(Generic[Point]):
    """A target stands in the relation if it lies in `within` and not in `outside`."""

    within: Region[Point]
    outside: Region[Point] | None = None

    def holds(self, start: Point, end: Point) -> bool:
        return self.within.holds(start, end) and not (
            self.outside is not None and self.outside.holds(start, end)
        )


def relation(prefix: Prefix, start: Point, end: Point) -> Relation[Point]:
    """The targets that match a query's prefix and span.

    `eq`: the query's span contains the target. `ge` and `le` add to `gt` and `lt` what the
    query's span contains, which leaves out just the targets on the wrong side: `outside`.
    `ap` is an overlap; the parser has widened the span.
    """
    match prefix:
        case Prefix.EQ:
            return Relation(Region(low=start, below=end, above=start, high=end))
        case Prefix.NE:
            return Relation(Region(), Region(low=start, high=end))
        case Prefix.GT:
            return Relation(Region(above=end))
        case Prefix.LT:
            return Relation(Region(below=start))
        case Prefix.GE:
            return Relation(Region(above=start), Region(below=start, high=end))
        case Prefix.LE:
            return Relation(Region(below=end), Region(low=start, above=end))
        case Prefix.SA:
            return Relation(Region(low=end))
        case Prefix.EB:
            return Relation(Region(high=start))
        case Prefix.AP:
            return Relation(Region(below=end, above=start))


def conditions(region: Region[Point], start: str, end: str) -> Mapping[str, Mapping[str, Point]]:
    """The region as MongoDB conditions on the fields that hold a target's start and end."""
    starts = {"$gte": region.low, "$lt": region.below}
    ends = {"$gt": region.above, "$lte": region.high}
    bounds = {
        start: {operator: value for operator, value in starts.items() if value is not None},
        end: {operator: value for operator, value in ends.items() if value is not None},
    }
    return {field: bound for field, bound in bounds.items() if bound}
