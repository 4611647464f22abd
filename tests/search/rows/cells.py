"""What rows have to prove: each type of parameter with each modifier, prefix and form it has.

Which these are is read from the table that the CapabilityStatement is written from; a row's own
are read from its query.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from urllib.parse import unquote_plus

from fhir_server.search.comparing import offered
from fhir_server.search.expression import Prefix
from fhir_server.search.fields import Field
from fhir_server.search.filter_grammar import Comparison, parse_filter
from resources.registry import REGISTRY
from tests.search.finding import CATALOGUE

Cell = tuple[str, str]
"""A type of parameter, and the modifier, prefix or form of value that stands with it."""

ORDERED = ("date", "number", "quantity")
"""Types whose values take a prefix (R4 3.1.1.4.5)."""
FORMS = {
    "token": ("[code]", "[system]|[code]", "|[code]", "[system]|"),
    "reference": ("[id]", "[type]/[id]", "[url]", "[type]/[id]/_history/[version]",
                  "[url]|[version]"),
    "quantity": ("[number]", "[number]|[system]|[code]", "[number]||[code]"),
}  # fmt: skip
"""The ways of writing a value that R4 3.1.1.4.10 to 3.1.1.4.12 have."""
AND, OR = ("any", "a=1&b=2"), ("any", "a=1,2")
"""Rules of every type (R4 3.1.1.4.3)."""
GRAMMAR = ("_filter", "and, or, not, paths")
"""What is more than one comparison."""


@cache
def required() -> frozenset[Cell]:
    """All that is listed."""
    found = {AND, OR}
    for type_name in REGISTRY.endpoints:
        for field in CATALOGUE.fields(type_name).values():
            found |= set(_of(field))
    return frozenset(found)


@cache
def comparisons() -> frozenset[Cell]:
    """All that `_filter` has: each operator of each type of parameter, and what joins them."""
    found = {GRAMMAR}
    for type_name in REGISTRY.endpoints:
        for field in CATALOGUE.fields(type_name).values():
            if not field.components and field.type != "special":
                found |= {(f"_filter {field.type}", each) for each in offered(field)}
    return frozenset(found)


def _of(field: Field) -> Iterator[Cell]:
    if field.components:
        yield field.type, _parts(field)
    else:
        yield field.type, ""
    yield from ((field.type, f":{modifier}") for modifier in field.modifiers)
    if field.type == "reference":
        yield field.type, ":Type"
    if field.type in ORDERED:
        yield from ((field.type, prefix.value) for prefix in Prefix)
    yield from ((field.type, form) for form in FORMS.get(field.type, ()))


def _parts(field: Field) -> str:
    return "$".join(component.whole.type for component in field.components)


def cells(search: str) -> frozenset[Cell]:
    """What a search, which may be a row's, proves. Several parameters prove that they hold
    together, and nothing of each."""
    type_name, _, query = search.partition("?")
    pairs = query.split("&")
    if len(pairs) > 1:
        return frozenset((AND,))
    name, _, value = pairs[0].partition("=")
    base, _, modifier = name.partition(":")
    if base == "_filter":
        return frozenset((_of_filter(type_name, unquote_plus(value)),))
    field = CATALOGUE.fields(type_name)[base]
    if not modifier and re.search(r"(?<!\\),", value):
        return frozenset((OR,))
    if modifier:
        return frozenset(((field.type, ":" + _kind_of(field, modifier)),))
    return frozenset(_of_value(field, unquote_plus(value)))


def _of_filter(type_name: str, text: str) -> Cell:
    tree = parse_filter(text)
    if not isinstance(tree, Comparison) or len(tree.path) > 1:
        return GRAMMAR
    field = CATALOGUE.fields(type_name)[tree.path[0].name]
    return GRAMMAR if field.components else (f"_filter {field.type}", tree.operator)


def _kind_of(field: Field, modifier: str) -> str:
    return "Type" if modifier in field.targets else modifier


def _of_value(field: Field, value: str) -> Iterator[Cell]:
    if field.components:
        yield field.type, _parts(field)
        return
    yield field.type, ""
    prefix = re.match(r"[a-z]{2}(?=[-\d])", value)
    if prefix and field.type in ORDERED:
        yield field.type, prefix[0]
    if field.type in FORMS:
        yield field.type, _form(field.type, value)


def _form(of: str, value: str) -> str:
    bars = len(re.findall(r"(?<!\\)\|", value))
    match of:
        case "token" if not bars:
            return "[code]"
        case "token":
            empty = value.startswith("|"), value.endswith("|")
            return {(True, False): "|[code]", (False, True): "[system]|"}.get(
                empty, "[system]|[code]"
            )
        case "quantity" if not bars:
            return "[number]"
        case "quantity":
            return "[number]||[code]" if "||" in value else "[number]|[system]|[code]"
        case _ if "/_history/" in value:
            return "[type]/[id]/_history/[version]"
        case _ if ":" in value:
            return "[url]|[version]" if bars else "[url]"
        case _:
            return "[type]/[id]" if "/" in value else "[id]"
