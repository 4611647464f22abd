"""What can be searched by on one server: R4's parameters of each type, and additional ones.

The indexer, the query parser and the CapabilityStatement read this one value, so that what is
listed is what works. It goes wherever resources are indexed or queries are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar, cast

from fhir_server.search.fields import Field, compiled, standard_fields
from resources.registry import REGISTRY, SearchParameter

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Never changes; a server that learns of another parameter makes another catalogue."""

    base_url: str
    """The server's own: references that begin with it are the same as those that leave it out."""
    additional: tuple[SearchParameter, ...] = ()
    """Beside the standard ones of the registry."""
    pending: frozenset[str] = frozenset()
    """URLs of those that resources are indexed by and not yet searched by."""
    _kept: dict[tuple[object, str], Any] = field(
        default_factory=dict[tuple[object, str], Any], init=False, repr=False
    )

    def fields(self, type_name: str) -> Mapping[str, Field]:
        """The parameters of a type that work, by name."""
        return self.once(_searched, type_name)

    def indexed(self, type_name: str) -> Mapping[str, Field]:
        """Those that a resource of the type is indexed by: the pending ones too."""
        return self.once(_indexed, type_name)

    def supported_parameters(self, type_name: str) -> list[tuple[SearchParameter, tuple[str, ...]]]:
        """Each parameter that works on a type with its modifiers, for the CapabilityStatement."""
        return [
            (each.definition, (*each.modifiers, *each.targets))
            for each in self.fields(type_name).values()
        ]

    def includes(self, type_name: str) -> tuple[str, ...]:
        """What `_include` takes in a search of this type: `Observation:subject`."""
        return self.once(_includes, type_name)

    def revincludes(self, type_name: str) -> tuple[str, ...]:
        """What `_revinclude` takes in a search of this type: `Provenance:target`."""
        return self.once(_revincludes, type_name)

    def once(self, make: Callable[[Catalogue, str], T], type_name: str) -> T:
        """What `make` says of this catalogue and a type, worked out at the first asking."""
        try:
            return cast(T, self._kept[make, type_name])
        except KeyError:
            return cast(T, self._kept.setdefault((make, type_name), make(self, type_name)))


def _indexed(catalogue: Catalogue, type_name: str) -> Mapping[str, Field]:
    standard = standard_fields(type_name)
    more = [each for each in catalogue.additional if type_name in each.bases]
    if not more:
        return standard
    known = {**{each.url: each for each in catalogue.additional}, **REGISTRY.search_parameters}
    found = {each.name: compiled(type_name, each, known, standard=False) for each in more}
    return MappingProxyType({**found, **standard})


def _searched(catalogue: Catalogue, type_name: str) -> Mapping[str, Field]:
    indexed = catalogue.indexed(type_name)
    if not any(each.definition.url in catalogue.pending for each in indexed.values()):
        return indexed
    return MappingProxyType(
        {
            name: each
            for name, each in indexed.items()
            if each.definition.url not in catalogue.pending
        }
    )


def _includes(catalogue: Catalogue, type_name: str) -> tuple[str, ...]:
    references = _references(catalogue, type_name)
    return tuple(f"{type_name}:{each.name}" for each in references)


def _revincludes(catalogue: Catalogue, type_name: str) -> tuple[str, ...]:
    return tuple(
        f"{source}:{each.name}"
        for source in REGISTRY.endpoints
        for each in _references(catalogue, source)
        if type_name in each.targets
    )


def _references(catalogue: Catalogue, type_name: str) -> list[Field]:
    return [each for each in catalogue.fields(type_name).values() if each.type == "reference"]
