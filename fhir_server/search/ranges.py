"""Conditions that a stretch of an index answers, though not in an order that a page could have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fhir_server.search import keys
from fhir_server.search.expression import (
    DateTest,
    Expression,
    Key,
    KeyContains,
    KeyPrefix,
    Near,
    Or,
    RangeTest,
)
from fhir_server.search.filters import Filter, key_range, mongo_filter
from fhir_server.search.indexes import KEYS, PLACES, indexes
from fhir_server.search.ordered import amount_ranges, date_ranges

MOST_RANGES: Final = 32
_SAYS_SOMETHING: Final = 3
"""As much as three letters of a name."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """Stretches of one index that hold all matches of a condition, and perhaps others."""

    filter: Filter
    hint: str
    says: int
    """How much they say: what says more is likely to hold less."""


def best_prefix(parts: Iterable[Expression]) -> KeyPrefix | None:
    """Of several starts of keys, the one that says most."""
    found = (
        part
        for part in parts
        if isinstance(part, KeyPrefix) and len(part.prefix) <= keys.MAX_LENGTH
    )
    return max(found, key=_telling, default=None)


def _telling(part: KeyPrefix) -> tuple[int, bool]:
    """The longer one; of a name, the part that fewest people share."""
    return _said(part.prefix), keys.parameter_of(part.prefix) == "family"


def best_ranges(type_name: str, parts: Iterable[Expression]) -> Ranges | None:
    """The ranges that are likely to hold the fewest matches."""
    has_places = PLACES in indexes(type_name)
    found = [
        ranges
        for part in parts
        if (ranges := _ranges(part)) is not None and (has_places or ranges.hint != PLACES.name)
    ]
    return max(found, key=lambda each: each.says, default=None)


def _ranges(part: Expression) -> Ranges | None:
    match part:
        case KeyPrefix(prefix):
            return Ranges(key_range(prefix[: keys.MAX_LENGTH]), KEYS.name, _said(prefix))
        case KeyContains(prefix, _):
            return Ranges(key_range(prefix), KEYS.name, 0)
        case DateTest(main=False):
            return _of_keys(date_ranges(part))
        case RangeTest():
            return _of_keys(amount_ranges(part))
        case Near():
            return Ranges(mongo_filter(part), PLACES.name, _SAYS_SOMETHING)
        case Or(parts) if not all(isinstance(each, Key) for each in parts):
            return _union([_of_choice(each) for each in parts])
        case _:
            return None


def _of_keys(stretches: list[Filter]) -> Ranges | None:
    if not stretches:
        return None
    return Ranges({"$or": stretches}, KEYS.name, _SAYS_SOMETHING)


def _of_choice(part: Expression) -> Ranges | None:
    """Of one of several values; a key that is asked for alone is better walked by."""
    if isinstance(part, Key):
        return Ranges({"k": keys.stored(part.key)}, KEYS.name, _said(part.key))
    return _ranges(part)


def _union(choices: list[Ranges | None]) -> Ranges | None:
    known = [choice for choice in choices if choice is not None]
    hints = {choice.hint for choice in known}
    if len(known) < len(choices) or len(known) > MOST_RANGES or len(hints) != 1:
        return None
    says = min(choice.says for choice in known)
    return Ranges({"$or": [choice.filter for choice in known]}, hints.pop(), says)


def _said(key: str) -> int:
    """How much of a value is said: all codes of a system are many."""
    kind, _, value = key.partition(keys.SEPARATOR)[2].partition(keys.SEPARATOR)
    return 1 if kind == keys.SYSTEM_CODE else len(value)
