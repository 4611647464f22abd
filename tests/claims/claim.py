"""The claims, read from the text files of this folder: a line for each, and below it its tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
TESTS = FOLDER.parent
SECTIONS = ("rest", "transactions", "robustness")


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that the server has to do."""

    name: str
    """`F1a`: the first part of F1."""
    words: str
    tests: tuple[str, ...]
    """`http/test_rest.py::test_…`, seen from the folder of all tests."""

    @property
    def requirement(self) -> str:
        return self.name.rstrip("abcdefghijklmnopqrstuvwxyz")


@cache
def claims(section: str) -> tuple[Claim, ...]:
    """All of one section, in its order."""
    return tuple(_read((FOLDER / f"{section}.txt").read_text().splitlines()))


def _read(lines: list[str]) -> Iterator[Claim]:
    head, tests = "", list[str]()
    for line in [*lines, ""]:
        if line.startswith(" "):
            tests.append(line.strip())
            continue
        if head:
            name, _, words = head.partition(" ")
            yield Claim(name, words.strip(), tuple(tests))
        head, tests = line, []


@cache
def tests_of(file: str) -> frozenset[str]:
    """The tests that a file has, without importing it."""
    path = TESTS / file
    if not path.is_file():
        return frozenset()
    return frozenset(
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[:5] == "test_"
    )


def is_there(test: str) -> bool:
    """Whether the test that a claim names exists."""
    file, _, name = test.partition("::")
    return name in tests_of(file)
