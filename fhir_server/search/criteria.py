"""One search parameter of a query, read into a condition (R4 3.1.1.4)."""

from __future__ import annotations

from functools import partial
from typing import Final
from urllib.parse import parse_qsl

from fhir_server.outcome import Category, error
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import (
    Expression,
    Ids,
    Not,
    conjunction,
    disjunction,
)
from fhir_server.search.fields import ID, Field
from fhir_server.search.joins import is_join, read_join
from fhir_server.search.specials import read_special
from fhir_server.search.types import token
from fhir_server.search.unknown import UnknownParameter, unknown_parameter
from fhir_server.search.values import condition, missing, split, unescape
from resources.registry import REGISTRY

MAX_VALUE: Final = 4000
"""Characters of one parameter's value."""


def parse_criteria(catalogue: Catalogue, type_name: str, criteria: str) -> Expression:
    """The filters of a conditional interaction or a scope: `identifier=a|b&status=x`.

    Nothing is ignored: what is unknown, empty or no filter is an error.
    """
    pairs = parse_qsl(criteria.lstrip("?"), keep_blank_values=True)
    if not pairs:
        raise error(Category.INVALID, f"No criteria were given to find a {type_name} by.")
    try:
        return conjunction(*(criterion(catalogue, type_name, *pair) for pair in pairs))
    except UnknownParameter as unknown:
        raise unknown.trouble from None


def criterion(catalogue: Catalogue, type_name: str, name: str, value: str) -> Expression:
    """The condition of one `name:modifier=value,value`."""
    if is_join(name):
        return read_join(catalogue, type_name, name, value, partial(criterion, catalogue))
    _check_value(name, value)
    special = read_special(catalogue, type_name, name, value)
    if special is not None:
        return special
    base, _, modifier = name.partition(":")
    field = catalogue.fields(type_name).get(base)
    if field is None:
        raise unknown_parameter(catalogue, type_name, name)
    _check_modifier(field, modifier)
    if modifier == "missing":
        return missing(field, value)
    parts = split(value, ",")
    if "" in parts:
        raise error(Category.INVALID, f"{name}={value}: there is an empty value.")
    if base == ID:
        found = Ids(frozenset(unescape(part) for part in parts))
    else:
        found = disjunction(
            *(condition(field, modifier, part, catalogue.base_url) for part in parts)
        )
    return Not(found) if modifier == "not" else found


def _check_value(name: str, value: str) -> None:
    if len(value) > MAX_VALUE:
        raise error(Category.INVALID, f"{name}: a value has at most {MAX_VALUE} characters.")
    if not value.isascii() and any("\ud800" <= each <= "\udfff" for each in value):
        raise error(Category.INVALID, f"{name}: the value is not valid UTF-8.")


def _check_modifier(field: Field, modifier: str) -> None:
    if not modifier or modifier in field.modifiers:
        return
    if field.type == "reference" and REGISTRY.is_type(modifier):
        if modifier in field.targets:
            return
        text = f"{field.name} does not refer to {modifier}, but to {', '.join(field.targets)}."
        raise error(Category.INVALID, text)
    if field.type == "token" and modifier in token.TERMINOLOGY:
        text = f"{field.name}:{modifier} is not supported: it needs terminology, which is not here."
        raise error(Category.NOT_SUPPORTED, text)
    offered = ", ".join(f":{each}" for each in field.modifiers) or "no modifier"
    if field.type == "reference":
        offered += " and the type of a target"
    text = f"{field.name}:{modifier} is not supported; {field.name} takes {offered}."
    raise error(Category.NOT_SUPPORTED, text)
