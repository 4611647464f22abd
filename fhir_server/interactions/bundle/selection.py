"""What the criteria of conditional creates, updates and patches in a transaction select.

R4 3.1.0.11.2. They see what the transaction's deletes have left; a conditional create sees the
creates before it in the bundle as well, as if these had been made one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fhir_server.interactions.bundle.entries import Entry, at_entry
from fhir_server.interactions.conditional import only_match, several_matches
from fhir_server.outcome import FhirError
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import Expression, IndexEntry
from fhir_server.search.indexing import index_entry
from fhir_server.search.joins import has_joins
from fhir_server.search.matching import matches
from fhir_server.search.query import parse_criteria
from fhir_server.store import FhirStore
from fhir_server.store.versions import StoredVersion
from resources.access_table import members
from resources.fhir_json import Resource


@dataclass(frozen=True, slots=True)
class Selection:
    """By entry, what its criteria found."""

    found: dict[int, StoredVersion] = field(default_factory=dict[int, StoredVersion])
    """In the store."""
    twins: dict[int, int] = field(default_factory=dict[int, int])
    """A create before it, in the same bundle."""

    def selects(self, index: int) -> bool:
        return index in self.found or index in self.twins


async def select(
    store: FhirStore,
    entries: Sequence[Entry],
    resources: Mapping[int, Resource],
    new_ids: Mapping[int, str],
) -> Selection:
    """Raises MULTIPLE_MATCHES where criteria are not selective enough."""
    selection = Selection()
    if all(entry.criteria is None or entry.method == "DELETE" for entry in entries):
        return selection
    fresh = _Fresh(store.catalogue)
    for entry in entries:
        try:
            if entry.criteria is not None and entry.method != "DELETE":
                await _select(store, entry, entry.criteria, selection, fresh)
        except FhirError as problem:
            raise at_entry(problem, entry) from None
        if entry.method == "POST" and not selection.selects(entry.index):
            fresh.add(entry, resources[entry.index], new_ids[entry.index])
    return selection


async def _select(
    store: FhirStore, entry: Entry, criteria: str, selection: Selection, fresh: _Fresh
) -> None:
    expression = parse_criteria(store.catalogue, entry.type_name, criteria)
    stored = await only_match(store, entry.type_name, expression)
    made = fresh.matches(entry.type_name, expression) if entry.method == "POST" else []
    if len(made) + (stored is not None) > 1:
        raise several_matches(entry.type_name)
    if stored is not None:
        selection.found[entry.index] = stored
    elif made:
        selection.twins[entry.index] = made[0]


class _Fresh:
    """The creates so far. Joins are not looked for among them: nothing refers to them yet."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._creates: list[tuple[Entry, Resource, str]] = []
        self._known: dict[int, IndexEntry] = {}

    def add(self, entry: Entry, resource: Resource, new_id: str) -> None:
        self._creates.append((entry, resource, new_id))

    def matches(self, type_name: str, expression: Expression) -> list[int]:
        if has_joins(expression):
            return []
        return [
            entry.index
            for entry, resource, new_id in self._creates
            if entry.type_name == type_name
            and matches(expression, self._entry(entry.index, resource, new_id))
        ]

    def _entry(self, index: int, resource: Resource, new_id: str) -> IndexEntry:
        if index not in self._known:
            whole = {**resource, "id": new_id}
            known = members(whole, self._catalogue.base_url)
            self._known[index] = index_entry(self._catalogue, whole, known)
        return self._known[index]
