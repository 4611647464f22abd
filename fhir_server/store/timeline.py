"""The history of a type and of the system (R4 `http.html#history`): all versions, newest first.

The current versions lie in their types' collections and the others in the history. Each source is
walked along its index of times; their places are put in one order, and of those on the page the
versions are fetched and judged one by one, each by its own content. What `_at` asks for is told by
the places already (`sources`).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from bson.raw_bson import RawBSONDocument

from fhir_server.access.context import Interaction
from fhir_server.outcome import Category, error
from fhir_server.search import cursor as cursors
from fhir_server.search.history import FIRST, HistoryQuery, Period, Place, place_of
from fhir_server.store.database import HISTORY
from fhir_server.store.document import KEPT, SENT, now, superseded_id, version_of
from fhir_server.store.reach import Filter, Reach, Rule
from fhir_server.store.reading import saw
from fhir_server.store.settling import GRACE, Settled, read_settled
from fhir_server.store.sources import END_OF_TIME, Source, sources
from fhir_server.store.versions import StoredVersion, TimelinePage

T = TypeVar("T")

AT_ONCE: Final = 8
"""Questions to MongoDB that one request has open."""
MOST_JUDGED: Final = 2_000
"""Versions that are judged for one page; with few of them in reach it is shorter than `_count`."""
MOST_PASSED: Final = 20_000
"""The same of the versions that an index alone tells not to be asked for (`_at`)."""
_MOST_AT_ONCE: Final = 2_000
_MILLISECOND: Final = timedelta(milliseconds=1)
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
        until = END_OF_TIME if unsettled else at.until
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


# ---- a page ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    """A version, by where it stands and where it lies."""

    place: Place
    source: Source
    counts: bool
    """It is asked for, and not one that had been superseded by then."""


@dataclass(frozen=True, slots=True)
class _Walk:
    """One page's way along the sources, at one instant."""

    reach: Reach
    query: HistoryQuery
    rules: dict[str, Rule]
    until: datetime

    async def page(self, after: Place | None) -> TimelinePage:
        listed = await self.reach.database.listed_types(self.reach.view)
        those = sources(self.rules, listed, self._period())
        count, judged, passed, skipped = self.query.count, 0, 0, 0
        shown: list[StoredVersion] = []
        more = count > 0
        while more and len(shown) < count and judged < MOST_JUDGED and passed < MOST_PASSED:
            left = count - len(shown)
            size = left + min(2 * skipped, _MOST_AT_ONCE)
            places = await self._places(those, after, size + 1)
            some = _as_many(places[:size], left)
            more = len(some) < len(places)
            versions = await self._judged([one for one in some if one.counts])
            skipped = len(some) - len(versions)
            judged, passed = judged + len(versions), passed + skipped
            if some:
                after = _place_of(versions[-1][0]) if some[-1].counts else some[-1].place
            shown += [version for version, visible in versions if visible]
        onward = self._cursor(after) if more and after is not None else None
        return TimelinePage(tuple(shown), onward, self.until)

    def _period(self) -> Period | None:
        """What is not settled yet has superseded nothing yet."""
        at = self.query.at
        return at and Period(min(at.start, self.until), at.end)

    def _cursor(self, after: Place) -> str:
        access, key = self.reach.access, self.reach.database.cursor_key
        return cursors.encode(after.position(), self.query, access.caller, key)

    async def _places(
        self, those: Sequence[Source], after: Place | None, count: int
    ) -> list[_Found]:
        """The first so many of all sources."""
        found = await _together([self._some(source, after, count) for source in those])
        places = [place for some in found for place in some]
        return sorted(places, key=lambda one: one.place, reverse=True)[:count]

    async def _some(self, source: Source, after: Place | None, count: int) -> list[_Found]:
        """The first so many of one source, told by its index alone."""
        rows: list[Filter] = []
        since = self.query.since or FIRST
        for stretch in source.stretches(since, self.until + _MILLISECOND, after):
            if len(rows) < count:
                rows += await self.reach.database.many(
                    source.collection,
                    stretch,
                    source.fields,
                    self.reach.view,
                    sort=_NEWEST_FIRST,
                    hint=source.hint,
                    limit=count - len(rows),
                )
        return [_Found(source.place(row), source, source.counts(row)) for row in rows]

    async def _judged(self, places: Sequence[_Found]) -> list[tuple[StoredVersion, bool]]:
        """The versions at these places, and whether the caller may see them."""
        wanted: dict[str, list[Place]] = defaultdict(list)
        for one in places:
            wanted[one.source.collection].append(one.place)
        found = dict(
            each
            for some in await _together([self._fetched(*one) for one in wanted.items()])
            for each in some
        )
        judged: list[tuple[StoredVersion, bool]] = []
        for place in (one.place for one in places):
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


def _as_many(places: Sequence[_Found], count: int) -> list[_Found]:
    """From the first one on, as long as no more than so many of them count."""
    taken: list[_Found] = []
    for one in places:
        if count == 0:
            break
        taken.append(one)
        count -= one.counts
    return taken


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
