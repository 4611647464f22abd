"""Searching by the specification's words alone: which resources one parameter selects.

Shares no code with the server. Covers some parameters of some types, chosen so that each type of
parameter, type of element, modifier, prefix and form of value occurs.
"""

from __future__ import annotations

from typing import Any

from tests.search.words.amounts import number, quantity
from tests.search.words.dates import decide_date
from tests.search.words.places import near
from tests.search.words.references import reference
from tests.search.words.strings import string, texts
from tests.search.words.text import decide_words
from tests.search.words.tokens import token
from tests.search.words.uris import uri

Resource = dict[str, Any]

# What each parameter looks at: its type and the path of element names, "*" for any value[x].
PATHS = {
    "code": ("token", "code"),
    "category": ("token", "category"),
    "status": ("token", "status"),
    "identifier": ("token", "identifier"),
    "gender": ("token", "gender"),
    "active": ("token", "active"),
    "telecom": ("token", "telecom"),
    "subject": ("reference", "subject"),
    "patient": ("reference", "subject"),
    "performer": ("reference", "performer"),
    "questionnaire": ("reference", "questionnaire"),
    "date": ("date", "effective*"),
    "birthdate": ("date", "birthDate"),
    "family": ("string", "name.family"),
    "given": ("string", "name.given"),
    "name": ("string", "name"),
    "value-quantity": ("quantity", "valueQuantity"),
    "probability": ("number", "prediction.probabilityDecimal"),
    "url": ("uri", "url"),
    "_profile": ("uri", "meta.profile"),
    "near": ("special", "position"),
    "_id": ("token", "id"),
}
# What each composite looks at: the element, and in it each component's type and path.
COMPOSITES = {
    "code-value-quantity": ("", (("token", "code"), ("quantity", "valueQuantity"))),
    "code-value-concept": ("", (("token", "code"), ("token", "valueCodeableConcept"))),
    "code-value-string": ("", (("token", "code"), ("string", "valueString"))),
    "code-value-date": ("", (("token", "code"), ("date", "valueDateTime"))),
    "component-code-value-quantity": (
        "component",
        (("token", "code"), ("quantity", "valueQuantity")),
    ),
    "relationship": ("relatesTo", (("token", "code"), ("reference", "target"))),
    "chromosome-window-coordinate": (
        "referenceSeq",
        (("token", "chromosome"), ("number", "windowStart"), ("number", "windowEnd")),
    ),
}


def decide(resource: Resource, parameter: str, modifier: str, value: str) -> bool:
    """Whether one parameter of a query selects the resource; a comma is "or" (3.1.1.4.3)."""
    if parameter in COMPOSITES:
        return any(_composite(resource, parameter, one) for one in value.split(","))
    if parameter in ("_text", "_content"):
        return decide_words(resource, parameter, modifier, value)
    kind, path = PATHS[parameter]
    values = values_of(resource, path)
    if parameter == "patient":
        values = [each for each in values if "Patient/" in each.get("reference", "")]
    if modifier == "missing":
        return bool(values) == (value == "false")
    matched = any(
        _one(kind, path, each, modifier, one) for one in value.split(",") for each in values
    )
    return not matched if modifier == "not" else matched


def _composite(resource: Resource, parameter: str, value: str) -> bool:
    """3.1.1.4.14: all of the values in one and the same element."""
    where, components = COMPOSITES[parameter]
    elements = values_of(resource, where) if where else [resource]
    return any(
        all(
            any(_one(kind, f"{where}.{path}", each, "", part) for each in values_of(element, path))
            for (kind, path), part in zip(components, value.split("$"), strict=True)
        )
        for element in elements
    )


def _one(kind: str, path: str, element: Any, modifier: str, value: str) -> bool:
    match kind:
        case "token":
            return token(element, path, modifier, value)
        case "reference":
            return reference(element, modifier, value)
        case "date":
            return decide_date(element, value)
        case "number":
            return number(element, value)
        case "quantity":
            return quantity(element, value)
        case "uri":
            return uri(element, modifier, value)
        case "special":
            return near(element, value)
        case _:
            return any(string(text, modifier, value) for text in texts(element, path))


def values_of(resource: Resource, path: str) -> list[Any]:
    """What is at a path of element names, from each of repeating elements."""
    found: list[Any] = [resource]
    for name in path.split("."):
        inner = [
            element[key]
            for element in found
            for key in element
            if key == name or (name.endswith("*") and key.startswith(name[:-1]))
        ]
        found = [one for many in inner for one in (many if isinstance(many, list) else [many])]
    return found
