"""patch (R4 `http.html#patch`): JSON Patch or FHIRPath Patch of the current version.

It needs the right to read as well as to update: a `test` tells what is there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

from fhir_server.interactions.call import Call, Patch
from fhir_server.interactions.checked import (
    checked,
    with_local_references,
    without_server_elements,
)
from fhir_server.interactions.doubts import doubts
from fhir_server.interactions.etag import precondition
from fhir_server.interactions.reply import Reply, written
from fhir_server.outcome import Category, error
from fhir_server.store import FhirStore
from fhir_server.store.preconditions import ALWAYS, only
from fhir_server.store.versions import Written
from resources import fhir_json
from resources.fhir_json import Resource
from resources.patching import BadPatch, TestFailed, apply_fhirpath_patch


async def patch(call: Call) -> Reply:
    """200 with the new version. A patch that fails changes nothing."""
    call.without_parameters()
    await call.hold()

    async def attempt(store: FhirStore) -> Written:
        return await patched(call, store, call.logical_id)

    result = await call.store.run_transaction(attempt, types=[call.type_name])
    found = await doubts(call, call.store, result)
    return written(call, result.stored, created=False, doubts=found)


def fhirpath_patch(parameters: Resource) -> Patch:
    """The patch in a Parameters resource, which is checked as any resource is."""
    checked(parameters, "Parameters")
    return partial(apply_fhirpath_patch, patch=parameters)


async def _as_it_is(_: Resource) -> None:
    """Nothing is to be done to what a patch made."""


async def patched(
    call: Call,
    store: FhirStore,
    logical_id: str,
    link: Callable[[Resource], Awaitable[None]] = _as_it_is,
) -> Written:
    """The next version of the resource: read, patched and written in one transaction.

    `link` resolves in place what the patch refers to inside a bundle.
    """
    current = await store.read(call.type_name, logical_id)
    condition = precondition(call.conditions)
    resource = _apply(call, cast(Resource, fhir_json.parse(current.json)))
    if (resource.get("resourceType"), resource.get("id")) != (call.type_name, logical_id):
        raise error(Category.INVALID, "A patch cannot change the id or the type of a resource.")
    await link(resource)
    proposed = without_server_elements(checked(resource, call.type_name))
    with_local_references(proposed, call.service.base_url)
    return await store.update(
        call.type_name,
        logical_id,
        proposed,
        condition=only(current.version) if condition is ALWAYS else condition,
        skip_unchanged=call.service.skip_unchanged,
        method="PATCH",
    )


def _apply(call: Call, resource: Resource) -> Resource:
    if call.patch is None:
        raise error(Category.INVALID, "This interaction needs a patch in the body.")
    try:
        return call.patch(resource)
    except TestFailed as problem:
        raise error(Category.CONFLICT, f"The patch was not applied: {problem}.") from None
    except BadPatch as problem:
        raise error(Category.INVALID, f"The patch cannot be applied: {problem}.") from None
