"""The headers of a request, looked at once."""

from __future__ import annotations

from starlette.types import Scope


class Head:
    """Header values by name; of a header that is repeated, the first.

    Starlette's own look-up walks all headers for each name that is asked for, and an interaction
    asks for eight.
    """

    __slots__ = ("_values",)

    def __init__(self, scope: Scope) -> None:
        self._values: dict[bytes, bytes] = dict(reversed(scope["headers"]))

    def get(self, name: bytes) -> str | None:
        """The value of a header, whose name is given in lower case."""
        value = self._values.get(name)
        return None if value is None else value.decode("latin-1")
