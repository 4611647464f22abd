"""The tables of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tests.search import asked
from tests.search import test_every_parameter as generated
from tests.search.report.claims import CLAIMS, Claim
from tests.search.report.evidence import of_paragraph, proving
from tests.search.rows import answer, cells
from tests.search.rows.answers import ANSWERS
from tests.search.rows.cells import Cell
from tests.search.rows.every import TABLES
from tests.search.rows.row import Kind

Counts = Counter[tuple[Cell, Kind]]


def row_counts() -> Counts:
    """How many rows of each kind there are of what a search finds by."""
    found: Counts = Counter()
    for table in TABLES:
        for row in table.rows:
            found.update((cell, row.kind) for cell in cells.cells(table.search(row)))
    return found


def answer_counts() -> Counts:
    """How many there are of what a search does besides."""
    found: Counts = Counter()
    for row in ANSWERS:
        found.update((cell, kind) for cell in answer.cells(row.search) for kind in row.proves)
    return found


def parameters() -> Iterator[str]:
    """Types of parameter with their modifiers, prefixes and forms."""
    counted, random = row_counts(), asked.covered()
    yield from _table(
        ("type", "with", *Kind, "random"),
        [(*_line(cell, counted), "yes" if cell in random else "no")
         for cell in sorted(cells.required())],
    )  # fmt: skip


def results() -> Iterator[str]:
    """Result parameters, includes, chains."""
    counted = answer_counts()
    lines = [_line(cell, counted) for cell in sorted(answer.required())]
    yield from _table(("parameter", "form", *Kind), lines)


def every_parameter() -> Iterator[str]:
    """How many of R4's parameters are found by their own values, and which by a rule instead."""
    yield f"{len(generated.PARAMETERS)} parameters with an expression, each at each of its types:"
    yield f"  {len(generated.SIMPLE)} by a value of each type that their element may have"
    yield f"  {len(generated.COMPOSITES)} composites, by values of one and of two elements"
    yield f"  {len(generated.RULES)} by a rule and a test of their own:"
    yield from (f"    {name}: {rule}" for name, rule in generated.RULES.items())
    yield "  Types of element that a parameter has no way to ask for:"
    yield from (f"    {kind} of {of}" for kind, of in sorted(generated.NOT_ASKED_FOR))


def requirements() -> Iterator[str]:
    """Section 8 of the requirements, claim by claim."""
    counted = row_counts() + answer_counts()
    lines = [
        (
            claim.name,
            claim.words,
            str(_rows(claim, counted) or ""),
            str(len(proving(claim.name)) or ""),
            str(len(of_paragraph(claim.name))),
        )
        for claim in CLAIMS
    ]
    yield from _table(("id", "claim", "rows", "tests", "of Qn"), lines)


def _rows(claim: Claim, counted: Counts) -> int:
    of_cells = sum(counted[cell, kind] for cell in claim.cells for kind in Kind)
    return of_cells + sum(len(table.rows) for table in claim.tables)


def _line(cell: Cell, counted: Counts) -> tuple[str, ...]:
    return (cell[0], cell[1] or "a value", *(str(counted[cell, kind]) for kind in Kind))


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterator[str]:
    rows = [head, *lines]
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    for number, row in enumerate(rows):
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        if not number:
            yield "  ".join("-" * width for width in widths)
