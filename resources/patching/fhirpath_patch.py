"""FHIRPath Patch (R4 `fhirpatch.html`): a Parameters resource of operations on elements."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from resources.fhir_json import Resource
from resources.patching.elements import Node, put, root, standing
from resources.patching.paths import select
from resources.patching.trouble import MOST_OPERATIONS, BadPatch, Effort
from resources.registry import REGISTRY, Element, ElementType

_PARTS: Final = {
    "add": {"path", "name", "value"},
    "insert": {"path", "value", "index"},
    "delete": {"path"},
    "replace": {"path", "value"},
    "move": {"path", "source", "destination"},
}
"""What each operation takes beside its type."""


def apply_fhirpath_patch(resource: Resource, patch: Resource) -> Resource:
    """The resource with the operations applied in order, in place. Raises `BadPatch`."""
    operations: list[Resource] = patch.get("parameter") or []
    if len(operations) > MOST_OPERATIONS:
        raise BadPatch(f"a patch has at most {MOST_OPERATIONS} operations")
    effort = Effort()
    for at, operation in enumerate(operations):
        try:
            _Operation(resource, operation, effort).apply()
        except BadPatch as problem:
            raise BadPatch(f"operation {at}: {problem}") from None
    return resource


class _Operation:
    """One operation, its parts by name."""

    def __init__(self, resource: Resource, parameter: Resource, effort: Effort) -> None:
        if parameter.get("name") != "operation":
            raise BadPatch("each parameter has the name 'operation'")
        self.resource, self.effort = resource, effort
        self.parts: dict[str, Resource] = {}
        for part in parameter.get("part") or ():
            if part["name"] in self.parts:
                raise BadPatch(f"it has two parts {part['name']!r:.40}")
            self.parts[part["name"]] = part
        self.kind = str(self._simple("type", ("Code", "String")))
        if self.kind not in _PARTS:
            raise BadPatch(f"its type is {self.kind!r:.40}, not one of {', '.join(_PARTS)}")
        if unknown := self.parts.keys() - _PARTS[self.kind] - {"type"}:
            raise BadPatch(f"{self.kind} takes no {min(unknown)!r:.40}")
        self.path = str(self._simple("path", ("String",)))

    def apply(self) -> None:
        found = select(self.path, root(self.resource), self.effort)
        apply: dict[str, Callable[[list[Node]], None]] = {
            "add": self._add,
            "insert": self._insert,
            "delete": self._delete,
            "replace": self._replace,
            "move": self._move,
        }
        apply[self.kind](found)

    # ---- the operations ----------------------------------------------------------------------

    def _add(self, found: list[Node]) -> None:
        """Appended to a list; an element that does not repeat must not be there yet."""
        node = self._one(found)
        name = str(self._simple("name", ("String",)))
        element = node.defined.get(name)
        if element is None:
            raise BadPatch(f"{node.type_name} has no element {name!r:.60}")
        if not element.repeats and any(True for _ in node.members(name)):
            raise BadPatch(f"{name} is there already; replace it")
        of, value, extra = self._new(element)
        owner, key = _room(node), element.json_name(of)
        if element.repeats:
            pairs = standing(owner, key)
            self.effort.spend(len(pairs))
            put(owner, key, [*pairs, (value, extra)])
        else:
            _set(owner, key, value, extra)

    def _insert(self, found: list[Node]) -> None:
        place = self._list(found)
        pairs = standing(place.owner, place.name)
        index = self._index("index", len(pairs))
        _, value, extra = self._new(place.element)
        put(place.owner, place.name, [*pairs[:index], (value, extra), *pairs[index:]])

    def _delete(self, found: list[Node]) -> None:
        """What is not there is deleted already: "Path of the element to delete (if found)"."""
        if found:
            _remove(self._one(found))

    def _replace(self, found: list[Node]) -> None:
        node = self._one(found)
        place = _place(node)
        of, value, extra = self._new(place.element)
        if node.index is None:
            _unset(place.owner, place.name)
            _set(place.owner, place.element.json_name(of), value, extra)
        else:
            pairs = standing(place.owner, place.name)
            pairs[node.index] = (value, extra)
            put(place.owner, place.name, pairs)

    def _move(self, found: list[Node]) -> None:
        place = self._list(found)
        pairs = standing(place.owner, place.name)
        source = self._index("source", len(pairs) - 1)
        destination = self._index("destination", len(pairs) - 1)
        moved = pairs.pop(source)
        put(place.owner, place.name, [*pairs[:destination], moved, *pairs[destination:]])

    # ---- what they have in common ------------------------------------------------------------

    def _one(self, found: list[Node]) -> Node:
        if len(found) != 1:
            raise BadPatch(f"{self.path!r:.100} finds {len(found) or 'no'} elements, not one")
        return found[0]

    def _list(self, found: list[Node]) -> _Place:
        """The list that a path finds whole."""
        if not found or found[0].index is None:
            raise BadPatch(f"{self.path!r:.100} finds no list")
        place = _place(found[0])
        if any(node.inside_of is not place.owner or node.name != place.name for node in found):
            raise BadPatch(f"{self.path!r:.100} finds more than one list")
        return place

    def _index(self, name: str, most: int) -> int:
        value = self._simple(name, ("Integer", "UnsignedInt", "PositiveInt"))
        if not isinstance(value, int) or not 0 <= value <= most:
            raise BadPatch(f"{name} is {value!r:.20}, not a place from 0 to {most}")
        return value

    def _simple(self, name: str, types: tuple[str, ...]) -> Any:
        part = self.parts.get(name)
        if part is None:
            raise BadPatch(f"it has no part {name!r}")
        for of in types:
            if f"value{of}" in part:
                return part[f"value{of}"]
        raise BadPatch(f"its {name} is no value{types[0]}")

    def _new(self, element: Element) -> tuple[ElementType, Any, Any]:
        """The value that the operation brings, as one of the types that the element may have."""
        part = self.parts.get("value")
        if part is None:
            raise BadPatch("it has no part 'value'")
        # A later operation may change what this one brought, and the patch may be tried again.
        return _valued(deepcopy(part), element)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an element stands, to be changed."""

    owner: Resource
    name: str
    element: Element


