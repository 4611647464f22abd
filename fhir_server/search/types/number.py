"""Numbers (R4 3.1.1.4.6): a number in a query is as precise as it is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation
from typing import Any, Final

from fhir_server.outcome import Category, error
from fhir_server.search.amounts import HIGHEST, LOWEST, after, before
from fhir_server.search.expression import Prefix, RangeTest, Scalar, Stretch
from resources.extraction import Extracted
from resources.fhir_json import OBJECT

_FORM: Final = re.compile(
    r"([a-z]{2})?(-?\d{1,40}(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,3}))?)", re.ASCII
)
_PREFIXES: Final = {prefix.value: prefix for prefix in Prefix}
EXACTLY: Final = Context(prec=200, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation])
"""For sums and products: with more digits than a resource or a query has."""
_TENTH: Final = Decimal("0.1")
_HALF: Final = Decimal("0.5")

Converter = Callable[[Decimal], Decimal]


@dataclass(frozen=True, slots=True)
class Asked:
    """A number in a query: from `low` up to `high`, which belongs to it if `closed`."""

    prefix: Prefix
    low: Decimal
    high: Decimal
    closed: bool

    def test(self, parameter: str, scale: str | None, convert: Converter) -> RangeTest:
        """The condition on the values of a parameter, in other units."""
        high = convert(self.high)
        return RangeTest(
            parameter,
            self.prefix,
            before(convert(self.low)),
            after(high) if self.closed else before(high),
            scale,
        )


def as_decimal(value: Any) -> Decimal | None:
    """A number in a resource."""
    if isinstance(value, Decimal):
        return value
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else None


def stretches(values: Iterable[Extracted]) -> tuple[Stretch, ...]:
    """Each number as a stretch with nothing else in it; a Range from end to end."""
    found = (_ends(each.value) for each in values)
    return tuple(
        Stretch(LOWEST if low is None else before(low), HIGHEST if high is None else after(high))
        for low, high in found
        if low is not None or high is not None
    )


def _ends(value: Any) -> tuple[Decimal | None, Decimal | None]:
    if isinstance(value, OBJECT):
        low: Any = value.get("low") or {}
        high: Any = value.get("high") or {}
        return as_decimal(low.get("value")), as_decimal(high.get("value"))
    one = as_decimal(value)
    return one, one


def sort_values(found: tuple[Stretch, ...]) -> tuple[Scalar, Scalar]:
    """The first start in either direction."""
    return min(one.start for one in found), max(one.start for one in found)


def read(parameter: str, value: str) -> Asked:
    """A prefix and a number.

    Without a prefix, and with `ne`, it stands for all numbers that round to it ("implicit
    precision"): half of its last place to either side. `ap` adds a tenth of the number; the
    others ask for the number as it is.
    """
    found = _FORM.fullmatch(value.replace(" ", "+"))
    if found is None:
        text = f"{parameter}={value}: not a number such as 5.40, -3 or 1e-2, with a prefix or none."
        raise error(Category.INVALID, text)
    prefix = _PREFIXES.get(found[1] or "eq")
    if prefix is None:
        known = ", ".join(_PREFIXES)
        raise error(Category.INVALID, f"{parameter}={value}: {found[1]} is none of {known}.")
    number = Decimal(found[2])
    margin = _margin(found[3], found[4])
    if prefix is Prefix.AP:
        margin = max(margin, EXACTLY.multiply(EXACTLY.abs(number), _TENTH))
    elif prefix not in (Prefix.EQ, Prefix.NE):
        return Asked(prefix, number, number, closed=True)
    low, high = EXACTLY.subtract(number, margin), EXACTLY.add(number, margin)
    return Asked(prefix, low, high, closed=prefix is Prefix.AP)


def _margin(fraction: str | None, exponent: str | None) -> Decimal:
    """Half of the last place. In R4's own example 1e2 is 95 up to 105, as 1.0e2 would be."""
    places = len(fraction or "")
    if exponent is not None:
        places = max(places, 1)
    return EXACTLY.scaleb(_HALF, int(exponent or 0) - places)


def match(parameter: str, value: str) -> RangeTest:
    """The condition that one value of a query states."""
    return read(parameter, value).test(parameter, None, lambda number: number)
