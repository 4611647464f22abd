"""What stands after the `?` of a granular scope, as an expression of the search tree.

SMART App Launch, "Finer-grained resource constraints using search parameters". A constraint that
cannot be held to exactly is none: it must never turn into "no filter". One with a chain is none
either, as it could not be decided from the resource alone.
"""

from __future__ import annotations

from fhir_server.outcome import FhirError
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import Everything, Expression
from fhir_server.search.joins import has_joins
from fhir_server.search.query import parse_criteria


def narrowing(catalogue: Catalogue, type_name: str, constraint: str) -> Expression | None:
    """What the constraint leaves of the type; None where the type cannot be held to it.

    One that leaves everything is none either: it says that it narrows and does not.
    """
    try:
        expression = parse_criteria(catalogue, type_name, constraint)
    except FhirError:
        return None
    if isinstance(expression, Everything) or has_joins(expression):
        return None
    return expression
