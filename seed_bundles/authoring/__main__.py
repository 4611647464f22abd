"""`python -m seed_bundles.authoring [FOLDER]` writes the bundles, one entry a line, packed."""

from __future__ import annotations

import gzip
import json
import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import Final

from .calendars import calendars
from .chart import Bundle
from .clinic import directory
from .elements import Element
from .medicines import formulary
from .people import (
    anna_keller,
    hector_alvarez,
    liam_novak,
    margaret_osei,
    mia_keller,
    priya_raman,
    rosa_alvarez,
    walter_finch,
)
from .questionnaires import phq9

_PEOPLE: Final = (
    mia_keller,
    anna_keller,
    rosa_alvarez,
    margaret_osei,
    liam_novak,
    walter_finch,
    priya_raman,
    hector_alvarez,
)

_NUMBER: Final = re.compile(r'"\\u0000([-0-9.]+)\\u0000"')
"""A decimal on its way through `json`, which would lose the last zero of 35.00."""


def bundles() -> list[Bundle]:
    """All of the record: the house, its calendars, and each person's chart."""
    charts = [teller.compose().bundle for teller in _PEOPLE]
    booked = frozenset(
        slot["reference"]
        for chart in charts
        for resource in chart.resources
        for slot in resource.get("slot", [])
        if resource["status"] == "booked"
    )
    house = directory()
    formulary(house, [walter_finch.APIXABAN])
    phq9(house)
    return [house, calendars(booked), *charts]


def text(bundle: Bundle) -> str:
    entries = ",\n".join(_json(entry) for entry in bundle.entries())
    return f'{{"resourceType":"Bundle","type":"transaction","entry":[\n{entries}\n]}}\n'


def _json(entry: Element) -> str:
    written = json.dumps(entry, separators=(",", ":"), default=_number)
    return _NUMBER.sub(r"\1", written)


def _number(value: object) -> str:
    if isinstance(value, Decimal):
        return f"\0{value}\0"
    raise TypeError(f"no FHIR value: {value!r}")


def write(folder: Path) -> None:
    for bundle in bundles():
        packed = gzip.compress(text(bundle).encode(), mtime=0)
        (folder / f"{bundle.name}.json.gz").write_bytes(packed)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1])
