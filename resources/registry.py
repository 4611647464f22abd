"""`REGISTRY`: every FHIR R4 type, its elements, search parameters, compartments, bindings.

The facts come from the tables in `definitions/`; an element row becomes an `Element` when its
type is first asked for.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec

TABLES: Final = Path(__file__).with_name("definitions")
CONTAINER: Final = "Parameters"
"""The one concrete type without an endpoint (`parameters.html`)."""


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """A search parameter of the specification (`searchparameter-registry.html`)."""

    name: str
    """The code: `birthdate`."""
    type: str
    """number, date, string, token, reference, composite, quantity, uri or special."""
    url: str
    bases: tuple[str, ...]
    """Concrete types; `Resource` and `DomainResource` are spelt out."""
    expression: str | None
    targets: tuple[str, ...]
    """What a reference may point to."""
    components: tuple[tuple[str, str], ...]
    """Of a composite: definition url and expression."""
    multiple_or: bool = True


@dataclass(frozen=True, slots=True)
class ElementType:
    """One type that an element may have."""

    name: str
    """The FHIR type: `Quantity`, `BackboneElement`, `code`."""
    node: str
    """Where its children are described: `Quantity`, `SimpleQuantity`, `Observation.component`."""
    targets: tuple[str, ...]
    """Types that a Reference or canonical may point to; `Resource` stands for any."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a type (`elementdefinition.html`)."""

    path: str
    name: str
    """Without `[x]`."""
    minimum: int
    maximum: int | None
    types: tuple[ElementType, ...]
    is_choice: bool
    binding: tuple[str, str] | None
    """Strength and value set."""
    is_summary: bool
    is_modifier: bool
    invariants: tuple[str, ...]
    """Keys; those of every element (`ele-1` …) are not repeated."""

    @property
    def repeats(self) -> bool:
        return self.maximum != 1 and self.maximum != 0

    def json_name(self, of: ElementType) -> str:
        """`valueQuantity` for the type Quantity of `value[x]` (`json.html`)."""
        if not self.is_choice:
            return self.name
        return self.name + of.name[0].upper() + of.name[1:]


def packed_table(name: str) -> Any:
    """One of the compiled tables, decoded."""
    packed = (TABLES / f"{name}.json.gz").read_bytes()
    return msgspec.json.decode(gzip.decompress(packed))


def packed_parameters(table: str) -> Iterator[SearchParameter]:
    """The search parameters of one of the compiled tables."""
    for code, kind, url, bases, expression, targets, components, multiple in packed_table(table):
        yield SearchParameter(
            code,
            kind,
            url,
            tuple(bases),
            expression or None,
            tuple(targets),
            tuple((definition, part) for definition, part in components),
            multiple,
        )


def _own_parameters() -> Iterator[SearchParameter]:
    """Those that R4 lacks and the project defines, as FHIR JSON in `definitions/own`."""
    for file in sorted((TABLES / "own").glob("SearchParameter-*.json")):
        said: dict[str, Any] = msgspec.json.decode(file.read_bytes())
        bases, targets = tuple(said["base"]), tuple(said.get("target", ()))
        yield SearchParameter(
            said["code"], said["type"], said["url"], bases, said["expression"], targets, ()
        )


def _element(node: str, row: list[Any]) -> Element:
    name, minimum, maximum, types, binding, flags, invariants = row
    return Element(
        path=f"{node}.{name}",
        name=name.removesuffix("[x]"),
        minimum=minimum,
        maximum=None if maximum < 0 else maximum,
        types=tuple(ElementType(t[0], t[1], tuple(t[2])) for t in types),
        is_choice=name.endswith("[x]"),
        binding=(binding[0], binding[1]) if binding else None,
        is_summary="s" in flags,
        is_modifier="m" in flags,
        invariants=tuple(invariants),
    )


