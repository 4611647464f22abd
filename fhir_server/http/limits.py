"""How much one request may bring; an operator sets it."""

from __future__ import annotations

from dataclasses import dataclass


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
    form: int = 1_000_000
    """Bytes of a form."""
