"""Dates (R4 3.1.1.4.7 and `search.html#prefix`)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

Range = tuple[datetime, datetime]
"""First instant, and first instant after."""

FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def decide_date(element: Any, value: str) -> bool:
    target = _range(element)
    if target is None:
        return False
    prefix = value[:2] if value[:2].isalpha() else "eq"
    search = _instant_range(value.removeprefix(prefix))
    if prefix == "ap":
        search = _about(search)
    contains = search[0] <= target[0] and target[1] <= search[1]
    above_intersects = target[1] > search[1]
    below_intersects = target[0] < search[0]
    overlaps = target[0] < search[1] and search[0] < target[1]
    return {
        "eq": contains,
        "ne": not contains,
        "gt": above_intersects,
        "lt": below_intersects,
        "ge": above_intersects or contains,
        "le": below_intersects or contains,
        "ap": overlaps,
        "sa": not overlaps and target[0] >= search[1],
        "eb": not overlaps and target[1] <= search[0],
    }[prefix]


def _about(search: Range) -> Range:
    """ "10% of the gap between now and the date" more at either end."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    gap = max(today - search[1], search[0] - today, timedelta(0)) / 10
    return search[0] - gap, search[1] + gap


def begins(element: Any) -> datetime | None:
    """The first instant of what an element says."""
    found = _range(element)
    return found and found[0]


def _range(element: Any) -> Range | None:
    if isinstance(element, str):
        return _instant_range(element)
    if "event" in element:
        ranges = [_instant_range(each) for each in element["event"]]
        return min(start for start, _ in ranges), max(end for _, end in ranges)
    if not element:
        return None
    start = _instant_range(element["start"])[0] if "start" in element else FIRST
    end = _instant_range(element["end"])[1] if "end" in element else LAST
    return start, max(end, start + TICK)


def _instant_range(text: str) -> Range:
    if len(text) == 4:
        return _at(text + "-01-01"), _at(f"{int(text) + 1}-01-01")
    if len(text) == 7:
        year, month = int(text[:4]), int(text[5:])
        after = f"{year + month // 12:04}-{month % 12 + 1:02}-01"
        return _at(text + "-01"), _at(after)
    if len(text) == 10:
        return _at(text), _at(text) + timedelta(days=1)
    start = datetime.fromisoformat(text)
    if start.tzinfo is None:
        start = start.replace(tzinfo=UTC)
    clock = re.sub(r"(Z|[+-]\d\d:\d\d)$", "", text.partition("T")[2])
    if clock.count(":") == 1:
        return start, start + timedelta(minutes=1)
    digits = len(clock.partition(".")[2])
    return start, start + timedelta(microseconds=10 ** (6 - digits))


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
