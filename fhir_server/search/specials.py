"""`_filter`, `_list` and `_query`: parameters of every type that are about no element of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from fhir_server.outcome import Category, error
from fhir_server.search import filtering, lists
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import Expression

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


def _query(_: Catalogue, __: str, value: str) -> Expression:
    """Refused under any handling: without its query, a search would find anything at all."""
    raise error(Category.NOT_SUPPORTED, f"_query={value}: there are no named queries here.")


LISTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        filtering.NAME: "An expression over the type's parameters (search_filter.html), without "
        "the operators ss, sb, in and ni, which need terminology.",
        lists.NAME: "Ids of Lists, whose entries are found.",
    }
)
"""What there is of them on every type, for the CapabilityStatement."""

_SPECIAL: Final[Mapping[str, _Read]] = MappingProxyType(
    {filtering.NAME: filtering.read_filter, lists.NAME: lists.read_list, "_query": _query}
)
