"""`python -m tests.claims`: what `make claims` prints."""

from __future__ import annotations

import sys

from tests.claims.claim import SECTIONS, claims
from tests.search.report import tables

TITLES = {
    "rest": "Section 7: REST",
    "transactions": "Section 9: transactions",
    "robustness": "Section 11: robustness",
}


def main() -> None:
    """Prints each claim with its tests, and section 8 by what counts there."""
    for section in SECTIONS:
        _title(TITLES[section])
        for claim in claims(section):
            sys.stdout.write(f"{claim.name:<5} {claim.words}\n")
            sys.stdout.writelines(f"      {test}\n" for test in claim.tests)
        sys.stdout.write("\n")
    _title("Section 8: searching (make search-report has the rows)")
    sys.stdout.writelines(f"{line}\n" for line in tables.requirements())


def _title(text: str) -> None:
    sys.stdout.write(f"{text}\n{'=' * len(text)}\n\n")


if __name__ == "__main__":
    main()
