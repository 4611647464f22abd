"""The plain decision whether an index entry satisfies an expression.

It guards what is not found by a search: a read, the resource of a write, an included one.
"""

from __future__ import annotations

from fhir_server.search.expression import (
    And,
    DateTest,
    Everything,
    Expression,
    Focus,
    HasWord,
    Ids,
    IndexEntry,
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
from fhir_server.search.relations import relation
from fhir_server.search.types import near

MILLISECOND = 1000
"""`meta.lastUpdated` is kept to the millisecond: its span is that long."""


def matches(expression: Expression, entry: IndexEntry | Focus) -> bool:
    """Whether the expression describes this entry, or element of a composite."""
    match expression:
        case Everything():
            return True
        case Nothing():
            return False
        case And(parts):
            return all(matches(part, entry) for part in parts)
        case Or(parts):
            return any(matches(part, entry) for part in parts)
        case Not(part):
            return not matches(part, entry)
        case _:
            return _leaf(expression, entry)


def _leaf(leaf: Expression, entry: IndexEntry | Focus) -> bool:
    match leaf:
        case Key() | KeyPrefix() | KeyContains() | KeyEnds() | KeyOther():
            return _has_key(leaf, entry)
        case KeyAmong(keys):
            return not keys.isdisjoint(entry.keys)
        case RangeTest():
            return _is_in_range(leaf, entry)
        case DateTest(main=False):
            return _is_dated(leaf, entry)
        case _ if isinstance(entry, IndexEntry):
            return _of_resource(leaf, entry)
        case _:
            raise TypeError(f"{type(leaf).__name__} says nothing of an element")


def _of_resource(leaf: Expression, entry: IndexEntry) -> bool:
    match leaf:
        case DateTest() | LastUpdated():
            return _has_moment(leaf, entry)
        case Near():
            return entry.place is not None and near.holds(leaf, entry.place)
        case TextStart(parameter, text):
            return any(each.startswith(text) for each in entry.texts.get(parameter, ()))
        case HasWord(parameter, word):
            return word in entry.words.get(parameter, ())
        case Together(parameter, parts):
            return any(
                all(matches(part, focus) for part in parts)
                for focus in entry.composites.get(parameter, ())
            )
        case Ids(ids):
            return entry.logical_id in ids
        case Present(parameter):
            return parameter in entry.present
        case Member(patients):
            return not patients.isdisjoint(entry.members)
        case OnlyMember(patients):
            return bool(entry.members) and entry.members <= patients
        case NoMember():
            return not entry.members
        case _:
            raise TypeError(f"{type(leaf).__name__} is no leaf")


def _has_key(
    leaf: Key | KeyPrefix | KeyContains | KeyEnds | KeyOther, entry: IndexEntry | Focus
) -> bool:
    match leaf:
        case Key(key):
            return key in entry.keys
        case KeyPrefix(prefix):
            return any(key.startswith(prefix) for key in entry.keys)
        case KeyContains(prefix, text):
            start = len(prefix)
            return any(key.startswith(prefix) and key.find(text, start) >= 0 for key in entry.keys)
        case KeyEnds(prefix, text):
            start = len(prefix)
            return any(key.startswith(prefix) and key[start:].endswith(text) for key in entry.keys)
        case KeyOther(prefix, others, starts):
            of_it = (key for key in entry.keys if key.startswith(prefix))
            return any(key not in others and not key.startswith(starts) for key in of_it)


def _is_dated(leaf: DateTest, entry: IndexEntry | Focus) -> bool:
    holds = relation(leaf.prefix, leaf.span.start, leaf.span.end).holds
    return any(holds(span.start, span.end) for span in entry.spans.get(leaf.parameter, ()))


def _has_moment(leaf: DateTest | LastUpdated, entry: IndexEntry) -> bool:
    holds = relation(leaf.prefix, leaf.span.start, leaf.span.end).holds
    if isinstance(leaf, LastUpdated):
        return holds(entry.last_updated, entry.last_updated + MILLISECOND)
    main = entry.main_date
    return main is not None and holds(main.start, main.end)


def _is_in_range(leaf: RangeTest, entry: IndexEntry | Focus) -> bool:
    holds = relation(leaf.prefix, leaf.start, leaf.end).holds
    return any(
        holds(one.start, one.end)
        for one in entry.ranges.get(leaf.parameter, ())
        if leaf.scale is None or leaf.scale in one.scales
    )
