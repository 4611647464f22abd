"""What the criteria of conditional creates, updates and patches in a transaction select.

R4 3.1.0.11.2. They see what the transaction's deletes have left; a conditional create sees the
creates before it in the bundle as well, as if these had been made one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fhir_server.interactions.bundle.entries import Entry, at_entry
from fhir_server.interactions.conditional import only_match, several_matches
from fhir_server.outcome import Category, FhirError, error
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import And, Expression, IndexEntry, Key, Or
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


MOST_LOOKS: Final = 500_000
"""Resources of a bundle that are held against criteria which no key answers, all in all."""


class _Fresh:
    """The creates so far. Joins are not looked for among them: nothing refers to them yet."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._types: dict[str, _OfType] = {}
        self._looks = 0

    def add(self, entry: Entry, resource: Resource, new_id: str) -> None:
        self._of(entry.type_name).waiting.append((entry.index, {**resource, "id": new_id}))

    def matches(self, type_name: str, expression: Expression) -> list[int]:
        """The creates of a type that meet the condition, in their order. Raises TOO_COSTLY."""
        known = self._of(type_name)
        if has_joins(expression) or known.is_empty:
            return []
        known.read(self._catalogue)
        among = known.among(expression)
        self._looks += len(among)
        if self._looks > MOST_LOOKS:
            text = (
                "The criteria of too many conditional creates have to be compared with each "
                "other; make each begin with an identifier or a code, or split the bundle."
            )
            raise error(Category.TOO_COSTLY, text)
        return [index for index in among if matches(expression, known.entries[index])]

    def _of(self, type_name: str) -> _OfType:
        return self._types.setdefault(type_name, _OfType())


class _OfType:
    """The creates of one type, found by their keys as the store would."""

    def __init__(self) -> None:
        self.waiting: list[tuple[int, Resource]] = []
        """Not read yet: that takes longer than all else, and often nobody asks."""
        self.entries: dict[int, IndexEntry] = {}
        self._by_key: dict[str, list[int]] = {}

    @property
    def is_empty(self) -> bool:
        return not self.waiting and not self.entries

    def read(self, catalogue: Catalogue) -> None:
        for index, resource in self.waiting:
            entry = index_entry(catalogue, resource, members(resource, catalogue.base_url))
            self.entries[index] = entry
            for key in entry.keys:
                self._by_key.setdefault(key, []).append(index)
        self.waiting.clear()

    def among(self, expression: Expression) -> Sequence[int]:
        """Where all that meet the condition are, as far as one of its keys says it."""
        match expression:
            case Key(key):
                return self._by_key.get(key, ())
            case And(parts):
                return min((self.among(part) for part in parts), key=len)
            case Or(parts):
                return sorted(frozenset[int]().union(*(self.among(part) for part in parts)))
            case _:
                return tuple(self.entries)
