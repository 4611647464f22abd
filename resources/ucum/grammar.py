"""Unit expressions of UCUM (sections 2 and 3 of its specification) as factor and dimension.

    10*3/uL   mm[Hg]   kg.m/s2   {beats}/min

Units and numbers are multiplied and divided from left to right; what stands in braces is an
annotation and means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

MAX_LENGTH: Final = 120
MAX_EXPONENT: Final = 30
MAX_DIGITS: Final = 12


class NotUcum(ValueError):
    """The code is no expression of UCUM, or has no value in base units."""


@dataclass(frozen=True, slots=True)
class Measure:
    """So many of a product of base units; `offset` is added to a value before it is multiplied."""

    factor: Fraction
    dimension: Mapping[str, int]
    offset: Fraction = Fraction(0)

    def times(self, other: Measure, sign: int = 1) -> Measure:
        """The product, or with a negative sign the quotient. Degrees have none."""
        if self.offset or other.offset:
            raise NotUcum("a temperature scale cannot be part of a product")
        dimension = dict(self.dimension)
        for base, exponent in other.dimension.items():
            dimension[base] = dimension.get(base, 0) + sign * exponent
        factor = self.factor * other.factor if sign > 0 else self.factor / other.factor
        return Measure(factor, {base: each for base, each in dimension.items() if each})

    def power(self, exponent: int) -> Measure:
        if self.offset:
            raise NotUcum("a temperature scale has no powers")
        dimension = {base: each * exponent for base, each in self.dimension.items() if exponent}
        return Measure(self.factor**exponent, dimension)


ONE: Final = Measure(Fraction(1), {})
Atom = Callable[[str], Measure]
"""The measure of one unit with its metric prefix; raises `NotUcum` if there is none."""

_SYMBOL: Final = re.compile(r"(10[*^]|(?:[^\s\d\[\]{}()./+\-*^]|\[[^\[\]\s]*\])+)([+-]?\d+)?")
_NUMBER: Final = re.compile(r"\d+")
_ANNOTATION: Final = re.compile(r"\{[^{}]*\}")


def evaluate(code: str, atom: Atom) -> Measure:
    """The measure of an expression."""
    if len(code) > MAX_LENGTH or not code.isascii() or not code:
        raise NotUcum("not a unit of UCUM")
    reading = _Reading(code, atom)
    found = reading.term()
    if reading.at != len(code):
        raise NotUcum(f"unexpected {code[reading.at]!r}")
    return found


class _Reading:
    """An expression while it is read."""

    def __init__(self, code: str, atom: Atom) -> None:
        self.code, self.atom, self.at = code, atom, 0

    def term(self) -> Measure:
        found = ONE.times(self._component(), -1) if self._take("/") else self._component()
        while True:
            if self._take("."):
                found = found.times(self._component())
            elif self._take("/"):
                found = found.times(self._component(), -1)
            else:
                return found

    def _take(self, character: str) -> bool:
        if self.code.startswith(character, self.at):
            self.at += 1
            return True
        return False

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.code, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def _component(self) -> Measure:
        if self._match(_ANNOTATION):
            return ONE
        if self._take("("):
            found = self.term()
            if not self._take(")"):
                raise NotUcum("a parenthesis is not closed")
        elif symbol := self._match(_SYMBOL):
            found = self._unit(symbol[1], symbol[2])
        elif number := self._match(_NUMBER):
            found = _count(number[0])
        else:
            raise NotUcum("a unit is missing")
        self._match(_ANNOTATION)
        return found

    def _unit(self, symbol: str, exponent: str | None) -> Measure:
        found = self.atom(symbol)
        if exponent is None:
            return found
        if len(exponent) > 3 or abs(int(exponent)) > MAX_EXPONENT:
            raise NotUcum("an exponent is too large")
        return found.power(int(exponent))


def _count(digits: str) -> Measure:
    if len(digits) > MAX_DIGITS or not int(digits):
        raise NotUcum("a number is out of range")
    return Measure(Fraction(int(digits)), {})
