"""`python -m tests.search.report`: what `make search-report` prints."""

from __future__ import annotations

import sys

from tests.search.report import tables

SECTIONS = (
    ("Rows and random queries, by type of parameter", tables.parameters),
    ("Rows of result parameters and joins", tables.results),
    ("Every search parameter of R4", tables.every_parameter),
    ("Section 8 of the requirements", tables.requirements),
)


def main() -> None:
    """Prints all of it."""
    for title, section in SECTIONS:
        sys.stdout.write(f"{title}\n{'=' * len(title)}\n\n")
        sys.stdout.writelines(f"{line}\n" for line in section())
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
