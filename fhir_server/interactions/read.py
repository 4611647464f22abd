"""read and vread (R4 `http.html#read`, `http.html#vread`)."""

from __future__ import annotations

from fhir_server.interactions.call import Call
from fhir_server.interactions.etag import unchanged
from fhir_server.interactions.reply import Reply, version_headers


async def read(call: Call) -> Reply:
    """The current version; 410 once deleted; 304 where the caller has it already."""
    call.without_parameters()
    version = await call.store.read(call.type_name, call.logical_id)
    headers = version_headers(version)
    conditions = call.conditions
    if unchanged(version, conditions.if_none_match, conditions.if_modified_since):
        return Reply(304, headers=headers, version=version)
    return Reply(200, version.json, headers, version)


async def vread(call: Call) -> Reply:
    """One version, as it was; 410 where that version is a deletion."""
    call.without_parameters()
    version = await call.store.vread(call.type_name, call.logical_id, call.version_id)
    return Reply(200, version.json, version_headers(version), version)
