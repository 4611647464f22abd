"""What of a record's Observations statistics are made of: measurements by code (pure).

Values are Quantities with a UCUM code, of an Observation or of its components. All of one code are
said in the unit of the newest; where UCUM cannot convert them there is no answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Final

from fhir_server.outcome import Category, error
from fhir_server.search.types import date
from resources.extraction import Extracted
from resources.fhir_json import Resource
from resources.references import parse_reference
from resources.ucum import UCUM, canonical

_LARGEST: Final = 100
"""Digits before the point, or zeros behind it, with which powers stay computable."""
_DIGITS: Final = Context(prec=34)

Code = tuple[str, str]


@dataclass(slots=True)
class Group:
    """The measurements of one code, newest first."""

    code: Code
    values: list[Decimal] = field(default_factory=list[Decimal])
    timed: list[tuple[int, Decimal]] = field(default_factory=list[tuple[int, Decimal]])
    """Those of which it is known when they were made, in microseconds since 1970."""
    total: int = 0
    quantity: Resource | None = None
    """The newest, which has the unit."""

    def take(self, element: Resource, time: int | None, *, usable: bool) -> None:
        self.total += 1
        quantity: Resource = element.get("valueQuantity") or {}
        if usable and _is_measured(quantity):
            self.quantity = self.quantity or quantity
            value = self._converted(Decimal(quantity["value"]), quantity["code"])
            self.values.append(value)
            self.timed += [] if time is None else [(time, value)]

    def _converted(self, value: Decimal, unit: str) -> Decimal:
        wanted: str = (self.quantity or {})["code"]
        given, asked = canonical(unit), canonical(wanted)
        if unit == wanted or given is None or asked is None:
            return value
        if given.dimension != asked.dimension:
            text = (
                f"{self.code[0]}|{self.code[1]} was measured in {wanted} and in {unit}, which UCUM "
                "cannot convert; narrow it by period."
            )
            raise error(Category.BUSINESS_RULE, text)
        whole = _DIGITS.multiply(given.of(value), asked.denominator)
        return _DIGITS.subtract(_DIGITS.divide(whole, asked.numerator), asked.offset)


def _is_measured(quantity: Resource) -> bool:
    """Whether it is a number in a unit of UCUM: no bound, and of a size that things have."""
    unit, value = quantity.get("code"), quantity.get("value")
    if quantity.get("system") != UCUM or not unit or value is None or "comparator" in quantity:
        return False
    return canonical(unit) is not None and abs(Decimal(value).adjusted()) < _LARGEST


def members_of(panels: Sequence[Resource], asked: Sequence[Code]) -> frozenset[str]:
    """The ids of those that Observations of a code that is asked for have as members."""
    return frozenset(
        logical_id for one in panels if _asked_of(one, asked) for logical_id in _member_ids(one)
    )


def newest_first(some: Sequence[Resource]) -> list[Resource]:
    """Those without a time come last."""
    timed = [(measured_at(one), one) for one in some]
    known = [(time, one) for time, one in timed if time is not None]
    known.sort(key=lambda pair: pair[0], reverse=True)
    return [one for _, one in known] + [one for time, one in timed if time is None]


def grouped(
    found: Sequence[Resource], asked: Sequence[Code], members: frozenset[str] = frozenset()
) -> list[Group]:
    """By code; of a panel, whose values are those of its components and members, by theirs."""
    groups = {code: Group(code) for code in asked}
    there = {one["id"] for one in found}
    panels: set[Code] = set()
    for one in found:
        # "A modifier extension may affect the value in a way that it should be excluded."
        usable = "modifierExtension" not in one
        time = measured_at(one)
        own = _asked_of(one, asked) or (_coded(one)[:1] if one["id"] in members else [])
        parts: list[Resource] = one.get("component", [])
        if not there.isdisjoint(_member_ids(one)):
            panels.update(own)
        is_panel = parts or one.get("hasMember")
        for code in own if not is_panel or "valueQuantity" in one else ():
            groups.setdefault(code, Group(code)).take(one, time, usable=usable)
        for part in parts:
            named = _coded(part)
            taken = [code for code in named if code in asked] or (named[:1] if own else [])
            for code in taken:
                panels.update(own)
                group = groups.setdefault(code, Group(code))
                group.take(part, time, usable=usable and "modifierExtension" not in part)
    return [each for code, each in groups.items() if each.total or code not in panels]


def _asked_of(one: Resource, asked: Sequence[Code]) -> list[Code]:
    return [code for code in _coded(one) if code in asked]


def _member_ids(one: Resource) -> Iterator[str]:
    for member in one.get("hasMember", ()):
        target = parse_reference(member.get("reference") or "")
        if target.type_name == "Observation" and target.base is None and target.logical_id:
            yield target.logical_id


def measured_at(observation: Resource) -> int | None:
    """The start of `effective[x]`, if it has one."""
    effective = (
        Extracted(name.removeprefix("effective"), value)
        for name, value in observation.items()
        if name.startswith("effective")
    )
    starts = (span.start for span in date.spans(effective))
    return next((start for start in starts if start != date.EARLIEST), None)


def _coded(element: Resource) -> list[Code]:
    codings = element.get("code", {}).get("coding", ())
    pairs = [(one.get("system", ""), one["code"]) for one in codings if one.get("code")]
    return list(dict.fromkeys(pairs))
