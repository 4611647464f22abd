"""URIs (R4 3.1.1.4.13): equal to the last character, or by `:below` and `:above` in part."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from fhir_server.outcome import Category, error
from fhir_server.search import keys
from fhir_server.search.expression import Expression, Key, KeyPrefix, Scalar, disjunction
from resources.extraction import Extracted

MODIFIERS: Final = ("above", "below")
SORT_LENGTH: Final = 240
_ENDS: Final = re.compile(r"[/?#|]")
MAX_ENDS: Final = 100


def index(parameter: str, values: Iterable[Extracted], found: set[str]) -> tuple[Scalar, Scalar]:
    """Adds the keys of the values; answers with the first sort value in either direction."""
    start = f"{parameter}\x1f{keys.URI}\x1f"
    sorts: list[str] = []
    for each in values:
        if not isinstance(each.value, str):
            continue
        uri = keys.escape(each.value)
        found.add(start + uri)
        if each.fhir_type == "canonical" and "|" in uri:
            found.add(start + uri.partition("|")[0])
        sorts.append(uri[:SORT_LENGTH])
    return (min(sorts), max(sorts)) if sorts else (None, None)


def match(parameter: str, modifier: str | None, value: str) -> Expression:
    """The condition that one value of a query states."""
    start = keys.key(parameter, keys.URI, "")
    if modifier and "://" not in value:
        text = f"{parameter}:{modifier}={value}: it is for URLs; a URN has nothing above or below."
        raise error(Category.INVALID, text)
    uri = keys.escape(value)
    if modifier == "below":
        return KeyPrefix(start + uri)
    if modifier == "above":
        return disjunction(*(Key(start + each) for each in _above(parameter, uri)))
    return Key(start + uri)


def _above(parameter: str, uri: str) -> list[str]:
    """The URL, and what it begins with up to each part of its path, with and without a slash."""
    path = uri.index("://") + len("://")
    ends = [found.start() for found in _ENDS.finditer(uri, path)]
    if len(ends) > MAX_ENDS:
        raise error(Category.INVALID, f"{parameter}:above: a URL of more than {MAX_ENDS} parts.")
    return sorted({uri, *(uri[:end] for end in ends), *(uri[: end + 1] for end in ends)})
