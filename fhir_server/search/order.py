"""The order of a search's matches, and where in it one of them stands (R4 3.1.1.5.1)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from fhir_server.search.expression import Scalar
from fhir_server.search.main_dates import MAIN_DATE
from fhir_server.search.query import SearchQuery, SortKey
from fhir_server.search.walks import Order

BY_DATE: Final[Order] = (("d", -1), ("_id", -1))
NEWEST: Final[Order] = (("t", -1), ("_id", -1))
OLDEST: Final[Order] = (("t", 1), ("_id", 1))


def asked_order(query: SearchQuery) -> Order:
    """The rules of `_sort`, and the id in the direction of the last; without any, newest first."""
    if not query.sort:
        return BY_DATE
    order: list[tuple[str, int]] = []
    for rule in query.sort:
        path = _path(query.type_name, rule)
        if all(path != known for known, _ in order):
            order.append((path, -1 if rule.descending else 1))
        if path == "_id":
            return tuple(order)
    return (*order, ("_id", order[-1][1]))


def _path(type_name: str, key: SortKey) -> str:
    if key.parameter == "_id":
        return "_id"
    if key.parameter == "_lastUpdated":
        return "t"
    if key.parameter == MAIN_DATE.get(type_name):
        return "d"
    return f"s.{key.parameter}.{'z' if key.descending else 'a'}"


def value_of(document: dict[str, Any], path: str) -> Scalar:
    first, *rest = path.split(".")
    value: Any = document.get(first)
    for name in rest:
        value = None if value is None else value.get(name)
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1000)
    # A driver gives 64-bit integers as a class of its own, which JSON encoders do not know.
    return int(value) if isinstance(value, int) else value


def turn(order: Order) -> Order:
    """From the end."""
    return tuple((path, -direction) for path, direction in order)


def fields_of(order: Order) -> tuple[str, ...]:
    """What has to be known of a match to go on after it, beside its id."""
    return tuple(path for path, _ in order if path != "_id")
