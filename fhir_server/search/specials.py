"""`_filter`, `_list` and `_query`: parameters of every type that are about no element of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from fhir_server.outcome import Category, error
from fhir_server.search import filtering
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import Expression, Ids, Reverse
from fhir_server.search.values import split, unescape

_Read: TypeAlias = Callable[[Catalogue, str, str], Expression]


def read_special(catalogue: Catalogue, type_name: str, name: str, value: str) -> Expression | None:
    """The condition of such a parameter; None of any other."""
    base, _, modifier = name.partition(":")
    read = _SPECIAL.get(base)
    if read is None:
        return None
    if modifier:
        raise error(Category.NOT_SUPPORTED, f"{name} is not supported: {base} takes no modifier.")
    return read(catalogue, type_name, value)


def _list(catalogue: Catalogue, type_name: str, value: str) -> Expression:
    """What the entries of a List refer to (R4 3.1.1.4.16), which is `_has:List:item:_id`: the
    List has to be within the caller's reach as any source of a `_has`."""
    if "List:item" not in catalogue.revincludes(type_name):
        raise error(Category.INVALID, f"_list={value}: no List has entries of type {type_name}.")
    return Reverse("List", "item", Ids(frozenset(map(_list_id, split(value, ",")))))


def _list_id(part: str) -> str:
    if part.startswith("$"):
        text = f"_list={part}: lists by their function are not supported; give the id of a List."
        raise error(Category.NOT_SUPPORTED, text)
    if not part:
        raise error(Category.INVALID, "_list: there is an empty value.")
    return unescape(part).removeprefix("List/")


def _query(_: Catalogue, __: str, value: str) -> Expression:
    """Refused under any handling: without its query, a search would find anything at all."""
    raise error(Category.NOT_SUPPORTED, f"_query={value}: there are no named queries here.")


LISTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        filtering.NAME: "An expression over the type's parameters (search_filter.html), without "
        "the operators ss, sb, in and ni, which need terminology.",
        "_list": "Ids of Lists, whose entries are found.",
    }
)
"""What there is of them on every type, for the CapabilityStatement."""

_SPECIAL: Final[Mapping[str, _Read]] = MappingProxyType(
    {filtering.NAME: filtering.read_filter, "_list": _list, "_query": _query}
)
