"""Structure of a resource by the element tables (R4 `json.html`, `conformance-rules.html`).

Each type, and each element with children of its own, becomes a `Shape` once: a check for each
JSON name that may stand there, what must stand there, and the invariants. A walk then takes one
look-up for each member.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, Final, TypeAlias

from resources.fhir_json import ARRAY, OBJECT, Resource
from resources.registry import REGISTRY, Element, ElementType
from resources.validation.coded import CodedCheck, advised_check, coded_check
from resources.validation.extensions import extension_advice
from resources.validation.invariants import Invariant
from resources.validation.linkage import (
    canonical_check,
    check_contained,
    full_url_advice,
    reference_check,
)
from resources.validation.narrative import xhtml_problem
from resources.validation.primitives import ADVISED, value_check
from resources.validation.problem import DEEPEST, MOST_HINTS, Run
from resources.validation.published import advice_of, invariants_of
from resources.validation.values import Check, Rules, kind_of, many_values, one_value

_Into: TypeAlias = Callable[[Resource, str, Run], None]
"""Takes one object, its path, and the run."""


_IS_NAME: Final = re.compile("[A-Za-z_][A-Za-z0-9_]{0,63}").fullmatch
"""What FHIRPath takes as the name of an element."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What an object of one type may have."""

    checks: dict[str, Check]
    required: tuple[tuple[str, frozenset[str]], ...]
    """Name of an element, and the JSON names of which one must be there."""
    choices: tuple[tuple[str, frozenset[str]], ...]
    """Name of a choice, and the JSON names of which one type's may be there."""
    invariants: tuple[Invariant, ...]
    advice: tuple[Invariant, ...]
    """Invariants that are warnings."""


@cache
def shape(node: str) -> Shape:
    """The shape of a type, or of an element's path."""
    checks: dict[str, Check] = {}
    required: list[tuple[str, frozenset[str]]] = []
    choices: list[tuple[str, frozenset[str]]] = []
    if REGISTRY.is_type(node):
        checks["resourceType"] = _anything
    for element in REGISTRY.children(node).values():
        names: set[str] = set()
        for of in element.types:
            key = element.json_name(of)
            names |= {key, f"_{key}"}
            checks.update(_checks(element, of, key))
        if element.minimum:
            required.append((element.name, frozenset(names)))
        if len(element.types) > 1:
            choices.append((element.name, frozenset(names)))
    keys = _keys(node)
    refusing, advising = invariants_of(keys, node, node), advice_of(keys, node, node)
    return Shape(checks, tuple(required), tuple(choices), refusing, advising)


def _keys(node: str) -> tuple[str, ...]:
    """With those that the tables leave out because so much has them."""
    inherited: tuple[str, ...] = ()
    if node == "Extension":
        inherited = ("ext-1",)
    elif REGISTRY.is_type(node) and REGISTRY.base(node) == "DomainResource":
        inherited = ("dom-6",)
    return REGISTRY.invariants(node) + inherited


def walk(node: Shape, members: Resource, path: str, run: Run) -> None:
    """Checks one object and all below it."""
    if run.depth >= DEEPEST:
        run.add(path, "structure", f"nests deeper than {DEEPEST} levels")
        return
    run.depth += 1
    if not members:
        run.add(path, "structure", "is empty: an element has a value or children (ele-1)")
    checks = node.checks
    for key, value in members.items():
        check = checks.get(key)
        if check is None:
            _unknown(node, key, path, run)
        else:
            check(members, key, value, path, run)
    for name, names in node.required:
        if names.isdisjoint(members):
            run.add(f"{path}.{name}", "required", "is required and missing")
    for name, names in node.choices:
        found = names.intersection(members)
        if len(found) > 1 and len({key.removeprefix("_") for key in found}) > 1:
            given = ", ".join(sorted(found))
            run.add(f"{path}.{name}", "structure", f"may have one type only, not {given}")
    for invariant in node.invariants:
        if not invariant.holds(members, run):
            run.add(path, "invariant", f"{invariant.message} ({invariant.key})")
    if run.advises:
        _advise(node, members, path, run)
    run.depth -= 1


def _advise(node: Shape, members: Resource, path: str, run: Run) -> None:
    for invariant in node.advice:
        if not invariant.holds(members, run):
            run.advise(path, "invariant", f"{invariant.message} ({invariant.key})")


