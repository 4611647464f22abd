"""One comparison of `_filter`: what an operator asks of a parameter's values
(R4 `search_filter.html`, Operators).

Each is made of the condition that the ordinary parameter with this value comes to, so that the two
read a value alike. A value is found if some item "in the set" stands in the relation, with `ne`
too: what has no male name is `not (name eq male)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fhir_server.outcome import Category, FhirError, error
from fhir_server.search import keys
from fhir_server.search.expression import (
    Expression,
    Ids,
    Key,
    KeyContains,
    KeyEnds,
    KeyOther,
    KeyPrefix,
    Not,
    Or,
    Prefix,
    disjunction,
)
from fhir_server.search.fields import ID, Field
from fhir_server.search.types import date
from fhir_server.search.values import condition, dated, missing, unescape

_ORDER: Final = ("eq", "ne", "gt", "lt", "ge", "le", "ap", "sa", "eb")
_PARTS: Final = ("eq", "ne", "co", "sw", "ew")
_OFFERED: Final = {
    "date": (*_ORDER, "po"),
    "number": _ORDER,
    "quantity": _ORDER,
    "string": _PARTS,
    "token": _PARTS,
    "uri": _PARTS,
    "reference": ("eq", "ne", "re"),
    "words": ("eq", "co"),
}
"""By type of parameter; the types left out know no more than `eq`."""
_TERMINOLOGY: Final = frozenset(("ss", "sb", "in", "ni"))


def compare(field: Field, operator: str, value: str, base_url: str) -> Expression:
    """The condition of `name operator value`. Raises INVALID or NOT_SUPPORTED."""
    _check(field, operator)
    if operator == "pr":
        return _presence(field, value)
    if field.name == ID:
        found = Ids(frozenset((unescape(value),)))
        return Not(found) if operator == "ne" else found
    match field.type:
        case "date" | "number" | "quantity":
            return _ordered(field, operator, value, base_url)
        case "string":
            return _of_string(field, operator, value, base_url)
        case "token" | "uri":
            return _of_text(field, operator, value, base_url)
        case "reference" if operator == "ne":
            return _other(field, value, base_url)
        case _:
            return condition(field, "", value, base_url)


def offered(field: Field) -> tuple[str, ...]:
    """The operators that a parameter is compared by."""
    some = ("eq", "ne") if field.name == ID else _OFFERED.get(field.type, ("eq",))
    return some if field.components else (*some, "pr")


def _check(field: Field, operator: str) -> None:
    if operator in _TERMINOLOGY:
        text = f"_filter: {field.name} {operator}: it needs terminology, which is not here."
        raise error(Category.NOT_SUPPORTED, text)
    if operator not in offered(field):
        known = ", ".join(offered(field))
        text = f"_filter: {field.name} ({field.type}) is compared by {known}, not by {operator}."
        raise error(Category.INVALID, text)


def _presence(field: Field, value: str) -> Expression:
    """`pr true`: the set is not empty."""
    if value not in ("true", "false"):
        raise error(Category.INVALID, f"_filter: {field.name} pr {value}: it is true or false.")
    return missing(field, "true" if value == "false" else "false")


def _ordered(field: Field, operator: str, value: str, base_url: str) -> Expression:
    if value[:1].isalpha():
        text = f"_filter: {field.name} {operator} {value}: the operator stands before the value."
        raise error(Category.INVALID, text)
    if operator == "po":  # an overlap, where `ap` is one with the span made wider
        return dated(field, Prefix.AP, date.read(field.name, value)[1])
    return condition(field, "", operator + value, base_url)


def _of_string(field: Field, operator: str, value: str, base_url: str) -> Expression:
    """From what starts so, and what contains it (3.1.1.4.8)."""
    if operator in ("co", "ew"):
        found = condition(field, "contains", value, base_url)
        return found if operator == "co" else _each(found, _ending)
    found = condition(field, "", value, base_url)
    if operator == "sw":
        return found
    equal = _each(found, lambda part: Key(part.prefix) if isinstance(part, KeyPrefix) else part)
    return _beside(equal) if operator == "ne" else equal


def _ending(part: Expression) -> Expression:
    return KeyEnds(part.prefix, part.text) if isinstance(part, KeyContains) else part


def _of_text(field: Field, operator: str, value: str, base_url: str) -> Expression:
    """Of a token its code or value, with its system where that is given."""
    if operator == "ne" and field.type == "uri":
        return _other(field, value, base_url)
    found = condition(field, "", value, base_url)
    match operator:
        case "eq":
            return found
        case "ne":
            return _beside(found)
        case _:
            return _each(found, lambda part: _part(field, operator, value, part))


def _part(field: Field, operator: str, value: str, whole: Expression) -> Expression:
    if not isinstance(whole, Key):
        text = f"_filter: {field.name} {operator} {value}: there is no code."
        raise error(Category.INVALID, text)
    start, separator, text = whole.key.rpartition(keys.SEPARATOR)
    match operator:
        case "sw":
            return KeyPrefix(whole.key)
        case "co":
            return KeyContains(start + separator, text)
        case _:
            return KeyEnds(start + separator, text)


def _other(field: Field, value: str, base_url: str) -> Expression:
    """A reference or URI with a version has a key without it too, which is no other."""
    if "|" in value or "/_history/" in value:
        text = f"_filter: {field.name} ne {value}: ne goes with no version."
        raise error(Category.INVALID, text)
    return _beside(condition(field, "", value, base_url), ("/_history/", "|"))


# ---- what keys say -----------------------------------------------------------------------------


def _each(found: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """The same of each of several parameters or targets."""
    return disjunction(*(change(part) for part in _parts(found)))


def _parts(found: Expression) -> tuple[Expression, ...]:
    return found.parts if isinstance(found, Or) else (found,)


def _beside(found: Expression, tails: tuple[str, ...] = ()) -> Expression:
    """Has a value of the same kind that is none of these."""
    same: dict[str, set[str]] = {}
    starts: dict[str, set[str]] = {}
    for part in _parts(found):
        if isinstance(part, Key):
            same.setdefault(_start(part.key), set()).add(part.key)
            starts.setdefault(_start(part.key), set()).update(part.key + tail for tail in tails)
        elif isinstance(part, KeyPrefix):
            same.setdefault(_start(part.prefix), set())
            starts.setdefault(_start(part.prefix), set()).add(part.prefix)
    if any(len(one) > keys.MAX_LENGTH for some in starts.values() for one in some):
        raise _too_long()
    return disjunction(
        *(KeyOther(kind, frozenset(same[kind]), tuple(sorted(starts[kind]))) for kind in same)
    )


def _start(key: str) -> str:
    """Parameter and kind of a key."""
    parameter, kind, _ = key.split(keys.SEPARATOR, 2)
    return keys.key(parameter, kind, "")


def _too_long() -> FhirError:
    text = f"_filter: ne takes values of at most {keys.MAX_LENGTH - 60} characters."
    return error(Category.INVALID, text)
