"""transaction: all entries or none (R4 3.1.0.11.2).

Ids are given and links resolved first; then an `Attempt` does the rest in one MongoDB transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final
from uuid import uuid4

from fhir_server.interactions.bundle.attempt import Attempt
from fhir_server.interactions.bundle.contents import hold
from fhir_server.interactions.bundle.entries import Entry, at_entry
from fhir_server.interactions.bundle.guards import addressed, locks
from fhir_server.interactions.bundle.linking import Prepared
from fhir_server.interactions.bundle.links import BundleLinks
from fhir_server.interactions.bundle.responses import response_bundle, response_entry
from fhir_server.interactions.call import Call
from fhir_server.interactions.checked import checked, without_server_elements
from fhir_server.interactions.names import check_type
from fhir_server.interactions.reply import Reply
from fhir_server.interactions.row import Row
from fhir_server.outcome import Category, FhirError, error
from fhir_server.store import FhirStore
from fhir_server.store.document import breathe
from resources.fhir_json import Resource

_MOST_ISSUES: Final = 200
"""Told of one bundle; nobody reads more at once."""


async def process_transaction(call: Call, entries: Sequence[Entry], rows: Sequence[Row]) -> Reply:
    """The response bundle, or the outcome of what fails, with nothing written."""
    for entry in entries:
        _check_address(entry)
    _refuse_duplicates(entries)
    prepared = await _prepare(entries, call.service.base_url)
    await hold(call, entries)

    taken = locks(call.store.catalogue, entries, prepared)

    async def attempt(store: FhirStore) -> dict[int, Reply]:
        await store.lock(taken)
        return await Attempt(replace(call, store=store), entries, rows, prepared).run()

    types = frozenset(entry.type_name for entry in entries if entry.method in ("POST", "PUT"))
    queue = taken | addressed(entries)
    replies = await call.store.run_transaction(attempt, types=types, queue=queue)
    return response_bundle(
        "transaction",
        [
            response_entry(
                replies[entry.index], call.preference, reading=entry.method in ("GET", "HEAD")
            )
            for entry in entries
        ],
    )


def _check_address(entry: Entry) -> None:
    """POST goes to a type; PUT, PATCH and DELETE to an instance, or to what criteria select."""
    try:
        if entry.is_operation:
            raise error(
                Category.NOT_SUPPORTED,
                "An operation is asked for on its own or in a batch, not in a transaction.",
                f"{entry.path}.request.url",
            )
        if entry.method in ("POST", "PUT", "PATCH", "DELETE"):
            _check_shape(entry)
            check_type(entry.type_name)
        given = (entry.resource or {}).get("id")
        if entry.method == "PUT" and not entry.is_conditional and given != entry.segments[1]:
            raise error(
                Category.INVALID,
                f"The resource's id has to be that of the address, {entry.segments[1][:64]}.",
                f"{entry.path}.resource.id",
            )
    except FhirError as problem:
        raise at_entry(problem, entry) from None


def _check_shape(entry: Entry) -> None:
    shape = "Type" if entry.method == "POST" else "Type/id or Type?criteria"
    wanted = 1 if entry.method == "POST" or entry.is_conditional else 2
    if len(entry.segments) != wanted or (entry.method == "POST" and entry.query):
        text = f"The url of a {entry.method} is {shape}."
        raise error(Category.INVALID, text, f"{entry.path}.request.url")


def _refuse_duplicates(entries: Sequence[Entry]) -> None:
    """R4 3.1.0.11.2: an identity is written once in a transaction; a fullUrl names one entry."""
    written_once: set[tuple[str, ...]] = set()
    urls: set[str] = set()
    for entry in entries:
        if entry.method in ("PUT", "PATCH", "DELETE") and not entry.is_conditional:
            if entry.segments in written_once:
                raise error(
                    Category.INVALID,
                    f"{'/'.join(entry.segments)} is written twice in this transaction.",
                    f"{entry.path}.request.url",
                )
            written_once.add(entry.segments)
        if entry.full_url is not None and entry.method in ("POST", "PUT", "PATCH"):
            if entry.full_url in urls:
                raise error(
                    Category.INVALID,
                    f"Two entries have the fullUrl {entry.full_url[:80]}.",
                    f"{entry.path}.fullUrl",
                )
            urls.add(entry.full_url)


async def _prepare(entries: Sequence[Entry], base_url: str) -> Prepared:
    """Every resource to be written, its links resolved and checked; all problems at once.

    A create that turns out to match keeps its type, so that what is checked here stays right.
    """
    new_ids = {entry.index: str(uuid4()) for entry in entries if _may_create(entry)}
    identities = _identities(entries, new_ids)
    links = BundleLinks(identities, entries, base_url)
    resources: dict[int, Resource] = {}
    searching: set[int] = set()
    versioned: set[str] = set()
    refused: list[FhirError] = []
    for entry in entries:
        await breathe(entry.index)
        if entry.method not in ("POST", "PUT") or entry.resource is None:
            continue
        try:
            resource = without_server_elements(entry.resource)
            left = links.resolve(entry, resource)
            versioned |= left.versions
            if left.searches:
                searching.add(entry.index)
            resources[entry.index] = checked(resource, entry.type_name)
            for link, text in left.later:
                link.replace(text)
        except FhirError as problem:
            refused.append(at_entry(problem, entry))
            if sum(len(each.issues) for each in refused) >= _MOST_ISSUES:
                break
    if refused:
        raise _all_of(refused)
    return Prepared(
        resources, frozenset(searching), frozenset(versioned), new_ids, identities, links
    )


def _all_of(refused: Sequence[FhirError]) -> FhirError:
    """One answer for all: the status that each would have alone, and 400 where these differ.

    R4 `http.html#transaction-response`: a failed transaction has one OperationOutcome.
    """
    categories = {problem.category for problem in refused}
    category = categories.pop() if len(categories) == 1 else Category.INVALID
    issues = [issue for problem in refused for issue in problem.issues]
    return FhirError(category, tuple(issues[:_MOST_ISSUES]))


def _may_create(entry: Entry) -> bool:
    """Whether the server may have to give an id; so too a conditional update without one."""
    if entry.method == "PUT":
        return entry.is_conditional and "id" not in (entry.resource or {})
    return entry.method == "POST"


def _identities(entries: Sequence[Entry], new_ids: Mapping[int, str]) -> dict[int, str]:
    """What links to an entry become, unless its criteria select something else."""
    identities: dict[int, str] = {}
    for entry in entries:
        if entry.index in new_ids:
            identities[entry.index] = f"{entry.type_name}/{new_ids[entry.index]}"
        elif entry.method == "PATCH" and entry.is_conditional:
            identities[entry.index] = f"{entry.type_name}/{uuid4()}"
        elif entry.method == "PUT" and entry.is_conditional:
            identities[entry.index] = f"{entry.type_name}/{(entry.resource or {})['id']}"
        elif entry.method in ("PUT", "PATCH"):
            identities[entry.index] = "/".join(entry.segments)
    return identities
