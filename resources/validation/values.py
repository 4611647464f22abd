"""Checks of primitive elements: each value's form and code (R4 `json.html#primitive`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeAlias, cast

from resources.fhir_json import ARRAY, Resource
from resources.validation.coded import CodedCheck
from resources.validation.primitives import PrimitiveCheck
from resources.validation.problem import Run

Check: TypeAlias = Callable[[Resource, str, Any, str, Run], None]
"""Takes the object, the JSON name, the value there, the object's path, and the run."""

_KINDS: Final[dict[type, str]] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
}


def kind_of(value: object) -> str:
    if value is None:
        return "null"
    return _KINDS.get(type(value), "a number")


@dataclass(frozen=True, slots=True)
class Rules:
    """What a value of an element has to be."""

    check: PrimitiveCheck
    coded: CodedCheck | None
    is_decimal: bool
    advised: PrimitiveCheck | None
    """What is worth a warning, of this issue code:"""
    advice: str


def one_value(step: str, rules: Rules) -> Check:
    check, coded, advised = rules.check, rules.coded, rules.advised
    is_decimal, advice = rules.is_decimal, rules.advice

    def single(members: Resource, key: str, value: Any, path: str, run: Run) -> None:
        if message := check(value):
            run.add(f"{path}.{step}", _code_of(value), _explained(value, message))
        elif coded is not None and (message := coded(value)):
            run.add(f"{path}.{step}", "code-invalid", message)
        elif is_decimal and type(value) is int:
            members[key] = Decimal(value)
        elif run.advises and advised is not None and (message := advised(value)):
            run.advise(f"{path}.{step}", advice, message)

    return single


def _code_of(value: object) -> str:
    return "structure" if value is None or isinstance(value, dict | list) else "value"


def _explained(value: object, message: str) -> str:
    if value is None or isinstance(value, dict | list):
        return f"{message}, not {kind_of(cast(object, value))}"
    return message


def many_values(step: str, rules: Rules) -> Check:
    check, coded, advised = rules.check, rules.coded, rules.advised
    is_decimal, advice = rules.is_decimal, rules.advice

    def many(members: Resource, key: str, value: Any, path: str, run: Run) -> None:
        if not isinstance(value, ARRAY):
            run.add(f"{path}.{step}", "structure", f"must be an array, not {kind_of(value)}")
            return
        items: list[Any] = value
        if not items:
            run.add(f"{path}.{step}", "structure", "must not be an empty array: leave it out")
        for index, item in enumerate(items):
            if item is None and _has_extension(members, key, index):
                continue
            if message := check(item):
                place = f"{path}.{step}[{index}]"
                run.add(place, _code_of(item), _explained(item, message))
            elif coded is not None and (message := coded(item)):
                run.add(f"{path}.{step}[{index}]", "code-invalid", message)
            elif is_decimal and type(item) is int:
                items[index] = Decimal(item)
            elif run.advises and advised is not None and (message := advised(item)):
                run.advise(f"{path}.{step}[{index}]", advice, message)

    return many


def _has_extension(members: Resource, key: str, index: int) -> bool:
    """Whether a null in an array of primitives is made up for in its `_` array."""
    beside: Any = members.get(f"_{key}")
    if not isinstance(beside, ARRAY):
        return False
    many: list[Any] = beside
    return index < len(many) and isinstance(many[index], dict)
