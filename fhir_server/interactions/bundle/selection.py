"""What the criteria of conditional creates, updates and patches in a transaction select.

R4 3.1.0.11.2. They see what the transaction's deletes have left. A conditional create sees the
other creates of the bundle as well, first those without criteria, then those with, one after the
other. What updates and patches select must not be what another entry creates, be it by an update:
"If any resource identities (including resolved identities from conditional update/delete) overlap
in steps 1-3, then the transaction SHALL fail".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fhir_server.interactions.bundle.entries import Entry, at_entry
from fhir_server.interactions.bundle.proposed import Proposed
from fhir_server.interactions.conditional import only_match, several_matches
from fhir_server.outcome import Category, FhirError, error
from fhir_server.search.expression import Expression, Key
from fhir_server.search.joins import one_of
from fhir_server.search.query import parse_criteria
from fhir_server.store import FhirStore
from fhir_server.store.document import breathe
from fhir_server.store.versions import StoredVersion
from resources.fhir_json import Resource

_AT_ONCE: Final = 64
"""Keys that are looked for together."""


@dataclass(frozen=True, slots=True)
class Selection:
    """By entry, what its criteria found."""

    found: dict[int, StoredVersion] = field(default_factory=dict[int, StoredVersion])
    """In the store."""
    twins: dict[int, int] = field(default_factory=dict[int, int])
    """Another create of the same bundle."""

    def selects(self, index: int) -> bool:
        return index in self.found or index in self.twins


async def select(
    store: FhirStore,
    entries: Sequence[Entry],
    resources: Mapping[int, Resource],
    new_ids: Mapping[int, str],
) -> Selection:
    """Raises MULTIPLE_MATCHES where criteria are not selective enough."""
    asked = {
        entry.index: _expression(store, entry, entry.criteria)
        for entry in entries
        if entry.criteria is not None and entry.method != "DELETE"
    }
    if not asked:
        return Selection()
    creates = [entry for entry in entries if entry.method == "POST"]
    others = [entry for entry in entries if entry.method in ("PUT", "PATCH")]
    plain = [entry for entry in creates if entry.index not in asked]
    selecting = _Selecting(store, asked, resources, new_ids, entries)
    for number, entry in enumerate(plain):
        await breathe(number)
        selecting.propose(entry)
    await selecting.look_for_many([entry for entry in creates if entry.index in asked])
    for entry in (*creates, *others):
        if entry.index in asked:
            await selecting.select(entry)
    for entry in others:
        if entry.index in asked:
            selecting.check_apart(entry)
    return selecting.selection


def _expression(store: FhirStore, entry: Entry, criteria: str) -> Expression:
    try:
        return parse_criteria(store.catalogue, entry.type_name, criteria)
    except FhirError as problem:
        raise at_entry(problem, entry) from None


class _Selecting:
    """One entry after the other, each seeing what those before it create."""

    def __init__(
        self,
        store: FhirStore,
        asked: Mapping[int, Expression],
        resources: Mapping[int, Resource],
        new_ids: Mapping[int, str],
        entries: Sequence[Entry],
    ) -> None:
        self._store, self._asked = store, asked
        self._resources, self._new_ids = resources, new_ids
        types = {entry.index: entry.type_name for entry in entries}
        wanted = ((types[index], expression) for index, expression in asked.items())
        self._fresh = Proposed(store.catalogue, wanted)
        self._absent: set[int] = set()
        """Entries of which the store has nothing."""
        self.selection = Selection()

    async def look_for_many(self, entries: Sequence[Entry]) -> None:
        """Where nothing in the store has any of some keys, nobody has to ask for each."""
        by_type: dict[str, dict[int, str]] = {}
        for entry in entries:
            match self._asked[entry.index]:
                case Key(key):
                    by_type.setdefault(entry.type_name, {})[entry.index] = key
                case _:
                    continue
        for type_name, wanted in by_type.items():
            indexes = list(wanted)
            for start in range(0, len(indexes), _AT_ONCE):
                some = indexes[start : start + _AT_ONCE]
                if await self._has_none(type_name, one_of(wanted[index] for index in some)):
                    self._absent.update(some)

    async def _has_none(self, type_name: str, expression: Expression) -> bool:
        try:
            return not await self._store.find(type_name, expression, limit=1)
        except FhirError:  # told of the entry whose fault it is, when each is looked for
            return False

    def propose(self, entry: Entry) -> None:
        """The entry creates what those after it may match."""
        resource = self._resources[entry.index]
        logical_id = self._new_ids.get(entry.index) or (entry.resource or {})["id"]
        self._fresh.add(entry.index, entry.type_name, logical_id, resource, new=True)

    async def select(self, entry: Entry) -> None:
        try:
            if entry.index not in self._absent:
                await self._look_for(entry)
            if entry.method == "POST":
                self._look_for_twin(entry)
        except FhirError as problem:
            raise at_entry(problem, entry) from None
        if not self.selection.selects(entry.index) and entry.method in ("POST", "PUT"):
            self.propose(entry)

    async def _look_for(self, entry: Entry) -> None:
        stored = await only_match(self._store, entry.type_name, self._asked[entry.index])
        if stored is not None:
            self.selection.found[entry.index] = stored

    def _look_for_twin(self, entry: Entry) -> None:
        made = self._made(entry)
        if len(made) + (entry.index in self.selection.found) > 1:
            raise several_matches(entry.type_name)
        if made:
            self.selection.twins[entry.index] = made[0]

    def check_apart(self, entry: Entry) -> None:
        """Whichever entry came first, they would be about the same."""
        if any(index != entry.index for index in self._made(entry)):
            text = f"The criteria select the {entry.type_name} that another entry creates."
            raise error(Category.INVALID, text, f"{entry.path}.request.url")

    def _made(self, entry: Entry) -> list[int]:
        return list(self._fresh.matches(entry.type_name, self._asked[entry.index]).values())
