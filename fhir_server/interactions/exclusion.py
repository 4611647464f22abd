"""Which conditional interactions exclude each other, so that none acts on what another changes.

MongoDB's snapshots do not guard what criteria did *not* find. So criteria are names of locks:

- equal ones are the same lock, however their parts are ordered, escaped and spelt;
- those that name an identifier are the lock of that identifier, and whoever takes a lock takes
  those of the identifiers that he writes too. So of two senders who each look for another
  identifier of the same patient, the second finds what the first has made.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final

from fhir_server.search.anchors import anchors
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.query import parse_criteria
from fhir_server.search.spelling import spelled
from fhir_server.search.types import token
from resources.fhir_json import Resource

IDENTIFIER: Final = "identifier"


def criteria_locks(
    catalogue: Catalogue, type_name: str, criteria: str, resource: Resource | None = None
) -> set[str]:
    """The locks to take before these criteria are read and this resource is written."""
    expression = parse_criteria(catalogue, type_name, criteria)
    named = anchors(expression, IDENTIFIER) or {spelled(expression)}
    own = set[str]() if resource is None else identifier_locks(catalogue, type_name, resource)
    return _locks(type_name, named) | own


def identifier_locks(catalogue: Catalogue, type_name: str, resource: Resource) -> set[str]:
    """The locks of a resource's identifiers."""
    field = catalogue.fields(type_name).get(IDENTIFIER)
    if field is None or field.extract is None:
        return set()
    found: set[str] = set()
    token.index(IDENTIFIER, field.extract(resource), found, {})
    return _locks(type_name, found)


def _locks(type_name: str, names: Set[str]) -> set[str]:
    return {f"criteria:{type_name}?{each}" for each in names}