class Registry:
    """The definitions of R4. Immutable to its users; one instance, `REGISTRY`."""

    def __init__(self) -> None:
        table = packed_table("elements")
        self._kinds: dict[str, tuple[str, str, bool]] = table["kinds"]
        self._nodes: dict[str, tuple[list[str], list[list[Any]]]] = table["nodes"]
        self._children: dict[str, dict[str, Element]] = {}
        self.types: Final = tuple(
            sorted(
                name
                for name, (kind, _, abstract) in self._kinds.items()
                if kind == "resource" and not abstract
            )
        )
        """The 146 concrete resource types, sorted."""
        self.endpoints: Final = tuple(name for name in self.types if name != CONTAINER)
        """Those that are stored and have a URL."""
        self._resource_types: Final = frozenset(self.types)
        self.primitives: Final = frozenset(
            name for name, (kind, _, _) in self._kinds.items() if kind == "primitive-type"
        )

    def is_type(self, name: str) -> bool:
        """Whether this is a concrete resource type."""
        return name in self._resource_types

    def is_node(self, name: str) -> bool:
        """Whether this is a type, or the path of an element with children of its own."""
        return name in self._nodes

    def base(self, type_name: str) -> str:
        """The type that this one specialises: `DomainResource` for `Patient`."""
        return self._kinds[type_name][1]

    def children(self, node: str) -> Mapping[str, Element]:
        """The elements of a type or path, by name without `[x]`, in definition order."""
        known = self._children.get(node)
        if known is None:
            elements = (_element(node, row) for row in self._nodes[node][1])
            known = self._children[node] = {element.name: element for element in elements}
        return known

    def invariants(self, node: str) -> tuple[str, ...]:
        """Keys of the invariants at the type or path itself."""
        return tuple(self._nodes[node][0])

    def element(self, type_name: str, path: str) -> Element | None:
        """`element("Patient", "name.given")`; a choice may be named `value` or `valueQuantity`."""
        node, found = type_name, None
        for name in path.split("."):
            if node not in self._nodes:
                return None
            step = self._step(node, name)
            if step is None:
                return None
            found, node = step
        return found

    def _step(self, node: str, name: str) -> tuple[Element, str] | None:
        element = self.children(node).get(name)
        if element is not None:
            return element, element.types[0].node if len(element.types) == 1 else ""
        for element in self.children(node).values():
            for candidate in element.types if element.is_choice else ():
                if element.json_name(candidate) == name:
                    return element, candidate.node
        return None

    @cached_property
    def search_parameters(self) -> Mapping[str, SearchParameter]:
        """R4's 1,375 and the project's own, by url."""
        return {
            each.url: each for each in (*packed_parameters("search-parameters"), *_own_parameters())
        }

    @cached_property
    def _by_type(self) -> dict[str, dict[str, SearchParameter]]:
        found: dict[str, dict[str, SearchParameter]] = {name: {} for name in self.types}
        for parameter in sorted(self.search_parameters.values(), key=lambda p: p.name):
            for base in parameter.bases:
                found[base][parameter.name] = parameter
        return found

    def parameters(self, type_name: str) -> Mapping[str, SearchParameter]:
        """The search parameters of a type by name, with those of Resource and DomainResource."""
        return self._by_type[type_name]

    def parameter(self, type_name: str, name: str) -> SearchParameter | None:
        return self._by_type[type_name].get(name)

    @cached_property
    def _compartments(self) -> dict[str, dict[str, tuple[str, ...]]]:
        return {
            name: {type_name: tuple(parameters) for type_name, parameters in members.items()}
            for name, members in packed_table("compartments").items()
        }

    def compartment(self, name: str) -> Mapping[str, tuple[str, ...]]:
        """CompartmentDefinition as published: type -> the parameters that place it."""
        return self._compartments[name]

    @property
    def compartments(self) -> tuple[str, ...]:
        return tuple(self._compartments)

    @cached_property
    def _codes(self) -> dict[str, dict[str, frozenset[str]]]:
        return {
            url: {system: frozenset(codes) for system, codes in systems.items()}
            for url, systems in packed_table("bindings").items()
        }

    def codes(self, value_set: str) -> Mapping[str, frozenset[str]] | None:
        """System -> codes of a value set with a required binding; None if it cannot be listed."""
        return self._codes.get(value_set)


REGISTRY: Final = Registry()
