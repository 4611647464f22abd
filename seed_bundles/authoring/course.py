"""How a value runs over the years: a straight line between told points, with a little unrest."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Final

Reading = tuple[int, str]
"""A day and the value measured on it."""

_UNREST: Final = (0, 3, -2, 1, -4, 2, 4, -1, -3, 2, -2, 4, -1, 3)
"""Tenths of a swing: fixed, so that the same record is composed every time."""


def course(points: list[tuple[int, str]], every: int, swing: str = "0") -> list[Reading]:
    """Readings each `every` days from the first point to the last, to the points' precision."""
    readings: list[Reading] = []
    step = Decimal(1).scaleb(int(Decimal(points[0][1]).as_tuple().exponent))
    for number, offset in enumerate(range(points[0][0], points[-1][0] + 1, every)):
        unrest = Decimal(swing) * _UNREST[number % len(_UNREST)] / 4
        readings.append((offset, str((_between(points, offset) + unrest).quantize(step))))
    return readings


def _between(points: list[tuple[int, str]], offset: int) -> Decimal:
    for (start, first), (end, last) in pairwise(points):
        if start <= offset <= end:
            share = Decimal(offset - start) / Decimal(end - start)
            return Decimal(first) + (Decimal(last) - Decimal(first)) * share
    return Decimal(points[-1][1])
