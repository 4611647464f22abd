"""Tokens (R4 3.1.1.4.10)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.search.words.strings import plain

SYSTEMS = {
    "gender": "http://hl7.org/fhir/administrative-gender",
    "status": "http://hl7.org/fhir/observation-status",
    "relatesTo.code": "http://hl7.org/fhir/document-relationship-type",
}
"""By path of an element of type code: the system that its binding implies."""
Pair = tuple[str | None, str]


def token(element: Any, path: str, modifier: str, value: str) -> bool:
    """`:not` and `:missing` are decided of all elements together, by whoever asks."""
    if modifier == "text":
        return any(plain(text).startswith(plain(value)) for text in _words(element))
    if modifier == "of-type":
        system, code, wanted = value.split("|")
        kinds = element.get("type", {}).get("coding", [])
        typed = any(each.get("system") == system and each.get("code") == code for each in kinds)
        return typed and element.get("value") == wanted
    if path == "telecom":
        return element.get("value", "").lower() == value.lower()
    pairs = _pairs(element, path)
    if "|" not in value:
        return any(code == value for _, code in pairs)
    system, code = value.split("|", 1)
    if not code:
        return any(each == system for each, _ in pairs)
    return any(has == code and (each or "") == system for each, has in pairs)


def _pairs(element: Any, path: str) -> list[Pair]:
    """System and code, of whatever the element is."""
    if isinstance(element, bool):
        return [(None, str(element).lower())]
    if isinstance(element, str):
        return [(SYSTEMS.get(path), element)]
    if "coding" in element:
        return [(each.get("system"), each.get("code", "")) for each in element["coding"]]
    return [(element.get("system"), element.get("value", ""))]


def _words(element: Any) -> Iterator[str]:
    """ "CodeableConcept.text, Coding.display, or Identifier.type.text"."""
    if "coding" in element or "text" in element:
        yield from (each["display"] for each in element.get("coding", []) if "display" in each)
        yield from [element["text"]] if "text" in element else []
    elif "text" in element.get("type", {}):
        yield element["type"]["text"]
