"""The queries by which one combination of parameters is tried, with values from the record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tests.demo.served import Resource
from tests.us_core.deciding import codes, elements, moved, texts, when
from tests.us_core.table import SEARCHES, Search, element_of

Pairs = tuple[tuple[str, str], ...]


def value_of(resource: Resource, name: str) -> str | None:
    """What a client would search by to find this resource, if it has a value there.

    A moment finds no Period that has more than that moment (R4 `search.html#date`), so a client
    asks for those after the day before.
    """
    kind, path = element_of(resource["resourceType"], name)
    for element in elements(resource, path):
        if value := _said(kind, element):
            return value
    return None


def _said(kind: str, element: Any) -> str | None:
    match kind:
        case "token":
            return next((code for _, code in codes(element) if code), None)
        case "date":
            return element if isinstance(element, str) else f"gt{moved(when(element), -1)}"
        case "reference":
            return element.get("reference")
        case "canonical":
            return element
        case _:
            return texts(element)[0]


def _first_tried() -> dict[Search, set[str]]:
    found: dict[Search, set[str]] = {}
    known: set[tuple[str, str]] = set()
    for search in SEARCHES:
        dates = {each for each in search.names if element_of(search.type_name, each)[0] == "date"}
        new = {each for each in search.names if (search.type_name, each) not in known}
        found[search] = dates | new
        known |= {(search.type_name, each) for each in search.names}
    return found


_FIRST_TRIED: Final = _first_tried()


def variants(search: Search, resource: Resource, alike: list[Resource]) -> Iterator[Pairs]:
    """The combination with the resource's values, then each value said in its other ways: dates in
    every combination, all else where the parameter is tried for the first time."""
    plain = {name: value_of(resource, name) or "" for name in search.names}
    yield tuple(plain.items())
    for name in sorted(_FIRST_TRIED[search]):
        for other in _other_ways(name, plain[name], resource, alike):
            yield tuple({**plain, name: other}.items())


def _other_ways(name: str, value: str, resource: Resource, alike: list[Resource]) -> Iterator[str]:
    kind, path = element_of(resource["resourceType"], name)
    if kind == "reference":
        yield value.rpartition("/")[2]
    elif kind == "date":
        start = when(elements(resource, path)[0])
        yield from (f"{prefix}{start}" for prefix in ("gt", "lt", "ge", "le"))
        yield f"gt{moved(start, -1)}"
        yield f"lt{moved(start, 1)}"
        yield start[:10]
    elif kind == "token":
        found = [pair for each in elements(resource, path) for pair in codes(each)]
        yield from (f"{system}|{code}" for system, code in found if system and code == value)
        if name in ("status", "intent", "category"):
            said = {value_of(each, name) for each in alike}
            yield ",".join(sorted(each for each in said if each))
