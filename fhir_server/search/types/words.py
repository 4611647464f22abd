"""`_text` and `_content` (R4 `search.html` 3.1.1.5.6): the words of a narrative, or of all text.

What the words of a query mean is left to the server. Here a word is a run of letters and digits
without case and accents, and a whole word; several have to occur all of them, in any order, and
`AND`, `OR`, `NOT` and parentheses say otherwise, as in `(bone OR liver) and metastases`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NoReturn
from unicodedata import combining

from fhir_server.outcome import Category, error
from fhir_server.search import keys
from fhir_server.search.expression import (
    Expression,
    HasWord,
    Key,
    Not,
    conjunction,
    disjunction,
)
from fhir_server.search.types.accents import apart
from resources.fhir_json import Resource
from resources.readable import narrative, texts

TEXT: Final = "_text"
CONTENT: Final = "_content"
NAMES: Final = frozenset((TEXT, CONTENT))
MAX_WORDS: Final = 2000
"""Different words of one resource; those after that are not found."""
MAX_ENTRIES: Final = 10_000
"""Index entries that the words of one resource may cost."""
MAX_LENGTH: Final = 40
"""Characters of a word that count, in a resource and in a query."""
MAX_ASKED: Final = 32
MAX_DEPTH: Final = 8
_SHORT: Final = 100
"""Longer texts are not kept in memory for the next time that they occur."""
_WORDS: Final = re.compile(r"[^\W_]+")
_PIECES: Final = re.compile(r'[()"]|[^\s()"]+')

INDEXED: Final = frozenset(
    (
        "AdverseEvent",
        "AllergyIntolerance",
        "CarePlan",
        "ClinicalImpression",
        "Communication",
        "Composition",
        "Condition",
        "Consent",
        "DetectedIssue",
        "DiagnosticReport",
        "DocumentReference",
        "FamilyMemberHistory",
        "Flag",
        "Goal",
        "Location",
        "Medication",
        "Organization",
        "Questionnaire",
        "RiskAssessment",
    )
)
"""Types in which people write: their words have keys. An index entry for each word would make an
Observation or a Claim dearer by half (`docs/performance.md`); there the words are only judged."""


def words(text: str) -> frozenset[str]:
    """The words of a text, folded."""
    return _kept(text) if len(text) <= _SHORT else _words(text)


def _words(text: str) -> frozenset[str]:
    if text.isascii():
        folded = text.lower()
    else:
        folded = "".join(each for each in apart(text) if not combining(each))
    return frozenset(word[:MAX_LENGTH] for word in _WORDS.findall(folded))


_kept: Final = lru_cache(maxsize=4096)(_words)


def index(resource: Resource) -> dict[str, frozenset[str]]:
    """By parameter, the words of a resource."""
    told = narrative(resource)
    of_text = _first((told,) if told else (), frozenset())
    content = _first(texts(resource), of_text)
    return {name: found for name, found in ((TEXT, of_text), (CONTENT, content)) if found}


def _first(given: Iterable[str], known: frozenset[str]) -> frozenset[str]:
    """What is known and the words of these texts, up to the limit."""
    found = set(known)
    for text in given:
        found |= words(text)
        if len(found) > MAX_WORDS:
            more = sorted(found - known)[: MAX_WORDS - len(known)]
            return known.union(more)
    return frozenset(found)


def word_keys(found: frozenset[str], members: int) -> list[str]:
    """The keys of a resource's words, fewer where each is stored for many members."""
    most = MAX_ENTRIES // (1 + members)
    kept = found if len(found) <= most else sorted(found)[:most]
    return [_key(word) for word in kept]


def _key(word: str) -> str:
    return f"{CONTENT}\x1f{keys.WORD}\x1f{word}"


def match(parameter: str, value: str, *, keyed: bool) -> Expression:
    """The condition that one value of a query states; `keyed` if each word has a key."""
    return _Asked(parameter, value, keyed=keyed).whole()


class _Asked:
    """The words of one value while they are read: OR of AND of words and parentheses."""

    def __init__(self, parameter: str, value: str, *, keyed: bool) -> None:
        self.parameter, self.value, self.keyed = parameter, value, keyed
        self.pieces = _PIECES.findall(value)
        self.at = self.depth = self.asked = 0

    def whole(self) -> Expression:
        found = self.either()
        if self.at < len(self.pieces):
            self.fail("a parenthesis is closed that was not opened")
        return found

    def either(self) -> Expression:
        parts = [self.both()]
        while self.is_next("or"):
            self.at += 1
            parts.append(self.both())
        return disjunction(*parts)

    def both(self) -> Expression:
        parts: list[Expression] = []
        while self.at < len(self.pieces) and self.pieces[self.at] != ")" and not self.is_next("or"):
            if self.is_next("and") and parts:
                self.at += 1
            parts.append(self.one())
        if not parts:
            self.fail("there is no word to search for")
        return conjunction(*parts)

    def one(self) -> Expression:
        if self.is_next("not"):
            self.at += 1
            return Not(self.one())
        if self.at == len(self.pieces) or self.is_next("and") or self.is_next("or"):
            self.fail("AND, OR and NOT stand in front of a word")
        piece = self.pieces[self.at]
        self.at += 1
        if piece == "(":
            return self.group()
        if piece in ')"':
            self.fail("a phrase in quotation marks is not supported; give its words without them")
        return self.word(piece)

    def group(self) -> Expression:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"more than {MAX_DEPTH} parentheses inside of each other")
        found = self.either()
        self.depth -= 1
        if self.at == len(self.pieces):
            self.fail("a parenthesis is not closed")
        self.at += 1
        return found

    def word(self, piece: str) -> Expression:
        """What is written as one may be several: `blood-pressure`."""
        asked = sorted(words(piece))
        self.asked += len(asked)
        if self.asked > MAX_ASKED:
            self.fail(f"more than {MAX_ASKED} words")
        if not asked:
            self.fail(f"there is no letter or digit in {piece}")
        return conjunction(*(self.has(word) for word in asked))

    def has(self, word: str) -> Expression:
        """A narrative's words are words of the content too, so that one key serves both."""
        if not self.keyed:
            return HasWord(self.parameter, word)
        if self.parameter == TEXT:
            return conjunction(Key(_key(word)), HasWord(TEXT, word))
        return Key(_key(word))

    def is_next(self, operator: str) -> bool:
        return self.at < len(self.pieces) and self.pieces[self.at].lower() == operator

    def fail(self, problem: str) -> NoReturn:
        raise error(Category.INVALID, f"{self.parameter}={self.value}: {problem}.")
