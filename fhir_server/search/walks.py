"""A walk along an index: the values it is bounded by, its order, and where a later page begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from fhir_server.outcome import Category, error
from fhir_server.search.bounds import MOST_SCANS
from fhir_server.search.cursor import END, Position
from fhir_server.search.expression import Scalar
from fhir_server.search.filters import NONE, Filter, all_of, moment
from fhir_server.search.windows import ANY, Window, hull

Order: TypeAlias = tuple[tuple[str, int], ...]
"""Fields and directions; the last is always the id."""

MOST_BRANCHES: Final = 32


@dataclass(frozen=True, slots=True)
class Lead:
    """The field that the index is bounded by, the values that it may have, and the windows on the
    main date that comes after it."""

    field: str
    values: tuple[str, ...]
    windows: tuple[Window, ...] = (ANY,)

    @property
    def merges(self) -> bool:
        """Whether MongoDB can merge these walks in the order of the index."""
        return len(self.values) <= MOST_SCANS

    def all(self, rest: list[Filter]) -> Filter:
        """What is found by these walks and meets the other conditions."""
        if not self._splits:
            return all_of([self._together, *rest])
        return either([all_of([start, *rest]) for start, _ in self._apart()])

    def beyond(self, rest: list[Filter], order: Order, after: Position) -> Filter:
        """Of that, what comes after the position."""
        ahead = beyond(order, after)
        if len(self.values) > MOST_BRANCHES:
            return all_of([self._together, *rest, either(ahead)])
        first = after.values[0] if order[0][0] == "d" and after != END else None
        return either(
            [
                all_of([start, *rest, branch])
                for start, window in self._apart()
                for branch in ahead
                if not _is_behind(window, order[0][1], first)
            ]
        )

    @property
    def _splits(self) -> bool:
        """Whether the windows need walks of their own."""
        if len(self.values) * len(self.windows) > MOST_BRANCHES:
            return False
        return len(self.windows) != 1 or self.windows[0].lasting != ""

    @property
    def _together(self) -> Filter:
        if not self.field:
            return {}
        one = len(self.values) == 1
        value = self.values[0] if one else {"$in": list(self.values)}
        return {self.field: value, **hull(self.windows).condition}

    def _apart(self) -> Iterator[tuple[Filter, Window]]:
        """Each value for itself: inside another OR, MongoDB would sort what a choice finds."""
        if not self.field:
            yield {}, ANY
            return
        chosen = self.windows if self._splits else (hull(self.windows),)
        for value in self.values:
            for window in chosen:
                yield {self.field: window.lasting + value, **window.condition}, window


NO_LEAD: Final = Lead("", ("",))
"""Of a walk along a whole index."""


def either(branches: list[Filter]) -> Filter:
    if not branches:
        return NONE
    return branches[0] if len(branches) == 1 else {"$or": branches}


def _is_behind(window: Window, direction: int, first: Scalar) -> bool:
    """Whether a walk in this direction has left the window when it comes to this start."""
    if not isinstance(first, int):
        return False
    if direction > 0:
        return window.below is not None and window.below <= first
    return window.low is not None and window.low > first


def beyond(order: Order, after: Position) -> list[Filter]:
    """Filters of which one holds for what comes after the position; a missing value is lowest."""
    if after == END:
        return [{}]
    values: tuple[Scalar, ...] = (*after.values, after.logical_id)
    if len(values) != len(order):
        raise error(Category.INVALID, "This page link belongs to another order.")
    branches: list[Filter] = []
    same: Filter = {}
    for (path, direction), value in zip(order, values, strict=True):
        given = moment(value) if path == "t" and isinstance(value, int) else value
        if value is not None:
            branches.append({**same, path: _past(path, direction, given)})
        elif direction > 0:
            branches.append({**same, path: {"$ne": None}})
        same[path] = given
    return branches


def _past(path: str, direction: int, value: object) -> Filter:
    if direction > 0:
        return {"$gt": value}
    return {"$lt": value} if path in ("_id", "t") else {"$not": {"$gte": value}}
