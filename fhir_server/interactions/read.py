"""read and vread (R4 `http.html#read`, `http.html#vread`)."""

from __future__ import annotations

from dataclasses import replace

from fhir_server.interactions.call import Call
from fhir_server.interactions.etag import unchanged
from fhir_server.interactions.native import native
from fhir_server.interactions.reply import Reply, version_headers, version_url
from fhir_server.interactions.subset import Subset, split_subset
from fhir_server.outcome import Category, error
from fhir_server.store.versions import StoredVersion


async def read(call: Call) -> Reply:
    """The current version; 410 once deleted; 304 where the caller has it already."""
    subset = _subset(call)
    version = await call.store.read(call.type_name, call.logical_id)
    return _told(call, version, subset)


async def vread(call: Call) -> Reply:
    """One version, as it was; 410 where that version is a deletion."""
    subset = _subset(call)
    version = await call.store.vread(call.type_name, call.logical_id, call.version_id)
    return _told(call, version, subset)


def _told(call: Call, version: StoredVersion, subset: Subset) -> Reply:
    """R4 `http.html#vread`: a read tells the version id by its content location; a part of a
    resource is not what is there."""
    headers = version_headers(version)
    if subset.part is None:
        place = version_url(call.service.base_url, version)
        headers = (*headers, ("content-location", place))
    conditions = call.conditions
    if unchanged(version, conditions.if_none_match, conditions.if_modified_since):
        return Reply(304, headers=headers, version=version)
    if call.native and subset.part is None:
        return Reply(200, headers=headers, version=version, native=native(version))
    return Reply(200, subset.of(version.json), headers, version)


def _subset(call: Call) -> Subset:
    """`_summary` or `_elements`; a read takes no other parameter."""
    others, subset = split_subset((call.type_name,), call.parameters)
    replace(call, parameters=others).without_parameters()
    if subset.count_only:
        raise error(Category.INVALID, "_summary=count is for searches.")
    return subset
