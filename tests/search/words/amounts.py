"""Numbers (R4 3.1.1.4.6) and quantities (3.1.1.4.11)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

Resource = dict[str, Any]

FACTORS = {"mg": Fraction(1, 1000), "g": Fraction(1), "kg": Fraction(1000)}
INFINITE = Fraction(10**40)
Ends = tuple[Fraction, bool, Fraction, bool]
"""Low end, whether it belongs to the range, high end, whether it does."""


def _exact(value: Any) -> Fraction:
    return Fraction(str(value))


def number(element: Any, value: str) -> bool:
    exactly = _exact(element)
    return _amount((exactly, True, exactly, True), value)


def quantity(element: Resource, value: str) -> bool:
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


def _half_of_last_place(text: str) -> Fraction:
    """R4's example has 1e2 stand for 95 up to 105, as 1.0e2 would."""
    mantissa, exponential, exponent = text.partition("e")
    places = len(mantissa.partition(".")[2])
    if exponential:
        places = max(places, 1)
    return Fraction(1, 2) * Fraction(10) ** (int(exponent or 0) - places)


def _amount(target: Ends, value: str, factor: Fraction = Fraction(1)) -> bool:
    low, has_low, high, has_high = target
    prefix = value[:2] if value[:2].isalpha() else "eq"
    text = value.removeprefix(prefix)
    number = Fraction(text) * factor
    half = _half_of_last_place(text) * factor
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
