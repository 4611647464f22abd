"""Invariants of the general-purpose data types (R4 `datatypes.html`, `metadatatypes.html`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from resources.fhir_json import Resource
from resources.validation.members import child, has, number, text
from resources.validation.problem import Run
from resources.validation.times import surely_after

UCUM: Final = "http://unitsofmeasure.org"
_FOR_PROGRAMS: Final = re.compile(r"[A-Z][A-Za-z0-9_]{0,254}")
_NAME: Final = r"""[^\s.,:;'"/|?!@#$%&*()\[\]{}]{1,64}"""
_PATH: Final = re.compile(rf"{_NAME}(?:\.{_NAME}(?:\[x\])?(?::[^\s.]+)?)*").fullmatch
_SIMPLE_PATH: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9]*(?:\.[a-z][A-Za-z0-9]*(?:\[x\])?)*"
).fullmatch
_MEALS: Final = frozenset({"C", "CM", "CD", "CV"})


def _is_ucum(members: Resource) -> bool:
    return not has(members, "system") or members.get("system") == UCUM


def _has_code_for_value(members: Resource) -> bool:
    return has(members, "code") or not has(members, "value")


def age(members: Resource, _: Run) -> bool:
    value = number(members, "value")
    return _has_code_for_value(members) and _is_ucum(members) and (value is None or value > 0)


def count(members: Resource, _: Run) -> bool:
    value = number(members, "value")
    whole = value is None or value == value.to_integral_value()
    unit = not has(members, "code") or members.get("code") == "1"
    return _has_code_for_value(members) and _is_ucum(members) and unit and whole


def distance(members: Resource, _: Run) -> bool:
    return _has_code_for_value(members) and _is_ucum(members)


def duration(members: Resource, _: Run) -> bool:
    if not has(members, "code"):
        return True
    return members.get("system") == UCUM and has(members, "value")


def period(members: Resource, _: Run) -> bool:
    start, end = text(members, "start"), text(members, "end")
    return start is None or end is None or not surely_after(start, end)


def ratio(members: Resource, _: Run) -> bool:
    numerator, denominator = has(members, "numerator"), has(members, "denominator")
    return numerator == denominator and (numerator or has(members, "extension"))


def range_(members: Resource, _: Run) -> bool:
    """Decided for equal units; others cannot be compared without UCUM."""
    low, high = child(members, "low"), child(members, "high")
    if any(low.get(name) != high.get(name) for name in ("system", "code", "unit")):
        return True
    least, most = number(low, "value"), number(high, "value")
    return least is None or most is None or least <= most


def not_negative(name: str) -> Callable[[Resource, Run], bool]:
    def check(members: Resource, _: Run) -> bool:
        value = number(members, name)
        return value is None or value >= 0

    return check


def offset(members: Resource, _: Run) -> bool:
    if not has(members, "offset"):
        return True
    when = members.get("when")
    return isinstance(when, list) and not any(one in when for one in _MEALS)


def element_path(members: Resource, _: Run) -> bool:
    path = text(members, "path")
    return path is None or _PATH(path) is not None


def simple_element_path(members: Resource, _: Run) -> bool:
    path = text(members, "path")
    return path is None or _SIMPLE_PATH(path) is not None


def focus_maximum(members: Resource, _: Run) -> bool:
    most = text(members, "max")
    return most is None or most == "*" or (most.isdecimal() and int(most[:9]) > 0)


def not_home(members: Resource, _: Run) -> bool:
    return members.get("use") != "home"


def narrated(members: Resource, run: Run) -> bool:
    """Asked of resources that stand for themselves: what is contained is told of outside."""
    return members is not run.container or has(child(members, "text"), "div")


def named_for_programs(members: Resource, _: Run) -> bool:
    """As R5 words it: of a name that is there."""
    name = text(members, "name")
    return name is None or _FOR_PROGRAMS.fullmatch(name) is not None
