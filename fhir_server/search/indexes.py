"""The indexes of a type's collection. Each costs every write, so each says what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """An index to be created by this name, which plans give as their hint."""

    name: str
    fields: tuple[tuple[str, int | str], ...]
    reason: str
    having: str | None = None
    """Only documents that have this field are in it."""


KEYS: Final = IndexSpec(
    "keys",
    (("k", 1), ("d", -1), ("_id", -1), ("e", 1)),
    "A search key, perhaps behind a patient, by the main date: the matches of every equality, "
    "newest first, and of no criteria at all; ends of dates are judged without a fetch.",
)
UPDATED: Final = IndexSpec(
    "updated",
    (("t", -1), ("_id", -1)),
    "Last changed first, over all patients: `_lastUpdated` and synchronising readers.",
)
MEMBER_UPDATED: Final = IndexSpec(
    "member_updated",
    (("m", 1), ("t", -1), ("_id", -1)),
    "Last changed first, in one patient's record.",
)


PLACES: Final = IndexSpec("places", (("g", "2dsphere"),), "What lies near a point.")


HISTORY_TIME: Final = IndexSpec(
    "time",
    (("t", -1), ("_id", -1)),
    "The superseded versions of all types, newest first: the history of the system.",
)
HISTORY_TYPE: Final = IndexSpec(
    "type_time",
    (("_id.t", 1), ("t", -1), ("_id", -1)),
    "The same of one type.",
)
HISTORY_MEMBER: Final = IndexSpec(
    "member_time",
    (("m", 1), ("t", -1), ("_id", -1), ("_id.t", 1)),
    "The same in one patient's record, of any types.",
)
HISTORY_LASTED: Final = IndexSpec(
    "type_lasted",
    (("_id.t", 1), ("l", 1), ("t", -1), ("_id", -1), ("u", 1)),
    "The superseded versions of a type by how long they were current: those that were at a time "
    "(`_at`) and began before it, without a walk through all that is older.",
    having="l",
)
HISTORY_MEMBER_LASTED: Final = IndexSpec(
    "member_lasted",
    (("m", 1), ("l", 1), ("t", -1), ("_id", -1), ("_id.t", 1), ("u", 1)),
    "The same in one patient's record, of any types.",
    having="l",
)
HISTORY_INDEXES: Final = (
    HISTORY_TIME,
    HISTORY_TYPE,
    HISTORY_MEMBER,
    HISTORY_LASTED,
    HISTORY_MEMBER_LASTED,
)
"""What the history collection has, beside its `_id`."""

CONTENTS_INDEXES: Final = (
    IndexSpec("pending", (("pending", 1),), "Contents that no version refers to yet, to sweep."),
)
"""What the collection of large contents has, beside its `_id`."""


def indexes(type_name: str) -> tuple[IndexSpec, ...]:
    """What the collection of this type has, beside its `_id`."""
    common = (KEYS, UPDATED, MEMBER_UPDATED)
    return (*common, PLACES) if type_name == "Location" else common
