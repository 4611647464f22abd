"""Keys by which whatever meets a condition can be looked up."""

from __future__ import annotations

from typing import Final

from fhir_server.search.expression import And, Expression, Key, Or
from fhir_server.search.keys import parameter_of

_NONE: Final[frozenset[str]] = frozenset()


def anchors(expression: Expression, parameter: str) -> frozenset[str]:
    """Keys of this parameter of which whatever meets the condition has at least one; none at all
    where the condition does not tell."""
    match expression:
        case Key(key):
            return frozenset((key,)) if parameter_of(key) == parameter else _NONE
        case Or(parts):
            found = [anchors(part, parameter) for part in parts]
            return _NONE.union(*found) if all(found) else _NONE
        case And(parts):
            for part in parts:
                if some := anchors(part, parameter):
                    return some
            return _NONE
        case _:
            return _NONE
