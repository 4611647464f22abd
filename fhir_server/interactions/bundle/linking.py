"""What the links of a transaction become once its criteria have been read (R4 3.1.0.11.2).

"Version-specific references should remain as version-specific references after the references have
been updated": what they name is the version that the transaction makes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_server.interactions.bundle.entries import Entry
from fhir_server.interactions.bundle.links import SOME_VERSION, BundleLinks
from fhir_server.interactions.bundle.selection import Selection
from fhir_server.store import FhirStore
from resources.fhir_json import ARRAY, OBJECT, Resource
from resources.references import rewrite


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a transaction writes, as far as it can be known before it begins."""

    resources: Mapping[int, Resource]
    """By entry; each checked."""
    searching: frozenset[int]
    """Entries of which some reference is a search, to be resolved inside the transaction."""
    versioned: frozenset[str]
    """The `Type/id` of which some link names the version."""
    new_ids: Mapping[int, str]
    """By entry that may create."""
    identities: Mapping[int, str]
    """By entry: `Type/id`, which what the criteria select takes the place of."""
    links: BundleLinks


@dataclass(frozen=True, slots=True)
class Linking:
    """From a link as it was prepared to what it means."""

    renamed: Mapping[str, str]
    renewed: frozenset[str]
    """The `Type/id` of what has to get a new version, since a link names it."""

    def link(self, resource: Resource) -> None:
        """Rewrites in place."""
        if self.renamed:
            rewrite(resource, self.renamed.get)

    def linked(self, resource: Resource) -> Resource:
        """The resource, or a copy of it where something in it may have to be rewritten, so that
        another attempt starts from what came."""
        if not self.renamed:
            return resource
        copy = copied(resource)
        self.link(copy)
        return copy


async def linking(
    store: FhirStore, entries: Sequence[Entry], prepared: Prepared, selection: Selection
) -> Linking:
    """Asks the store only where a version is referred to."""
    identities = prepared.identities
    renamed = {
        identities[index]: f"{found.type_name}/{found.logical_id}"
        for index, found in selection.found.items()
        if index in identities
    }
    renamed |= {identities[index]: identities[twin] for index, twin in selection.twins.items()}
    wanted = {identity: renamed.get(identity, identity) for identity in prepared.versioned}
    changing = (identities[one.index] for one in entries if one.method in ("PUT", "PATCH"))
    changed = {renamed.get(identity, identity) for identity in changing} if wanted else set[str]()
    updated = changed.intersection(wanted.values())
    there = {f"{one.type_name}/{one.logical_id}": one.version for one in selection.found.values()}
    versions = there | await _next_versions(store, updated)
    for identity, target in wanted.items():
        renamed[identity + SOME_VERSION] = f"{target}/_history/{versions.get(target, 1)}"
    return Linking(renamed, frozenset(updated))


async def _next_versions(store: FhirStore, targets: Iterable[str]) -> dict[str, int]:
    by_type: dict[str, list[str]] = {}
    for target in set(targets):
        type_name, _, logical_id = target.partition("/")
        by_type.setdefault(type_name, []).append(logical_id)
    return {
        f"{type_name}/{logical_id}": version
        for type_name, ids in by_type.items()
        for logical_id, version in (await store.next_versions(type_name, ids)).items()
    }


def copied(value: Resource) -> Resource:
    """A copy deep enough to rewrite."""
    return {name: _copied(member) for name, member in value.items()}


def _copied(value: Any) -> Any:
    if isinstance(value, OBJECT):
        members: Resource = value
        return {name: _copied(member) for name, member in members.items()}
    if isinstance(value, ARRAY):
        items: list[Any] = value
        return [_copied(item) for item in items]
    return value
