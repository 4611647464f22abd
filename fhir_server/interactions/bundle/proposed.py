"""Resources of a bundle that are not written yet, as criteria see them (R4 3.1.0.11.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fhir_server.outcome import Category, error
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import And, Expression, IndexEntry, Key, Or
from fhir_server.search.indexing import index_entry
from fhir_server.search.joins import has_joins
from fhir_server.search.matching import matches
from resources.access_table import members
from resources.fhir_json import Resource

MOST_LOOKS: Final = 500_000
"""Resources of a bundle that are held against criteria, all in all."""


@dataclass(slots=True)
class _Candidate:
    index: int
    resource: Resource
    """With its id."""
    entry: IndexEntry | None = None
    """Once somebody has looked: that takes longer than all else, and often nobody does."""


class Proposed:
    """What is about to be written, found by criteria that are known beforehand.

    Criteria over other resources (chains, `_has`) are not looked for here: they see the store.
    """

    def __init__(self, catalogue: Catalogue, asked: Iterable[tuple[str, Expression]]) -> None:
        self._catalogue = catalogue
        self._keys: dict[str, set[str]] = {}
        """By type that is asked for at all: the keys that are asked for."""
        for type_name, expression in asked:
            self._keys.setdefault(type_name, set()).update(_keys(expression))
        self._by_key: dict[tuple[str, str], list[_Candidate]] = {}
        self._by_type: dict[str, list[_Candidate]] = {}
        self._replaced: dict[str, set[str]] = {}
        self._looks = 0

    def add(
        self, index: int, type_name: str, logical_id: str, resource: Resource, *, new: bool
    ) -> None:
        """The resource of an entry, under this id. Where nobody asks for its type, nothing."""
        if type_name not in self._keys:
            return
        if not new:
            self._replaced.setdefault(type_name, set()).add(logical_id)
        candidate = _Candidate(index, {**resource, "id": logical_id})
        self._by_type.setdefault(type_name, []).append(candidate)
        for key in self._read(candidate).keys & self._keys[type_name]:
            self._by_key.setdefault((type_name, key), []).append(candidate)

    def replaced(self, type_name: str) -> set[str]:
        """The ids of this type whose stored content does not count any more."""
        return self._replaced.get(type_name, set())

    def matches(self, type_name: str, expression: Expression) -> dict[str, int]:
        """What meets the criteria: ids, and the entry that each is of. Raises TOO_COSTLY."""
        if has_joins(expression):
            return {}
        among = self._among(type_name, expression)
        self._looks += len(among)
        if self._looks > MOST_LOOKS:
            text = (
                "The criteria of too many entries have to be compared with each other; "
                "make each begin with an identifier or a code, or split the bundle."
            )
            raise error(Category.TOO_COSTLY, text)
        return {
            each.resource["id"]: each.index
            for each in among
            if matches(expression, self._looked_at(each))
        }

    def _among(self, type_name: str, expression: Expression) -> Sequence[_Candidate]:
        """Where all that meet the condition are, as far as one of its keys says it."""
        match expression:
            case Key(key):
                return self._by_key.get((type_name, key), ())
            case And(parts):
                return min((self._among(type_name, part) for part in parts), key=len)
            case Or(parts):
                found = (each for part in parts for each in self._among(type_name, part))
                return list({each.index: each for each in found}.values())
            case _:
                return self._by_type.get(type_name, ())

    def _looked_at(self, candidate: _Candidate) -> IndexEntry:
        if candidate.entry is None:
            candidate.entry = self._read(candidate)
        return candidate.entry

    def _read(self, candidate: _Candidate) -> IndexEntry:
        known = members(candidate.resource, self._catalogue.base_url)
        return index_entry(self._catalogue, candidate.resource, known)


def _keys(expression: Expression) -> Iterator[str]:
    """All that say something of what meets the condition."""
    match expression:
        case Key(key):
            yield key
        case And(parts) | Or(parts):
            for part in parts:
                yield from _keys(part)
        case _:
            return
