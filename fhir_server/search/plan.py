"""From a search and a policy to one MongoDB query that walks an index (pure: plain dicts).

Four ways through a collection, each by one index of `indexes`:

- by a key, behind the patient where the policy or a criterion names one, main date newest first;
- by the time of the last change, in one record or in all;
- by the start of a key (a name, a system) in the order of the keys, forward only;
- by ranges that no order has (several names, a number), sorted in memory where they hold little.

What the index does not say is filtered from what it finds, of which so many documents are looked
at and no more. A sort without an index happens in MongoDB's memory, over at most `SORT_LIMIT`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from fhir_server.outcome import Category, error
from fhir_server.search import keys
from fhir_server.search.bounds import MOST_SCANS, Bound, Reach, bound, reach, to_oneself
from fhir_server.search.cursor import Position
from fhir_server.search.expression import (
    And,
    Everything,
    Expression,
    Ids,
    KeyPrefix,
    LastUpdated,
    Nothing,
    conjunction,
)
from fhir_server.search.filters import NONE, Filter, all_of, key_range, pieces
from fhir_server.search.indexes import KEYS, MEMBER_UPDATED, UPDATED, IndexSpec, indexes
from fhir_server.search.judging import CURRENT, Judged, judge
from fhir_server.search.order import (
    BY_DATE,
    NEWEST,
    OLDEST,
    asked_order,
    fields_of,
    turn,
    value_of,
)
from fhir_server.search.query import SearchQuery
from fhir_server.search.ranges import Ranges, best_prefix, best_ranges
from fhir_server.search.stored import derived_fields
from fhir_server.search.walks import NO_LEAD, Lead, Order, beyond, either
from fhir_server.search.windows import windows

__all__ = ["INDEXES", "IndexSpec", "MongoPlan", "count_plan", "derived_fields", "plan"]

INDEXES = indexes
SORT_LIMIT: Final = 10_000
"""Resources that are sorted without an index; with more the search is too costly."""
RANGE_LIMIT: Final = 5_000
"""The same where there is another way; with more, a walk in order meets them often enough."""
BY_ID: Final = "_id_"


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
    """Sorted in memory: `too-costly` if there are more than so many `candidates`."""
    total: Filter | None = None
    """The filter of all pages together, where `filter` is of a later one."""
    low: tuple[tuple[str, Any], ...] | None = None
    """`min` of the index scan, and `high` its `max`."""
    high: tuple[tuple[str, Any], ...] | None = None
    prefix: str | None = None
    """Of a scan in the order of the keys: how a matching key starts."""
    candidates: Filter | None = None
    """What the index says of `filter`, where documents have to be looked at for the `rest`: so many
    at most. Of what is sorted, that is counted first."""
    rest: Filter = field(default_factory=Filter)
    otherwise: MongoPlan | None = None
    """What to do where too many are `bounded`: a walk in the same order."""

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
            return Position((first, value_of(document, "d")), document["_id"])
        values = tuple(value_of(document, path) for path, _ in self.sort if path != "_id")
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
        self.order = asked_order(query)
        self.reach = reach(query.type_name, self.parts)
        self.bound = bound(query.type_name, self.parts, self.reach)

    def plan(self) -> MongoPlan:
        if any(isinstance(part, Ids) for part in self.parts):
            return self._by_id()
        if (prefix := self._prefix()) is not None:
            return self._in_key_order(prefix)
        walk = self._walk()
        if not self._lets_range():
            return walk
        found = best_ranges(self.query.type_name, self.parts)
        return walk if found is None else self._in_ranges(found, walk)

    # ---- the ways through a collection -------------------------------------------------------

    def _walk(self) -> MongoPlan:
        if self.bound is None:
            if self._by_update():
                return self._updated()
            if self.reach is None and self.order[0][0] == "_id":
                return self._pages(NO_LEAD, self._judged(BY_ID), BY_ID, self.order)
        return self._by_key()

    def _by_id(self) -> MongoPlan:
        """The documents are those that were named."""
        named = [piece for part in self.parts for piece in pieces(part)]
        return self._pages(NO_LEAD, Judged([CURRENT, *named]), BY_ID, self.order)

    def _by_key(self) -> MongoPlan:
        by = self.bound or to_oneself(self.parts, self.reach)
        used = self._used(by)
        fronts = used.fronts if used else ("",)
        wanted = by.keys if by else ("",)
        if len(fronts) * len(wanted) > MOST_SCANS:
            used, fronts = None, ("",)
        found = sorted(_key(front, key) for front in fronts for key in wanted)
        lead = Lead("k", tuple(found), windows(self.query.type_name, self.parts))
        return self._pages(lead, self._judged(KEYS.name, used, by), KEYS.name, self.order)

    def _used(self, by: Bound | None) -> Reach | None:
        """The reach, where it is what the keys stand behind; of keys that stand alone, what it asks
        is still to be judged, and true as a rule of what is in a record by that reference."""
        if self.reach is None or by is None or not by.alone:
            return self.reach
        if not any(map(self.reach.nearly_says, by.parts)):
            return None
        return replace(self.reach, whole=False, fronts=("",))

    def _updated(self) -> MongoPlan:
        used = self.reach
        if used is None or used.nobody:
            return self._pages(NO_LEAD, self._judged(UPDATED.name), UPDATED.name, self._listed)
        lead = Lead("m", tuple(sorted(used.patients)))
        judged = self._judged(MEMBER_UPDATED.name, used if used.whole else None)
        return self._pages(lead, judged, MEMBER_UPDATED.name, self._listed)

    def _in_key_order(self, part: KeyPrefix) -> MongoPlan:
        """The filter says all of it without `min` and `max`, which only say where to begin."""
        prefix = part.prefix
        judged = judge(other for other in self.parts if other is not part)
        within, ahead = key_range(prefix), list[Filter]()
        total = all_of([within, *judged.all])
        low = _edge(prefix)
        if self.after is not None:
            if len(self.after.values) != len(("k", "d")):
                raise error(Category.INVALID, "This page link belongs to another order.")
            key, date = self.after.values
            low = (("k", key), ("d", date), ("_id", self.after.logical_id), ("e", ""))
            beyond_it = beyond(BY_DATE, Position((date,), self.after.logical_id))
            seen = {"k": {"$elemMatch": {"$gte": prefix, "$lt": key}}}
            ahead = [{"$nor": [seen, {"k": key, "$nor": beyond_it}]}]
            within = {"k": {"$elemMatch": {"$gte": key, "$lt": keys.after_prefix(prefix)}}}
        return MongoPlan(
            all_of([key_range(prefix), *judged.all, *ahead]),
            (),
            self.query.count + 1,
            KEYS.name,
            ("k", "d"),
            total=total,
            low=low,
            high=_edge(keys.after_prefix(prefix)),
            prefix=prefix,
            candidates=within if judged.heavy else None,
            rest=all_of([*judged.all, *ahead]),
        )

    def _in_ranges(self, found: Ranges, walk: MongoPlan) -> MongoPlan:
        """What ranges of an index find, sorted in memory; where it is much, the walk meets it
        often."""
        rest = judge(self.parts).all
        total = all_of([found.filter, *rest])
        planned = self._sorted(total, found.filter, rest, found.hint, self._listed)
        if walk.bounded is not None:
            return planned
        return replace(planned, bounded=RANGE_LIMIT, otherwise=walk)

    # ---- what they have in common ------------------------------------------------------------

    def _pages(self, lead: Lead, judged: Judged, hint: str, order: Order) -> MongoPlan:
        """The page that was asked for of what these filters find in this order."""
        if not lead.merges or not self._walks(hint, order):
            rest = [*judged.nearly, *judged.heavy]
            return self._sorted(lead.all(judged.all), lead.all(judged.covered), rest, hint, order)
        total = page = lead.all(judged.all)
        candidates = lead.all(judged.covered) if judged.heavy else None
        turned = order
        if self.after is not None and total is not NONE:
            turned = turn(order) if self.after.backward else order
            page = lead.beyond(judged.all, turned, self.after)
            if candidates is not None:
                candidates = lead.beyond(judged.covered, turned, self.after)
        return MongoPlan(
            page,
            turned,
            self.query.count + 1,
            hint,
            fields_of(order),
            backward=turned is not order,
            total=total,
            candidates=candidates,
            rest=all_of([*judged.nearly, *judged.heavy]),
        )

    def _sorted(
        self, total: Filter, candidates: Filter, rest: list[Filter], hint: str, order: Order
    ) -> MongoPlan:
        """The same, sorted in memory."""
        turned, ahead = order, list[Filter]()
        if self.after is not None and total is not NONE:
            turned = turn(order) if self.after.backward else order
            ahead = [either(beyond(turned, self.after))]
        return MongoPlan(
            all_of([total, *ahead]) if ahead else total,
            turned,
            self.query.count + 1,
            hint,
            fields_of(order),
            backward=turned is not order,
            bounded=SORT_LIMIT,
            total=total,
            candidates=candidates,
            rest=all_of([*rest, *ahead]),
        )

    def _walks(self, hint: str, order: Order) -> bool:
        """Whether the index gives its entries in this order (or there are few of them)."""
        if hint == KEYS.name:
            return order in (BY_DATE, turn(BY_DATE))
        if hint == BY_ID:
            return order[0][0] == "_id" or any(isinstance(part, Ids) for part in self.parts)
        return order in (NEWEST, OLDEST)

    def _judged(self, hint: str, used: Reach | None = None, by: Bound | None = None) -> Judged:
        """What the bound keys leave to be judged."""
        left = [
            part
            for part in self.parts
            if not (used is not None and used.says(part)) and not (by is not None and by.says(part))
        ]
        return judge(left, hint, used, by)

    @property
    def _listed(self) -> Order:
        """The order of the answer: what asks for changes, and for no order, is told the latest."""
        told = not self.query.sort and self.bound is None and self._by_update()
        return NEWEST if told else self.order

    def _by_update(self) -> bool:
        if self.query.sort:
            return self.order in (NEWEST, OLDEST)
        return any(isinstance(part, LastUpdated) for part in self.parts)

    def _lets_range(self) -> bool:
        """Whether no condition is known to have fewer matches than a range."""
        return self.reach is None and (self.bound is None or not self.bound.is_rare)

    def _prefix(self) -> KeyPrefix | None:
        """The start of a key to walk by, in the order of the keys, since no other is asked for."""
        if self.query.sort or not self._lets_range():
            return None
        if not self.bound.is_common if self.bound else self._by_update():
            return None
        return best_prefix(self.parts)


def _key(front: str, key: str) -> str:
    if not key:
        return keys.lone(front) if front else keys.ALL
    return keys.folded(front, keys.stored(key)) if front else keys.stored(key)


def _edge(key: str) -> tuple[tuple[str, Any], ...]:
    """Just before the first index entry of a key: dates run down, and text is above numbers."""
    return (("k", key), ("d", ""), ("_id", ""), ("e", 0))
