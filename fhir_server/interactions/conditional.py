"""Conditional create, update, patch and delete (R4 `http.html#ccreate`, `#cond-update`,
`#patch`, `#3.1.0.7.1`).

The criteria are read and the resource written in one transaction, under a lock that equal
criteria share, so that a hundred equal requests at once make one resource. Each needs the right to
search beside the one to write: the answer discloses whether there is a match.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from fhir_server.access.context import Interaction
from fhir_server.interactions.call import Call
from fhir_server.interactions.checked import (
    checked,
    with_local_references,
    without_server_elements,
)
from fhir_server.interactions.doubts import doubts
from fhir_server.interactions.etag import precondition
from fhir_server.interactions.exclusion import criteria_locks
from fhir_server.interactions.patch import patched
from fhir_server.interactions.reply import Reply, deleted_all, written
from fhir_server.outcome import Category, FhirError, error
from fhir_server.search.expression import Expression, Ids
from fhir_server.search.query import parse_criteria
from fhir_server.store import FhirStore
from fhir_server.store.versions import StoredVersion, Written
from resources.fhir_json import Resource

MOST_DELETED: Final = 1_000
"""Resources that one conditional delete removes, where the operator allows several."""


async def create_unless_exists(
    call: Call, resource: Resource, criteria: str
) -> tuple[StoredVersion, bool]:
    """The one match of the criteria, or the resource newly created; True with the latter."""
    expression = parse_criteria(call.store.catalogue, call.type_name, criteria)
    locks = criteria_locks(call.store.catalogue, call.type_name, criteria, resource)

    async def attempt(store: FhirStore) -> tuple[StoredVersion, bool]:
        await store.lock(locks)
        found = await store.find(call.type_name, expression, limit=2)
        if len(found) > 1:
            raise several_matches(call.type_name)
        if found:
            return found[0], False
        return await store.create(call.type_name, resource), True

    return await call.store.run_transaction(attempt, types=[call.type_name], queue=locks)


async def conditional_update(call: Call) -> Reply:
    """Updates the one match; without a match, creates under the id of the resource or a new one."""
    resource = checked(call.resource(), call.type_name)
    given: str | None = resource.get("id")
    proposed = without_server_elements(resource)
    with_local_references(proposed, call.service.base_url)
    criteria = _criteria(call)
    expression = parse_criteria(call.store.catalogue, call.type_name, criteria)
    condition = precondition(call.conditions)
    call.store.require(Interaction.UPDATE, call.type_name)
    locks = criteria_locks(call.store.catalogue, call.type_name, criteria, proposed)
    await call.hold()

    async def attempt(store: FhirStore) -> Written:
        await store.lock(locks)
        found = await only_match(store, call.type_name, expression)
        if found is None and given is None and condition.match is None:
            return Written(await store.create(call.type_name, proposed), created=True)
        logical_id = await update_target(store, call.type_name, found, given)
        return await store.update(
            call.type_name,
            logical_id,
            proposed,
            condition=condition,
            skip_unchanged=call.service.skip_unchanged,
        )

    result = await call.store.run_transaction(attempt, types=[call.type_name], queue=locks)
    found = await doubts(call, call.store, result)
    return written(call, result.stored, created=result.created, doubts=found)


async def update_target(
    store: FhirStore, type_name: str, found: StoredVersion | None, given: str | None
) -> str:
    """The id to update. R4 3.1.0.4.3: with a match it is the match's, else the resource's own,
    unless that is taken by what the criteria do not match."""
    if found is not None:
        if given not in (None, found.logical_id):
            text = "The criteria match a resource of another id than the one in the body."
            raise error(Category.INVALID, text, f"{type_name}.id")
        return found.logical_id
    if given is None:
        raise error(Category.PRECONDITION, "If-Match names a version, and nothing matches.")
    if await store.find(type_name, Ids(frozenset((given,)))):
        text = f"The criteria match nothing, and {type_name}/{given} is there already."
        raise error(Category.CONFLICT, text, f"{type_name}.id")
    return given


async def conditional_patch(call: Call) -> Reply:
    """Patches the one match; 404 without any."""
    criteria = _criteria(call)
    expression = parse_criteria(call.store.catalogue, call.type_name, criteria)
    call.store.require(Interaction.UPDATE, call.type_name)
    locks = criteria_locks(call.store.catalogue, call.type_name, criteria)
    await call.hold()

    async def attempt(store: FhirStore) -> Written:
        await store.lock(locks)
        found = await only_match(store, call.type_name, expression)
        if found is None:
            raise error(Category.NOT_FOUND, f"The criteria match no {call.type_name}.")
        return await patched(call, store, found.logical_id)

    result = await call.store.run_transaction(attempt, types=[call.type_name], queue=locks)
    found = await doubts(call, call.store, result)
    return written(call, result.stored, created=False, doubts=found)


async def conditional_delete(call: Call) -> Reply:
    """Deletes the match, or all of them where the operator allows it; 204 without any, as what
    was asked for is so already."""
    criteria = _criteria(call)
    locks = criteria_locks(call.store.catalogue, call.type_name, criteria)
    condition = precondition(call.conditions)

    async def attempt(store: FhirStore) -> int:
        await store.lock(locks)
        found = await to_delete(call, store, criteria)
        for one in found:
            await store.delete(call.type_name, one.logical_id, condition=condition)
        return len(found)

    count = await call.store.run_transaction(attempt, types=[call.type_name], queue=locks)
    return deleted_all(call, count)


async def to_delete(call: Call, store: FhirStore, criteria: str) -> list[StoredVersion]:
    """What the criteria select, as many as the operator lets one delete remove."""
    expression = parse_criteria(store.catalogue, call.type_name, criteria)
    store.require(Interaction.DELETE, call.type_name)
    most = MOST_DELETED if call.service.deletes_many else 1
    found = await store.find(call.type_name, expression, limit=most + 1)
    if len(found) > most:
        raise several_matches(call.type_name) if most == 1 else _too_many(call.type_name)
    return found


async def only_match(
    store: FhirStore, type_name: str, expression: Expression
) -> StoredVersion | None:
    """What the criteria select, if anything. Raises MULTIPLE_MATCHES."""
    found = await store.find(type_name, expression, limit=2)
    if len(found) > 1:
        raise several_matches(type_name)
    return found[0] if found else None


def _criteria(call: Call) -> str:
    """As they stand in the address; never none, which would be everything."""
    if not call.parameters:
        text = f"Say which {call.type_name} by search parameters, or by its id in the address."
        raise error(Category.INVALID, text)
    return urlencode(call.parameters)


def _too_many(type_name: str) -> FhirError:
    text = f"More than {MOST_DELETED} of type {type_name} match; delete them in smaller parts."
    return error(Category.TOO_COSTLY, text)


def several_matches(type_name: str) -> FhirError:
    """412: R4 wants a criterion that selects one."""
    return error(
        Category.MULTIPLE_MATCHES,
        f"The criteria match more than one {type_name}; they have to select one.",
    )
