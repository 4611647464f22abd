"""The elements of a resource as FHIRPath sees them, each with the place where it stands.

JSON keeps a primitive's id and extensions beside its value (`_given`), and names a choice by its
type (`valueQuantity`); an element here is both halves, under the name of its definition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from resources.fhir_json import ARRAY, OBJECT, Resource
from resources.registry import REGISTRY, Element, ElementType


@dataclass(frozen=True, slots=True)
class Node:
    """One element of a resource: the resource itself, or what stands at a place in another one."""

    parent: Node | None
    """The element that it is a member of; None for the resource itself."""
    element: Element | None
    """Its definition; None for the resource itself."""
    name: str
    """In JSON: `valueQuantity`."""
    index: int | None
    """In its list; None where it does not repeat."""
    value: Any
    """None for a primitive that has extensions alone."""
    extra: Any
    """What stands beside a primitive's value."""
    type_name: str
    """`HumanName`, `string`, `BackboneElement`, `Patient`."""
    shape: str
    """Where its children are described."""

    @property
    def inside_of(self) -> Resource | None:
        """The object that it stands in."""
        return None if self.parent is None else self.parent.inside

    @property
    def inside(self) -> Resource | None:
        """The object that its members stand in."""
        found: Any = self.value if isinstance(self.value, OBJECT) else self.extra
        return found if isinstance(found, OBJECT) else None

    @property
    def defined(self) -> Mapping[str, Element]:
        """The members that it may have."""
        return REGISTRY.children(self.shape) if REGISTRY.is_node(self.shape) else {}

    def members(self, name: str) -> Iterator[Node]:
        """The elements of this name below it."""
        element = self.defined.get(name)
        if element is not None:
            for of in element.types:
                yield from _standing(self, element, of)


def root(resource: Resource) -> Node:
    """The resource as an element."""
    name: str = resource["resourceType"]
    return Node(None, None, name, None, resource, None, name, name)


def standing(owner: Resource, name: str) -> list[tuple[Any, Any]]:
    """Value and what extends it, for each element of this JSON name in a list."""
    values, extras = _listed(owner.get(name)), _listed(owner.get(f"_{name}"))
    return [
        (values[at] if at < len(values) else None, extras[at] if at < len(extras) else None)
        for at in range(max(len(values), len(extras)))
    ]


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, ARRAY) else []


def put(owner: Resource, name: str, pairs: list[tuple[Any, Any]]) -> None:
    """The list of this name anew; without elements, there is none."""
    for key, half in ((name, 0), (f"_{name}", 1)):
        found = [pair[half] for pair in pairs]
        if any(one is not None for one in found):
            owner[key] = found
        else:
            owner.pop(key, None)


def _standing(parent: Node, element: Element, of: ElementType) -> Iterator[Node]:
    name, inside = element.json_name(of), parent.inside
    if inside is None or (name not in inside and f"_{name}" not in inside):
        return
    places: list[int | None] = [None]
    pairs = [(inside.get(name), inside.get(f"_{name}"))]
    if element.repeats:
        pairs = standing(inside, name)
        places = [*range(len(pairs))]
    for at, (value, extra) in zip(places, pairs, strict=True):
        type_name, shape = of.name, of.node
        if of.name == "Resource" and isinstance(value, OBJECT):
            type_name = shape = str(cast(Resource, value).get("resourceType"))
        yield Node(parent, element, name, at, value, extra, type_name, shape)
