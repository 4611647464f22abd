"""How much one request may bring; an operator sets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from resources.registry import REGISTRY

_ATTACHMENT: Final = "Attachment"
_UNFOLLOWED: Final = frozenset(("Extension", "Resource", "Reference"))


@dataclass(frozen=True, slots=True)
class Limits:
    """What is beyond is refused, each with an outcome of its own."""

    resource: int
    """Bytes of a body."""
    bundle: int
    """Bytes of a transaction or batch."""
    depth: int
    """Objects, or XML elements, inside one another."""
    url: int
    """Bytes of an address with its query."""
    parameters: int
    """In an address or a form."""
    attachment: int
    """Bytes of the content of an attachment or Binary."""
    form: int = 1_000_000
    """Bytes of a form."""

    @property
    def with_attachment(self) -> int:
        """Bytes of a body whose attachment is as large as it may be: base64 has a third more."""
        return self.resource + (self.attachment + 2) // 3 * 4


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large one body may be."""

    ordinary: int
    most: int
    rest: int
    """Without its large contents."""
    beyond: Callable[[int], None]
    """Asked, with the bytes to come, before more than an ordinary body is read. It may refuse."""


def fixed(limit: int) -> Bounds:
    """Nothing is larger than an ordinary body."""
    return Bounds(limit, limit, limit, lambda _: None)


@cache
def has_attachments(type_name: str) -> bool:
    """Whether resources of this type have a place for content (R4 `datatypes.html#attachment`)."""
    return type_name == "Binary" or _reaches_attachment(type_name, set())


def _reaches_attachment(node: str, seen: set[str]) -> bool:
    seen.add(node)
    return any(
        kind.name == _ATTACHMENT
        or (
            kind.name not in _UNFOLLOWED
            and kind.node not in seen
            and _reaches_attachment(kind.node, seen)
        )
        for element in REGISTRY.children(node).values()
        for kind in element.types
    )
