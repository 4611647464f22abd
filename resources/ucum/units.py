"""How a value in a unit of UCUM is said in base units, from the compiled table."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import msgspec

from resources.ucum.grammar import Measure, NotUcum, evaluate

UCUM: Final = "http://unitsofmeasure.org"
"""The system of a Quantity whose code is one of UCUM."""
TABLE: Final = Path(__file__).parents[1] / "definitions" / "ucum.json.gz"
LONGEST: Final = 200
"""Characters of a code; what is longer is nobody's unit."""
_EXACT: Final = Context(prec=400, Emax=MAX_EMAX, Emin=MIN_EMIN)
_ROUNDED: Final = Context(prec=34, Emax=MAX_EMAX, Emin=MIN_EMIN)


@dataclass(frozen=True, slots=True)
class Canonical:
    """A unit in base units."""

    dimension: str
    """The product of base units: `g.m-3`; `1` without any. Equal ones can be compared."""
    numerator: Decimal
    denominator: Decimal
    offset: Decimal

    def of(self, value: Decimal) -> Decimal:
        """The value in base units, rounded once, so that equal amounts are equal."""
        whole = _EXACT.multiply(_EXACT.add(value, self.offset), self.numerator)
        return _ROUNDED.divide(whole, self.denominator)


@dataclass(frozen=True, slots=True)
class _Table:
    prefixes: Mapping[str, Fraction]
    units: Mapping[str, Measure]
    metric: frozenset[str]


class Compiled(msgspec.Struct):
    """The table as it is stored, with numbers as fractions in text."""

    prefixes: dict[str, str]
    units: dict[str, tuple[int, str, dict[str, int], str]]
    """Whether it is metric, factor, dimension, offset."""


@cache
def _table() -> _Table:
    raw = msgspec.json.decode(gzip.decompress(TABLE.read_bytes()), type=Compiled)
    return _Table(
        prefixes={code: Fraction(factor) for code, factor in raw.prefixes.items()},
        units={
            code: Measure(Fraction(factor), dimension, Fraction(offset))
            for code, (_, factor, dimension, offset) in raw.units.items()
        },
        metric=frozenset(code for code, row in raw.units.items() if row[0]),
    )


def _atom(symbol: str) -> Measure:
    """A unit as it stands, or a metric one behind a prefix."""
    table = _table()
    if (found := table.units.get(symbol)) is not None:
        return found
    for length in (2, 1):
        prefix, unit = table.prefixes.get(symbol[:length]), symbol[length:]
        if prefix is not None and unit in table.metric:
            whole = table.units[unit]
            return Measure(whole.factor * prefix, whole.dimension, whole.offset / prefix)
    raise NotUcum(f"{symbol} is no unit of UCUM")


def canonical(code: str) -> Canonical | None:
    """How values in this unit are said in base units; None if the code is not one of UCUM."""
    return _canonical(code) if len(code) <= LONGEST else None


@lru_cache(maxsize=2048)
def _canonical(code: str) -> Canonical | None:
    try:
        found = evaluate(code, _atom)
    except NotUcum:
        return None
    parts = sorted(found.dimension.items())
    offset = found.offset
    return Canonical(
        dimension=".".join(f"{base}{each if each != 1 else ''}" for base, each in parts) or "1",
        numerator=Decimal(found.factor.numerator),
        denominator=Decimal(found.factor.denominator),
        offset=_EXACT.divide(Decimal(offset.numerator), Decimal(offset.denominator)),
    )
