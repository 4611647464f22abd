"""The grammar of `_filter` (R4 `search_filter.html`): from its text to a tree, nothing looked up.

    filter     = term (("and" / "or") term)*         "evaluated left to right, with no precedence"
    term       = comparison / ["not"] "(" filter ")"
    comparison = path SP operator SP value
    path       = name [":" Type] ["[" filter "]"] ["." path]
    value      = a JSON string, or anything up to a space, ")" or "]"

`:Type` is ours, as in a chained parameter; the specification leaves no way to say it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NoReturn, TypeAlias

import msgspec

from fhir_server.outcome import Category, error

MAX_DEPTH: Final = 16
"""Parentheses and brackets inside of each other."""
MAX_COMPARISONS: Final = 64
OPERATORS: Final = (
    *("eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le", "ap"),
    *("sa", "eb", "pr", "po", "ss", "sb", "in", "ni", "re"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One name of a path; what it leads to meets the filter in brackets."""

    name: str
    target: str | None
    within: Filter | None


@dataclass(frozen=True, slots=True)
class Comparison:
    path: tuple[Step, ...]
    operator: str
    value: str
    at: int
    """Where it begins, counted from 1."""


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class No:
    part: Filter


Filter: TypeAlias = Comparison | All | Some | No

_SPACE: Final = re.compile(r"\s*")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_TYPE: Final = re.compile(r":([A-Za-z]+)", re.ASCII)
_WORD: Final = re.compile(r"[A-Za-z]+(?=[\s()]|$)", re.ASCII)
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_TOKEN: Final = re.compile(r"[^\s\])]+")


def parse_filter(text: str) -> Filter:
    """The tree of a filter. Raises INVALID with the position and what was expected there."""
    return _Parser(text).whole()


class _Parser:
    """Recursive descent; what it has read so far ends at `at`."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.depth = self.comparisons = 0

    def whole(self) -> Filter:
        found = self.filter()
        if self.at < len(self.text):
            self.fail('"and", "or" or the end')
        return found

    def filter(self) -> Filter:
        found = self.term()
        while (word := self.word()) in ("and", "or"):
            self.at += len(word)
            found = _joined(word, found, self.term())
        return found

    def term(self) -> Filter:
        self.space()
        if self.word() == "not" and self.follows("not"):
            self.at += len("not")
            self.space()
            return No(self.group("(", ")"))
        return self.group("(", ")") if self.next() == "(" else self.comparison()

    def group(self, opening: str, closing: str) -> Filter:
        """What stands in parentheses or brackets."""
        self.take(opening)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            text = f"_filter: more than {MAX_DEPTH} parentheses inside of each other."
            raise error(Category.INVALID, text)
        found = self.filter()
        self.depth -= 1
        self.take(closing)
        return found

    def comparison(self) -> Comparison:
        self.comparisons += 1
        if self.comparisons > MAX_COMPARISONS:
            text = f"_filter: more than {MAX_COMPARISONS} comparisons."
            raise error(Category.INVALID, text)
        start = self.at + 1
        path = [self.step()]
        while self.next() == ".":
            self.at += 1
            path.append(self.step())
        return Comparison(tuple(path), self.operator(), self.value(), start)

    def step(self) -> Step:
        found = _NAME.match(self.text, self.at)
        if found is None:
            self.fail("the name of a search parameter")
        self.at = found.end()
        target = _TYPE.match(self.text, self.at)
        if target is not None:
            self.at = target.end()
        within = self.group("[", "]") if self.next() == "[" else None
        if (target or within) and self.next() != ".":
            self.fail('"." and what is asked of it')
        return Step(found[0], target[1] if target else None, within)

    def operator(self) -> str:
        if not self.next().isspace():
            self.fail("a space and an operator")
        self.space()
        found = _NAME.match(self.text, self.at)
        if found is None or found[0] not in OPERATORS:
            self.fail(f"one of {', '.join(OPERATORS)}")
        self.at = found.end()
        return found[0]

    def value(self) -> str:
        if not self.next().isspace():
            self.fail("a space and a value")
        self.space()
        if self.next() == '"':
            return self.string()
        found = _TOKEN.match(self.text, self.at)
        if found is None:
            self.fail("a value")
        self.at = found.end()
        return found[0]

    def string(self) -> str:
        found = _STRING.match(self.text, self.at)
        if found is None:
            self.fail("a string that ends with a quotation mark")
        try:
            value = msgspec.json.decode(found[0].encode(), type=str)
        except (msgspec.DecodeError, UnicodeEncodeError):
            self.fail("a string as JSON writes them")
        self.at = found.end()
        return value

    # ---- what comes next ---------------------------------------------------------------------

    def next(self) -> str:
        return self.text[self.at : self.at + 1]

    def word(self) -> str:
        self.space()
        found = _WORD.match(self.text, self.at)
        return found[0] if found else ""

    def follows(self, word: str) -> bool:
        """Whether a parenthesis stands behind the word; "not" might be a parameter's name."""
        return self.text[self.at + len(word) :].lstrip().startswith("(")

    def space(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def take(self, expected: str) -> None:
        self.space()
        if self.next() != expected:
            self.fail(f'"{expected}"')
        self.at += 1

    def fail(self, expected: str) -> NoReturn:
        rest = self.text[self.at : self.at + 20]
        seen = f'"{rest}"' if rest else "the end"
        text = f"_filter: at character {self.at + 1}, {seen}: expected {expected}."
        raise error(Category.INVALID, text)


def _joined(word: str, left: Filter, right: Filter) -> Filter:
    """`a or b and c` is `(a or b) and c`."""
    kind = All if word == "and" else Some
    parts = left.parts if isinstance(left, kind) else (left,)
    return kind((*parts, right))
