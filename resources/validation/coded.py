"""Bindings to value sets whose codes the definitions list (R4 `terminologies.html#strength`).

Required: the code SHALL be from the value set. Extensible: from it where one of its codes fits,
which only a person can tell, so that another code is worth a warning and a text alone is none.
"""

from __future__ import annotations

import re
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
        return _formed(element)
    message = f"must be {_wanted(systems, element.binding[1])}"
    match type_name:
        case "code" | "string" | "uri":
            return _code(frozenset[str]().union(*systems.values()), message)
        case "Coding":
            return _coding(systems, message)
        case "CodeableConcept":
            return _concept(systems, message)
        case _:
            return None


_MEDIA_TYPE: Final = re.compile(r"[\w!#$&^.+*-]+/[\w!#$&^.+*-]+(?: ?;.+)?", re.ASCII)
_FORMS: Final = {
    "http://hl7.org/fhir/ValueSet/currencies": (
        re.compile("[A-Z]{3}"),
        "must be a code of ISO 4217, such as EUR",
    ),
    "http://hl7.org/fhir/ValueSet/mimetypes": (
        _MEDIA_TYPE,
        "must be a media type of BCP 13, such as text/plain",
    ),
}
_SHORT_FORMATS: Final = ("CapabilityStatement.", "TestScript.")
"""Where `json` stands for its media type, as in `_format` (`http.html#mime-type`)."""


def _formed(element: Element) -> CodedCheck | None:
    """Of codes that nobody lists, the form."""
    found = _FORMS.get(element.binding[1]) if element.binding else None
    if found is None or element.path.startswith(_SHORT_FORMATS):
        return None
    pattern, message = found

    def check(value: Any) -> str | None:
        if isinstance(value, str) and not pattern.fullmatch(value):
            return f"{value[:64]!r} {message}"
        return None

    return check


def advised_check(element: Element, type_name: str) -> CodedCheck | None:
    """The same for an extensible binding."""
    if element.binding is None or element.binding[0] != "extensible":
        return None
    systems = REGISTRY.codes(element.binding[1])
    if systems is None:
        return None
    wanted = f"should be {_wanted(systems, element.binding[1])}, where one of these fits"
    match type_name:
        case "code" | "uri":
            return _advised_code(frozenset[str]().union(*systems.values()), wanted)
        case "Coding" | "CodeableConcept":
            return _advised_concept(type_name, systems, wanted)
        case _:
            return None


def _advised_code(codes: frozenset[str], wanted: str) -> CodedCheck:
    """R4 lets an absolute URI name what its own list does not have (`references.html#type`)."""

    def check(value: Any) -> str | None:
        if not isinstance(value, str) or value in codes or ":" in value:
            return None
        return f"{value[:64]!r} {wanted} (extensible)"

    return check


def _advised_concept(
    type_name: str, systems: Mapping[str, frozenset[str]], wanted: str
) -> CodedCheck:
    def check(value: Any) -> str | None:
        codings = value.get("coding") if type_name == "CodeableConcept" else [value]
        given = [one for one in _objects(codings) if "code" in one]
        if not given or any(_is_listed(one, systems) for one in given):
            return None
        shown = f"{given[0].get('system', '')}|{given[0]['code']}"
        return f"{shown[:120]!r} {wanted} (extensible)"

    return check


def _objects(value: Any) -> list[Resource]:
    many = cast(list[Any], value) if isinstance(value, list) else []
    return [one for one in many if isinstance(one, dict)]


def _wanted(systems: Mapping[str, frozenset[str]], value_set: str) -> str:
    codes = sorted(frozenset[str]().union(*systems.values()))
    if len(codes) <= _SHOWN:
        return f"one of {', '.join(codes)}"
    return f"from {value_set}, such as {', '.join(codes[:_SHOWN])}"


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
