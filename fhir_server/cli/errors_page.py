"""`docs/errors.md`, made from the table of categories: `python -m fhir_server.cli.errors_page`."""

from __future__ import annotations

import sys

from fhir_server.outcome import Category

HEAD = """# Errors

Generated from `fhir_server/outcome.py`; `make docs` writes it anew.

Every refusal below `/fhir` is an `OperationOutcome`, in JSON or XML as asked for. Each issue has a
`code`, a `diagnostics` that says what was wrong and what would be right and, where one element is
at fault, its `expression`. All the problems of a resource are told at once. No answer tells of what
the caller may not see: what is out of reach is a 404, byte for byte the one of what is absent.

| status | code | when |
| --- | --- | --- |
"""


def errors_page() -> str:
    """The whole page."""
    rows = [f"| {each.status} | `{each.code}` | {each.when} |" for each in Category]
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(errors_page())
