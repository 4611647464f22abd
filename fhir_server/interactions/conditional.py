"""Conditional create (R4 `http.html#ccreate`)."""

from __future__ import annotations

from fhir_server.interactions.call import Call
from fhir_server.outcome import Category, FhirError, error
from fhir_server.search.query import parse_criteria
from fhir_server.store import FhirStore
from fhir_server.store.versions import StoredVersion
from resources.fhir_json import Resource


async def create_unless_exists(
    call: Call, resource: Resource, criteria: str
) -> tuple[StoredVersion, bool]:
    """The one match of the criteria, or the resource newly created; True with the latter.

    The criteria are read and the resource written in one transaction, under a lock that equal
    criteria share, so that a hundred equal requests at once make one resource. Needs the right to
    search as well as to create: the answer discloses whether there is a match.
    """
    expression = parse_criteria(call.store.catalogue, call.type_name, criteria)

    async def attempt(store: FhirStore) -> tuple[StoredVersion, bool]:
        await store.lock([criteria_lock(call.type_name, criteria)])
        found = await store.find(call.type_name, expression, limit=2)
        if len(found) > 1:
            raise several_matches(call.type_name)
        if found:
            return found[0], False
        return await store.create(call.type_name, resource), True

    return await call.store.run_transaction(attempt)


def criteria_lock(type_name: str, criteria: str) -> str:
    """The name under which equal criteria exclude each other, however their parts are ordered."""
    return f"criteria:{type_name}?{'&'.join(sorted(criteria.lstrip('?').split('&')))}"


def several_matches(type_name: str) -> FhirError:
    """412: R4 wants a criterion that selects one."""
    return error(
        Category.MULTIPLE_MATCHES,
        f"The criteria match more than one {type_name}; they have to select one.",
    )
