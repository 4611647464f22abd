"""transaction: all entries or none (R4 3.1.0.11.2).

Ids are given and links resolved first; then one MongoDB transaction deletes, creates, updates and
reads, in that order. Criteria are read under lock documents, so that equal conditional creates
exclude each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from fhir_server.interactions.bundle.batch import perform_entry
from fhir_server.interactions.bundle.entries import Entry, at_entry
from fhir_server.interactions.bundle.links import (
    BundleLinks,
    ConditionalReferences,
)
from fhir_server.interactions.bundle.responses import response_bundle, response_entry
from fhir_server.interactions.call import Call
from fhir_server.interactions.checked import checked, without_server_elements
from fhir_server.interactions.conditional import criteria_lock, several_matches
from fhir_server.interactions.doubts import doubts
from fhir_server.interactions.etag import expected_version
from fhir_server.interactions.names import check_type
from fhir_server.interactions.reply import Reply, written
from fhir_server.interactions.row import Row
from fhir_server.outcome import Category, FhirError, Issue, error
from fhir_server.search.query import parse_criteria
from fhir_server.store import FhirStore
from fhir_server.store.versions import StoredVersion
from resources.fhir_json import Resource
from resources.references import rewrite


async def process_transaction(call: Call, entries: Sequence[Entry], rows: Sequence[Row]) -> Reply:
    """The response bundle, or the outcome of what fails, with nothing written."""
    for entry in entries:
        _check_address(entry)
    _refuse_duplicates(entries)
    new_ids = {entry.index: str(uuid4()) for entry in entries if entry.method == "POST"}
    prepared = _prepare(entries, new_ids, call.service.base_url)

    async def attempt(store: FhirStore) -> dict[int, Reply]:
        return await _Attempt(replace(call, store=store), entries, rows, new_ids, prepared).run()

    types = frozenset(entry.type_name for entry in entries if entry.method in ("POST", "PUT"))
    replies = await call.store.run_transaction(attempt, types=types)
    return response_bundle(
        "transaction",
        [
            response_entry(
                replies[entry.index], call.preference, reading=entry.method in ("GET", "HEAD")
            )
            for entry in entries
        ],
    )


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One try inside a MongoDB transaction; what it is given stays as it is for the next one."""

    call: Call
    entries: Sequence[Entry]
    rows: Sequence[Row]
    new_ids: dict[int, str]
    prepared: _Prepared

    async def run(self) -> dict[int, Reply]:
        replies = await self._perform("DELETE")
        matched = await self._match_conditional_creates()
        resources = await self._with_matches(matched)
        replies |= await self._create(resources, matched)
        replies |= await self._update(resources)
        replies |= await self._perform("GET", "HEAD")
        return replies

    async def _perform(self, *methods: str) -> dict[int, Reply]:
        replies: dict[int, Reply] = {}
        for entry in self._of(*methods):
            try:
                replies[entry.index] = await perform_entry(self.call, entry, self.rows)
            except FhirError as problem:
                raise at_entry(problem, entry) from None
        return replies

    def _of(self, *methods: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.method in methods]

    async def _match_conditional_creates(self) -> dict[int, StoredVersion]:
        """The existing resource for each `ifNoneExist` that has one."""
        conditional = [
            (entry, entry.conditions.if_none_exist)
            for entry in self._of("POST")
            if entry.conditions.if_none_exist is not None
        ]
        store = self.call.store
        if conditional:
            await store.lock(
                sorted({criteria_lock(entry.type_name, text) for entry, text in conditional})
            )
        matched: dict[int, StoredVersion] = {}
        for entry, text in conditional:
            try:
                expression = parse_criteria(store.catalogue, entry.type_name, text)
                found = await store.find(entry.type_name, expression, limit=2)
                if len(found) > 1:
                    raise several_matches(entry.type_name)
            except FhirError as problem:
                raise at_entry(problem, entry) from None
            if found:
                matched[entry.index] = found[0]
        return matched

    async def _with_matches(self, matched: dict[int, StoredVersion]) -> dict[int, Resource]:
        """The resources to write, with conditional references and matched creates put in."""
        kept = {
            index: item for index, item in self.prepared.resources.items() if index not in matched
        }
        if not matched and not self.prepared.has_searches:
            return kept
        renamed = {
            f"{found.type_name}/{self.new_ids[index]}": f"{found.type_name}/{found.logical_id}"
            for index, found in matched.items()
        }
        copies = {index: _copy(item) for index, item in kept.items()}
        conditional = ConditionalReferences(self.call.store)
        for entry in self._of("POST", "PUT"):
            if entry.index in copies:
                rewrite(copies[entry.index], renamed.get)
                try:
                    await conditional.resolve(copies[entry.index])
                except FhirError as problem:
                    raise at_entry(problem, entry) from None
        return copies

    async def _create(
        self, resources: dict[int, Resource], matched: dict[int, StoredVersion]
    ) -> dict[int, Reply]:
        fresh = [entry for entry in self._of("POST") if entry.index in resources]
        created = await self.call.store.create_many(
            [
                (entry.type_name, self.new_ids[entry.index], resources[entry.index])
                for entry in fresh
            ]
        )
        replies = {
            entry.index: written(self.call, version, created=True)
            for entry, version in zip(fresh, created, strict=True)
        }
        for index, version in matched.items():
            replies[index] = written(self.call, version, created=False)
        return replies

    async def _update(self, resources: dict[int, Resource]) -> dict[int, Reply]:
        replies: dict[int, Reply] = {}
        for entry in self._of("PUT"):
            try:
                result = await self.call.store.update(
                    entry.type_name,
                    entry.segments[1],
                    resources[entry.index],
                    if_match=expected_version(entry.conditions.if_match),
                )
            except FhirError as problem:
                raise at_entry(problem, entry) from None
            found = await doubts(self.call, self.call.store, result)
            replies[entry.index] = written(
                self.call, result.stored, created=result.created, doubts=found
            )
        return replies


