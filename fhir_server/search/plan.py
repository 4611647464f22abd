"""From a search and a policy to one MongoDB query that walks an index (pure: plain dicts).

Three ways through a collection, each by one index of `indexes`:

- by a key, behind the patient where the policy or a criterion names one, main date newest first;
- by the time of the last change, in one record or in all;
- by the start of a key (a name, a system) in the order of the keys, forward only.

What the index does not say is filtered from what it finds. A sort without an index happens in
MongoDB's memory, over at most `SORT_LIMIT` matches.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from fhir_server.outcome import Category, error
from fhir_server.search import keys
from fhir_server.search.bounds import MOST_SCANS, Bound, Reach, bound, reach
from fhir_server.search.cursor import Position
from fhir_server.search.expression import (
    And,
    Everything,
    Expression,
    Ids,
    KeyPrefix,
    LastUpdated,
    Nothing,
    Scalar,
    conjunction,
)
from fhir_server.search.filters import NONE, Filter, all_of, key_range, pieces
from fhir_server.search.indexes import KEYS, MEMBER_UPDATED, UPDATED, IndexSpec, indexes
from fhir_server.search.main_dates import MAIN_DATE
from fhir_server.search.query import SearchQuery, SortKey
from fhir_server.search.stored import derived_fields
from fhir_server.search.walks import NO_LEAD, Lead, Order, beyond
from fhir_server.search.windows import windows

__all__ = ["INDEXES", "IndexSpec", "MongoPlan", "count_plan", "derived_fields", "plan"]

INDEXES = indexes
SORT_LIMIT: Final = 10_000
"""Matches that are sorted without an index; with more the search is too costly."""
BY_DATE: Final[Order] = (("d", -1), ("_id", -1))
NEWEST: Final[Order] = (("t", -1), ("_id", -1))
OLDEST: Final[Order] = (("t", 1), ("_id", 1))
CURRENT: Final[Filter] = {"x": None}
"""Is no delete marker. Delete markers have no keys, so a bound key says this already."""


@dataclass(frozen=True, slots=True)
class MongoPlan:
    """One `find`. `fields` have to be in its projection for `position` to read."""

    filter: Filter
    sort: Order
    """Empty: the order of the index named by the hint."""
    limit: int
    """One more than the page holds, which tells whether there is another."""
    hint: str | None
    fields: tuple[str, ...]
    backward: bool = False
    """The rows come last first, from the page's end; to be reversed."""
    bounded: int | None = None
    """Sorted in memory: `too-costly` if more than so many documents match `total`."""
    total: Filter | None = None
    """The filter of all pages together, where `filter` is of a later one."""
    low: tuple[tuple[str, Any], ...] | None = None
    """`min` of the index scan, and `high` its `max`."""
    high: tuple[tuple[str, Any], ...] | None = None
    prefix: str | None = None
    """Of a scan in the order of the keys: how a matching key starts."""

    @property
    def reversible(self) -> bool:
        """Whether a page before can be asked for."""
        return self.prefix is None

    @property
    def of_all_pages(self) -> Filter:
        return self.filter if self.total is None else self.total

    def position(self, document: dict[str, Any], *, backward: bool = False) -> Position:
        """Where in the order of this plan a document that it found stands."""
        if self.prefix is not None:
            first = min(key for key in document["k"] if key.startswith(self.prefix))
            return Position((first, _value(document, "d")), document["_id"])
        values = tuple(_value(document, path) for path, _ in self.sort if path != "_id")
        return Position(values, document["_id"], backward)


def plan(query: SearchQuery, policy: Expression, after: Position | None = None) -> MongoPlan:
    """The query for one page of a search, by a caller with this policy."""
    whole = conjunction(query.where, policy)
    if isinstance(whole, Nothing):
        return MongoPlan(NONE, (), query.count + 1, None, ())
    parts = whole.parts if isinstance(whole, And) else (whole,)
    return _Planner(query, parts, after).plan()


def count_plan(query: SearchQuery, policy: Expression) -> MongoPlan:
    """The query whose matches `_total=accurate` counts."""
    return plan(query, policy)


