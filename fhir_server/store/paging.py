"""One page of a search."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fhir_server.store.versions import Match, StoredVersion


@dataclass(frozen=True, slots=True)
class SearchPage:
    """The matches of one page, what they include, and the way on."""

    matches: tuple[Match, ...]
    included: tuple[StoredVersion, ...] = ()
    """Each once, and never one that is a match of this page."""
    next_cursor: str | None = None
    previous_cursor: str | None = None
    total: int | None = None
    """Only where it was asked for."""
    capped: bool = False
    """More would have been included than one answer carries."""
    until: datetime | None = None
    """Of a record: whatever of it has a time up to this is known to these pages."""
