"""What of a search's conditions an index has answered, and what has to be judged on documents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from fhir_server.search.bounds import Bound, Reach
from fhir_server.search.expression import And, DateTest, Expression, LastUpdated, Not, Or
from fhir_server.search.filters import Filter, pieces
from fhir_server.search.indexes import KEYS, MEMBER_UPDATED, UPDATED

CURRENT: Final[Filter] = {"x": None}
"""Is no delete marker. Delete markers have no keys, so a bound key says this already."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The filters that the bounds of an index leave."""

    covered: list[Filter]
    """An entry of the index tells."""
    nearly: list[Filter] = field(default_factory=list[Filter])
    """Nearly all that is found meets it."""
    heavy: list[Filter] = field(default_factory=list[Filter])
    """Of what is found, few or none may meet it."""

    @property
    def all(self) -> list[Filter]:
        return [*self.covered, *self.nearly, *self.heavy]


def judge(
    parts: Iterable[Expression],
    hint: str = "",
    used: Reach | None = None,
    by: Bound | None = None,
) -> Judged:
    """These conditions, on what an index finds by these bounds."""
    # Other indexes than that of keys have the delete markers too.
    judged = Judged([] if hint in ("", KEYS.name) else [CURRENT])
    for part in parts:
        if _is_covered(part, hint):
            judged.covered.extend(pieces(part))
        elif (used is not None and used.nearly_says(part)) or (
            by is not None and by.nearly_says(part)
        ):
            judged.nearly.extend(pieces(part))
        else:
            judged.heavy.extend(pieces(part))
    return judged


def _is_covered(part: Expression, hint: str) -> bool:
    match part:
        case DateTest(main=True):
            return hint == KEYS.name
        case LastUpdated():
            return hint in (UPDATED.name, MEMBER_UPDATED.name)
        case And(parts) | Or(parts):
            return all(_is_covered(inner, hint) for inner in parts)
        case Not(inner):
            return _is_covered(inner, hint)
        case _:
            return False