def walk_resource(value: Any, path: str, run: Run) -> None:
    """Checks a whole resource by its `resourceType`, with the rules for resources."""
    members: Resource = value
    name = members.get("resourceType")
    if not isinstance(name, str) or not REGISTRY.is_type(name):
        run.add(f"{path}.resourceType", "structure", _no_type(name, run))
        return
    outer = run.resource
    run.resource = members
    if "contained" in members:
        check_contained(members, path, run)
    walk(shape(name), members, path, run)
    run.resource = outer


def _no_type(name: object, run: Run) -> str:
    if not isinstance(name, str):
        return "must name a resource type"
    near = _nearest(name, REGISTRY.types, run)
    hint = f"; {near} is one" if near else ""
    return f"{name[:64]!r} is no FHIR R4 resource type{hint}"


def _nearest(name: str, known: Iterable[str], run: Run) -> str | None:
    """The known name that somebody may have meant. Only the first few problems get one: a
    comparison with a hundred names costs more than all other checks of a resource."""
    if len(run.problems) >= MOST_HINTS:
        return None
    return next(iter(get_close_matches(name[:64], known, 1, 0.7)), None)


def _unknown(node: Shape, key: str, path: str, run: Run) -> None:
    typed = next((names for name, names in node.choices if name == key), None)
    if typed is not None:
        example = min(name for name in typed if not name.startswith("_"))
        hint = f": its name includes its type, as in {example}"
    else:
        near = _nearest(key, node.checks, run)
        hint = f"; there is {near}" if near else ""
    place = f"{path}.{key}" if _IS_NAME(key) else path
    run.add(place, "structure", f"{key[:64]!r} is no element here{hint}")


def _checks(element: Element, of: ElementType, key: str) -> Iterator[tuple[str, Check]]:
    """The checks of an element under one of its types: two for a primitive (`json.html`)."""
    step = f"{element.name}.ofType({of.name})" if element.is_choice else element.name
    if element.maximum == 0:
        yield key, _forbidden
        return
    if of.name not in REGISTRY.primitives:
        into = _into(element, of)
        yield key, _objects(step, into) if element.repeats else _object(step, into)
        return
    values = many_values if element.repeats else one_value
    yield key, _with_rules(values(step, _rules(element, of)), step, element, of)
    if of.name != "xhtml":
        extended = _extended_primitives if element.repeats else _extended_primitive
        yield f"_{key}", extended(step, key)


def _rules(element: Element, of: ElementType) -> Rules:
    check = xhtml_problem if of.name == "xhtml" else value_check(of.name, element.name)
    coded, is_decimal = coded_check(element, of.name), of.name == "decimal"
    if advised := advised_check(element, of.name):
        return Rules(check, coded, is_decimal, advised, "code-invalid")
    return Rules(check, coded, is_decimal, ADVISED.get(of.name), "value")


def _with_rules(check: Check, step: str, element: Element, of: ElementType) -> Check:
    """The few primitives that have rules of their own: invariants, or where a canonical leads."""
    extras = [] if of.name == "xhtml" else [*_added(element, of)]
    if of.name == "canonical":
        extras.append(canonical_check(of.targets))
    if not extras:
        return check

    def all_of_them(members: Resource, key: str, value: Any, path: str, run: Run) -> None:
        check(members, key, value, path, run)
        several: list[Any] = value if isinstance(value, ARRAY) else [value]
        for index, one in enumerate(several):
            place = f"{path}.{step}[{index}]" if element.repeats else f"{path}.{step}"
            for extra in extras:
                extra(one, place, run)

    return all_of_them


# --- checks of complex elements ---


def _anything(_members: Resource, _key: str, _value: Any, _path: str, _run: Run) -> None:
    """`resourceType` was looked at before its shape was chosen."""


def _forbidden(_members: Resource, key: str, _value: Any, path: str, run: Run) -> None:
    run.add(f"{path}.{key}", "structure", "may not stand here")


def _into(element: Element, of: ElementType) -> _Into:
    """What to do with an object at an element: its shape, and what the element adds to it."""
    if of.name == "Resource":
        return walk_contained if element.name == "contained" else walk_entry
    extras: list[_Into] = []
    if of.name == "Reference":
        extras.append(reference_check(of.targets))
    if coded := coded_check(element, of.name):
        extras.append(_coded(coded))
    if advised := advised_check(element, of.name):
        extras.append(_advised(advised))
    if of.node != element.path:
        extras += _added(element, of)
    if of.name == "Extension" and not element.path.startswith("Extension."):
        extras.append(extension_advice(is_modifier=element.is_modifier))
    if element.path == "Bundle.entry":
        extras.append(full_url_advice)
    return _walk_with(of.node, tuple(extras))


