"""Strings (R4 3.1.1.4.8): the start of a value or name part, whatever its case and accents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from string import punctuation
from typing import Any, Final, cast
from unicodedata import category

from fhir_server.outcome import Category, error
from fhir_server.search import keys
from fhir_server.search.expression import Expression, Key, KeyContains, KeyPrefix, Scalar
from fhir_server.search.types.accents import apart
from resources.extraction import Extracted

MODIFIERS: Final = ("exact", "contains")
SORT_LENGTH: Final = 120
_NO_PUNCTUATION: Final = str.maketrans("", "", punctuation)
_PARTS: Final = {
    "HumanName": ("text", "family", "given", "prefix", "suffix"),
    "Address": ("text", "line", "city", "district", "state", "postalCode", "country"),
}
_BY_WORD: Final = frozenset(("family",))
"""Parameters and parts of which each word counts: "Quinones" finds "Carreno Quinones"."""
_SHORT: Final = 200
"""Longer displays are not kept in memory for the next time that they occur."""
_LONGEST: Final = 10_000
"""Characters of a value that count, but for `:exact`: a million would be folded for seconds."""
_LONGEST_NAME: Final = 1_000
_MOST_WORDS: Final = 32
"""Of a name of several words: each has the rest of the name in its key."""


def fold(text: str) -> str:
    """The text without case, accents and punctuation, and with single spaces."""
    if text.isascii():
        return " ".join(text.translate(_NO_PUNCTUATION).lower().split())
    letters = (each for each in apart(text) if category(each)[0] not in "MP")
    return " ".join("".join(letters).translate(_NO_PUNCTUATION).split())


def fold_display(text: str) -> str:
    """The same for the words that stand with codes, of which there are few."""
    return _kept(text) if len(text) <= _SHORT else fold(text[:_LONGEST])


_kept: Final = lru_cache(maxsize=4096)(fold)


def index(parameter: str, values: Iterable[Extracted], found: set[str]) -> tuple[Scalar, Scalar]:
    """Adds the keys of the values; answers with the first sort value in either direction."""
    exact = f"{parameter}\x1f{keys.EXACT}\x1f"
    start = f"{parameter}\x1f{keys.FOLDED}\x1f"
    sorts: list[str] = []
    for name, text in _texts(parameter, values):
        found.add(exact + keys.escape(text))
        folded = fold(text[:_LONGEST])
        if not folded:
            continue
        found.add(start + keys.escape(folded))
        sorts.append(folded[:SORT_LENGTH])
        if name in _BY_WORD and " " in folded:
            found.update(start + keys.escape(part) for part in _later_words(folded[:_LONGEST_NAME]))
    return (min(sorts), max(sorts)) if sorts else (None, None)


def match(parameter: str, modifier: str | None, value: str) -> Expression:
    """The condition that one value of a query states."""
    if modifier == "exact":
        return Key(keys.key(parameter, keys.EXACT, keys.escape(value)))
    folded = keys.escape(fold(value))
    if not folded:
        text = f"{parameter}={value}: there is no letter or digit to search for."
        raise error(Category.INVALID, text)
    start = keys.key(parameter, keys.FOLDED, "")
    if modifier == "contains":
        return KeyContains(start, folded)
    return KeyPrefix(start + folded)


def _texts(parameter: str, values: Iterable[Extracted]) -> Iterator[tuple[str, str]]:
    for each in values:
        value: Any = each.value
        if isinstance(value, str):
            yield parameter, value
            continue
        for part in _PARTS.get(each.fhir_type, ()):
            content: Any = value.get(part)
            for text in cast(list[Any], content) if isinstance(content, list) else (content,):
                if isinstance(text, str):
                    yield part, text


def _later_words(folded: str) -> Iterator[str]:
    """What begins at each word after the first."""
    at = folded.find(" ")
    for _ in range(1, _MOST_WORDS):
        if at < 0:
            break
        yield folded[at + 1 :]
        at = folded.find(" ", at + 1)
