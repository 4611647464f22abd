"""The order of a search of several types: by the values of `_sort`, then by id, then by type.

Each type gives its part in the order of its own index; here they are put together, and a place in
the whole is told to each type.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from fhir_server.search.cursor import END, Position
from fhir_server.search.expression import Scalar
from fhir_server.search.plan import MongoPlan


@dataclass(frozen=True, slots=True)
class Hit:
    """A match, with the plan of its type that found it."""

    type_name: str
    planned: MongoPlan
    row: dict[str, Any]

    @property
    def logical_id(self) -> str:
        return self.row["_id"]

    def place(self, *, backward: bool) -> Position:
        """Where it stands among all types: its id there has its type in front."""
        found = self.planned.position(self.row, backward=backward)
        return replace(found, logical_id=f"{self.type_name}/{found.logical_id}")


def in_turn(types: Sequence[str], place: Position | None) -> list[tuple[str, Position | None]]:
    """The types that are left, one after the other, and where to go on in each of them."""
    if place is None:
        return [(each, None) for each in types]
    at, own = _apart(place)
    if place.backward:
        earlier = [each for each in reversed(types) if each < at]
        left: list[tuple[str, Position | None]] = [(each, END) for each in earlier]
    else:
        left = [(each, None) for each in types if each > at]
    return [(at, own), *left] if at in types else left


def beside(type_name: str, place: Position, *, descending: bool) -> Position:
    """Where one type goes on from a place among all. Where the ids are alike, one of a later type
    is still to come; `descending` says in which direction the ids run."""
    at, own = _apart(place)
    to_come = type_name < at if place.backward else type_name > at
    if not to_come:
        return own
    falling = descending != place.backward
    logical_id = own.logical_id
    # Ids are of letters, digits, "-" and ".": nothing lies between these and the id itself.
    before = f"{logical_id[:-1]}{chr(ord(logical_id[-1]) - 1)}~"
    return replace(own, logical_id=f"{logical_id} " if falling else before)


def merged(hits: Sequence[Hit]) -> list[Hit]:
    """All of them in the order in which the pages run. A missing value is lowest."""
    if not hits:
        return []
    planned = hits[0].planned
    turned = -1 if planned.backward else 1
    order = [(path, direction * turned) for path, direction in planned.sort]
    placed = [(hit.planned.position(hit.row), hit) for hit in hits]
    placed.sort(key=lambda each: each[1].type_name)
    placed.sort(key=lambda each: each[0].logical_id, reverse=order[-1][1] < 0)
    for at, (_, direction) in reversed(list(enumerate(order[:-1]))):
        placed.sort(key=lambda each: _rank(each[0].values[at]), reverse=direction < 0)
    return [hit for _, hit in placed]


def _rank(value: Scalar) -> tuple[bool, Any]:
    return (value is not None, value)


def _apart(place: Position) -> tuple[str, Position]:
    """Type, and the place in the type itself."""
    type_name, _, logical_id = place.logical_id.partition("/")
    return type_name, replace(place, logical_id=logical_id)
