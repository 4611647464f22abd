"""The newest Observations of each code (R4 `observation-operation-lastn.html`), of one instant.

Of one code an index has them in order, and no more is read than is given. Of several, MongoDB
puts what matches in groups, as far as a search may look (`Limits.candidates`): which codes are
translations of each other, any of them may tell. What leaves MongoDB is of each set of codings its
newest times; only what is chosen of these is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from fhir_server.outcome import Category, FhirError, error
from fhir_server.search.expression import Ids
from fhir_server.search.newest import Candidate, newest
from fhir_server.search.query import SearchQuery
from fhir_server.store.codec import sent
from fhir_server.store.database import Document
from fhir_server.store.document import ENTRY
from fhir_server.store.paging import SearchPage
from fhir_server.store.reach import Reach
from fhir_server.store.searching import search
from fhir_server.store.versions import Match
from fhir_server.store.walking import grouped, settled, walked

_MORE: Final = 8
"""Read at least beyond what is wanted, to see whether they tie with the last."""

_CODED: Final[Document] = {
    "$filter": {
        "input": {"$ifNull": ["$resource.code.coding", []]},
        "cond": {"$gt": ["$$this.code", None]},
    }
}
_WHAT: Final[Document] = {
    "d": 1,
    "e": 1,
    "c": {
        "$map": {
            "input": _CODED,
            "in": {"s": {"$ifNull": ["$$this.system", ""]}, "c": "$$this.code"},
        }
    },
    "t": {"$ifNull": ["$resource.code.text", ""]},
}
_NAMED: Final[Document] = {"c": "$c", "t": {"$cond": [{"$eq": ["$c", []]}, "$t", None]}}
_OF_NO_TIME: Final[Document] = {"$cond": [{"$eq": ["$d", None]}, "$_id", None]}
"""Two without a time are not of the same time."""


async def of_one_code(reach: Reach, query: SearchQuery, wanted: int, most: int) -> SearchPage:
    """The newest of all that matches, with those of the same time as the last. Raises
    TOO_COSTLY where these are more than are given."""
    count = wanted
    while True:
        count = min(4 * count + _MORE, most + 1)
        rows = await _first(reach, replace(query, count=count))
        some = [Candidate((), _time(row["d"], row["e"])) for row in rows]
        chosen = newest(some, wanted, one_group=True)
        if len(chosen) > most:
            raise _too_many(len(chosen))
        if len(chosen) < len(rows) or len(rows) < count:
            matches = (rows[at] for at in chosen)
            found = tuple(Match(query.type_name, row["_id"], sent(row)) for row in matches)
            return SearchPage(found, total=len(found))


async def of_each_code(reach: Reach, query: SearchQuery, wanted: int, most: int) -> SearchPage:
    """The newest of each code of what matches. Raises as `of_one_code`, and where there is too
    much to be put in groups."""
    found = await _candidates(reach, query, wanted)
    chosen = frozenset(found[at].logical_id for at in newest(found, wanted))
    if len(chosen) > most:
        raise _too_many(len(chosen))
    page = await search(reach, SearchQuery(query.type_name, Ids(chosen), count=len(chosen)), None)
    return SearchPage(page.matches, total=len(page.matches))


async def _first(reach: Reach, query: SearchQuery) -> list[Document]:
    planned = await settled(reach, query.type_name, reach.plan(query))
    rows = await walked(reach, query.type_name, planned, {**ENTRY, "d": 1, "e": 1})
    return rows[: query.count]


async def _candidates(reach: Reach, query: SearchQuery, wanted: int) -> list[Candidate]:
    """Of each set of codings what was made at its newest times, all newest first."""
    planned = await settled(reach, query.type_name, reach.plan(query))
    groups = await grouped(reach, query.type_name, planned, _stages(wanted))
    found = [pair for group in groups for pair in _of_group(group)]
    found.sort(key=lambda pair: (*pair[0], pair[1].logical_id), reverse=True)
    return [candidate for _, candidate in found]


def _stages(wanted: int) -> list[Document]:
    """What came at one time, newest first; then of each set of codings the first of these."""
    at_once = {**_NAMED, "d": "$d", "e": "$e", "alone": _OF_NO_TIME}
    coded = {"c": "$_id.c", "t": "$_id.t"}
    time = {"d": "$_id.d", "e": "$_id.e", "ids": "$ids"}
    return [
        {"$project": _WHAT},
        {"$group": {"_id": at_once, "ids": {"$push": "$_id"}, "last": {"$max": "$_id"}}},
        {"$sort": {"_id.d": -1, "last": -1}},
        {"$group": {"_id": coded, "times": {"$push": time}}},
        {"$project": {"times": {"$slice": ["$times", wanted]}}},
    ]


def _of_group(group: Document) -> Iterator[tuple[tuple[bool, int], Candidate]]:
    """Each with what it is sorted by: what has no time comes last."""
    codings: list[Document] = group["_id"]["c"]
    labels = tuple((each["s"], each["c"]) for each in codings) or ((None, group["_id"]["t"]),)
    for one in group["times"]:
        time, start = _time(one["d"], one["e"]), one["d"]
        for logical_id in one["ids"]:
            yield (start is not None, start or 0), Candidate(labels, time, logical_id)


def _time(start: int | None, end: int | None) -> tuple[int, int] | None:
    return None if start is None or end is None else (start, end)


def _too_many(found: int) -> FhirError:
    text = (
        f"The newest of each code are {found} Observations, more than one answer carries; ask for "
        "less of each by max, name one code with its system, or narrow it by date."
    )
    return error(Category.TOO_COSTLY, text)
