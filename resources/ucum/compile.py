"""Makes `definitions/ucum.json.gz` from UCUM's own `ucum-essence.xml`.

    python -m resources.ucum.compile ucum-essence.xml

Only facts are taken: prefixes, and for each unit whether it takes them, its factor, its dimension
in base units and the zero of its scale. Arbitrary units, and units on scales that are no straight
line (pH, decibel), are base units of their own: they are compared with themselves alone.
"""

from __future__ import annotations

import gzip
import sys
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as Xml

import msgspec

from resources.ucum.grammar import Measure, NotUcum, evaluate
from resources.ucum.units import TABLE, Compiled

SCALES: Final = {"Cel": "273.15", "degF": "459.67", "degRe": "218.52"}
"""Functions of special units that are straight lines: what is added before multiplying."""
_NAMESPACE: Final = "{http://unitsofmeasure.org/ucum-essence}"


@dataclass(frozen=True, slots=True)
class _Definition:
    """A unit as UCUM defines it: so many of another."""

    metric: bool
    value: Fraction
    unit: str
    offset: Fraction
    alone: bool


def _value(of: Xml.Element) -> Xml.Element:
    found = of.find(f"{_NAMESPACE}value")
    if found is None:
        raise ValueError(f"{of.get('Code')} has no value")
    return found


def _definition(unit: Xml.Element) -> _Definition:
    metric = unit.get("isMetric") == "yes"
    value = _value(unit)
    function = value.find(f"{_NAMESPACE}function")
    if function is not None and (zero := SCALES.get(function.get("name", ""))):
        factor = Fraction(function.get("value", "1"))
        return _Definition(metric, factor, function.get("Unit", ""), Fraction(zero), alone=False)
    alone = function is not None or unit.get("isArbitrary") == "yes"
    amount = Fraction(value.get("value", "1") if not alone else "1")
    return _Definition(metric, amount, value.get("Unit", ""), Fraction(0), alone)


class _Compiler:
    """Definitions resolved down to base units."""

    def __init__(self, root: Xml.Element) -> None:
        self.bases = {each.get("Code", "") for each in root.iter(f"{_NAMESPACE}base-unit")}
        self.prefixes = {
            each.get("Code", ""): Fraction(_value(each).get("value", ""))
            for each in root.iter(f"{_NAMESPACE}prefix")
        }
        self.definitions = {
            each.get("Code", ""): _definition(each) for each in root.iter(f"{_NAMESPACE}unit")
        }
        self.measure = cache(self._measure)

    def _measure(self, code: str) -> Measure:
        if code in self.bases:
            return Measure(Fraction(1), {code: 1})
        known = self.definitions[code]
        if known.alone:
            return Measure(Fraction(1), {code: 1})
        found = evaluate(known.unit, self._atom)
        return Measure(found.factor * known.value, found.dimension, known.offset)

    def _atom(self, symbol: str) -> Measure:
        if symbol in self.bases or symbol in self.definitions:
            return self.measure(symbol)
        for length in (2, 1):
            prefix, unit = self.prefixes.get(symbol[:length]), symbol[length:]
            if prefix is not None and self._is_metric(unit):
                whole = self.measure(unit)
                return Measure(whole.factor * prefix, whole.dimension, whole.offset)
        raise NotUcum(symbol)

    def _is_metric(self, code: str) -> bool:
        return code in self.bases or (code in self.definitions and self.definitions[code].metric)

    def table(self) -> Compiled:
        rows: dict[str, tuple[int, str, dict[str, int], str]] = {}
        for code in sorted(self.bases | self.definitions.keys()):
            found = self.measure(code)
            rows[code] = (
                int(self._is_metric(code)),
                str(found.factor),
                dict(sorted(found.dimension.items())),
                str(found.offset),
            )
        prefixes = {code: str(factor) for code, factor in self.prefixes.items()}
        return Compiled(prefixes, rows)


def main(source: Path) -> None:
    root = Xml.parse(source).getroot()  # noqa: S314 - a file of one's own choice
    packed = gzip.compress(msgspec.json.encode(_Compiler(root).table()), mtime=0)
    TABLE.write_bytes(packed)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