def _place(node: Node) -> _Place:
    owner = node.inside_of
    if owner is None or node.element is None:
        raise BadPatch("the resource itself is not changed by an operation, but what is in it")
    return _Place(owner, node.name, node.element)


def _remove(node: Node) -> None:
    """With whatever has nothing left in it: FHIR has no empty elements."""
    place = _place(node)
    if node.index is None:
        _unset(place.owner, place.name)
    else:
        pairs = standing(place.owner, place.name)
        put(place.owner, place.name, pairs[: node.index] + pairs[node.index + 1 :])
    if not place.owner and node.parent is not None:
        if node.parent.value not in (None, {}):
            _extend(node.parent, None)
        else:
            _remove(node.parent)


def _room(node: Node) -> Resource:
    """The object that a new member stands in; beside a primitive's value it may have to be made."""
    if node.inside is not None:
        return node.inside
    extra: Resource = {}
    _extend(node, extra)
    return extra


def _extend(node: Node, extra: Resource | None) -> None:
    """What stands beside a primitive's value."""
    place = _place(node)
    if node.index is not None:
        pairs = standing(place.owner, place.name)
        pairs[node.index] = (node.value, extra)
        put(place.owner, place.name, pairs)
    elif extra is not None:
        place.owner[f"_{place.name}"] = extra
    else:
        del place.owner[f"_{place.name}"]


def _valued(part: Resource, element: Element) -> tuple[ElementType, Any, Any]:
    """A value under its type; or, of an element without a type of its own, its parts."""
    if "part" in part:
        of = element.types[0]
        return of, _built(part["part"], of.node), None
    if "resource" in part and any(of.name == "Resource" for of in element.types):
        return element.types[0], part["resource"], None
    given = {name.removeprefix("_") for name in part if name.lstrip("_").startswith("value")}
    for of in element.types:
        for like in (of.name, *_ALIKE.get(of.name, ())):
            key = f"value{like[0].upper()}{like[1:]}"
            if key in given:
                return of, part.get(key), part.get(f"_{key}")
    wanted = " or ".join(of.name for of in element.types[:5])
    raise BadPatch(f"{element.name} takes a {wanted}, not {', '.join(sorted(given)) or 'nothing'}")


_ALIKE: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        ("code", "id", "markdown", "uri", "url", "canonical", "oid", "uuid", "xhtml"), ("string",)
    ),
    "dateTime": ("date", "instant"),
    "instant": ("dateTime",),
}
"""Types whose values are written alike, so that they may be sent for one another as HAPI has it."""


def _built(parts: list[Resource], node: str) -> Resource:
    """An element of a resource's own, such as `Patient.contact`, from its members."""
    built: Resource = {}
    lists: dict[str, list[tuple[Any, Any]]] = {}
    for part in parts:
        element = REGISTRY.children(node).get(part["name"])
        if element is None:
            raise BadPatch(f"{node} has no element {part['name']!r:.60}")
        of, value, extra = _valued(part, element)
        name = element.json_name(of)
        if element.repeats:
            lists.setdefault(name, []).append((value, extra))
        elif name in built or f"_{name}" in built:
            raise BadPatch(f"{node}.{part['name']} is given twice")
        else:
            _set(built, name, value, extra)
    for name, pairs in lists.items():
        put(built, name, pairs)
    return built


def _set(owner: Resource, name: str, value: Any, extra: Any) -> None:
    if value is not None:
        owner[name] = value
    if extra is not None:
        owner[f"_{name}"] = extra


def _unset(owner: Resource, name: str) -> None:
    owner.pop(name, None)
    owner.pop(f"_{name}", None)
