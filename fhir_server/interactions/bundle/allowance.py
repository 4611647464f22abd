"""How much the entries of one bundle may ask for, beside what they bring.

A request of a few bytes may cost a search or a page of megabytes, and a bundle holds thousands.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from fhir_server.outcome import Category, FhirError, error

MOST_SECONDS: Final = 60.0
"""Of searches and operations, one after the other: as long as a transaction may take."""


class Allowance:
    """What is left for the entries to come."""

    def __init__(self, size: float, seconds: float = MOST_SECONDS) -> None:
        """`size`: bytes of what is answered, which is in memory until the last entry is done."""
        self._seconds, self._bytes = seconds, size

    @contextmanager
    def asking(self) -> Generator[None]:
        """Around what reads. Raises TOO_COSTLY where the entries before have used all of it."""
        if self._seconds <= 0:
            raise _used_up("took too long")
        if self._bytes <= 0:
            raise _used_up("came to too much")
        began = monotonic()
        try:
            yield
        finally:
            self._seconds -= monotonic() - began

    def answered(self, body: bytes) -> None:
        """What one entry came to."""
        self._bytes -= len(body)


def _used_up(what: str) -> FhirError:
    text = f"What the entries before this one asked for {what}; send the rest in another bundle."
    return error(Category.TOO_COSTLY, text)
