"""Warnings about a change that was made and is doubtful, for those who prefer an OperationOutcome
(R4 `http.html#return`: it "can report the results of the operation")."""

from __future__ import annotations

from typing import cast

from fhir_server.interactions.call import Call, Return
from fhir_server.outcome import FhirError, Issue
from fhir_server.store import FhirStore
from fhir_server.store.versions import StoredVersion, Written
from resources import fhir_json
from resources.fhir_json import Resource
from resources.transitions import doubt, has_stages


async def doubts(call: Call, store: FhirStore, result: Written) -> tuple[Issue, ...]:
    """What is doubtful about the step to this version from the one before, if that may be read."""
    asked = call.preference.content is Return.OUTCOME
    if not asked or result.created or not result.changed or not has_stages(result.stored.type_name):
        return ()
    before = await _before(store, result.stored)
    found = doubt(before, _content(result.stored)) if before else None
    if found is None:
        return ()
    place, text = found
    return (Issue("warning", "business-rule", text, place),)


async def _before(store: FhirStore, version: StoredVersion) -> Resource | None:
    number = str(version.version - 1)
    try:
        return _content(await store.vread(version.type_name, version.logical_id, number))
    except FhirError:  # not for this caller to read; or out of reach now, and the write is done
        return None


def _content(version: StoredVersion) -> Resource:
    return cast(Resource, fhir_json.parse(version.json))