def _check_address(entry: Entry) -> None:
    """POST goes to a type, PUT and DELETE to an instance; criteria in their place come later."""
    try:
        if entry.is_operation:
            raise error(
                Category.NOT_SUPPORTED,
                "An operation is asked for on its own or in a batch, not in a transaction.",
                f"{entry.path}.request.url",
            )
        if entry.method in ("POST", "PUT", "DELETE"):
            wanted = 1 if entry.method == "POST" else 2
            if len(entry.segments) != wanted or entry.query:
                shape = "Type" if wanted == 1 else "Type/id"
                raise error(
                    Category.NOT_SUPPORTED,
                    f"The url of a {entry.method} is {shape} here.",
                    f"{entry.path}.request.url",
                )
            check_type(entry.type_name)
        if entry.method == "PUT" and (entry.resource or {}).get("id") != entry.segments[1]:
            raise error(
                Category.INVALID,
                f"The resource's id has to be that of the address, {entry.segments[1][:64]}.",
                f"{entry.path}.resource.id",
            )
    except FhirError as problem:
        raise at_entry(problem, entry) from None


def _refuse_duplicates(entries: Sequence[Entry]) -> None:
    """R4 3.1.0.11.2: an identity is written once in a transaction; a fullUrl names one entry."""
    written_once: set[tuple[str, ...]] = set()
    urls: set[str] = set()
    for entry in entries:
        if entry.method in ("PUT", "DELETE"):
            if entry.segments in written_once:
                raise error(
                    Category.INVALID,
                    f"{'/'.join(entry.segments)} is written twice in this transaction.",
                    f"{entry.path}.request.url",
                )
            written_once.add(entry.segments)
        if entry.full_url is not None and entry.method in ("POST", "PUT"):
            if entry.full_url in urls:
                raise error(
                    Category.INVALID,
                    f"Two entries have the fullUrl {entry.full_url[:80]}.",
                    f"{entry.path}.fullUrl",
                )
            urls.add(entry.full_url)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What a transaction writes, as far as it can be known before it begins."""

    resources: dict[int, Resource]
    """By entry; each checked."""
    has_searches: bool
    """Some reference is a search, to be resolved inside the transaction."""


def _prepare(entries: Sequence[Entry], new_ids: dict[int, str], base_url: str) -> _Prepared:
    """Every resource to be written, its links resolved and checked; all problems at once.

    A create that turns out to match keeps its type, so that what is checked here stays right.
    """
    links = BundleLinks(_identities(entries, new_ids), entries, base_url)
    resources: dict[int, Resource] = {}
    has_searches = False
    issues: list[Issue] = []
    for entry in entries:
        if entry.method not in ("POST", "PUT") or entry.resource is None:
            continue
        try:
            resource = without_server_elements(entry.resource)
            has_searches |= links.resolve(entry, resource)
            resources[entry.index] = checked(resource, entry.type_name)
        except FhirError as problem:
            issues += at_entry(problem, entry).issues
    if issues:
        raise FhirError(Category.INVALID, tuple(issues[:200]))
    return _Prepared(resources, has_searches)


def _identities(entries: Sequence[Entry], new_ids: dict[int, str]) -> dict[int, str]:
    identities = {
        index: f"{entries[index].type_name}/{new_id}" for index, new_id in new_ids.items()
    }
    for entry in entries:
        if entry.method == "PUT":
            identities[entry.index] = "/".join(entry.segments)
    return identities


def _copy(value: Resource) -> Resource:
    """A copy deep enough to rewrite, so that a retry starts from what came."""
    return {name: _copied(member) for name, member in value.items()}


def _copied(value: object) -> object:
    if isinstance(value, dict):
        return {name: _copied(member) for name, member in value.items()}  # pyright: ignore
    if isinstance(value, list):
        return [_copied(item) for item in value]  # pyright: ignore
    return value
