"""One search parameter of a query, read into a condition (R4 3.1.1.4)."""

from __future__ import annotations

from difflib import get_close_matches
from functools import partial
from typing import Final
from urllib.parse import parse_qsl

from fhir_server.outcome import Category, FhirError, error
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import (
    Expression,
    Ids,
    Not,
    Present,
    conjunction,
    disjunction,
)
from fhir_server.search.fields import ID, LAST_UPDATED, Field
from fhir_server.search.joins import is_join, read_join
from fhir_server.search.types import token
from fhir_server.search.unknown import UnknownParameter
from fhir_server.search.values import condition, split, unescape
from resources.registry import REGISTRY

MAX_VALUE: Final = 4000
"""Characters of one parameter's value."""
LATER: Final = frozenset(
    "_contained _containedType _content _elements _filter _list _query _summary _text _type".split()  # noqa: SIM905 - reads as the specification lists them
)
"""Parameters of every type that the specification has and this server does not offer."""


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
    base, _, modifier = name.partition(":")
    field = catalogue.fields(type_name).get(base)
    if field is None:
        raise UnknownParameter(_unknown(catalogue, type_name, name))
    _check_value(name, value)
    _check_modifier(field, modifier)
    if modifier == "missing":
        return _missing(field, value)
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


def _missing(field: Field, value: str) -> Expression:
    if value not in ("true", "false"):
        text = f"{field.name}:missing={value}: it is true or false."
        raise error(Category.INVALID, text)
    if field.name in (ID, LAST_UPDATED):
        present = conjunction()
    else:
        present = disjunction(*(Present(source) for source in field.sources))
    return Not(present) if value == "true" else present


# ---- what cannot be searched by ----------------------------------------------------------------


def _unknown(catalogue: Catalogue, type_name: str, name: str) -> FhirError:
    base = name.partition(":")[0]
    known = REGISTRY.parameters(type_name).get(base)
    if base in LATER or known is not None:
        what = f" (a search parameter of type {known.type})" if known else ""
        return error(Category.NOT_SUPPORTED, f"{base}{what} is not supported on {type_name}.")
    if base in catalogue.indexed(type_name):
        text = f"{base} is being indexed on {type_name}; it can be searched by when that is done."
        return error(Category.NOT_SUPPORTED, text)
    near = get_close_matches(base, catalogue.fields(type_name), n=3, cutoff=0.6)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return error(Category.INVALID, f"{type_name} has no search parameter {base}.{hint}")
