"""Expressions as MongoDB filters over the derived fields of a stored document.

A condition on `k` is written as a double negation. MongoDB bounds an index on an array by one
condition only and picks it by itself; it does not consider negated ones, so the planner's own
condition on `k` is the one that bounds (seen with `explain` on MongoDB 6.0).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from fhir_server.search import keys
from fhir_server.search.expression import (
    And,
    DateTest,
    Everything,
    Expression,
    HasWord,
    Ids,
    Key,
    KeyAmong,
    KeyContains,
    KeyEnds,
    KeyOther,
    KeyPrefix,
    LastUpdated,
    Member,
    Near,
    NoMember,
    Not,
    Nothing,
    OnlyMember,
    Or,
    Present,
    RangeTest,
    TextStart,
    Together,
)
from fhir_server.search.relations import Point, Region, Relation, conditions, relation

Filter: TypeAlias = dict[str, Any]

NONE: Final[Filter] = {"_id": {"$in": []}}
"""Matches nothing, and MongoDB knows it."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 31, tzinfo=UTC)


def mongo_filter(expression: Expression) -> Filter:
    """The filter that matches the documents which the expression describes."""
    return all_of(pieces(expression))


def pieces(expression: Expression) -> list[Filter]:
    """Filters that together say the expression."""
    match expression:
        case Everything():
            return []
        case Nothing():
            return [NONE]
        case And(parts):
            return [piece for part in parts for piece in pieces(part)]
        case Or(parts):
            return [{"$or": [mongo_filter(part) for part in parts]}]
        case Not(part):
            return [{"$nor": [mongo_filter(part)]}]
        case DateTest():
            return _date(expression)
        case RangeTest():
            return [_range(expression)]
        case Together(parameter, parts):
            element = all_of([piece for part in parts for piece in pieces(part)])
            return [{f"c.{parameter}": {"$elemMatch": element}}]
        case LastUpdated():
            return _last_updated(expression)
        case _:
            return [_leaf(expression)]


def all_of(parts: list[Filter]) -> Filter:
    """One filter of several; flat as long as no field occurs twice."""
    merged: Filter = {}
    for part in parts:
        if not merged.keys().isdisjoint(part):
            return {"$and": parts}
        merged.update(part)
    return merged


def _leaf(leaf: Expression) -> Filter:
    match leaf:
        case Key(key):
            return {"$nor": [{"k": {"$ne": keys.stored(key)}}]}
        case KeyAmong(wanted):
            return {"$nor": [{"k": {"$nin": sorted(map(keys.stored, wanted))}}]}
        case KeyPrefix() | KeyContains() | KeyEnds() | KeyOther():
            return {"$nor": [{"$nor": [_some_key(leaf)]}]}
        case Near(_, center, radians):
            circle = [[center.longitude, center.latitude], radians]
            return {"g": {"$geoWithin": {"$centerSphere": circle}}}
        case TextStart(parameter, text):
            start = {"$gte": text, "$lt": keys.after_prefix(text)}
            return {f"w.{parameter}": {"$elemMatch": start}}
        case HasWord(parameter, word):
            return {f"o.{parameter}": word}
        case Ids(ids):
            return {"_id": {"$in": sorted(ids)}}
        case Present(parameter):
            return {"p": parameter}
        case Member(patients):
            return {"m": {"$in": sorted(patients)}}
        case OnlyMember(patients):
            return {"m": {"$ne": [], "$not": {"$elemMatch": {"$nin": sorted(patients)}}}}
        case NoMember():
            return {"m": []}
        case _:
            raise TypeError(f"{type(leaf).__name__} is no leaf")


def _some_key(leaf: KeyPrefix | KeyContains | KeyEnds | KeyOther) -> Filter:
    match leaf:
        case KeyPrefix(prefix):
            return key_range(prefix)
        case KeyContains(prefix, text):
            return _containing(prefix, text)
        case KeyEnds(prefix, text):
            return _ending(prefix, text)
        case KeyOther():
            return _other(leaf)


def key_range(prefix: str) -> Filter:
    """The documents with a key that starts so; a long one is looked for among the uncut keys."""
    field = "k" if len(prefix) <= keys.MAX_LENGTH else "f"
    return {field: {"$elemMatch": {"$gte": prefix, "$lt": keys.after_prefix(prefix)}}}


def _containing(prefix: str, text: str) -> Filter:
    """A cut key ends at its hash, which is no text; its whole text is in `f`."""
    start, wanted = re.escape(prefix), re.escape(text)
    pattern = f"^{start}(?:[^\x1e]|\x1e[^#])*?{wanted}"
    return {"$or": [{"k": {"$regex": pattern}}, {"f": {"$regex": f"^{start}(?s:.*?){wanted}"}}]}


def _ending(prefix: str, text: str) -> Filter:
    start, wanted = re.escape(prefix), re.escape(text)
    pattern = f"^{start}(?:[^\x1e]|\x1e[^#])*?{wanted}\\z"
    return {"$or": [{"k": {"$regex": pattern}}, {"f": {"$regex": f"^{start}(?s:.*?){wanted}\\z"}}]}


def _other(leaf: KeyOther) -> Filter:
    """A start is short enough to be seen in a cut key too."""
    left_out: list[Any] = sorted(map(keys.stored, leaf.keys))
    left_out += [re.compile("^" + re.escape(start)) for start in leaf.starts]
    among = {"$gte": leaf.prefix, "$lt": keys.after_prefix(leaf.prefix), "$nin": left_out}
    return {"k": {"$elemMatch": among}}


def _date(test: DateTest) -> list[Filter]:
    stands = relation(test.prefix, test.span.start, test.span.end)
    if test.main:
        within = [dict(conditions(stands.within, "d", "e"))] if stands.within != Region() else []
        if not within:
            within = [{"d": {"$ne": None}}]
        outside = stands.outside
        return within + ([{"$nor": [dict(conditions(outside, "d", "e"))]}] if outside else [])
    return [{f"dt.{test.parameter}": {"$elemMatch": _element(stands)}}]


def _element(stands: Relation[Point]) -> Filter:
    """Of a pair of start and end."""
    element: Filter = dict(conditions(stands.within, "0", "1")) or {"0": {"$exists": True}}
    if stands.outside:
        element["$nor"] = [dict(conditions(stands.outside, "0", "1"))]
    return element


def _range(test: RangeTest) -> Filter:
    element = _element(relation(test.prefix, test.start, test.end))
    if test.scale is not None:
        element["2"] = test.scale
    return {f"n.{test.parameter}": {"$elemMatch": element}}


def _last_updated(test: LastUpdated) -> list[Filter]:
    stands = relation(test.prefix, test.span.start, test.span.end)
    found = [_instants(stands.within)]
    if stands.outside:
        found.append({"$nor": [_instants(stands.outside)]})
    return [piece for piece in found if piece]


def _instants(region: Region[int]) -> Filter:
    """The region for spans of one millisecond that are stored as BSON datetimes."""
    bounds: list[tuple[str, int]] = []
    if region.low is not None:
        bounds.append(("$gte", -(-region.low // 1000)))
    if region.below is not None:
        bounds.append(("$lt", -(-region.below // 1000)))
    if region.above is not None:
        bounds.append(("$gte", region.above // 1000))
    if region.high is not None:
        bounds.append(("$lte", region.high // 1000 - 1))
    return all_of([{"t": {operator: moment(ms)}} for operator, ms in bounds])


def moment(milliseconds: int) -> datetime:
    """A BSON datetime, kept within what one can be."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return _FIRST if milliseconds < 0 else _LAST
