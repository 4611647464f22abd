"""What a transaction locks and holds, so that concurrent ones are as if one came after the other.

MongoDB gives a transaction one snapshot and finds out who writes the same; it would let through two
that each read what the other writes (write skew). So what was read becomes a write: criteria that
were decided by, as locks and beforehand; resources, at the end. A transaction of reads alone or of
writes alone cannot be half of such a pair and takes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlencode

from fhir_server.interactions.bundle.entries import Entry
from fhir_server.interactions.bundle.linking import Prepared
from fhir_server.interactions.bundle.links import ConditionalReferences, conditional_references
from fhir_server.interactions.bundle.selection import Selection
from fhir_server.interactions.exclusion import IDENTIFIER, criteria_locks, identifier_locks
from fhir_server.outcome import FhirError
from fhir_server.search.catalogue import Catalogue

_SEARCHING: Final = "transactions that search and write"
"""One lock for all of them: what a search did not find cannot be held."""


def locks(catalogue: Catalogue, entries: Sequence[Entry], prepared: Prepared) -> set[str]:
    """To be taken before anything is read."""
    found: set[str] = set()
    for entry in entries:
        for type_name, criteria in _asked(entry, entries, prepared):
            try:
                found |= criteria_locks(catalogue, type_name, criteria)
            except FhirError:  # told of in its turn, when the criteria are read
                continue
    if _writes(entries) and any(_reads(entry) and not _reads_one(entry) for entry in entries):
        found.add(_SEARCHING)
    if found:
        for index, resource in prepared.resources.items():
            found |= identifier_locks(catalogue, entries[index].type_name, resource)
    return found


def _asked(entry: Entry, entries: Sequence[Entry], prepared: Prepared) -> Iterator[tuple[str, str]]:
    """Types and criteria that the entry has looked for; of a search what names an identifier."""
    if entry.criteria is not None:
        yield entry.type_name, entry.criteria
    if entry.index in prepared.searching and _changes(entries):
        for _, parsed in conditional_references(prepared.resources[entry.index]):
            yield parsed.type_name or "", parsed.criteria or ""
    if _reads(entry) and len(entry.segments) == 1 and _writes(entries):
        for name, value in entry.parameters:
            if name == IDENTIFIER:
                yield entry.type_name, urlencode({name: value})


def addressed(entries: Sequence[Entry]) -> set[tuple[str, str]]:
    """Type and id of what entries write by its address."""
    return {
        (entry.type_name, entry.segments[1])
        for entry in entries
        if entry.method in ("PUT", "PATCH", "DELETE") and not entry.is_conditional
    }


def held(
    entries: Sequence[Entry], selection: Selection, conditional: ConditionalReferences
) -> set[tuple[str, str]]:
    """Type and id of what was read and has to be as it was until the end.

    Conditional references count only where something is updated or deleted: many at once create
    what refers to the same organization, and those who only create seldom are in each other's way.
    """
    if not _writes(entries):
        return set()
    found = {(one.type_name, one.segments[1]) for one in entries if _reads_one(one)}
    found |= {(one.type_name, one.logical_id) for one in selection.found.values()}
    return found | conditional.targets if _changes(entries) else found


def _writes(entries: Sequence[Entry]) -> bool:
    return any(not _reads(entry) for entry in entries)


def _changes(entries: Sequence[Entry]) -> bool:
    return any(entry.method in ("PUT", "PATCH", "DELETE") for entry in entries)


def _reads(entry: Entry) -> bool:
    return entry.method in ("GET", "HEAD")


def _reads_one(entry: Entry) -> bool:
    return _reads(entry) and len(entry.segments) == 2 and not entry.segments[1].startswith("_")