def _walk_with(node: str, extras: tuple[_Into, ...]) -> _Into:
    if not extras:
        return lambda members, path, run: walk(shape(node), members, path, run)

    def into(members: Resource, path: str, run: Run) -> None:
        walk(shape(node), members, path, run)
        for extra in extras:
            extra(members, path, run)

    return into


def walk_contained(members: Resource, path: str, run: Run) -> None:
    """A contained resource: `%rootResource` stays its container."""
    walk_resource(members, path, run)


def walk_entry(members: Resource, path: str, run: Run) -> None:
    """A resource in a bundle or in Parameters stands for itself."""
    outer = run.container
    run.container = members
    walk_resource(members, path, run)
    run.container = outer


def _coded(check: CodedCheck) -> _Into:
    def into(members: Resource, path: str, run: Run) -> None:
        if message := check(members):
            run.add(path, "code-invalid", message)

    return into


def _advised(check: CodedCheck) -> _Into:
    def into(members: Resource, path: str, run: Run) -> None:
        if run.advises and (message := check(members)):
            run.advise(path, "code-invalid", message)

    return into


def _added(element: Element, of: ElementType) -> Iterator[_Into]:
    """The invariants that stand at an element, beside those of its type."""
    place = element.path.removesuffix("[x]")
    if refusing := invariants_of(element.invariants, place, of.node):
        yield _refusing(refusing)
    if advising := advice_of(element.invariants, place, of.node):
        yield _advising(advising)


def _refusing(invariants: tuple[Invariant, ...]) -> _Into:
    def into(members: Resource, path: str, run: Run) -> None:
        for invariant in invariants:
            if not invariant.holds(members, run):
                run.add(path, "invariant", f"{invariant.message} ({invariant.key})")

    return into


def _advising(invariants: tuple[Invariant, ...]) -> _Into:
    def into(members: Resource, path: str, run: Run) -> None:
        if run.advises:
            for invariant in invariants:
                if not invariant.holds(members, run):
                    run.advise(path, "invariant", f"{invariant.message} ({invariant.key})")

    return into


def _object(step: str, into: _Into) -> Check:
    def check(_members: Resource, _key: str, value: Any, path: str, run: Run) -> None:
        if isinstance(value, OBJECT):
            into(value, f"{path}.{step}", run)
        else:
            run.add(f"{path}.{step}", "structure", f"must be one object, not {kind_of(value)}")

    return check


def _objects(step: str, into: _Into) -> Check:
    def check(_members: Resource, _key: str, value: Any, path: str, run: Run) -> None:
        if not isinstance(value, ARRAY):
            run.add(f"{path}.{step}", "structure", f"must be an array, not {kind_of(value)}")
            return
        many: list[Any] = value
        if not many:
            run.add(f"{path}.{step}", "structure", "must not be an empty array: leave it out")
        for index, item in enumerate(many):
            place = f"{path}.{step}[{index}]"
            if isinstance(item, OBJECT):
                into(item, place, run)
            else:
                run.add(place, "structure", f"must be an object, not {kind_of(item)}")

    return check


# --- what stands beside primitives ---


def _extended_primitive(step: str, _key: str) -> Check:
    """`_birthDate`: id and extensions of a primitive."""

    def check(_members: Resource, _key: str, value: Any, path: str, run: Run) -> None:
        if isinstance(value, OBJECT):
            walk(shape("Element"), value, f"{path}.{step}", run)
        else:
            run.add(f"{path}.{step}", "structure", f"must be one object, not {kind_of(value)}")

    return check


def _extended_primitives(step: str, key: str) -> Check:
    """`_given`: for each value of `given`, or null, its id and extensions (`json.html`)."""

    def check(members: Resource, _key: str, value: Any, path: str, run: Run) -> None:
        if not isinstance(value, ARRAY):
            run.add(f"{path}.{step}", "structure", f"must be an array, not {kind_of(value)}")
            return
        many: list[Any] = value
        beside: Any = members.get(key)
        values = beside if isinstance(beside, ARRAY) else None
        if values is not None and len(values) != len(many):
            run.add(f"{path}.{step}", "structure", f"{key} and _{key} must be equally long")
        for index, item in enumerate(many):
            place = f"{path}.{step}[{index}]"
            if isinstance(item, OBJECT):
                walk(shape("Element"), item, place, run)
            elif item is not None or values is None:
                run.add(place, "structure", f"must be an object, not {kind_of(item)}")

    return check
