"""The table of `docs/access.md`: `python -m resources.access_table.document docs/access.md`."""

from __future__ import annotations

import sys
from pathlib import Path

from resources.access_table.model import Kind, Row
from resources.access_table.rows import ROWS

START = "<!-- generated from resources/access_table; change it there -->"
END = "<!-- end of the generated part -->"

_HEAD = "| type | whose, by which parameters | by role | why |\n| --- | --- | --- | --- |"


def table() -> str:
    """A section for each kind of row."""
    return "\n\n".join(_section(kind) for kind in Kind)


def with_table(document: str) -> str:
    """The document with the part between the marks made anew."""
    before, _, rest = document.partition(START)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError("the document has no place for the table")
    return f"{before}{START}\n\n{table()}\n\n{END}{after}"


def _section(kind: Kind) -> str:
    lines = [_line(row) for row in ROWS.values() if row.kind is kind]
    title = f"### {kind.value[0].upper()}{kind.value[1:]} ({len(lines)})"
    return "\n".join([title, "", _HEAD, *lines])


def _line(row: Row) -> str:
    subjects = _names(tuple(link.parameter for link in row.subjects))
    roles = _names(tuple(link.parameter for link in row.roles))
    reason = row.reason or "As CompartmentDefinition has it."
    return f"| {row.type_name} | {subjects} | {roles} | {reason} |"


def _names(parameters: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in parameters)


if __name__ == "__main__":
    document = Path(sys.argv[1])
    document.write_text(with_table(document.read_text(encoding="utf-8")), encoding="utf-8")
