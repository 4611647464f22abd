"""What comes out of the store: one version of a resource, and the pages that hold versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version of a resource as it is kept; `json` is sent as it stands."""

    type_name: str
    logical_id: str
    version: int
    last_updated: datetime
    """Aware, UTC, to the millisecond."""
    json: bytes
    """Empty in a delete marker."""
    deleted: bool
    method: str
    """POST, PUT, PATCH or DELETE, which made it (`Bundle.entry.request` of a history)."""


@dataclass(frozen=True, slots=True)
class Match:
    """A current resource that a search found: as much of it as its entry in a bundle takes."""

    type_name: str
    logical_id: str
    json: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """What an update came to."""

    stored: StoredVersion
    created: bool
    """The resource was not there before, or was deleted (201 instead of 200)."""
    changed: bool = True
    """False where `skip_unchanged` found the same content already."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Versions of one resource that the caller may see, newest first."""

    versions: tuple[StoredVersion, ...]
    total: int
    """All of them that the caller may see, on whatever page."""
    next_before: int | None
    """For the next page: `before` of that call; None on the last page."""


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """Versions of many resources that the caller may see, newest first."""

    versions: tuple[StoredVersion, ...]
    next_cursor: str | None
    """None on the last page."""
    until: datetime
    """The instant up to which this history is complete: whatever has a time up to it and is not
    on these pages never will be."""
