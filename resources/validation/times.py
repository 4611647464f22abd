"""Dates and times as R4 writes them (`datatypes.html#date`, `#dateTime`, `#instant`, `#time`)."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from typing import Final

_DATE: Final = r"([0-9]{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12][0-9]|3[01])%s)?)?"
_TIME: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE: Final = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"

_IS_DATE: Final = re.compile(_DATE % "").fullmatch
_IS_DATE_TIME: Final = re.compile(_DATE % f"(?:T({_TIME})({_ZONE}))?").fullmatch
_IS_TIME: Final = re.compile(_TIME).fullmatch
_UNZONED: Final = re.compile(_DATE % f"T{_TIME}").fullmatch


def date_problem(value: object) -> str | None:
    found = _IS_DATE(value) if isinstance(value, str) else None
    if found is None:
        return "must be a date: YYYY, YYYY-MM or YYYY-MM-DD"
    return _calendar_problem(found)


def date_time_problem(value: object) -> str | None:
    if not isinstance(value, str):
        return "must be a dateTime in a string"
    found = _IS_DATE_TIME(value)
    if found is not None:
        return _calendar_problem(found)
    if _UNZONED(value):
        return "has a time and so needs a time zone: Z or an offset such as +02:00"
    return "must be a dateTime: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz"


def instant_problem(value: object) -> str | None:
    found = _IS_DATE_TIME(value) if isinstance(value, str) else None
    if found is None or found[4] is None:
        return "must be an instant: YYYY-MM-DDThh:mm:ss.sss+zz:zz, at least to the second"
    return _calendar_problem(found)


def time_problem(value: object) -> str | None:
    if isinstance(value, str) and _IS_TIME(value):
        return None
    return "must be a time: hh:mm:ss, perhaps with a fraction and never with a zone"


def _calendar_problem(found: re.Match[str]) -> str | None:
    year = found[1]
    if year == "0000":
        return "has the year 0000; years run from 0001 to 9999"
    day = found[3]
    if day is None or day <= "28":
        return None
    if int(day) > monthrange(int(year), int(found[2]))[1]:
        return f"is no day of the calendar: {found[0][:10]}"
    return None


_DAY: Final = 86_400
_WIDEST_OFFSET: Final = 14 * 3_600


def surely_after(one: str, other: str) -> bool:
    """Whether one date or dateTime lies after another, whatever their missing parts are."""
    if len(one) == len(other) and one <= other and one[19:] == other[19:]:
        return False  # written alike and in the same zone: the common case
    first, second = _bounds(one), _bounds(other)
    if first is None or second is None:
        return False
    margin = 0 if ("T" in one) == ("T" in other) else _WIDEST_OFFSET
    return first[0] > second[1] + margin


def _bounds(text: str) -> tuple[float, float] | None:
    """First and last second that a date or dateTime can mean."""
    found = _IS_DATE_TIME(text)
    if found is None or _calendar_problem(found) is not None:
        return None
    year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    start = date(year, month, day).toordinal() * _DAY
    if found[4] is not None:
        moment = start + _seconds(found[4]) - _offset(found[5])
        return moment, moment
    if found[3] is None:
        month = int(found[2] or 12)
        day = monthrange(year, month)[1]
    return start, date(year, month, day).toordinal() * _DAY + _DAY - 1


def _seconds(time: str) -> float:
    hours, minutes, seconds = time.split(":")
    return int(hours) * 3_600 + int(minutes) * 60 + float(seconds)


def _offset(zone: str) -> int:
    if zone == "Z":
        return 0
    size = int(zone[1:3]) * 3_600 + int(zone[4:6]) * 60
    return -size if zone[0] == "-" else size
