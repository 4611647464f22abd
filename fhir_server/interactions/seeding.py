"""Loading FHIR JSON with its ids kept, so that loading it again changes nothing.

Bundles of any type and single resources. An entry posted under a `urn:uuid:` gets that uuid as its
id; what a POST would create is left alone where it is there already; a PUT or a single resource
makes a new version only where its content differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, Final, cast
from uuid import NAMESPACE_URL, uuid5

from fhir_server.interactions.bundle.allowance import Allowance
from fhir_server.interactions.bundle.links import ConditionalReferences
from fhir_server.interactions.checked import (
    valid,
    with_local_references,
    without_server_elements,
)
from fhir_server.interactions.conditional import several_matches
from fhir_server.interactions.names import check_type
from fhir_server.outcome import Category, FhirError, error
from fhir_server.search.expression import Ids
from fhir_server.search.query import parse_criteria
from fhir_server.store import Change, FhirStore
from fhir_server.store.marks import Parcel
from resources import fhir_json
from resources.fhir_json import Resource
from resources.references import parse_reference, rewrite

_URN: Final = "urn:uuid:"
CHUNK: Final = 500
"""Resources that are written in one MongoDB transaction."""


@dataclass(frozen=True, slots=True)
class Seedling:
    """One resource to be loaded, under the id that it keeps."""

    resource: Resource
    type_name: str
    logical_id: str
    full_url: str | None
    overwrites: bool
    """A PUT or a single resource; a POST leaves what is there."""
    if_none_exist: str | None


@dataclass(slots=True)
class Tally:
    """What a load came to."""

    read: int = 0
    stored: Counter[str] = field(default_factory=Counter[str])
    """By type: distinct resources that are in the store now because of what was read."""
    created: int = 0
    updated: int = 0
    seen: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def count(self, type_name: str, logical_id: str) -> None:
        if (type_name, logical_id) not in self.seen:
            self.seen.add((type_name, logical_id))
            self.stored[type_name] += 1


class Loader:
    """Loads documents one after the other into a store that reaches everything."""

    def __init__(self, store: FhirStore) -> None:
        self._store = store
        self._conditional = ConditionalReferences(store, Allowance(inf, inf))
        self.tally = Tally()

    async def load(self, resource: Resource, parcels: Sequence[Parcel] = ()) -> None:
        """A bundle (its entries are loaded, not the bundle) or a single resource, and its large
        contents.

        Raises `FhirError` with nothing of the document's current chunk written.
        """
        seedlings = list(plant(resource))
        self.tally.read += len(seedlings)
        new_url = await self._identities(seedlings)
        ready: list[Seedling] = []
        identities: list[str] = []
        for seedling in seedlings:
            kept = without_server_elements(seedling.resource)
            rewrite(kept, new_url.get)
            with_local_references(kept, self._store.catalogue.base_url)
            await self._conditional.resolve(kept)
            own = f"{seedling.type_name}/{seedling.logical_id}"
            identity = new_url.get(seedling.full_url or "", own)
            identities.append(identity)
            if identity == own:
                ready.append(replace(seedling, resource=valid(kept, seedling.type_name)))
        await self._store.set_aside(parcels)
        for start in range(0, len(ready), CHUNK):
            await self._write(ready[start : start + CHUNK])
        for identity in identities:
            self.tally.count(*identity.split("/"))

    async def _identities(self, seedlings: Sequence[Seedling]) -> dict[str, str]:
        """`fullUrl` to `Type/id`, a match of `ifNoneExist` taking the place of a new id."""
        identities: dict[str, str] = {}
        for seedling in seedlings:
            if seedling.full_url is None:
                continue
            identity = f"{seedling.type_name}/{seedling.logical_id}"
            if seedling.if_none_exist is not None:
                found = await self._only_match(seedling.type_name, seedling.if_none_exist)
                identity = found or identity
            identities[seedling.full_url] = identity
        return identities

    async def _only_match(self, type_name: str, criteria: str) -> str | None:
        expression = parse_criteria(self._store.catalogue, type_name, criteria)
        found = await self._store.find(type_name, expression, limit=2)
        if len(found) > 1:
            raise several_matches(type_name)
        return f"{type_name}/{found[0].logical_id}" if found else None

    async def _write(self, chunk: Sequence[Seedling]) -> None:
        by_identity = {(one.type_name, one.logical_id): one for one in reversed(chunk)}
        there = await self._already_there(by_identity)
        fresh = [one for key, one in by_identity.items() if key not in there]

        if fresh:
            await self._create(fresh)
            self.tally.created += len(fresh)
        for key in there:
            await self._overwrite(by_identity[key])

    async def _create(self, fresh: Sequence[Seedling]) -> None:
        news = [(one.type_name, one.logical_id, one.resource) for one in fresh]
        try:
            await self._store.create_many(news)
        except FhirError as problem:
            if problem.category is not Category.CONFLICT:
                raise
            # Some of them were deleted, or somebody was quicker: an update revives or agrees.
            await self._store.update_many([Change(*new) for new in news], skip_unchanged=True)

    async def _already_there(self, wanted: dict[tuple[str, str], Seedling]) -> set[tuple[str, str]]:
        ids: dict[str, set[str]] = {}
        for type_name, logical_id in wanted:
            ids.setdefault(type_name, set()).add(logical_id)
        there: set[tuple[str, str]] = set()
        for type_name, some in ids.items():
            found = await self._store.find(type_name, Ids(frozenset(some)), limit=len(some))
            there |= {(type_name, version.logical_id) for version in found}
        return there

    async def _overwrite(self, seedling: Seedling) -> None:
        if not seedling.overwrites:
            return
        result = await self._store.update(
            seedling.type_name, seedling.logical_id, seedling.resource, skip_unchanged=True
        )
        self.tally.updated += result.changed


def plant(document: Resource) -> Iterator[Seedling]:
    """Every resource of a document, with the id that it keeps."""
    if document.get("resourceType") != "Bundle":
        yield _seedling(document, None, {})
        return
    for entry in cast(list[dict[str, Any]], document.get("entry") or []):
        resource = entry.get("resource")
        if isinstance(resource, dict):
            inner = cast(Resource, resource)
            yield _seedling(inner, entry.get("fullUrl"), entry.get("request") or {})


def _seedling(resource: Resource, full_url: str | None, request: dict[str, Any]) -> Seedling:
    type_name = resource.get("resourceType")
    if not isinstance(type_name, str):
        raise error(Category.INVALID, "A resource needs a resourceType.", "resourceType")
    check_type(type_name)
    return Seedling(
        resource=resource,
        type_name=type_name,
        logical_id=_kept_id(resource, type_name, full_url, request),
        full_url=full_url,
        overwrites=request.get("method") != "POST",
        if_none_exist=request.get("ifNoneExist"),
    )


def _kept_id(
    resource: Resource, type_name: str, full_url: str | None, request: dict[str, Any]
) -> str:
    """The id of a PUT's address, the fullUrl's uuid, the resource's own, or one of its content."""
    address = parse_reference(str(request.get("url", "")))
    if request.get("method") == "PUT" and address.logical_id is not None:
        return address.logical_id
    if full_url is not None and full_url.startswith(_URN):
        return full_url.removeprefix(_URN)
    own = resource.get("id")
    if isinstance(own, str):
        return own
    content = fhir_json.dump(resource).decode()
    return str(uuid5(NAMESPACE_URL, f"{type_name}:{content}"))


def describe(problem: FhirError) -> str:
    """The first problem in one line, for a person at a terminal."""
    issue = problem.issues[0]
    more = f" (and {len(problem.issues) - 1} more)" if len(problem.issues) > 1 else ""
    place = f"{issue.expression}: " if issue.expression else ""
    return f"{place}{issue.diagnostics}{more}"
