"""The input of an operation, held to its definition (R4 3.2.0.1, `parameters.html`).

Parameters come in the address, in a form, in a `Parameters` resource, or as the one resource that
the operation takes. Whatever way, they are checked for name, type, cardinality and code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final, cast

from fhir_server.interactions.checked import raise_problems
from fhir_server.interactions.subset import Subset
from fhir_server.outcome import Category, FhirError, error
from resources.fhir_json import Resource
from resources.operations import (
    ANYTHING,
    EVERY_TYPE,
    OperationDefinition,
    OperationParameter,
)
from resources.registry import REGISTRY
from resources.validation import Problem, validate
from resources.validation.primitives import CHECKS

_INTEGERS: Final = frozenset(("integer", "positiveInt", "unsignedInt"))
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,9})")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,99})(?:\.[0-9]{1,99})?")
_PLACE: Final = re.compile(r"Parameters\.parameter\[([0-9]+)\]")
_BOOLEANS: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Input:
    """What was given, each value of the type that the definition names."""

    values: Mapping[str, tuple[Any, ...]]
    """JSON values and resources; of a parameter with parts, an `Input`."""
    search: tuple[tuple[str, str], ...] = ()
    """What is no parameter of the definition but of a search."""
    subset: Subset = field(default_factory=Subset)
    """How much of each resource of a searchset is wanted."""

    def all(self, name: str) -> tuple[Any, ...]:
        return self.values.get(name, ())

    def one(self, name: str) -> Any:
        """The value, or None."""
        found = self.all(name)
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class _Given:
    """One parameter as it came."""

    name: str
    value: Any
    kind: str
    """`text` from an address, a FHIR type, `Resource`, or `parts`."""
    place: str | None
    """In the body, for an outcome's expression."""

    def wrong(self, text: str) -> FhirError:
        return error(Category.INVALID, f"{self.name}: {text}", self.place)


def read_input(
    definition: OperationDefinition,
    parameters: Sequence[tuple[str, str]],
    body: Resource | None = None,
    *,
    searches: bool = False,
    judges: str | None = None,
) -> Input:
    """Raises INVALID for whatever the definition does not take, and for a body that is not valid
    R4, but for the resource of the parameter that the operation `judges`."""
    given = [_Given(name, value, "text", None) for name, value in parameters]
    if body is not None:
        given += _of_body(definition, body, judges)
    return _Reading(definition.code, definition.inputs, searches).read(given)


def _of_body(definition: OperationDefinition, body: Resource, judges: str | None) -> list[_Given]:
    """A `Parameters`, or the one resource that the operation takes."""
    kind = body.get("resourceType")
    if kind == "Parameters":
        raise_problems([_named(one, body) for one in validate(_unjudged(body, judges))])
        return list(_entries(cast(list[Resource], body.get("parameter", [])), "Parameters"))
    taken = [one.name for one in definition.inputs if one.is_resource]
    if len(taken) == 1:
        return [_Given(taken[0], body, EVERY_TYPE, str(kind))]
    text = f"${definition.code} takes a Parameters resource, not {kind!r:.60}."
    raise error(Category.INVALID, text, "resourceType")


def _named(problem: Problem, body: Resource) -> Problem:
    """With the name of the parameter that it is about, which its place does not tell."""
    place = _PLACE.match(problem.path)
    listed: object = body.get("parameter")
    if place is None or not isinstance(listed, list):
        return problem
    entry: object = dict(enumerate(cast(list[object], listed))).get(int(place[1]))
    name = cast(Resource, entry).get("name") if isinstance(entry, dict) else None
    said = f"{name:.60}: {problem.message}" if isinstance(name, str) else problem.message
    return replace(problem, message=said)


def _unjudged(body: Resource, judges: str | None) -> Resource:
    """The `Parameters` with something valid in the place of what the operation judges."""
    listed: object = body.get("parameter")
    if judges is None or not isinstance(listed, list):
        return body
    return {**body, "parameter": [_replaced(one, judges) for one in cast(list[object], listed)]}


def _replaced(entry: object, judges: str) -> object:
    if not isinstance(entry, dict):
        return entry
    members = cast(Resource, entry)
    if members.get("name") != judges or not isinstance(members.get("resource"), dict):
        return members
    return {**members, "resource": {"resourceType": "Parameters"}}


