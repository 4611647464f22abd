"""How a date in a resource stands to a date in a query (R4 3.1.1.4.7 and `search.html#prefix`).

Both are half-open spans, so each comparator is a statement about starts and ends. It is written
once, as the half-planes that a target's start and end may lie in; Python and MongoDB both read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fhir_server.search.expression import Prefix, Span

EARLIEST: Final = -(2**62)
"""The start of a Period without a start."""
LATEST: Final = 2**62
"""The end of a Period without an end."""


@dataclass(frozen=True, slots=True)
class Region:
    """Targets with `low <= start < below` and `above < end <= high`; None is no bound."""

    low: int | None = None
    below: int | None = None
    above: int | None = None
    high: int | None = None

    def holds(self, target: Span) -> bool:
        return (
            (self.low is None or target.start >= self.low)
            and (self.below is None or target.start < self.below)
            and (self.above is None or target.end > self.above)
            and (self.high is None or target.end <= self.high)
        )


@dataclass(frozen=True, slots=True)
class Relation:
    """A target stands in the relation if it lies in `within` and not in `outside`."""

    within: Region
    outside: Region | None = None

    def holds(self, target: Span) -> bool:
        return self.within.holds(target) and not (
            self.outside is not None and self.outside.holds(target)
        )


def relation(prefix: Prefix, span: Span) -> Relation:
    """The targets that match a query's prefix and span.

    `eq`: the query's span contains the target. `ge` and `le` add to `gt` and `lt` what the
    query's span contains, which leaves out just the targets on the wrong side: `outside`.
    `ap` is an overlap; the parser has widened the span.
    """
    start, end = span.start, span.end
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


def conditions(region: Region, start: str, end: str) -> Mapping[str, Mapping[str, int]]:
    """The region as MongoDB conditions on the fields that hold a target's start and end."""
    starts = {"$gte": region.low, "$lt": region.below}
    ends = {"$gt": region.above, "$lte": region.high}
    bounds = {
        start: {operator: value for operator, value in starts.items() if value is not None},
        end: {operator: value for operator, value in ends.items() if value is not None},
    }
    return {field: bound for field, bound in bounds.items() if bound}
