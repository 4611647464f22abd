"""One spelling for equal conditions, whatever their parameters' order, case or escapes were."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, cast

from fhir_server.search.expression import And, Expression, Or


def spelled(expression: Expression) -> str:
    """The same text for expressions that say the same, as far as their parts tell, in every
    process."""
    return _spelled(expression)


def _spelled(value: object) -> str:
    match value:
        case And(parts) | Or(parts):
            return f"{type(value).__name__}({','.join(sorted(set(map(_spelled, parts))))})"
        case Enum():
            return value.name
        case Set():
            return f"{{{','.join(sorted(map(_spelled, cast(Set[object], value))))}}}"
        case str() | int() | float() | None:
            return repr(value)
        case Sequence():
            return f"[{','.join(map(_spelled, cast(Sequence[object], value)))}]"
        case _ if is_dataclass(value):
            members: Any = value
            said = (_spelled(getattr(members, each.name)) for each in fields(members))
            return f"{type(members).__name__}({','.join(said)})"
        case _:
            raise TypeError(f"{type(value).__name__} is no part of an expression")
