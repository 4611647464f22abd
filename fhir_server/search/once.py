"""What several ways of a chain (R4 3.1.1.4.14) or of a `_filter` lead to is read once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from fhir_server.search.expression import Expression
from fhir_server.search.unknown import UnknownParameter

Place = TypeVar("Place")


class Once(Generic[Place]):
    """By place the expression, or that nothing of the name can be searched by there."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[Place, Expression | UnknownParameter] = {}

    def read(self, place: Place, reading: Callable[[], Expression]) -> Expression:
        """What reading it comes to, this time or before."""
        found = self._known.get(place)
        if found is None:
            try:
                found = reading()
            except UnknownParameter as unknown:
                found = unknown
            self._known[place] = found
        if isinstance(found, UnknownParameter):
            raise found
        return found
