"""The headers of a request, looked at once."""

from __future__ import annotations

from starlette.types import Scope


class Head:
    """Header values by name; of a header that is repeated, the first.

    Starlette's own look-up walks all headers for each name that is asked for, and an interaction
    asks for eight.
    """

    __slots__ = ("_lines", "_values")

    def __init__(self, scope: Scope) -> None:
        self._lines: list[tuple[bytes, bytes]] = scope["headers"]
        self._values: dict[bytes, bytes] = dict(reversed(self._lines))

    def get(self, name: bytes) -> str | None:
        """The value of a header, whose name is given in lower case."""
        value = self._values.get(name)
        return None if value is None else value.decode("latin-1")

    def listed(self, name: bytes) -> str | None:
        """A header that is a list, whose members may stand in several lines (RFC 9110 section
        5.3)."""
        if len(self._values) == len(self._lines) or name not in self._values:
            return self.get(name)
        return b", ".join(value for key, value in self._lines if key == name).decode("latin-1")
