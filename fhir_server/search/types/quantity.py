"""Quantities (R4 3.1.1.4.11): a number with its unit, and UCUM's units by what they measure.

A value is indexed as it is written, on the scales "" (whatever its unit), `|unit` (its code or
its unit in words) and `system|code`; and where its unit is one of UCUM in base units, on the scale
`=dimension`, in place of the last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

from fhir_server.outcome import Category, error
from fhir_server.search.amounts import HIGHEST, LOWEST, after, before
from fhir_server.search.expression import RangeTest, Scalar, Stretch
from fhir_server.search.types import number
from fhir_server.search.types.number import EXACTLY, as_decimal
from resources.extraction import Extracted
from resources.ucum import UCUM, Canonical, canonical

CURRENCIES: Final = "urn:iso:std:iso:4217"
"""The system of a Money's currency (R4 `datatypes.html#Money`)."""
_CANONICAL: Final = "="
_SHORT: Final = 200
"""Bytes of a number, and characters of a unit: what is longer is not kept in memory."""

Ends = tuple[Decimal | None, bool, Decimal | None, bool]
"""Low end and whether it is left out, high end and whether it is left out; None is no end."""
_COMPARED: Final = {
    "<": (False, True),
    "<=": (False, False),
    ">": (True, True),
    ">=": (True, False),
}
"""Of a comparator: whether the value is the low end, and whether it is left out."""


def stretches(values: Iterable[Extracted]) -> tuple[Stretch, ...]:
    """What the values hold, on each scale."""
    return tuple(found for each in values for found in _of(each.fhir_type, each.value))


def _of(fhir_type: str, value: dict[str, Any]) -> Iterator[Stretch]:
    match fhir_type:
        case "Range":
            yield from _range(value)
        case "SampledData":
            ends = _sampled(value)
            if ends is not None:
                yield from _on_scales(ends, value.get("origin") or {})
        case "Money":
            amount = as_decimal(value.get("value"))
            if amount is not None:
                unit = {"system": CURRENCIES, "code": value.get("currency")}
                yield from _on_scales((amount, False, amount, False), unit)
        case _:
            amount = as_decimal(value.get("value"))
            if amount is not None:
                unit = _unit(value)
                short = amount.__sizeof__() < _SHORT and all(
                    len(each or "") < _SHORT for each in unit
                )
                measured = _kept if short else _measured
                yield from measured(amount, value.get("comparator"), *unit)


def _measured(
    amount: Decimal, comparator: str | None, system: str | None, code: str | None, unit: str | None
) -> tuple[Stretch, ...]:
    written = {"system": system, "code": code, "unit": unit}
    return tuple(_on_scales(_compared(amount, comparator), written))


_kept: Final = lru_cache(maxsize=4096)(_measured)
"""Since a composite has the same value again, and the next resource often."""


def _compared(amount: Decimal, comparator: str | None) -> Ends:
    """`<5` is everything below (R4 `datatypes.html#Quantity`)."""
    if comparator is None or comparator not in _COMPARED:
        return amount, False, amount, False
    above, left_out = _COMPARED[comparator]
    return (amount, left_out, None, False) if above else (None, False, amount, left_out)


def _range(value: dict[str, Any]) -> Iterator[Stretch]:
    """Both ends belong to a Range; one that is missing is open (`datatypes.html#Range`)."""
    low: dict[str, Any] = value.get("low") or {}
    high: dict[str, Any] = value.get("high") or {}
    first, last = as_decimal(low.get("value")), as_decimal(high.get("value"))
    if first is None and last is None:
        return
    if first is None or last is None or _unit(low) == _unit(high):
        yield from _on_scales((first, False, last, False), high if first is None else low)
        return
    units = _ucum(low), _ucum(high)
    if units[0] and units[1] and units[0].dimension == units[1].dimension:
        start, end = units[0].of(first), units[1].of(last)
        yield Stretch(before(start), after(end), (_CANONICAL + units[0].dimension,))


def _unit(value: dict[str, Any]) -> tuple[Any, Any, Any]:
    return value.get("system"), value.get("code"), value.get("unit")


