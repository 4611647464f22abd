"""What is in somebody's compartment (R4 `compartmentdefinition.html`).

Exactly CompartmentDefinition; what the caller sees of it is the access table's affair.
"""

from __future__ import annotations

from typing import Final

from fhir_server.outcome import Category, error
from fhir_server.search import keys
from fhir_server.search.expression import Expression, Ids, Key, disjunction
from resources.registry import REGISTRY

_ITSELF: Final = "{def}"
"""Stands in a CompartmentDefinition for the resource that the compartment is of."""


def within(compartment: str, logical_id: str, type_name: str) -> Expression:
    """The resources of the type in this one's compartment: those that refer to it by one of the
    parameters that the definition names. Raises UNKNOWN_ROUTE for a type that is not in it."""
    parameters = REGISTRY.compartment(compartment).get(type_name)
    if parameters is None:
        text = f"{type_name} is not in the {compartment} compartment of R4; search {type_name}."
        raise error(Category.UNKNOWN_ROUTE, text)
    place = f"{compartment}/{logical_id}"
    return disjunction(
        *(
            Ids(frozenset((logical_id,)))
            if parameter == _ITSELF
            else Key(keys.key(parameter, keys.REFERENCE, place))
            for parameter in parameters
        )
    )
