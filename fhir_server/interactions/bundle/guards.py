"""What a transaction locks and holds, so that concurrent ones are as if one came after the other.

MongoDB gives a transaction one snapshot and finds out who writes the same; it would let through two
that each read what the other writes (write skew). So what was read becomes a write: criteria that
were decided by, as locks and beforehand; resources, at the end. A transaction of reads alone or of
writes alone cannot be half of such a pair and takes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from fhir_server.interactions.bundle.entries import Entry
from fhir_server.interactions.bundle.links import ConditionalReferences
from fhir_server.interactions.bundle.selection import Selection
from fhir_server.interactions.exclusion import criteria_locks
from fhir_server.outcome import FhirError
from fhir_server.search.catalogue import Catalogue
from resources.fhir_json import Resource

_SEARCHING: Final = "transactions that search and write"
"""One lock for all of them: what a search did not find cannot be held."""


def locks(
    catalogue: Catalogue, entries: Sequence[Entry], resources: Mapping[int, Resource]
) -> set[str]:
    """To be taken before anything is read."""
    found: set[str] = set()
    for entry in entries:
        if entry.criteria is not None:
            found |= _of_criteria(catalogue, entry, entry.criteria, resources.get(entry.index))
    if _writes(entries) and any(_reads(entry) and not _reads_one(entry) for entry in entries):
        found.add(_SEARCHING)
    return found


def _of_criteria(
    catalogue: Catalogue, entry: Entry, criteria: str, resource: Resource | None
) -> set[str]:
    try:
        return criteria_locks(catalogue, entry.type_name, criteria, resource)
    except FhirError:  # told of in its turn, when the criteria are read
        return set()


def held(
    entries: Sequence[Entry], selection: Selection, conditional: ConditionalReferences
) -> set[tuple[str, str]]:
    """Type and id of what was read and has to be as it was until the end.

    Targets of conditional references only where something is updated or deleted: many at once
    create what refers to the same organization, and those who only create seldom are in each
    other's way.
    """
    if not _writes(entries):
        return set()
    found = {(one.type_name, one.segments[1]) for one in entries if _reads_one(one)}
    found |= {(one.type_name, one.logical_id) for one in selection.found.values()}
    if any(entry.method in ("PUT", "PATCH", "DELETE") for entry in entries):
        found |= conditional.targets
    return found


def _writes(entries: Sequence[Entry]) -> bool:
    return any(not _reads(entry) for entry in entries)


def _reads(entry: Entry) -> bool:
    return entry.method in ("GET", "HEAD")


def _reads_one(entry: Entry) -> bool:
    return _reads(entry) and len(entry.segments) == 2 and not entry.segments[1].startswith("_")
