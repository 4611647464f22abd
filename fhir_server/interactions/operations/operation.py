"""One operation, and the addresses at which it can be asked for (R4 3.2.0.1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from fhir_server.interactions.call import Call
from fhir_server.interactions.operations.input import Input, read_input
from fhir_server.interactions.reply import Reply
from fhir_server.interactions.row import Body, Perform, Row
from fhir_server.interactions.search import PAGE_PARAMETER
from fhir_server.interactions.subset import Subset, split_subset
from resources.operations import Level, OperationDefinition
from resources.registry import REGISTRY

Work: TypeAlias = Callable[[Call, Input], Awaitable[Reply]]

OPERATION = "operation"
"""The code of its rows in the interaction table."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A definition and what performs it."""

    definition: OperationDefinition
    perform: Work
    searches: bool = False
    """It takes the parameters of a search on the type as well."""
    judges: str | None = None
    """The parameter whose resource may be as wrong as it likes: to tell that is the work."""
    pages: bool = False
    """Its answer is a searchset in pages, of which the links say the position, and of whose
    resources `_summary` and `_elements` ask for a part ("for all interactions", R4 3.1.0.1.5)."""
    only: frozenset[Level] = frozenset(Level)
    """Where it is offered, of the places that the definition has."""
    of_versions: bool = False
    """An older version can be asked as well as what is current."""

    @property
    def levels(self) -> frozenset[Level]:
        return self.definition.levels & self.only

    def is_offered_for(self, type_name: str | None) -> bool:
        """Of a type or its instances; None: of the system."""
        if type_name is None:
            return Level.SYSTEM in self.levels
        named = self.definition.for_every_type or type_name in self.definition.types
        return named and bool(self.levels - {Level.SYSTEM})


def rows(operation: Operation) -> Iterator[Row]:
    """By POST everywhere, and by GET where the definition lets it."""
    perform = _checked(operation)
    definition = operation.definition
    for shape, type_name in _places(operation):
        if definition.by_get:
            yield Row(OPERATION, "GET", shape, perform, type_name=type_name)
        yield Row(OPERATION, "POST", shape, perform, Body.PARAMETERS, type_name)


def _places(operation: Operation) -> Iterator[tuple[tuple[str, ...], str]]:
    """The segments of each address, and the type where they say it."""
    definition = operation.definition
    name = f"${definition.code}"
    types = ("{type}",) if definition.for_every_type else definition.types
    if Level.SYSTEM in operation.levels:
        yield (name,), ""
    for type_name in types:
        fixed = "" if definition.for_every_type else type_name
        if Level.TYPE in operation.levels:
            yield (type_name, name), fixed
        if Level.INSTANCE in operation.levels:
            yield (type_name, "{id}", name), fixed
            if operation.of_versions:
                yield (type_name, "{id}", "_history", "{version}", name), fixed


def _checked(operation: Operation) -> Perform:
    """The operation, performed on nothing but what its definition takes."""

    async def perform(call: Call) -> Reply:
        parameters, subset = call.parameters, Subset()
        if operation.pages:
            parameters = tuple(pair for pair in parameters if pair[0] != PAGE_PARAMETER)
            parameters, subset = split_subset(REGISTRY.endpoints, parameters)
        given = read_input(
            operation.definition,
            parameters,
            call.body,
            searches=operation.searches,
            judges=operation.judges,
        )
        return await operation.perform(call, replace(given, subset=subset))

    return perform