def _sampled(value: dict[str, Any]) -> Ends | None:
    """ "Just search on the bounds of the values in sampled data" (the parameter's description).

    `L` and `U` are beyond the limits of detection, `E` is an error (`datatypes.html#SampledData`).
    """
    base: dict[str, Any] = value.get("origin") or {}
    origin = as_decimal(base.get("value"))
    text = value.get("data")
    if origin is None or not isinstance(text, str):
        return None
    words = set(text.split())
    factor = as_decimal(value.get("factor"))
    try:
        points = [EXACTLY.create_decimal(word) for word in words - {"E", "L", "U"}]
    except InvalidOperation:
        return None
    if not words - {"E"} or not all(point.is_finite() for point in points):
        return None
    found = [EXACTLY.fma(point, 1 if factor is None else factor, origin) for point in points]
    low = None if "L" in words else min([*found, *_limit("U", "upperLimit", words, value)])
    high = None if "U" in words else max([*found, *_limit("L", "lowerLimit", words, value)])
    return low, False, high, False


def _limit(word: str, name: str, words: set[str], value: dict[str, Any]) -> list[Decimal]:
    limit = as_decimal(value.get(name)) if word in words else None
    return [] if limit is None else [limit]


def _on_scales(ends: Ends, unit: dict[str, Any]) -> Iterator[Stretch]:
    code, words, system = unit.get("code"), unit.get("unit"), unit.get("system")
    scales = [""]
    if code:
        scales.append(f"|{code}")
    if words and words != code:
        scales.append(f"|{words}")
    base = canonical(code) if code and system == UCUM else None
    if base is None:
        if system and code:
            scales.append(f"{system}|{code}")
        yield _stretch(ends, tuple(scales))
        return
    written, converted = _cuts(ends), _cuts(_converted(ends, base))
    dimension = _CANONICAL + base.dimension
    if written == converted:
        yield Stretch(*written, (*scales, dimension))
    else:
        yield Stretch(*written, tuple(scales))
        yield Stretch(*converted, (dimension,))


def _ucum(unit: dict[str, Any]) -> Canonical | None:
    code = unit.get("code")
    return canonical(code) if code and unit.get("system") == UCUM else None


def _converted(ends: Ends, base: Canonical) -> Ends:
    low, without_low, high, without_high = ends
    start = None if low is None else base.of(low)
    if high is low:
        return start, without_low, start, without_high
    return start, without_low, None if high is None else base.of(high), without_high


def _stretch(ends: Ends, scales: tuple[str, ...]) -> Stretch:
    return Stretch(*_cuts(ends), scales)


def _cuts(ends: Ends) -> tuple[str, str]:
    low, without_low, high, without_high = ends
    start = LOWEST if low is None else (after if without_low else before)(low)
    return start, HIGHEST if high is None else (before if without_high else after)(high)


def sort_values(found: tuple[Stretch, ...]) -> tuple[Scalar, Scalar]:
    """The first start in either direction, in base units where there are such."""
    starts = [one.start for one in found if one.scales[-1][:1] == _CANONICAL]
    starts = starts or [one.start for one in found]
    return min(starts), max(starts)


def match(parameter: str, text: str, unit: tuple[str, str] | None) -> RangeTest:
    """`5.4`, `5.4||mg` (no system: code or unit are "mg"), or `5.4|system|code`."""
    asked = number.read(parameter, text)
    if unit is None:
        return asked.test(parameter, "", _same)
    system, code = unit
    if not code:
        form = "give [number]|[system]|[code], [number]||[unit], or a number alone"
        raise error(Category.INVALID, f"{parameter}={text}|{system}|: there is no unit; {form}.")
    if not system:
        return asked.test(parameter, f"|{code}", _same)
    base = canonical(code) if system == UCUM else None
    if base is None:
        return asked.test(parameter, f"{system}|{code}", _same)
    return asked.test(parameter, _CANONICAL + base.dimension, base.of)


def _same(value: Decimal) -> Decimal:
    return value
