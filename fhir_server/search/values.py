"""What one value of a search parameter asks for, by the parameter's type (R4 3.1.1.4)."""

from __future__ import annotations

import re
from typing import Final

from fhir_server.outcome import Category, error
from fhir_server.search.expression import (
    DateTest,
    Expression,
    LastUpdated,
    Not,
    Prefix,
    Present,
    Span,
    Together,
    conjunction,
    disjunction,
)
from fhir_server.search.fields import ID, LAST_UPDATED, Field
from fhir_server.search.types import (
    date,
    near,
    number,
    quantity,
    reference,
    string,
    token,
    uri,
    words,
)

_WITHOUT_SYSTEM: Final = frozenset(("ContactPoint", "boolean", "uri", "string"))
"""Element types with which "the presence of the pipe symbol SHALL NOT be used" (3.1.1.4.10)."""
_UNESCAPED: Final = re.compile(r"\\([,|$\\])")


def split(value: str, at: str, most: int = -1) -> list[str]:
    """The parts between separators that are not escaped by a backslash (R4 3.1.1.4.2)."""
    if "\\" not in value:
        return value.split(at, most)
    parts: list[str] = []
    start = position = 0
    while position < len(value):
        if value[position] == "\\":
            position += 1
        elif value[position] == at and len(parts) != most:
            parts.append(value[start:position])
            start = position + 1
        position += 1
    return [*parts, value[start:]]


def unescape(text: str) -> str:
    """The text itself, without the backslashes (R4 3.1.1.4.2)."""
    return _UNESCAPED.sub(r"\1", text) if "\\" in text else text


def condition(field: Field, modifier: str, value: str, base_url: str) -> Expression:
    """What one value of a parameter, one of those between commas, asks for."""
    match field.type:
        case "token":
            return _token(field, modifier, value)
        case "string":
            text = unescape(value)
            return disjunction(
                *(string.match(each, modifier or None, text) for each in field.sources)
            )
        case "reference" if modifier == reference.IDENTIFIER:
            system, code = _system_and_code(field, value)
            return token.match(f"{field.name}:{modifier}", system, code)
        case "reference":
            return reference.match(
                field.name, modifier or None, unescape(value), field.targets, base_url
            )
        case "uri":
            return uri.match(field.name, modifier or None, unescape(value))
        case "composite":
            return _composite(field, value, base_url)
        case "words":
            return words.match(field.name, unescape(value), keyed=field.keyed)
        case "special":
            return near.match(field.name, value, _parts(value))
        case "number":
            return number.match(field.name, value)
        case "quantity":
            return _quantity(field, value)
        case _:
            return dated(field, *date.read(field.name, value))


def dated(field: Field, prefix: Prefix, span: Span) -> Expression:
    """A value of the date parameter stands in this relation to the span."""
    if field.name == LAST_UPDATED:
        return LastUpdated(prefix, span)
    return DateTest(field.name, prefix, span, field.main)


def missing(field: Field, value: str) -> Expression:
    """`:missing=true` and `:missing=false` (R4 3.1.1.4.4)."""
    if value not in ("true", "false"):
        text = f"{field.name}:missing={value}: it is true or false."
        raise error(Category.INVALID, text)
    if field.name in (ID, LAST_UPDATED):
        present = conjunction()
    else:
        present = disjunction(*(Present(source) for source in field.sources))
    return Not(present) if value == "true" else present


def _token(field: Field, modifier: str, value: str) -> Expression:
    match modifier:
        case "text":
            found = (token.match_text(each, unescape(value)) for each in field.sources)
        case "of-type":
            found = (token.match_type(field.name, _parts(value)),)
        case _:
            system, code = _system_and_code(field, value)
            found = (token.match(each, system, code) for each in field.sources)
    return disjunction(*found)


def _parts(value: str) -> list[str]:
    return [unescape(part) for part in split(value, "|")]


def _system_and_code(field: Field, value: str) -> tuple[str | None, str]:
    parts = [unescape(part) for part in split(value, "|", 1)]
    if field.plain == frozenset(("boolean",)) and parts[-1] not in ("true", "false"):
        raise error(Category.INVALID, f"{field.name}={value}: it is true or false.")
    if len(parts) == 1:
        return None, parts[0]
    if field.plain and field.plain <= _WITHOUT_SYSTEM:
        text = f"{field.name}={value}: its values have no system; give the value without a |."
        raise error(Category.INVALID, text)
    return parts[0], parts[1]


def _quantity(field: Field, value: str) -> Expression:
    parts = _parts(value)
    if len(parts) not in (1, 3):
        text = (
            f"{field.name}={value}: it is [number], [number]|[system]|[code] or [number]||[unit]."
        )
        raise error(Category.INVALID, text)
    unit = (parts[1], parts[2]) if len(parts) == 3 else None
    return disjunction(*(quantity.match(each, parts[0], unit) for each in field.sources))


def _composite(field: Field, value: str, base_url: str) -> Expression:
    """Values joined by `$`, of one element each time (R4 3.1.1.4.14).

    What its codes and references say of the whole resource is said as well: an index knows it.
    """
    values = split(value, "$")
    if len(values) != len(field.components) or "" in values:
        form = "$".join(f"[{component.whole.name}]" for component in field.components)
        raise error(Category.INVALID, f"{field.name}={value}: it is {form}.")
    both = list(zip(field.components, values, strict=True))
    parts = tuple(condition(component.part, "", each, base_url) for component, each in both)
    implied = (
        condition(component.whole, "", each, base_url)
        for component, each in both
        if component.whole.type in ("token", "reference")
    )
    return conjunction(
        *implied, disjunction(*(Together(source, parts) for source in field.sources))
    )
