"""The history of a type and of the system (R4 `http.html#history`): all versions, newest first.

The current versions lie in their types' collections and the others in the history. Each source is
walked along its index of times; their places are put in one order, and of those on the page the
versions are fetched and judged one by one, each by its own content.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from bson.raw_bson import RawBSONDocument

from fhir_server.access.context import Interaction
from fhir_server.outcome import Category, error
from fhir_server.search import cursor as cursors
from fhir_server.search.expression import Nothing
from fhir_server.search.history import HistoryQuery, Place, Records, place_of, records_of
from fhir_server.search.indexes import (
    HISTORY_MEMBER,
    HISTORY_TIME,
    HISTORY_TYPE,
    MEMBER_UPDATED,
    UPDATED,
)
from fhir_server.store.database import HISTORY
from fhir_server.store.document import KEPT, SENT, now, superseded_id, version_of
from fhir_server.store.reach import Filter, Reach, Rule
from fhir_server.store.reading import saw
from fhir_server.store.settling import GRACE, Settled, read_settled
from fhir_server.store.versions import StoredVersion, TimelinePage

T = TypeVar("T")

AT_ONCE: Final = 8
"""Questions to MongoDB that one request has open."""
MOST_JUDGED: Final = 2_000
"""Versions that are judged for one page; with few of them in reach it is shorter than `_count`."""
_CURRENT: Final = 2**31 - 1
"""In place of the number of a current version: it is the last of its resource."""
_END_OF_TIME: Final = datetime.max.replace(microsecond=0, tzinfo=UTC)
_NEWEST_FIRST: Final = {"t": -1, "_id": -1}


async def timeline(reach: Reach, query: HistoryQuery, cursor: str | None) -> TimelinePage:
    """The page at this cursor, or the first one, of what is settled.

    What was written just now settles in a moment, which a first page waits for. Inside a
    transaction it is read beside it: what that one writes is not settled before its end.
    """
    reach = replace(reach, session=None, snapshot=None)
    rules = _rules(reach, query)
    if cursor is not None:
        after = place_of(
            cursors.decode(cursor, query, reach.access.caller, reach.database.cursor_key)
        )
        return await _page(reach, query, rules, after)
    asked_at = now()
    page = await _page(reach, query, rules, None)
    newest = page.versions[0].last_updated if page.versions else page.until
    if newest <= page.until:
        return page
    wait = min(newest, asked_at) + GRACE - now()
    await asyncio.sleep(max(0.0, wait.total_seconds()))
    return await _page(reach, query, rules, None, unsettled=False)


async def _page(
    reach: Reach,
    query: HistoryQuery,
    rules: dict[str, Rule],
    after: Place | None,
    *,
    unsettled: bool = True,
) -> TimelinePage:
    """A first page may show whether there is anything that is not settled."""

    async def work(at: Settled) -> TimelinePage:
        inside = replace(reach, snapshot=at.snapshot)
        until = _END_OF_TIME if unsettled else at.until
        page = await _Walk(inside, query, rules, until).page(after)
        return replace(page, until=at.until)

    return await read_settled(reach.database, work)


def _rules(reach: Reach, query: HistoryQuery) -> dict[str, Rule]:
    """By type, of those whose versions the caller may find.

    Raises FORBIDDEN for a type that is named without a scope for it, or without any scope.
    """
    covered = [
        name for name in query.types if query.named or reach.access.covers(Interaction.SEARCH, name)
    ]
    if not covered:
        text = "No scope of this token allows a history here; it needs one such as patient/*.s."
        raise error(Category.FORBIDDEN, text, reason=f"{reach.access.caller}: no scope to search")
    return {name: reach.rule(Interaction.SEARCH, name) for name in covered}


# ---- where the versions lie --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Source:
    """A stretch of an index of times."""

    collection: str
    within: Filter
    hint: str
    type_name: str = ""
    """Of the current versions of one type."""

    def before(self, after: Place) -> Filter | None:
        """What has the same time and comes later in the order, which goes on to older ones."""
        moment: Filter = {**self.within, "t": after.moment}
        if not self.type_name:
            key = superseded_id(after.type_name, after.logical_id, after.version)
            return {**moment, "_id": {"$lt": key}}
        if self.type_name == after.type_name:
            return {**moment, "_id": {"$lt": after.logical_id}}
        return moment if self.type_name < after.type_name else None

    def place(self, row: Filter) -> Place:
        moment, key = row["t"].replace(tzinfo=UTC), row["_id"]
        if self.type_name:
            return Place(moment, self.type_name, key, _CURRENT)
        return Place(moment, key["t"], key["i"], key["v"])


def _sources(rules: dict[str, Rule], listed: frozenset[str]) -> list[_Source]:
    records = {
        name: records_of(rule.policy)
        for name, rule in rules.items()
        if name in listed and not isinstance(rule.policy, Nothing)
    }
    found: list[_Source] = []
    of_records: dict[Records, list[str]] = defaultdict(list)
    for name, narrow in records.items():
        if narrow is None:
            found.append(_Source(name, {}, UPDATED.name, name))
        else:
            of_records[narrow].append(name)
            some = _of_records(narrow)
            found += [_Source(name, each, MEMBER_UPDATED.name, name) for each in some]
    whole = [name for name, narrow in records.items() if narrow is None]
    if whole and frozenset(whole) == listed:
        return [*found, _Source(HISTORY, {}, HISTORY_TIME.name)]
    found += [_Source(HISTORY, {"_id.t": name}, HISTORY_TYPE.name) for name in whole]
    for narrow, names in of_records.items():
        types = {"_id.t": {"$in": names}}
        some = [{**each, **types} for each in _of_records(narrow)]
        found += [_Source(HISTORY, each, HISTORY_MEMBER.name) for each in some]
    return found


def _of_records(narrow: Records) -> list[Filter]:
    theirs: list[Filter] = [{"m": {"$in": sorted(narrow.patients)}}] if narrow.patients else []
    return [*theirs, {"m": []}] if narrow.nobody else theirs


# ---- a page ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Walk:
    """One page's way along the sources, at one instant."""

    reach: Reach
    query: HistoryQuery
    rules: dict[str, Rule]
    until: datetime

    async def page(self, after: Place | None) -> TimelinePage:
        listed = await self.reach.database.listed_types(self.reach.view)
        sources = _sources(self.rules, listed)
        count, judged, more = self.query.count, 0, bool(self.query.count)
        shown: list[StoredVersion] = []
        while more and len(shown) < count and judged < MOST_JUDGED:
            places = await self._places(sources, after, count - len(shown) + 1)
            more = len(places) > count - len(shown)
            places = places[: count - len(shown)]
            judged += len(places)
            for version, visible in await self._judged(places):
                after = _place_of(version)
                shown += [version] if visible else []
        onward = self._cursor(after) if more and after is not None else None
        return TimelinePage(tuple(shown), onward, self.until)

    def _cursor(self, after: Place) -> str:
        access, key = self.reach.access, self.reach.database.cursor_key
        return cursors.encode(after.position(), self.query, access.caller, key)

    async def _places(
        self, sources: Sequence[_Source], after: Place | None, count: int
    ) -> list[tuple[Place, _Source]]:
        """The first so many of all sources."""
        found = await _together([self._some(source, after, count) for source in sources])
        places = [place for some in found for place in some]
        return sorted(places, key=lambda one: one[0], reverse=True)[:count]

    async def _some(
        self, source: _Source, after: Place | None, count: int
    ) -> list[tuple[Place, _Source]]:
        """The first so many of one source, told by its index alone."""
        conditions: list[Filter] = []
        times: dict[str, datetime] = {"$lte": self.until}
        if after is not None:
            times = {"$lt": after.moment}
            conditions += [same] if (same := source.before(after)) is not None else []
        if self.query.since is not None:
            times["$gte"] = self.query.since
        conditions.append({**source.within, "t": times})
        rows: list[Filter] = []
        for each in conditions:
            if len(rows) < count:
                rows += await self.reach.database.many(
                    source.collection,
                    each,
                    {"t": 1, "_id": 1},
                    self.reach.view,
                    sort=_NEWEST_FIRST,
                    hint=source.hint,
                    limit=count - len(rows),
                )
        return [(source.place(row), source) for row in rows]

    async def _judged(
        self, places: Sequence[tuple[Place, _Source]]
    ) -> list[tuple[StoredVersion, bool]]:
        """The versions at these places, and whether the caller may see them."""
        wanted: dict[str, list[Place]] = defaultdict(list)
        for place, source in places:
            wanted[source.collection].append(place)
        found = dict(
            each
            for some in await _together([self._fetched(*one) for one in wanted.items()])
            for each in some
        )
        judged: list[tuple[StoredVersion, bool]] = []
        for place, _ in places:
            document = found[place]
            version = version_of(place.type_name, place.logical_id, document)
            judged.append((version, await self._shows(place, document)))
        return judged

    async def _fetched(
        self, collection: str, places: list[Place]
    ) -> list[tuple[Place, RawBSONDocument]]:
        current = collection != HISTORY
        rules = [self.rules[place.type_name] for place in places]
        fields = SENT if all(rule.everything for rule in rules) else KEPT
        by_key: dict[Any, Place] = {_key(place, current=current): place for place in places}
        keys = [
            one.logical_id if current else superseded_id(one.type_name, one.logical_id, one.version)
            for one in places
        ]
        documents = await self.reach.database.many_raw(
            collection, {"_id": {"$in": keys}}, fields, self.reach.view
        )
        return [
            (by_key[each["_id"] if current else tuple(each["_id"].values())], each)
            for each in documents
        ]

    async def _shows(self, place: Place, document: RawBSONDocument) -> bool:
        """A deletion is shown to those who could see the version before it."""
        rule = self.rules[place.type_name]
        if document.get("x"):
            return await saw(self.reach, rule, place.logical_id, document["v"])
        return rule.shows(document)


def _key(place: Place, *, current: bool) -> Any:
    if current:
        return place.logical_id
    return (place.type_name, place.logical_id, place.version)


def _place_of(version: StoredVersion) -> Place:
    return Place(version.last_updated, version.type_name, version.logical_id, version.version)


async def _together(calls: Sequence[Awaitable[T]]) -> list[T]:
    """The answers in their order, some at a time."""
    at_once = asyncio.Semaphore(AT_ONCE)

    async def one(call: Awaitable[T]) -> T:
        async with at_once:
            return await call

    return [
        _answer(each) for each in await asyncio.gather(*map(one, calls), return_exceptions=True)
    ]


def _answer(given: T | BaseException) -> T:
    if isinstance(given, BaseException):
        raise given
    return given
