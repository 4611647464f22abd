"""The demo record: eight people of an invented clinic, as FHIR R4 transaction bundles.

The record was taken on the manifest's anchor day. `bundles(today)` moves all its dates by the same
whole number of weeks, so that weekdays stay, what was lately is lately still, and booked
appointments and free slots lie ahead. Entries are puts under fixed ids.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

_DATE: Final = re.compile(rb'(?<=")(\d{4}-\d\d-\d\d)(?=["T])')
"""A full date at the start of a JSON string; the record has no partial ones and none in ids."""


def manifest() -> dict[str, Any]:
    """Who is in the record, what each one shows, and the demo logins (without passwords)."""
    return json.loads((files(__name__) / "manifest.json").read_text("utf-8"))


def bundles(today: date) -> Iterator[tuple[str, bytes]]:
    """Name and JSON of each bundle in loading order, as if the record had been taken today."""
    contents = manifest()
    shift = weeks_between(date.fromisoformat(contents["anchor"]), today)
    for name in contents["bundles"]:
        packed = (files(__name__) / f"{name}.json.gz").read_bytes()
        yield name, shifted(gzip.decompress(packed), shift)


def weeks_between(anchor: date, today: date) -> timedelta:
    """The whole weeks from the anchor to the last such weekday, today included."""
    return timedelta(weeks=(today - anchor).days // 7)


def shifted(text: bytes, shift: timedelta) -> bytes:
    """The JSON text with each date and the date of each time moved; times and zones stay."""

    @cache
    def moved(day: bytes) -> bytes:
        return (date.fromisoformat(day.decode()) + shift).isoformat().encode()

    return _DATE.sub(lambda found: moved(found[1]), text) if shift else text