class _Planner:
    """The parts of one search, all of which have to hold, and the order that was asked for."""

    def __init__(
        self, query: SearchQuery, parts: tuple[Expression, ...], after: Position | None
    ) -> None:
        self.query, self.after = query, after
        self.parts = [part for part in parts if not isinstance(part, Everything)]
        self.order = _order(query)
        self.reach = reach(query.type_name, self.parts)
        self.bound = bound(query.type_name, self.parts, self.reach)

    def plan(self) -> MongoPlan:
        if any(isinstance(part, Ids) for part in self.parts):
            return self._pages(None, [CURRENT, *self._pieces(None, None)], "_id_", self.order)
        if (prefix := self._prefix()) is not None:
            return self._in_key_order(prefix) if not self.query.sort else self._of_prefix(prefix)
        if self.bound is not None:
            return self._by_key()
        if self._by_update():
            return self._updated()
        if self.reach is None and self.order[0][0] == "_id":
            return self._pages(None, [CURRENT, *self._pieces(None, None)], "_id_", self.order)
        return self._by_key()

    # ---- the three ways ----------------------------------------------------------------------

    def _by_key(self) -> MongoPlan:
        fronts = self.reach.fronts if self.reach else ("",)
        wanted = self.bound.keys if self.bound else ("",)
        if len(fronts) * len(wanted) > MOST_SCANS:
            fronts = ("",)
        found = sorted(_key(front, key) for front in fronts for key in wanted)
        lead = Lead("k", tuple(found), windows(self.query.type_name, self.parts))
        used = self.reach if fronts != ("",) else None
        return self._pages(lead, self._pieces(used, self.bound), KEYS.name, self.order)

    def _updated(self) -> MongoPlan:
        order = self.order if self.query.sort else NEWEST
        used = self.reach
        if used is None or used.nobody:
            return self._pages(None, [CURRENT, *self._pieces(None, None)], UPDATED.name, order)
        lead = Lead("m", tuple(sorted(used.patients)))
        said = used.part if used.whole else None
        rest = [piece for part in self.parts if part is not said for piece in pieces(part)]
        return self._pages(lead, [CURRENT, *rest], MEMBER_UPDATED.name, order)

    def _in_key_order(self, part: KeyPrefix) -> MongoPlan:
        """The filter says all of it without `min` and `max`, which only say where to begin."""
        prefix = part.prefix
        rest = [piece for other in self.parts if other is not part for piece in pieces(other)]
        total = all_of([key_range(prefix), *rest])
        low, page = _edge(prefix), total
        if self.after is not None:
            if len(self.after.values) != len(("k", "d")):
                raise error(Category.INVALID, "This page link belongs to another order.")
            key, date = self.after.values
            low = (("k", key), ("d", date), ("_id", self.after.logical_id), ("e", ""))
            ahead = beyond(BY_DATE, Position((date,), self.after.logical_id))
            seen = [
                {"k": {"$elemMatch": {"$gte": prefix, "$lt": key}}},
                {"k": key, "$nor": ahead},
            ]
            page = all_of([key_range(prefix), *rest, {"$nor": seen}])
        return MongoPlan(
            page,
            (),
            self.query.count + 1,
            KEYS.name,
            ("k", "d"),
            total=total,
            low=low,
            high=_edge(keys.after_prefix(prefix)),
            prefix=prefix,
        )

    def _of_prefix(self, part: KeyPrefix) -> MongoPlan:
        """What the start of a key finds, sorted in memory."""
        rest = [piece for other in self.parts if other is not part for piece in pieces(other)]
        return self._pages(None, [key_range(part.prefix), *rest], KEYS.name, self.order)

    # ---- what they have in common ------------------------------------------------------------

    def _pages(self, lead: Lead | None, rest: list[Filter], hint: str, order: Order) -> MongoPlan:
        """The page that was asked for of what these filters find in this order."""
        fields = tuple(path for path, _ in order if path != "_id")
        lead = lead or NO_LEAD
        total = lead.all(rest)
        bounded = None if lead.merges and self._walks(hint, order) else SORT_LIMIT
        limit = self.query.count + 1
        if self.after is None or total is NONE:
            return MongoPlan(total, order, limit, hint, fields, bounded=bounded)
        if self.after.backward:
            order = tuple((path, -direction) for path, direction in order)
        return MongoPlan(
            lead.beyond(rest, order, self.after),
            order,
            limit,
            hint,
            fields,
            backward=self.after.backward,
            bounded=bounded,
            total=total,
        )

    def _walks(self, hint: str, order: Order) -> bool:
        """Whether the index gives its entries in this order (or there are few of them)."""
        if hint == KEYS.name:
            return order in (BY_DATE, ((("d", 1), ("_id", 1))))
        if hint == "_id_":
            return order[0][0] == "_id" or any(isinstance(part, Ids) for part in self.parts)
        return order in (NEWEST, OLDEST)

    def _pieces(self, used: Reach | None, by: Bound | None) -> list[Filter]:
        """What the bound keys leave to be judged."""
        return [
            piece
            for part in self.parts
            if not (used is not None and used.says(part)) and not (by is not None and by.says(part))
            for piece in pieces(part)
        ]

    def _by_update(self) -> bool:
        if self.query.sort:
            return self.order in (NEWEST, OLDEST)
        return any(isinstance(part, LastUpdated) for part in self.parts)

    def _prefix(self) -> KeyPrefix | None:
        """The start of a key to walk by, where nothing rarer is asked and no index sorts."""
        if self.reach is not None or (self.bound is not None and not self.bound.is_common):
            return None
        if self.query.sort and self._walks(KEYS.name, self.order):
            return None
        if not self.query.sort and self.bound is None and self._by_update():
            return None
        found = (part for part in self.parts if isinstance(part, KeyPrefix))
        return next((part for part in found if len(part.prefix) <= keys.MAX_LENGTH), None)


def _key(front: str, key: str) -> str:
    if not key:
        return keys.lone(front) if front else keys.ALL
    return keys.folded(front, keys.stored(key)) if front else keys.stored(key)


def _edge(key: str) -> tuple[tuple[str, Any], ...]:
    """Just before the first index entry of a key: dates run down, and text is above numbers."""
    return (("k", key), ("d", ""), ("_id", ""), ("e", 0))


def _order(query: SearchQuery) -> Order:
    """The rules of `_sort`, and the id in the direction of the last; without any, newest first."""
    if not query.sort:
        return BY_DATE
    order: list[tuple[str, int]] = []
    for rule in query.sort:
        path = _path(query.type_name, rule)
        if all(path != known for known, _ in order):
            order.append((path, -1 if rule.descending else 1))
        if path == "_id":
            return tuple(order)
    return (*order, ("_id", order[-1][1]))


def _path(type_name: str, key: SortKey) -> str:
    if key.parameter == "_id":
        return "_id"
    if key.parameter == "_lastUpdated":
        return "t"
    if key.parameter == MAIN_DATE.get(type_name):
        return "d"
    return f"s.{key.parameter}.{'z' if key.descending else 'a'}"


def _value(document: dict[str, Any], path: str) -> Scalar:
    first, *rest = path.split(".")
    value: Any = document.get(first)
    for name in rest:
        value = None if value is None else value.get(name)
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1000)
    # A driver gives 64-bit integers as a class of its own, which JSON encoders do not know.
    return int(value) if isinstance(value, int) else value
