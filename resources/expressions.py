"""The FHIRPath of search parameters, taken apart (R4 `searchparameter.html`, `fhirpath.html`).

An expression is a union of paths, and a path a chain of few kinds of step.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias


class UnsupportedExpression(ValueError):
    """An expression of a shape that the compiler does not know."""


@dataclass(frozen=True, slots=True)
class Child:
    """`.name`"""

    name: str


@dataclass(frozen=True, slots=True)
class OfType:
    """`.ofType(Quantity)`, `.as(Quantity)`"""

    name: str


@dataclass(frozen=True, slots=True)
class Where:
    """`.where(system='email')`"""

    path: tuple[Step, ...]
    value: str


@dataclass(frozen=True, slots=True)
class Resolves:
    """`.where(resolve() is Patient)`"""

    target: str


@dataclass(frozen=True, slots=True)
class At:
    """`[0]`"""

    index: int


Step: TypeAlias = Child | OfType | Where | Resolves | At

_STEP: Final = re.compile(
    r"""\.?(?:
      where\(\s*resolve\(\)\s+is\s+(?P<target>\w+)\s*\)
    | extension\(\s*'(?P<url>[^']*)'\s*\)
    | where\(\s*(?P<path>[\w.]+)\s*=\s*'(?P<value>[^']*)'\s*\)
    | (?:as|ofType)\((?P<type>\w+)\)
    | (?P<child>[%$]?[A-Za-z]\w*)(?!\()
    ) | \[(?P<index>\d+)\]""",
    re.VERBOSE,
)
_UNION: Final = re.compile(r"(?:[^|']|'[^']*')+")
"""What stands between bars; one in a literal, as in a canonical URL's, parts nothing."""
_CAST: Final = re.compile(r"^\(\s*([^()]+?)\s+as\s+(\w+)\s*\)")
"""`(path as T)`, which means `path.ofType(T)`: R4 writes it over collections too."""


def alternatives(expression: str) -> list[tuple[Step, ...]]:
    """The paths of a union, each once."""
    return [steps(text) for text in union(expression)]


def union(expression: str) -> list[str]:
    """The same as they are written."""
    texts = dict.fromkeys(text.strip() for text in _UNION.findall(expression))
    return [text for text in texts if text]


def steps(text: str) -> tuple[Step, ...]:
    """One path, step by step."""
    text = _CAST.sub(r"\1.ofType(\2)", text)
    found: list[Step] = []
    position = 0
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            raise UnsupportedExpression(f"{text!r} at {position}")
        found += _steps(step)
        position = step.end()
    return tuple(found)


def _steps(found: re.Match[str]) -> tuple[Step, ...]:
    if (url := found["url"]) is not None:
        return Child("extension"), Where((Child("url"),), url)
    return (_step(found),)


def _step(found: re.Match[str]) -> Step:
    if name := found["child"]:
        return Child(name)
    if name := found["type"]:
        return OfType(name)
    if target := found["target"]:
        return Resolves(target)
    if path := found["path"]:
        return Where(steps(path), found["value"])
    return At(int(found["index"]))
