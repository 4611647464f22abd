"""The statistics of `$stats` (R4 `valueset-observation-statistics.html`) over decimals (pure).

Of a sample, so that variance and standard deviation divide by n - 1; percentiles lie between the
two closest ranks in proportion. None where so few values have none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Context, Decimal
from functools import partial, reduce
from typing import Final

Values = Sequence[Decimal]
Statistic = Callable[[Values], "Decimal | None"]

_MATH: Final = Context(prec=50)
_SHOWN: Final = Context(prec=15)


def _sum(values: Values) -> Decimal:
    return reduce(_MATH.add, values, Decimal(0))


def _average(values: Values) -> Decimal | None:
    return _MATH.divide(_sum(values), Decimal(len(values))) if values else None


def _percentile(hundredths: int, values: Values) -> Decimal | None:
    if not values:
        return None
    ordered = sorted(values)
    whole, part = divmod(hundredths * (len(ordered) - 1), 100)
    low, high = ordered[whole], ordered[min(whole + 1, len(ordered) - 1)]
    return _MATH.add(low, _MATH.multiply(_MATH.subtract(high, low), Decimal(part).scaleb(-2)))


def _quartile_deviation(values: Values) -> Decimal | None:
    low, high = _percentile(25, values), _percentile(75, values)
    return (
        None if low is None or high is None else _MATH.divide(_MATH.subtract(high, low), Decimal(2))
    )


def _powers(values: Values, power: int) -> Decimal:
    """The sum of the powers of what the values differ from their average."""
    middle = _average(values) or Decimal(0)
    total = Decimal(0)
    for value in values:
        distance = _MATH.subtract(value, middle)
        total = _MATH.add(total, _MATH.power(distance, power))
    return total


def _variance(values: Values) -> Decimal | None:
    return _MATH.divide(_powers(values, 2), Decimal(len(values) - 1)) if len(values) > 1 else None


def _deviation(values: Values) -> Decimal | None:
    found = _variance(values)
    return None if found is None else _MATH.sqrt(found)


def _moment(power: int, values: Values) -> Decimal | None:
    """The standardised moment: of the third power skewness, of the fourth kurtosis."""
    if not values or not (square := _MATH.divide(_powers(values, 2), Decimal(len(values)))):
        return None
    unit = _MATH.power(_MATH.sqrt(square), power)
    return _MATH.divide(_MATH.divide(_powers(values, power), Decimal(len(values))), unit)


STATISTICS: Final[Mapping[str, Statistic]] = {
    "average": _average,
    "maximum": lambda values: max(values, default=None),
    "minimum": lambda values: min(values, default=None),
    "count": lambda values: Decimal(len(values)),
    "median": partial(_percentile, 50),
    "std-dev": _deviation,
    "sum": lambda values: _sum(values) if values else None,
    "variance": _variance,
    "20-percent": partial(_percentile, 20),
    "80-percent": partial(_percentile, 80),
    "4-lower": partial(_percentile, 25),
    "4-upper": partial(_percentile, 75),
    "4-dev": _quartile_deviation,
    "5-1": partial(_percentile, 20),
    "5-2": partial(_percentile, 40),
    "5-3": partial(_percentile, 60),
    "5-4": partial(_percentile, 80),
    "skew": partial(_moment, 3),
    "kurtosis": partial(_moment, 4),
}
"""By code, but for `total-count`, which is of no values, and `regression`, which is two numbers."""
PLAIN: Final = frozenset(("count", "total-count", "skew", "kurtosis"))
"""Numbers without the unit of the values."""


def statistic(code: str, values: Values) -> Decimal | None:
    """Rounded to 15 digits, without zeros at the end that nobody measured."""
    found = STATISTICS[code](values)
    if found is None or code in ("maximum", "minimum", "sum"):
        return found
    return _rounded(found)


def regression(points: Sequence[tuple[Decimal, Decimal]]) -> tuple[Decimal, Decimal] | None:
    """The line of least squares through these points: its gradient, and its value at 0. None
    where they do not lie at two places at least."""
    places, values = [place for place, _ in points], [value for _, value in points]
    spread = _powers(places, 2)
    if not spread:
        return None
    middle, level = _average(places) or Decimal(0), _average(values) or Decimal(0)
    products = (
        _MATH.multiply(_MATH.subtract(place, middle), _MATH.subtract(value, level))
        for place, value in points
    )
    gradient = _MATH.divide(reduce(_MATH.add, products, Decimal(0)), spread)
    intercept = _MATH.subtract(level, _MATH.multiply(gradient, middle))
    return _rounded(gradient), _rounded(intercept)


def _rounded(value: Decimal) -> Decimal:
    text = f"{_SHOWN.plus(value):f}"
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)
