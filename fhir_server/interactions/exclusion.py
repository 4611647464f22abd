"""Which conditional interactions exclude each other, so that none acts on what another changes.

MongoDB's snapshots do not guard what criteria did *not* find. So criteria are names of locks:

- equal ones are the same lock, however their parts are ordered, escaped and spelt;
- those that name an identifier are the lock of that identifier, and what is written under criteria
  takes the locks of its own identifiers. So of two senders who each look for another identifier of
  the same patient, the second finds what the first has made.
"""

from __future__ import annotations

from typing import Final

from fhir_server.search.anchors import anchors
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.query import parse_criteria
from fhir_server.search.spelling import spelled
from fhir_server.search.types import token
from resources.fhir_json import Resource

_IDENTIFIER: Final = "identifier"
_NONE: Final[frozenset[str]] = frozenset()


def criteria_locks(
    catalogue: Catalogue, type_name: str, criteria: str, resource: Resource | None = None
) -> set[str]:
    """The locks to take before these criteria are read and this resource is written."""
    expression = parse_criteria(catalogue, type_name, criteria)
    named = anchors(expression, _IDENTIFIER) or {spelled(expression)}
    own = _NONE if resource is None else _own(catalogue, type_name, resource)
    return {f"criteria:{type_name}?{each}" for each in named | own}


def _own(catalogue: Catalogue, type_name: str, resource: Resource) -> frozenset[str]:
    """The same keys, of the resource's identifiers."""
    field = catalogue.fields(type_name).get(_IDENTIFIER)
    if field is None or field.extract is None:
        return _NONE
    found: set[str] = set()
    token.index(_IDENTIFIER, field.extract(resource), found, {})
    return frozenset(found)
