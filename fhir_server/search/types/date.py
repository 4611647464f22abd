"""Dates (R4 3.1.1.4.7): every value is a span of time as long as its precision."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from fhir_server.outcome import Category, error
from fhir_server.search.expression import Prefix, Scalar, Span
from fhir_server.search.relations import EARLIEST, LATEST
from resources.extraction import Extracted

_FORM: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?"
    r"(Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)
_PREFIXED: Final = re.compile(r"[a-z]{2}(?=\d)")
_ORIGIN: Final = datetime(1970, 1, 1).toordinal()  # noqa: DTZ001 - a calendar day
_DAY: Final = 86_400_000_000
_MINUTE: Final = 60_000_000


def span(text: str) -> Span | None:
    """The span of a date, dateTime or instant; None if it is none. Without a zone it is UTC."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        if month is None:
            start = datetime(int(year), 1, 1).toordinal()  # noqa: DTZ001 - a calendar day
            days = 366 if monthrange(int(year), 2)[1] == 29 else 365
            return Span((start - _ORIGIN) * _DAY, (start + days - _ORIGIN) * _DAY)
        if day is None:
            start = datetime(int(year), int(month), 1).toordinal()  # noqa: DTZ001 - a calendar day
            days = monthrange(int(year), int(month))[1]
            return Span((start - _ORIGIN) * _DAY, (start + days - _ORIGIN) * _DAY)
        at = (datetime(int(year), int(month), int(day)).toordinal() - _ORIGIN) * _DAY  # noqa: DTZ001
    except ValueError:
        return None
    if hour is None:
        return Span(at, at + _DAY)
    return _moment(at, int(hour), int(minute), second, fraction, zone)


def _moment(
    day: int, hour: int, minute: int, second: str | None, fraction: str | None, zone: str | None
) -> Span | None:
    offset = _offset(zone)
    if hour > 24 or minute > 59 or int(second or 0) > 60 or offset is None:
        return None
    if hour == 24 and (minute or int(second or 0)):
        return None
    at = day + (hour * 60 + minute - offset) * _MINUTE
    if second is None:
        return Span(at, at + _MINUTE)
    at += int(second) * 1_000_000
    if fraction is None:
        return Span(at, at + 1_000_000)
    digits = fraction[:6]
    width = 10 ** (6 - len(digits))
    at += int(digits) * width
    return Span(at, at + width)


def _offset(zone: str | None) -> int | None:
    """Minutes east of Greenwich; None for what no zone has."""
    if zone is None or zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 14 or minutes > 59:
        return None
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


def spans(values: Iterable[Extracted]) -> tuple[Span, ...]:
    """The span of each value that has one."""
    found = (_value_span(each.fhir_type, each.value) for each in values)
    return tuple(one for one in found if one is not None)


def _value_span(fhir_type: str, value: Any) -> Span | None:
    if isinstance(value, dict):
        element = cast(dict[str, Any], value)
        return _period(element) if fhir_type == "Period" else _timing(element)
    if not isinstance(value, str):
        return None
    found = span(value)
    if found is not None and fhir_type == "instant":
        return Span(found.start, found.start + 1)
    return found


def _period(period: dict[str, Any]) -> Span | None:
    """A missing start is before any date, a missing end after any."""
    start, end = span(period.get("start") or ""), span(period.get("end") or "")
    if start is None and end is None:
        return None
    first = EARLIEST if start is None else start.start
    last = LATEST if end is None else end.end
    return Span(first, max(last, first + 1))


def _timing(timing: dict[str, Any]) -> Span | None:
    """Only the outer limits of a schedule matter."""
    events = [found for text in timing.get("event", ()) if (found := span(text or "")) is not None]
    bounds = _period(timing.get("repeat", {}).get("boundsPeriod", {}))
    limits = [*events, bounds] if bounds else events
    if not limits:
        return None
    return Span(min(one.start for one in limits), max(one.end for one in limits))


def sort_values(found: tuple[Span, ...]) -> tuple[Scalar, Scalar]:
    """The first start in either direction."""
    if not found:
        return None, None
    return min(one.start for one in found), max(one.start for one in found)


def read(parameter: str, value: str, now: datetime | None = None) -> tuple[Prefix, Span]:
    """The prefix and span of a query's value, for `ap` widened by a tenth of the way to now."""
    prefixed = _PREFIXED.match(value)
    name, text = (prefixed[0], value[2:]) if prefixed else ("eq", value)
    if name not in _PREFIXES:
        known = ", ".join(_PREFIXES)
        raise error(Category.INVALID, f"{parameter}={value}: {name} is none of {known}.")
    found = span(text.replace(" ", "+"))
    if found is None:
        forms = "YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss[.sss]][Z|+hh:mm]"
        raise error(Category.INVALID, f"{parameter}={value}: not a date of the form {forms}.")
    prefix = _PREFIXES[name]
    return prefix, _widened(found, now) if prefix is Prefix.AP else found


_PREFIXES: Final = {prefix.value: prefix for prefix in Prefix}


def _widened(of: Span, now: datetime | None) -> Span:
    moment = now or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    present = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    margin = max(of.start - present, present - of.end, 0) // 10
    return Span(of.start - margin, of.end + margin)
