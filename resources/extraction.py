"""What a search parameter's expression finds in a resource (R4 `search.html`, `fhirpath.html`).

The official expressions use few shapes of FHIRPath: paths, unions, `as` and `ofType`,
`where(x='v')`, `where(resolve() is T)`, an index. Each is compiled, with the types from the
element tables, into plain closures: a choice element becomes a look-up of its JSON names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeAlias

import msgspec

from resources.expressions import (
    At,
    Child,
    OfType,
    Resolves,
    Step,
    UnsupportedExpression,
    Where,
    alternatives,
    steps,
    union,
)
from resources.fhir_json import ARRAY, OBJECT, Resource
from resources.references import target_type
from resources.registry import REGISTRY, ElementType, SearchParameter


class Extracted(msgspec.Struct, frozen=True, gc=False):
    """One value that a search parameter finds."""

    fhir_type: str
    """`CodeableConcept`, `dateTime`, `Reference`; a path such as `Observation.component` where
    the element has no type of its own; the resource type of a whole resource."""
    value: Any
    """Plain JSON value."""


Extractor: TypeAlias = Callable[[Resource], list[Extracted]]
CompositeExtractor: TypeAlias = Callable[[Resource], "list[tuple[list[Extracted], ...]]"]


def extractor(
    parameter: SearchParameter, type_name: str, suited: frozenset[str] | None = None
) -> Extractor:
    """What this parameter finds in a resource of this type; of a composite, its focus.

    Of an element that may have many types, those that are not suited are passed over.
    """
    return _extractor(parameter.expression or "", type_name, _emitting(suited))


def ends(expression: str, type_name: str) -> list[tuple[str, frozenset[str]]]:
    """Each path that speaks of this type with the FHIR types at which it can end: with none, it
    never finds anything. Raises `UnsupportedExpression`."""
    found: list[tuple[str, frozenset[str]]] = []
    for text in union(expression):
        at: set[str] = set()

        def emit(name: str, node: str, at: set[str] = at) -> _Visit:
            at.add(node if name in ("BackboneElement", "Element") else name)
            return _nothing

        path = steps(text)
        if _concerns(path, type_name):
            _compile(_relative(path, type_name), type_name, type_name, emit)
            found.append((text, frozenset(at)))
    return found


def _nothing(_value: Any, _out: list[Any]) -> None:
    return None


@cache
def extractors(type_name: str) -> Mapping[str, Extractor]:
    """The extractors of a type by parameter name; parameters without expression are left out."""
    return {
        name: extractor(parameter, type_name)
        for name, parameter in REGISTRY.parameters(type_name).items()
        if parameter.expression
    }


def composite_extractor(
    parameter: SearchParameter,
    type_name: str,
    suited: Sequence[frozenset[str] | None] | None = None,
) -> CompositeExtractor:
    """For each focus of a composite parameter: what each component finds there."""
    parts = tuple(alternatives(expression) for _, expression in parameter.components)
    emits = tuple(_emitting(types) for types in suited or (None,) * len(parts))

    def focus(name: str, node: str) -> _Visit:
        at_focus = tuple(
            tuple(_part(path, name, node, type_name, to) for path in component)
            for component, to in zip(parts, emits, strict=True)
        )
        return lambda value, out: out.append((value, at_focus))

    visits = _visits(parameter.expression or "", type_name, focus)

    def extract(resource: Resource) -> list[tuple[list[Extracted], ...]]:
        found: list[tuple[Any, tuple[tuple[_Part, ...], ...]]] = []
        for visit in visits:
            visit(resource, found)
        return [
            tuple(_collect(component, value, resource) for component in at_focus)
            for value, at_focus in found
        ]

    return extract


# A chain of steps, with the types that it can meet, becomes a closure.

_EXISTS_AND_NOT_FALSE: Final = re.compile(r"^(\S+)\.exists\(\) and (\S+) != false$")

_Visit: TypeAlias = Callable[[Any, "list[Any]"], None]
"""Takes one value (not an array) and the list of what was found."""
_Emit: TypeAlias = Callable[[str, str], "_Visit | None"]
"""Takes FHIR type and node of what a path ends at, and gives what to do there."""
_Part: TypeAlias = tuple[bool, "_Visit | None"]
"""A component's path: whether it starts at the resource, and its closure."""

_ROOTS: Final = ("Resource", "DomainResource")


def _emitting(suited: frozenset[str] | None) -> _Emit:
    if suited is None:
        return _emit
    return lambda name, node: _emit(name, node) if name in suited else None


def _extractor(expression: str, type_name: str, emit: _Emit) -> Extractor:
    if found := _EXISTS_AND_NOT_FALSE.match(expression):
        return _exists_and_not_false(found[1], type_name)
    visits = _visits(expression, type_name, emit)
    if len(visits) == 1:
        return _single(visits[0])

    def extract(resource: Resource) -> list[Extracted]:
        found: list[Extracted] = []
        for visit in visits:
            visit(resource, found)
        return found

    return extract


def _single(visit: _Visit) -> Extractor:
    def extract(resource: Resource) -> list[Extracted]:
        found: list[Extracted] = []
        visit(resource, found)
        return found

    return extract


def _exists_and_not_false(path: str, type_name: str) -> Extractor:
    """`Patient.deceased`: a date of death, or true, means true; absence means false."""
    inner = _extractor(path, type_name, _emit)

    def extract(resource: Resource) -> list[Extracted]:
        return [Extracted("boolean", any(found.value is not False for found in inner(resource)))]

    return extract


