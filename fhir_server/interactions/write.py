"""create, update and delete (R4 `http.html#create`, `#update`, `#delete`)."""

from __future__ import annotations

from fhir_server.interactions.call import Call
from fhir_server.interactions.checked import (
    checked,
    with_local_references,
    without_server_elements,
)
from fhir_server.interactions.conditional import create_unless_exists
from fhir_server.interactions.doubts import doubts
from fhir_server.interactions.etag import precondition
from fhir_server.interactions.reply import Reply, deleted, written
from fhir_server.outcome import Category, error


async def create(call: Call) -> Reply:
    """201 with the new resource under an id of the server's; `If-None-Exist` is obeyed."""
    call.without_parameters()
    resource = checked(without_server_elements(call.resource()), call.type_name)
    with_local_references(resource, call.service.base_url)
    await call.hold()
    criteria = call.conditions.if_none_exist
    if criteria is None:
        return written(call, await call.store.create(call.type_name, resource), created=True)
    stored, created = await create_unless_exists(call, resource, criteria)
    return written(call, stored, created=created)


async def update(call: Call) -> Reply:
    """200 with the new version, 201 where it made the resource."""
    call.without_parameters()
    resource = call.resource()
    if resource.get("id") != call.logical_id:
        raise error(
            Category.INVALID,
            f"The resource's id has to be that of the address, {call.logical_id}.",
            f"{call.type_name}.id",
        )
    proposed = without_server_elements(checked(resource, call.type_name))
    with_local_references(proposed, call.service.base_url)
    await call.hold()
    result = await call.store.update(
        call.type_name,
        call.logical_id,
        proposed,
        condition=precondition(call.conditions),
        skip_unchanged=call.service.skip_unchanged,
    )
    found = await doubts(call, call.store, result)
    return written(call, result.stored, created=result.created, doubts=found)


async def delete(call: Call) -> Reply:
    """204; the history stays. What is deleted already stays deleted."""
    call.without_parameters()
    condition = precondition(call.conditions)
    marker = await call.store.delete(call.type_name, call.logical_id, condition=condition)
    return deleted(call, f"{call.type_name}/{call.logical_id}", marker)
