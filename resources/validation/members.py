"""Reading an object's members whatever they are, and the invariants that only ask presence."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias, cast

from resources.fhir_json import Resource
from resources.validation.problem import Run

Test: TypeAlias = Callable[[Resource, Run], bool]


def presence(name: str) -> Callable[[Resource], bool]:
    """Whether an element exists: its value, its extensions, or of `value[x]` any type."""
    if name.endswith("[x]"):
        return _choice_presence((name[:-3], f"_{name[:-3]}"))
    extended = f"_{name}"
    return lambda members: name in members or extended in members


def _choice_presence(starts: tuple[str, str]) -> Callable[[Resource], bool]:
    def present(members: Resource) -> bool:
        for key in members:  # noqa: SIM110 - a generator costs three times as much here
            if key.startswith(starts):
                return True
        return False

    return present


def has(members: Resource, name: str) -> bool:
    return name in members or f"_{name}" in members


def text(members: Resource, name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) else None


def number(members: Resource, name: str) -> Decimal | None:
    value = members.get(name)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    decimal = Decimal(value)
    return decimal if decimal.is_finite() else None


def child(members: Resource, name: str) -> Resource:
    """An object below, or an empty one."""
    value = members.get(name)
    return cast(Resource, value) if isinstance(value, dict) else {}


def children(members: Resource, name: str) -> list[Resource]:
    """The objects of an array below."""
    value = members.get(name)
    if not isinstance(value, list):
        return []
    return [cast(Resource, one) for one in cast(list[Any], value) if isinstance(one, dict)]


def has_coding(concept: Resource, system: str, *codes: str) -> bool:
    return any(
        coding.get("system") == system and text(coding, "code") in codes
        for coding in children(concept, "coding")
    )


def any_of(*names: str) -> Test:
    """`a.exists() or b.exists()`"""
    present = [presence(name) for name in names]
    return lambda members, _: any(one(members) for one in present)


def needs(name: str, needed: str) -> Test:
    """`name.empty() or needed.exists()`"""
    first, second = presence(name), presence(needed)
    return lambda members, _: not first(members) or second(members)


def at_most_one_of(one: str, other: str) -> Test:
    """`one.empty() or other.empty()`"""
    first, second = presence(one), presence(other)
    return lambda members, _: not (first(members) and second(members))


def exactly_one_of(one: str, other: str) -> Test:
    """`one.exists() xor other.exists()`"""
    first, second = presence(one), presence(other)
    return lambda members, _: first(members) != second(members)
