"""How the elements of a type stand in XML (R4 `xml.html` 2.6.1), compiled once for each type."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final

from resources.registry import REGISTRY, Element, ElementType

FHIR: Final = "http://hl7.org/fhir"
XHTML: Final = "http://www.w3.org/1999/xhtml"


class Form(Enum):
    """What stands between the tags of an element, or instead of them."""

    ATTRIBUTE = "attribute"
    """The id of an element, and the url of an extension."""
    PRIMITIVE = "primitive"
    OBJECT = "object"
    RESOURCE = "resource"
    """A resource in an element of its own, as in `contained`."""
    NARRATIVE = "narrative"


@dataclass(frozen=True, slots=True)
class Member:
    """One element, under one of its types."""

    name: str
    """In JSON and in XML alike: `valueQuantity`."""
    type_name: str
    node: str
    """Where its children are described (`Registry.children`)."""
    repeats: bool
    form: Form


@cache
def members(node: str) -> dict[str, Member]:
    """By name, in the order in which they have to be written."""
    whole = REGISTRY.is_type(node)
    return {
        name: Member(name, of.name, of.node, element.repeats, _form(node, element, of, whole=whole))
        for element in REGISTRY.children(node).values()
        for of in element.types
        for name in (element.json_name(of),)
    }


def _form(node: str, element: Element, of: ElementType, *, whole: bool) -> Form:
    if (element.name == "id" and not whole) or (element.name == "url" and node == "Extension"):
        return Form.ATTRIBUTE
    if of.name == "xhtml":
        return Form.NARRATIVE
    if of.name in REGISTRY.primitives:
        return Form.PRIMITIVE
    return Form.RESOURCE if of.name == "Resource" else Form.OBJECT
