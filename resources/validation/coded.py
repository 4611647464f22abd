"""Required bindings (R4 `terminologies.html#required`): the code SHALL be from the value set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, cast

from resources.fhir_json import Resource
from resources.registry import REGISTRY, Element

CodedCheck: TypeAlias = Callable[[Any], "str | None"]
"""Takes a code, Coding or CodeableConcept and answers what is wrong with it."""

_SHOWN: Final = 12


def coded_check(element: Element, type_name: str) -> CodedCheck | None:
    """The check of an element's binding; None without one that is required and can be listed."""
    if element.binding is None or element.binding[0] != "required":
        return None
    systems = REGISTRY.codes(element.binding[1])
    if systems is None:
        return None
    message = _message(systems, element.binding[1])
    match type_name:
        case "code" | "string" | "uri":
            return _code(frozenset[str]().union(*systems.values()), message)
        case "Coding":
            return _coding(systems, message)
        case "CodeableConcept":
            return _concept(systems, message)
        case _:
            return None


def _message(systems: Mapping[str, frozenset[str]], value_set: str) -> str:
    codes = sorted(frozenset[str]().union(*systems.values()))
    if len(codes) <= _SHOWN:
        return f"must be one of {', '.join(codes)}"
    return f"must be from {value_set}, such as {', '.join(codes[:_SHOWN])}"


def _code(codes: frozenset[str], message: str) -> CodedCheck:
    def check(value: Any) -> str | None:
        if isinstance(value, str) and value not in codes:
            return f"{value[:64]!r} {message}"
        return None

    return check


def _coding(systems: Mapping[str, frozenset[str]], message: str) -> CodedCheck:
    def check(value: Any) -> str | None:
        if _is_listed(value, systems) or "extension" in value:
            return None
        return f"{message}, each with its system"

    return check


def _concept(systems: Mapping[str, frozenset[str]], message: str) -> CodedCheck:
    """One coding from the value set suffices; others may translate it."""

    def check(value: Any) -> str | None:
        codings = value.get("coding")
        if not isinstance(codings, list):
            return None if "extension" in value else f"needs a coding: {message}"
        if any(_is_listed(coding, systems) for coding in cast(list[Any], codings)):
            return None
        return f"needs one coding with system and code that {message}"

    return check


def _is_listed(coding: Any, systems: Mapping[str, frozenset[str]]) -> bool:
    if not isinstance(coding, dict):
        return False
    members = cast(Resource, coding)
    system, code = members.get("system"), members.get("code")
    return isinstance(system, str) and isinstance(code, str) and code in systems.get(system, ())
