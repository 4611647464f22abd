"""`_list`: what the entries of Lists refer to (R4 `search.html` 3.1.1.4.16)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fhir_server.outcome import Category, error
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import Expression, Ids, Reverse
from fhir_server.search.values import split, unescape

NAME: Final = "_list"


def read_list(catalogue: Catalogue, type_name: str, value: str) -> Expression:
    """What is in one of these Lists."""
    return in_lists(catalogue, type_name, (unescape(part) for part in split(value, ",")))


def in_lists(catalogue: Catalogue, type_name: str, ids: Iterable[str]) -> Expression:
    """The same as `_has:List:item:_id`: the List has to be within the caller's reach as any source
    of a `_has`."""
    wanted = frozenset(map(_list_id, ids))
    if "List:item" not in catalogue.revincludes(type_name):
        raise error(Category.INVALID, f"{NAME}: no List has entries of type {type_name}.")
    return Reverse("List", "item", Ids(wanted))


def _list_id(named: str) -> str:
    if named.startswith("$"):
        text = f"{NAME}={named}: lists by their function are not supported; give the id of a List."
        raise error(Category.NOT_SUPPORTED, text)
    if not named:
        raise error(Category.INVALID, f"{NAME}: there is an empty value.")
    return named.removeprefix("List/")
