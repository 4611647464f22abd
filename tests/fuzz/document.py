"""O3: schemathesis on the OpenAPI document: no fault, and nothing that the document leaves out."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
EXAMPLES: Final = 4_000
"""One for each operation of the document, of so many requests in all; there are about ninety."""
THOROUGH: Final = 20_000
"""With so many, the values at the edges of each schema are tried as well."""


def described(root: str, token: str, count: int, seed: int) -> tuple[int, list[str]]:
    """How many requests it sent, and what it found."""
    phases = "coverage,fuzzing" if count >= THOROUGH else "fuzzing"
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{root}/openapi.json"),
                *("--header", f"Authorization: Bearer {token}"),
                *("--checks", ",".join(CHECKS), "--phases", phases, "--seed", str(seed)),
                *("--max-examples", str(max(1, count // EXAMPLES)), "--no-shrink"),
                # One thread: two of them meet a fault of CPython 3.11 when both compile patterns.
                *("--workers", "1", "--continue-on-failure", "--request-timeout", "60"),
                *("--generation-database", "none", "--report", "json"),
                *("--report-json-path", str(report)),
            ],
            check=False,
            stdout=subprocess.DEVNULL,
        )
        found: dict[str, Any] = json.loads(report.read_bytes())
    sent, seconds = found["test_cases"]["generated"], found["running_time"]
    sys.stdout.write(f"schemathesis: {sent} requests in {seconds:.0f} s\n")
    return sent, list(_told(found))


def _told(found: dict[str, Any]) -> Iterator[str]:
    for failure in found["failures"]:
        places = [str(each) for each in failure["operations"]]
        yield f"schemathesis: {failure['title']}: {'; '.join(places)[:1500]}"
    for problem in found["errors"]:
        yield f"schemathesis: {str(problem)[:500]}"
