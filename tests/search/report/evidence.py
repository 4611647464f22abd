"""Which tests carry the id of a claim, read from their names and docstrings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_TESTS = Path(__file__).parents[2]
_NAMED = re.compile(r"(?<![a-z0-9])q(\d{1,2}[a-e]?)(?=_)")
_SAID = re.compile(r"\bQ(\d{1,2}[a-e]?)\b")


@cache
def places_by_id() -> dict[str, frozenset[str]]:
    """Id, such as `Q11d` or `Q11` -> `search/test_rows.py::test_…`."""
    found: dict[str, set[str]] = {}
    for path in sorted(_TESTS.rglob("test_*.py")):
        for name, ids in _tests(path):
            for each in ids:
                place = f"{path.relative_to(_TESTS).as_posix()}::{name}"
                found.setdefault(each, set()).add(place)
    return {each: frozenset(places) for each, places in found.items()}


def _tests(path: Path) -> Iterator[tuple[str, set[str]]]:
    module = ast.parse(path.read_text())
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[:5] == "test_":
            said = _SAID.findall(ast.get_docstring(node) or "")
            yield node.name, {f"Q{each}" for each in (*said, *_NAMED.findall(node.name))}


def proving(claim: str) -> frozenset[str]:
    """The tests that carry the claim's own id."""
    return places_by_id().get(claim, frozenset())


def of_paragraph(claim: str) -> frozenset[str]:
    """The tests that carry the id of the claim, of its paragraph, or of another claim of it."""
    number = claim.rstrip("abcde")
    known = places_by_id()
    return frozenset(
        place for each, places in known.items() if each.rstrip("abcde") == number
        for place in places
    )  # fmt: skip
