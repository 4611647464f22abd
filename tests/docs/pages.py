"""What a page of `docs/resources` says, as values that a test can try."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs/resources"
NAMES = sorted(file.stem for file in FOLDER.glob("*.md"))

_QUERY = re.compile(r"`([A-Z][A-Za-z]+\?[^`]+)`")
_CELLS = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Example:
    """One row of the table of parameters."""

    parameter: str
    type: str
    query: str
    made: bool
    """Marked: the demo record has nothing that it finds."""


@dataclass(frozen=True)
class Asked:
    """One row of the table of a portal's queries, with what it is said to find and to cost."""

    query: str
    found: int
    keys: int
    documents: int


def text(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text("utf-8")


def examples(name: str) -> list[Example]:
    return [
        Example(row[0].strip("`"), row[1], _queries(row[4])[0], "†" in row[4])
        for row in _rows(name)
        if len(row) == 5 and re.fullmatch(r"`[\w-]+`", row[0]) and row[4]
    ]


def asked(name: str) -> list[Asked]:
    return [
        Asked(_queries(row[1])[0], *(int(cell) for cell in row[2:]))
        for row in _rows(name)
        if len(row) == 5 and row[2].isdecimal()
    ]


def queries(name: str) -> list[str]:
    """Every search that the page writes, wherever."""
    return _queries(text(name))


def _queries(part: str) -> list[str]:
    return [query.replace("\\|", "|") for query in _QUERY.findall(part)]


def _rows(name: str) -> Iterator[list[str]]:
    for line in text(name).splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in _CELLS.split(line)[1:-1]]