def _visits(expression: str, type_name: str, emit: _Emit) -> tuple[_Visit, ...]:
    """The alternatives of an expression that can find something in this type."""
    compiled = (
        _compile(_relative(path, type_name), type_name, type_name, emit)
        for path in alternatives(expression)
        if _concerns(path, type_name)
    )
    return tuple(visit for visit in compiled if visit is not None)


def _concerns(path: tuple[Step, ...], type_name: str) -> bool:
    """Whether a path starts at this type, or names no type at all (`name | alias`)."""
    head = path[0]
    if not isinstance(head, Child) or not head.name[0].isupper():
        return True
    return head.name == type_name or head.name in _ROOTS


def _relative(path: tuple[Step, ...], type_name: str) -> tuple[Step, ...]:
    head = path[0]
    names = (type_name, *_ROOTS, "%resource", "$this")
    return path[1:] if isinstance(head, Child) and head.name in names else path


def _part(path: tuple[Step, ...], name: str, node: str, type_name: str, emit: _Emit) -> _Part:
    if path[0] == Child("%resource"):
        return True, _compile(path[1:], type_name, type_name, emit)
    return False, _compile(_relative(path, type_name), name, node, emit)


def _collect(parts: tuple[_Part, ...], value: Any, resource: Resource) -> list[Extracted]:
    found: list[Extracted] = []
    for at_resource, visit in parts:
        if visit is not None:
            visit(resource if at_resource else value, found)
    return found


def _emit(name: str, node: str) -> _Visit:
    if name == "Resource":
        return _emit_resource
    fhir_type = node if name in ("BackboneElement", "Element") else name

    def visit(value: Any, out: list[Any]) -> None:
        if value is not None:
            out.append(Extracted(fhir_type, value))

    return visit


def _emit_resource(value: Any, out: list[Any]) -> None:
    if isinstance(value, OBJECT):
        resource = value
        out.append(Extracted(str(resource.get("resourceType")), resource))


def _compile(steps: tuple[Step, ...], name: str, node: str, emit: _Emit) -> _Visit | None:
    """None where the types say that the path can never find anything."""
    if not steps:
        return emit(name, node)
    head, rest = steps[0], steps[1:]
    match head:
        case Child():
            return _child(head, rest, node, emit)
        case OfType():
            return _compile(rest, name, node, emit) if _is_a(name, head.name) else None
        case Where():
            return _where(head, name, node, _compile(rest, name, node, emit))
        case Resolves():
            return _resolves(head.target, name, _compile(rest, name, node, emit))
        case At():
            raise UnsupportedExpression("an index at the start of a path")


def _is_a(name: str, wanted: str) -> bool:
    """Whether a type is another or specialises it; R4 also writes `DateTime` for `dateTime`."""
    wanted = wanted if REGISTRY.is_node(wanted) else wanted[0].lower() + wanted[1:]
    while name and name != wanted:
        name = REGISTRY.base(name)
    return bool(name)


def _child(step: Child, rest: tuple[Step, ...], node: str, emit: _Emit) -> _Visit | None:
    index = None
    if rest and isinstance(rest[0], At):
        index, rest = rest[0].index, rest[1:]
    found = [
        _look_up(key, after if of.name in REGISTRY.primitives or not rest else _into(after), index)
        for key, of in _json_names(node, step.name)
        if (after := _compile(rest, of.name, of.node, emit)) is not None
    ]
    if len(found) <= 1:
        return found[0] if found else None

    def visit(value: Any, out: list[Any]) -> None:
        for look_up in found:
            look_up(value, out)

    return visit


def _json_names(node: str, name: str) -> list[tuple[str, ElementType]]:
    """The JSON names of an element with their types: several for `value`, one for `valueDate`."""
    if not REGISTRY.is_node(node):
        return []
    children = REGISTRY.children(node)
    if (element := children.get(name)) is not None:
        return [(element.json_name(of), of) for of in element.types]
    return [
        (name, of)
        for element in children.values()
        if element.is_choice and name.startswith(element.name)
        for of in element.types
        if element.json_name(of) == name
    ]


def _into(after: _Visit) -> _Visit:
    """Keeps a path from stepping into something that is no object."""

    def visit(value: Any, out: list[Any]) -> None:
        if isinstance(value, OBJECT):
            after(value, out)

    return visit


def _look_up(key: str, after: _Visit, index: int | None) -> _Visit:
    if index is not None:
        return _look_up_at(key, after, index)

    def visit(value: Any, out: list[Any]) -> None:
        found = value.get(key)
        if found is None:
            return
        if isinstance(found, ARRAY):
            many: list[Any] = found
            for item in many:
                after(item, out)
        else:
            after(found, out)

    return visit


def _look_up_at(key: str, after: _Visit, index: int) -> _Visit:
    def visit(value: Any, out: list[Any]) -> None:
        found = value.get(key)
        if isinstance(found, ARRAY) and len(many := found) > index:
            after(many[index], out)

    return visit


def _where(step: Where, name: str, node: str, after: _Visit | None) -> _Visit | None:
    condition = _compile(step.path, name, node, _emit)
    if after is None or condition is None:
        return None
    wanted = step.value

    def visit(value: Any, out: list[Any]) -> None:
        found: list[Extracted] = []
        condition(value, found)
        if any(item.value == wanted for item in found):
            after(value, out)

    return visit


def _resolves(target: str, name: str, after: _Visit | None) -> _Visit | None:
    """`where(resolve() is Patient)` needs only the type that the reference itself says."""
    if after is None or name not in ("Reference", "canonical", "uri"):
        return None

    def visit(value: Any, out: list[Any]) -> None:
        reference: Resource = value if isinstance(value, OBJECT) else {"reference": value}
        if target_type(reference) == target:
            after(value, out)

    return visit
