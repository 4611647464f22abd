"""Where the versions of a history lie: stretches of indexes of times, for the types and records
that a caller reaches (R4 `http.html#history`).

With `_at` a version counts that was written within the period or was current at its start. Of the
current ones these are all that were written before its end. Of the superseded ones the index of
times has those that were written within it. Those that began before and were current at its start
may be of any age, among many more that had been superseded by then: they are looked for by how
long they lasted, and in each step no further back than it can reach.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from fhir_server.search.expression import Nothing
from fhir_server.search.history import FIRST, Period, Place, Records, lasting, records_of
from fhir_server.search.indexes import (
    HISTORY_LASTED,
    HISTORY_MEMBER,
    HISTORY_MEMBER_LASTED,
    HISTORY_TIME,
    HISTORY_TYPE,
    MEMBER_UPDATED,
    UPDATED,
    IndexSpec,
)
from fhir_server.store.database import HISTORY
from fhir_server.store.document import superseded_id
from fhir_server.store.reach import Filter, Rule

END_OF_TIME: Final = datetime.max.replace(microsecond=0, tzinfo=UTC)
_CURRENT: Final = 2**31 - 1
"""In place of the number of a current version: it is the last of its resource."""
_PLACE: Final = {"t": 1, "_id": 1}


@dataclass(frozen=True, slots=True)
class Source:
    """A stretch of an index of times."""

    collection: str
    within: Filter
    hint: str
    type_name: str = ""
    """Of the current versions of one type."""
    since: datetime = FIRST
    below: datetime = END_OF_TIME
    """All are older."""
    over: datetime | None = None
    """Only what was superseded after that time counts."""
    steps: tuple[tuple[int, datetime], ...] = ()
    """Of what lasted so long, and was written since then."""

    @property
    def fields(self) -> Mapping[str, int]:
        """What tells the place of a version and whether it counts."""
        return _PLACE if self.over is None else {**_PLACE, "u": 1}

    def stretches(self, since: datetime, top: datetime, after: Place | None) -> Iterator[Filter]:
        """Filters, one after the other, for what is older than `top` but not than `since`, and
        comes after that place."""
        since, top = max(since, self.since), min(top, self.below)
        if after is not None and after.moment < top:
            if since <= after.moment and (before := self._before(after)) is not None:
                yield self._any([{"l": step, **before} for step, _ in self.steps] or [before])
            top = after.moment
        some = [
            {"l": step, "t": {"$gte": max(since, first), "$lt": top}}
            for step, first in self.steps
            if max(since, first) < top
        ]
        if not self.steps and since < top:
            some.append({"t": {"$gte": since, "$lt": top}})
        if some:
            yield self._any(some)

    def _any(self, some: list[Filter]) -> Filter:
        whole = [{**self.within, **each} for each in some]
        return whole[0] if len(whole) == 1 else {"$or": whole}

    def _before(self, after: Place) -> Filter | None:
        """What has the same time and comes later in the order, which goes on to older ones."""
        moment: Filter = {"t": after.moment}
        if not self.type_name:
            key = superseded_id(after.type_name, after.logical_id, after.version)
            return {**moment, "_id": {"$lt": key}}
        if self.type_name == after.type_name:
            return {**moment, "_id": {"$lt": after.logical_id}}
        return moment if self.type_name < after.type_name else None

    def counts(self, row: Filter) -> bool:
        """Whether the version is asked for; one whose end is not noted, as before a `reindex`, is
        not."""
        return self.over is None or ("u" in row and row["u"] > self.over)

    def place(self, row: Filter) -> Place:
        moment, key = row["t"].replace(tzinfo=UTC), row["_id"]
        if self.type_name:
            return Place(moment, self.type_name, key, _CURRENT)
        return Place(moment, key["t"], key["i"], key["v"])


def sources(rules: Mapping[str, Rule], listed: frozenset[str], at: Period | None) -> list[Source]:
    """Those that together have every version which these rules may show."""
    records = {
        name: records_of(rule.policy)
        for name, rule in rules.items()
        if name in listed and not isinstance(rule.policy, Nothing)
    }
    whole = [name for name, narrow in records.items() if narrow is None]
    of_records: dict[Records, list[str]] = defaultdict(list)
    for name, narrow in records.items():
        if narrow is not None:
            of_records[narrow].append(name)
    found = [*_current(records, at)]
    if whole and frozenset(whole) == listed:
        found += _superseded({}, HISTORY_TIME, at)
    else:
        for name in whole:
            found += _superseded({"_id.t": name}, HISTORY_TYPE, at)
    if at is not None:
        found += [_lasted({"_id.t": name}, HISTORY_LASTED, at) for name in whole]
    for narrow, names in of_records.items():
        for each in _of_records(narrow):
            within = {**each, "_id.t": {"$in": names}}
            found += _superseded(within, HISTORY_MEMBER, at)
            if at is not None:
                found.append(_lasted(within, HISTORY_MEMBER_LASTED, at))
    return found


def _current(records: Mapping[str, Records | None], at: Period | None) -> Iterator[Source]:
    below = END_OF_TIME if at is None else at.end
    for name, narrow in records.items():
        if narrow is None:
            yield Source(name, {}, UPDATED.name, name, below=below)
        else:
            for each in _of_records(narrow):
                yield Source(name, each, MEMBER_UPDATED.name, name, below=below)


def _superseded(within: Filter, index: IndexSpec, at: Period | None) -> Iterator[Source]:
    """All of them; or those that were written within the period, and those that were just before
    it and did not last for a step."""
    if at is None:
        yield Source(HISTORY, within, index.name)
        return
    yield Source(HISTORY, within, index.name, since=at.start, below=at.end)
    (_, first), *_ = lasting(at.start)
    short = {**within, "l": {"$exists": False}}
    yield Source(HISTORY, short, index.name, since=first, below=at.start, over=at.start)


def _lasted(within: Filter, index: IndexSpec, at: Period) -> Source:
    _, *steps = lasting(at.start)
    return Source(HISTORY, within, index.name, below=at.start, over=at.start, steps=tuple(steps))


def _of_records(narrow: Records) -> list[Filter]:
    theirs: list[Filter] = [{"m": {"$in": sorted(narrow.patients)}}] if narrow.patients else []
    return [*theirs, {"m": []}] if narrow.nobody else theirs
