"""The test data beside the repository: where it lies, and readers for it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from resources.fhir_json import parse

DATA = Path(__file__).parents[3] / "shared" / "data"

needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason="not run: ../shared/data is not beside the repository"
)


def lines(folder: str) -> Iterator[tuple[str, bytes]]:
    """(place, JSON bytes) of every resource of a folder of NDJSON files."""
    for path in sorted((DATA / folder).glob("*.ndjson.gz")):
        with gzip.open(path) as file:
            for number, line in enumerate(file, 1):
                yield f"{path.stem}:{number}", line.strip()


def examples(folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for place, line in lines(folder):
        yield place, cast(dict[str, Any], parse(line))


def synthea(share: int = 1) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every `share`-th Synthea bundle, whole."""
    for path in sorted((DATA / "synthea").glob("*/*.json.gz"))[::share]:
        yield path.name, cast(dict[str, Any], parse(gzip.decompress(path.read_bytes())))


EXPLAINED = {
    "ValueSet/nhin-purposeofuse": "contains a ConceptMap that nothing refers to (dom-3)",
    "MedicationRequest/medrx0301": "dispenseRequest.performer is a Practitioner; R4 allows "
    "Organization alone",
    "Observation/clinical-gender": "performer is an Encounter, which R4 does not allow",
}
"""Examples of HL7's own that break R4, each with its reason. The tests fail where another one is
refused, and where one of these is not."""
