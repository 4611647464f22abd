"""What FHIRPath finds in a resource: values that know their type (HL7 FHIRPath N1, Types).

JSON keeps a primitive's id and extensions beside its value (`_status`), and names a choice by its
type (`valueQuantity`); an item is both halves, found by the name of its definition.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, TypeAlias

import msgspec

from resources.fhir_json import ARRAY, OBJECT, Resource
from resources.registry import REGISTRY

Items: TypeAlias = list["Item"]


class Item(msgspec.Struct, frozen=True, gc=False):
    """One value of a collection."""

    value: Any
    """JSON; None of a primitive that has extensions alone."""
    type: str
    """`code`, `Quantity`, `BackboneElement`, `Patient`; empty of what was reckoned."""
    node: str = ""
    """Where its members are described; empty of what has none."""
    beside: Any = None
    """What stands beside a primitive's value."""

    @property
    def inside(self) -> Resource:
        """The object that its members stand in."""
        if isinstance(self.value, OBJECT):
            return self.value
        return self.beside if isinstance(self.beside, OBJECT) else {}


class _Place(msgspec.Struct, frozen=True):
    """Where an element stands in JSON, under one of its types."""

    key: str
    beside: str
    type: str
    node: str


def resource_item(resource: Resource) -> Item:
    """A resource as an item of its own type."""
    name = resource.get("resourceType")
    if isinstance(name, str) and REGISTRY.is_type(name):
        return Item(resource, name, name)
    return Item(resource, "Resource", "Resource")


def item_of(members: Resource, node: str) -> Item:
    """The members of a type or path as an item."""
    return Item(members, "BackboneElement" if "." in node else node, node)


@cache
def _places(node: str, name: str) -> tuple[_Place, ...]:
    element = REGISTRY.children(node).get(name) if REGISTRY.is_node(node) else None
    if element is None:
        return ()
    return tuple(
        _Place(key := element.json_name(of), f"_{key}", of.name, of.node) for of in element.types
    )


@cache
def json_names(node: str, name: str) -> frozenset[str]:
    """What an element may be called in JSON."""
    return frozenset(key for place in _places(node, name) for key in (place.key, place.beside))


def exists(item: Item, name: str) -> bool:
    """Whether a member is there; quicker than to look at it."""
    return not json_names(item.node, name).isdisjoint(item.inside)


def members(item: Item, name: str) -> Iterator[Item]:
    """The elements of this name."""
    inside = item.inside
    if json_names(item.node, name).isdisjoint(inside):
        return
    for place in _places(item.node, name):
        value, beside = inside.get(place.key), inside.get(place.beside)
        if isinstance(value, ARRAY) or isinstance(beside, ARRAY):
            values, others = _listed(value), _listed(beside)
            for at in range(max(len(values), len(others))):
                yield _item(place, _at(values, at), _at(others, at))
        elif value is not None or beside is not None:
            yield _item(place, value, beside)


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, ARRAY) else []


def _at(found: list[Any], at: int) -> Any:
    return found[at] if at < len(found) else None


def _item(place: _Place, value: Any, beside: Any) -> Item:
    if place.type == "Resource" and isinstance(value, OBJECT):
        return resource_item(value)
    return Item(value, place.type, place.node, beside)


def children(item: Item) -> Iterator[Item]:
    """All elements right below."""
    if item.inside and REGISTRY.is_node(item.node):
        for name in REGISTRY.children(item.node):
            yield from members(item, name)


def descendants(item: Item) -> Iterator[Item]:
    """All elements below, without the item itself."""
    waiting = [item]
    while waiting:
        for found in children(waiting.pop()):
            yield found
            waiting.append(found)


def is_of(item: Item, name: str) -> bool:
    """Whether its type is this one, or specialises it. `Boolean` of System is `boolean` here."""
    simple = name[:1].lower() + name[1:]
    wanted = simple if simple in REGISTRY.primitives else name
    found = item.type
    while found and found != wanted:
        found = REGISTRY.base(found) if REGISTRY.is_node(found) else ""
    return bool(found)


def identity(item: Item) -> object:
    """Something that can be hashed and is equal for equal values."""
    return _frozen(item.value)


def _frozen(value: Any) -> object:
    if isinstance(value, bool):
        return (value,)  # which is not 1
    if isinstance(value, OBJECT):
        return frozenset((key, _frozen(member)) for key, member in value.items())
    if isinstance(value, ARRAY):
        found: list[Any] = value
        return tuple(_frozen(one) for one in found)
    return value
