"""The shape of one interaction in the table, and matching an address against it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from fhir_server.interactions.call import Call
from fhir_server.interactions.reply import Reply

Perform: TypeAlias = Callable[[Call], Awaitable[Reply]]


class Body(Enum):
    """What a request carries."""

    NONE = "none"
    RESOURCE = "resource"
    BUNDLE = "bundle"
    FORM = "form"
    PATCH = "patch"
    """A JSON Patch, or a Parameters with a FHIRPath Patch."""
    PARAMETERS = "parameters"
    """Of an operation: a Parameters or other resource, a form, or nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """One interaction: the code that the CapabilityStatement lists, and where it is asked for."""

    code: str
    method: str
    shape: tuple[str, ...]
    """Segments below the base; `{type}`, `{id}` and `{version}` stand for values, `$name` for
    itself."""
    perform: Perform
    body: Body = Body.NONE
    type_name: str = ""
    """Where the shape names the type that it is about."""
    native: bool = False
    """A Binary may be sent or answered as the content that it is (R4 `binary.html#rest`)."""

    @property
    def path(self) -> str:
        return "".join(f"/{segment}" for segment in self.shape)

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """The values of the placeholders, where these segments have this row's shape.

        A literal begins with `_`, `$` or `*` and no id, type or version does, so no address has two
        shapes.
        """
        if len(self.shape) != len(segments):
            return None
        values: dict[str, str] = {}
        for pattern, segment in zip(self.shape, segments, strict=True):
            if pattern.startswith("{"):
                if segment.startswith(("_", "$", "*")):
                    return None
                values[pattern[1:-1]] = segment
            elif pattern != segment:
                return None
        return values
