"""Definitions of operations (R4 `operationdefinition.html`): HL7's for R4, and our own.

HL7's are compiled into `definitions/operations.json.gz`; ours are the FHIR JSON files in
`definitions/own`, as a developer would read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import msgspec

from resources.registry import REGISTRY, TABLES, packed_table

EVERY_TYPE: Final = "Resource"
"""Stands in a definition for all types."""
ANYTHING: Final = frozenset(("Any", "Element"))
"""What a parameter of any type is said to be of."""


class Level(Enum):
    """Where an operation can be asked for (R4 3.2.0.1)."""

    SYSTEM = "system"
    TYPE = "type"
    INSTANCE = "instance"


@dataclass(frozen=True, slots=True)
class OperationParameter:
    """A parameter that goes in or comes out."""

    name: str
    minimum: int
    maximum: int | None
    """None: any number."""
    type: str
    """A FHIR type, or empty where it has parts."""
    value_set: str | None
    """Of a required binding."""
    parts: tuple[OperationParameter, ...]

    @property
    def is_resource(self) -> bool:
        return self.type == EVERY_TYPE or REGISTRY.is_type(self.type)

    @property
    def is_simple(self) -> bool:
        """Whether it can stand in an address."""
        return self.type in REGISTRY.primitives


@dataclass(frozen=True, slots=True)
class OperationDefinition:
    """What an operation is called, where it can be asked for, and what goes in and comes out."""

    url: str
    code: str
    types: tuple[str, ...]
    levels: frozenset[Level]
    affects_state: bool
    inputs: tuple[OperationParameter, ...]
    outputs: tuple[OperationParameter, ...]

    @property
    def for_every_type(self) -> bool:
        return self.types == (EVERY_TYPE,)

    @property
    def by_get(self) -> bool:
        """R4 3.2.0.1: GET is for what changes nothing and takes primitive values. Complex ones
        that may be left out do not stand in its way."""
        return not self.affects_state and all(
            one.is_simple for one in self.inputs if one.minimum > 0
        )


@cache
def operation_definitions() -> Mapping[str, OperationDefinition]:
    """All by id: `Patient-everything`, `explain`."""
    own = sorted((TABLES / "own").glob("OperationDefinition-*.json"))
    known: list[dict[str, Any]] = [
        *packed_table("operations"),
        *(msgspec.json.decode(path.read_bytes()) for path in own),
    ]
    return MappingProxyType({one["id"]: _definition(one) for one in known})


def _definition(said: Mapping[str, Any]) -> OperationDefinition:
    parameters: list[dict[str, Any]] = said.get("parameter", [])
    return OperationDefinition(
        url=said["url"],
        code=said["code"],
        types=tuple(said.get("resource", ())),
        levels=frozenset(level for level in Level if said[level.value]),
        affects_state=said["affectsState"],
        inputs=tuple(_parameter(one) for one in parameters if one["use"] == "in"),
        outputs=tuple(_parameter(one) for one in parameters if one["use"] == "out"),
    )


def _parameter(said: Mapping[str, Any]) -> OperationParameter:
    binding = said.get("binding", {})
    parts: list[dict[str, Any]] = said.get("part", [])
    required = binding.get("strength") == "required"
    return OperationParameter(
        name=said["name"],
        minimum=said["min"],
        maximum=None if said["max"] == "*" else int(said["max"]),
        type=said.get("type", ""),
        value_set=binding["valueSet"].partition("|")[0] if required else None,
        parts=tuple(_parameter(part) for part in parts),
    )
