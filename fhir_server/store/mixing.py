"""search of several types (R4 `search.html` 3.1.1.2): each type's own search, put together.

Without `_sort` the types follow each other, so that a page asks only as many of them as it takes to
fill it; with `_sort` each gives the start of its order, and only what the page keeps is fetched.
Each type is searched under its own policy; all read one snapshot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic
from typing import Final, TypeVar

from fhir_server.access.context import Interaction
from fhir_server.outcome import Category, error
from fhir_server.search import cursor as cursors
from fhir_server.search.cursor import Position
from fhir_server.search.expression import Ids
from fhir_server.search.joins import joins
from fhir_server.search.merging import Hit, beside, in_turn, merged
from fhir_server.search.mixed import MixedQuery
from fhir_server.search.query import SearchQuery
from fhir_server.store.codec import sent
from fhir_server.store.counting import count_of, is_counted
from fhir_server.store.document import ENTRY
from fhir_server.store.including import Found, included
from fhir_server.store.joining import MOST_LOOKUPS, without_joins
from fhir_server.store.paging import SearchPage
from fhir_server.store.reach import Reach
from fhir_server.store.searching import fields_of, position_of, reaches
from fhir_server.store.versions import Match
from fhir_server.store.walking import settled, walked

T = TypeVar("T")

AT_ONCE: Final = 8
"""Questions to MongoDB that one request has open."""
FEW: Final = 4
"""Places that each type is asked for at first, beside its share of the page."""
MOST_SORTED: Final = 10_000
"""Places that are put in order for one page; among many types it may be shorter than `_count`."""


async def search(reach: Reach, query: MixedQuery, cursor: str | None) -> SearchPage:
    """The page at this cursor, or the first one. Raises TOO_COSTLY where one query takes too long,
    or all of them together."""
    milliseconds = reach.database.limits.query_milliseconds
    asking = _Asking(reach, monotonic() + milliseconds / 1000)
    return await _page(asking, query, position_of(reach, query.whole, cursor))


@dataclass(frozen=True, slots=True)
class _Asking:
    """Several questions at a time, until there is no time left."""

    reach: Reach
    deadline: float

    async def together(self, calls: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
        """The answers in their order. A transaction is asked one thing at a time."""
        size = AT_ONCE if self.reach.session is None else 1
        answers: list[T] = []
        for start in range(0, len(calls), size):
            if monotonic() > self.deadline:
                text = "The search of so many types takes too long here; name fewer by _type."
                raise error(Category.TOO_COSTLY, text)
            some = [call() for call in calls[start : start + size]]
            for answer in await asyncio.gather(*some, return_exceptions=True):
                if isinstance(answer, BaseException):
                    raise answer
                answers.append(answer)
        return answers


async def _page(asking: _Asking, query: MixedQuery, place: Position | None) -> SearchPage:
    reach, whole = asking.reach, query.whole
    parts = await _parts(reach, query)
    total = await _total(asking, whole, parts)
    if whole.count == 0:
        return SearchPage((), total=total)
    if whole.sort:
        hits, more = await _sorted_page(asking, parts, place)
    else:
        hits, more = await _page_in_turn(asking, parts, place, whole.count)
    found, capped = await included(reach, whole, [Found.of(hit.type_name, hit.row) for hit in hits])
    turns = place is not None and all(reach.plan(part).reversible for part in parts)
    onward, back = _links(reach, whole, hits, place, more=more, turns=turns)
    matches = tuple(Match(hit.type_name, hit.logical_id, sent(hit.row)) for hit in hits)
    return SearchPage(matches, found, onward, back, total, capped)


# ---- which types -------------------------------------------------------------------------------


async def _parts(reach: Reach, query: MixedQuery) -> list[SearchQuery]:
    """What is to be asked of the types that the caller may search and that have resources.

    Raises FORBIDDEN for a type that `_type` names without a scope for it, or without any scope.
    """
    allowed = [part for part in query.parts if _covers(reach, query, part.type_name)]
    if not allowed:
        text = "No scope of this token allows a search here; it needs one such as patient/*.s."
        raise error(Category.FORBIDDEN, text, reason=f"{reach.access.caller}: no scope to search")
    owner, _, logical_id = query.whole.compartment.partition("/")
    if owner and not await reaches(reach, owner, logical_id):
        return []
    listed = await reach.database.listed_types(reach.view)
    parts = [part for part in allowed if part.type_name in listed]
    steps = sum(1 for part in parts for _ in joins(part.where))
    if steps > MOST_LOOKUPS:
        text = f"This search takes {steps} lookups in other types; {MOST_LOOKUPS} are the most"
        raise error(Category.TOO_COSTLY, f"{text}. Name fewer types by _type.")
    return [await without_joins(reach, part) for part in parts]


def _covers(reach: Reach, query: MixedQuery, type_name: str) -> bool:
    if query.named:
        reach.rule(Interaction.SEARCH, type_name)
        return True
    return reach.access.covers(Interaction.SEARCH, type_name)


async def _total(asking: _Asking, whole: SearchQuery, parts: Sequence[SearchQuery]) -> int | None:
    if not is_counted(whole):
        return None
    wanted = [replace(part, total=whole.total) for part in parts]
    counts = [partial(count_of, asking.reach, part) for part in wanted]
    return sum(await asking.together(counts))


# ---- one after the other -----------------------------------------------------------------------


async def _page_in_turn(
    asking: _Asking, parts: Sequence[SearchQuery], place: Position | None, count: int
) -> tuple[list[Hit], bool]:
    """The page, and whether there is more beyond it."""
    by_type = {part.type_name: part for part in parts}
    left = [(by_type[name], after) for name, after in in_turn(tuple(by_type), place)]
    hits: list[Hit] = []
    for some in _waves(left):
        asked = [partial(_ask, asking.reach, part, after, ENTRY) for part, after in some]
        for answer in await asking.together(asked):
            hits += answer
        if len(hits) > count:
            break
    page = hits[:count]
    if place is not None and place.backward:
        page.reverse()
    return page, len(hits) > count


def _waves(left: Sequence[T]) -> Iterator[Sequence[T]]:
    """The first alone, as it often fills the page; then more and more at once."""
    start, size = 0, 1
    while start < len(left):
        yield left[start : start + size]
        start, size = start + size, min(size * 2, AT_ONCE)


async def _ask(
    reach: Reach, part: SearchQuery, after: Position | None, wanted: dict[str, int]
) -> list[Hit]:
    """A page of one type and one more, in the direction in which it is read."""
    planned = await settled(reach, part.type_name, reach.plan(part, after))
    rows = await walked(reach, part.type_name, planned, fields_of(part, planned, wanted))
    return [Hit(part.type_name, planned, row) for row in rows]


# ---- in one order ------------------------------------------------------------------------------


async def _sorted_page(
    asking: _Asking, parts: Sequence[SearchQuery], place: Position | None
) -> tuple[list[Hit], bool]:
    """The page, and whether there is more beyond it.

    Each type is asked for a few; only one all of whose few are on the page is asked for a page.
    """
    if not parts:
        return [], False
    count = min(parts[0].count, max(1, MOST_SORTED // len(parts)))
    few = min(count, FEW + 2 * count // len(parts))
    starts = dict(zip(parts, await _starts(asking, parts, place, few), strict=True))
    page = _cut(starts.values(), count + 1)
    if few < count:
        kept = {(hit.type_name, hit.logical_id) for hit in page}
        longer = [
            part
            for part, some in starts.items()
            if len(some) > few and (part.type_name, some[-1].logical_id) in kept
        ]
        starts |= zip(longer, await _starts(asking, longer, place, count), strict=True)
        page = _cut(starts.values(), count + 1)
    return await _fetched(asking, parts, _cut([page], count)), len(page) > count


async def _starts(
    asking: _Asking, parts: Sequence[SearchQuery], place: Position | None, count: int
) -> list[list[Hit]]:
    """The places of so many and one more of each type, in the direction in which it is read."""
    asked: list[Callable[[], Awaitable[list[Hit]]]] = []
    for part in parts:
        by_id = next((rule for rule in part.sort if rule.parameter == "_id"), part.sort[-1])
        after = place and beside(part.type_name, place, descending=by_id.descending)
        narrow = replace(part, count=count, includes=(), revincludes=())
        asked.append(partial(_ask, asking.reach, narrow, after, {"_id": 1}))
    return await asking.together(asked)


def _cut(starts: Iterable[Sequence[Hit]], count: int) -> list[Hit]:
    """The first so many of all, in their order; of a page that is read backward, the last."""
    hits = merged([hit for some in starts for hit in some])
    return hits[-count:] if hits and hits[0].planned.backward else hits[:count]


async def _fetched(asking: _Asking, parts: Sequence[SearchQuery], hits: list[Hit]) -> list[Hit]:
    """The same with what an entry takes. The policy is asked again, as for every filter."""
    ids: dict[str, set[str]] = {}
    for hit in hits:
        ids.setdefault(hit.type_name, set()).add(hit.logical_id)
    kept = [
        replace(part, where=Ids(frozenset(some)), count=len(some))
        for part in parts
        if (some := ids.get(part.type_name))
    ]
    asked = [partial(_ask, asking.reach, part, None, ENTRY) for part in kept]
    answers = await asking.together(asked)
    rows = {(hit.type_name, hit.logical_id): hit.row for answer in answers for hit in answer}
    return [replace(hit, row={**rows[hit.type_name, hit.logical_id], **hit.row}) for hit in hits]


# ---- what they have in common ------------------------------------------------------------------


def _links(
    reach: Reach,
    whole: SearchQuery,
    hits: Sequence[Hit],
    place: Position | None,
    *,
    more: bool,
    turns: bool,
) -> tuple[str | None, str | None]:
    """Cursors of the next and of the previous page, where there is one."""
    if not hits:
        return None, None
    backward = place is not None and place.backward

    def cursor(hit: Hit, *, back: bool) -> str:
        key = reach.database.cursor_key
        return cursors.encode(hit.place(backward=back), whole, reach.access.caller, key)

    earlier = turns and (more if backward else place is not None)
    return (
        cursor(hits[-1], back=False) if more or backward else None,
        cursor(hits[0], back=True) if earlier else None,
    )
