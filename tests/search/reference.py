"""Searching by the specification's words alone, straight from the resource; slow and plain.

Shares no code with the server. Covers some parameters of Observation and Patient, chosen so that
each search type, element type and modifier occurs.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from string import punctuation
from typing import Any

Resource = dict[str, Any]
Range = tuple[datetime, datetime]
"""First instant, and first instant after."""

FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, tzinfo=UTC)
TICK = timedelta(microseconds=1)

# What each parameter looks at: path of element names, and for references the type wanted.
PATHS = {
    "code": ("token", "code"),
    "category": ("token", "category"),
    "status": ("token", "status"),
    "identifier": ("token", "identifier"),
    "gender": ("token", "gender"),
    "active": ("token", "active"),
    "telecom": ("token", "telecom"),
    "subject": ("reference", "subject"),
    "patient": ("reference", "subject"),
    "performer": ("reference", "performer"),
    "date": ("date", "effective"),
    "birthdate": ("date", "birthDate"),
    "family": ("string", "name.family"),
    "given": ("string", "name.given"),
    "name": ("string", "name"),
    "value-quantity": ("quantity", "valueQuantity"),
    "probability": ("number", "prediction.probabilityDecimal"),
}
SYSTEMS = {
    "gender": "http://hl7.org/fhir/administrative-gender",
    "status": "http://hl7.org/fhir/observation-status",
}


def decide(resource: Resource, parameter: str, modifier: str, value: str) -> bool:
    """Whether one parameter of a query, with one value, selects the resource."""
    kind, path = PATHS[parameter]
    values = _values(resource, path)
    if parameter == "patient":
        values = [each for each in values if "Patient/" in each.get("reference", "")]
    if modifier == "missing":
        return bool(values) == (value == "false")
    if kind == "token":
        matched = any(_token(each, parameter, value) for each in values)
        return not matched if modifier == "not" else matched
    if kind == "reference":
        return any(_reference(each, modifier, value) for each in values)
    if kind == "date":
        return any(decide_date(each, value) for each in values)
    if kind == "number":
        return any(_amount((_exact(each), True, _exact(each), True), value) for each in values)
    if kind == "quantity":
        return any(_quantity(each, value) for each in values)
    return any(_string(text, modifier, value) for each in values for text in _texts(each, path))


def _values(resource: Resource, path: str) -> list[Any]:
    found: list[Any] = [resource]
    for name in path.split("."):
        inner = [
            element[key]
            for element in found
            for key in element
            if key == name or (name == "effective" and key.startswith("effective"))
        ]
        found = [one for many in inner for one in (many if isinstance(many, list) else [many])]
    return found


# ---- token: 3.1.1.4.10 ----


def _token(element: Any, parameter: str, value: str) -> bool:
    pairs: list[tuple[str | None, str]]
    if isinstance(element, bool):
        pairs = [(None, str(element).lower())]
    elif isinstance(element, str):
        pairs = [(SYSTEMS.get(parameter), element)]
    elif "coding" in element:
        pairs = [(each.get("system"), each.get("code", "")) for each in element["coding"]]
    else:
        system = None if parameter == "telecom" else element.get("system")
        pairs = [(system, element.get("value", ""))]
    if parameter == "telecom":
        return any(code.lower() == value.lower() for _, code in pairs)
    if "|" not in value:
        return any(code == value for _, code in pairs)
    system, code = value.split("|", 1)
    if not code:
        return any(each == system for each, _ in pairs)
    return any(has == code and (each or "") == system for each, has in pairs)


# ---- reference: 3.1.1.4.12 ----


def _reference(element: Resource, modifier: str, value: str) -> bool:
    text = element.get("reference", "")
    target = re.sub(r"/_history/\w+$", "", text.removeprefix("http://localhost/fhir/"))
    if "/" not in value:
        return (
            re.fullmatch(rf"{modifier or '[A-Z][A-Za-z]+'}/{re.escape(value)}", target) is not None
        )
    wanted = value.removeprefix("http://localhost/fhir/")
    if modifier and not wanted.startswith(modifier + "/"):
        return False
    return target == wanted


# ---- date: 3.1.1.4.7 and search.html#prefix ----


def decide_date(element: Any, value: str) -> bool:
    target = _range(element)
    if target is None:
        return False
    prefix = value[:2] if value[:2].isalpha() else "eq"
    search = _instant_range(value.removeprefix(prefix))
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
        "sa": not overlaps and target[0] >= search[1],
        "eb": not overlaps and target[1] <= search[0],
    }[prefix]


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


# ---- number: 3.1.1.4.6, quantity: 3.1.1.4.11 ----

FACTORS = {"mg": Fraction(1, 1000), "g": Fraction(1), "kg": Fraction(1000)}
INFINITE = Fraction(10**40)
Ends = tuple[Fraction, bool, Fraction, bool]
"""Low end, whether it belongs to the range, high end, whether it does."""


def _exact(value: Any) -> Fraction:
    return Fraction(str(value))


def _quantity(element: Resource, value: str) -> bool:
    number, *unit = value.split("|")
    factor = asked = Fraction(1)
    code, system = element.get("code"), element.get("system")
    if unit and not unit[0]:
        if unit[1] not in (code, element.get("unit")):
            return False
    elif unit and system == unit[0] == "http://unitsofmeasure.org":
        if code not in FACTORS:
            return False
        factor, asked = FACTORS[code], FACTORS[unit[1]]
    elif unit and [system, code] != unit:
        return False
    amount = _exact(element["value"]) * factor
    match element.get("comparator"):
        case "<":
            ends = (-INFINITE, False, amount, False)
        case "<=":
            ends = (-INFINITE, False, amount, True)
        case ">":
            ends = (amount, False, INFINITE, False)
        case ">=":
            ends = (amount, True, INFINITE, False)
        case _:
            ends = (amount, True, amount, True)
    return _amount(ends, number, asked)


def _amount(target: Ends, value: str, factor: Fraction = Fraction(1)) -> bool:
    low, has_low, high, has_high = target
    prefix = value[:2] if value[:2].isalpha() else "eq"
    text = value.removeprefix(prefix)
    number = Fraction(text) * factor
    places = len(text.partition(".")[2])
    half = Fraction(1, 2 * 10**places) * factor
    contains = low >= number - half and (high, has_high) < (number + half, True)
    match prefix:
        case "eq":
            return contains
        case "ne":
            return not contains
        case "gt":
            return high > number
        case "lt":
            return low < number
        case "ge":
            return high > number or low == high == number
        case "le":
            return low < number or low == high == number
        case "sa":
            return (low, not has_low) > (number, False)
        case "eb":
            return (high, has_high) < (number, True)
        case _:
            margin = max(abs(number) / 10, half)
            starts = (low, not has_low) <= (number + margin, False)
            return starts and (high, has_high) >= (number - margin, True)


# ---- string: 3.1.1.4.8 ----


def _string(text: str, modifier: str, value: str) -> bool:
    if modifier == "exact":
        return text == value
    if modifier == "contains":
        return _plain(value) in _plain(text)
    return _plain(text).startswith(_plain(value))


def _texts(element: Any, path: str) -> list[str]:
    if isinstance(element, str):
        whole = [element]
        return whole + (_words(element) if path.endswith("family") else [])
    parts: list[str] = []
    for name in ("text", "family", "given", "prefix", "suffix"):
        content = element.get(name, [])
        parts += content if isinstance(content, list) else [content]
    return parts + _words(element.get("family", ""))


def _words(family: str) -> list[str]:
    """What begins at each later part of a family name; "exact" still means the whole element."""
    words = family.split()
    return ["\0" + " ".join(words[start:]) for start in range(1, len(words))]


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFD", text.removeprefix("\0").casefold())
    kept = (each for each in apart if not unicodedata.combining(each) and each not in punctuation)
    return " ".join("".join(kept).split())