def _entries(listed: Sequence[Resource], path: str) -> Iterator[_Given]:
    for at, entry in enumerate(listed):
        place = f"{path}.{'part' if '.' in path else 'parameter'}[{at}]"
        name: str = entry["name"]
        if "resource" in entry:
            yield _Given(name, entry["resource"], EVERY_TYPE, place)
        elif "part" in entry:
            yield _Given(name, list(_entries(entry["part"], place)), "parts", place)
        else:
            choice = next((key for key in entry if key.startswith("value")), None)
            if choice is None:
                raise error(Category.INVALID, f"{name}: it has no value.", place)
            yield _Given(name, entry[choice], choice.removeprefix("value"), place)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The parameters that an operation, or one of its parameters, takes."""

    of: str
    taken: tuple[OperationParameter, ...]
    searches: bool = False

    def read(self, given: Sequence[_Given]) -> Input:
        known = {one.name: one for one in self.taken}
        values: dict[str, list[Any]] = {}
        search: list[tuple[str, str]] = []
        for one in given:
            if one.name in known:
                values.setdefault(one.name, []).append(_value(known[one.name], one))
            elif self.searches:
                search.append((one.name, _text(one)))
            else:
                raise self._unknown(one)
        for parameter in self.taken:
            self._count(parameter, len(values.get(parameter.name, ())))
        return Input({name: tuple(found) for name, found in values.items()}, tuple(search))

    def _unknown(self, given: _Given) -> FhirError:
        names = [one.name for one in self.taken]
        near = get_close_matches(given.name, names, n=2)
        offered = " or ".join(near) if near else ", ".join(names)
        hint = f"it takes {offered}." if offered else "it takes no parameters."
        return given.wrong(f"${self.of} has no such parameter; {hint}")

    def _count(self, parameter: OperationParameter, found: int) -> None:
        if found < parameter.minimum:
            kind = parameter.type or "parts"
            raise error(
                Category.INVALID, f"${self.of} needs the parameter {parameter.name} ({kind})."
            )
        if parameter.maximum is not None and found > parameter.maximum:
            at_most = "once" if parameter.maximum == 1 else f"{parameter.maximum} times"
            raise error(
                Category.INVALID, f"{parameter.name} may be given {at_most}, not {found} times."
            )


def _value(parameter: OperationParameter, given: _Given) -> Any:
    """The value, if it is of the parameter's type."""
    match given.kind:
        case "text":
            value = _of_text(parameter, given)
        case "parts":
            if not parameter.parts:
                raise given.wrong(f"it has no parts, but is a {parameter.type}.")
            return _Reading(parameter.name, parameter.parts).read(given.value)
        case kind if kind == EVERY_TYPE:
            return _resource(parameter, given)
        case _:
            value = _typed(parameter, given)
    _check_code(parameter, given, value)
    return value


def _of_text(parameter: OperationParameter, given: _Given) -> Any:
    """R4 3.2.0.1: in an address only primitive values can stand."""
    if not parameter.is_simple:
        what = parameter.type or "group of parts"
        raise given.wrong(f"it is a {what}; send it by POST, in a Parameters resource.")
    value = _from_text(parameter.type, given.value)
    problem = CHECKS[parameter.type](value)
    if problem is not None:
        raise given.wrong(f"{given.value[:60]!r} {problem}.")
    return value


def _from_text(kind: str, text: str) -> Any:
    """The JSON value that the text stands for; the text where it stands for none."""
    if kind == "boolean":
        return _BOOLEANS.get(text, text)
    if kind in _INTEGERS and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "decimal" and _DECIMAL.fullmatch(text):
        return Decimal(text)
    return text


def _typed(parameter: OperationParameter, given: _Given) -> Any:
    """R4 names the type in the member: `valueCode`. Any primitive that reads the same will do."""
    wanted = parameter.type
    if wanted in ANYTHING or given.kind == wanted[:1].upper() + wanted[1:]:
        return given.value
    if wanted in REGISTRY.primitives and not isinstance(given.value, dict | list):
        problem = CHECKS[wanted](given.value)
        if problem is None:
            return given.value
        raise given.wrong(f"it {problem}.")
    raise given.wrong(f"it is a {wanted or 'group of parts'}, not a value{given.kind}.")


def _resource(parameter: OperationParameter, given: _Given) -> Resource:
    resource = cast(Resource, given.value)
    kind = resource.get("resourceType")
    if parameter.type not in (*ANYTHING, EVERY_TYPE, kind):
        raise given.wrong(f"it is a {parameter.type or 'group of parts'}, not a {kind!r:.60}.")
    return resource


def _check_code(parameter: OperationParameter, given: _Given, value: object) -> None:
    """A required binding is held to."""
    systems = REGISTRY.codes(parameter.value_set) if parameter.value_set else None
    if systems is None or any(value in codes for codes in systems.values()):
        return
    offered = ", ".join(sorted(frozenset[str]().union(*systems.values()))[:20])
    raise given.wrong(f"{value!r:.60} is none of {offered}.")


def _text(given: _Given) -> str:
    """The value of a search parameter, which is always a text."""
    if isinstance(given.value, bool):
        return "true" if given.value else "false"
    if isinstance(given.value, str | int | Decimal):
        return str(given.value)
    raise given.wrong("a search parameter has a primitive value.")
