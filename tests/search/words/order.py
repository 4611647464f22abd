"""The order of a `_sort` (R4 3.1.1.5.1), with what the specification leaves to the server.

A resource with several values stands by its least one, or descending by its greatest; one without
a value stands below all; equal ones stand by id in the direction of the last rule.
"""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any

from tests.search.reference import PATHS, Resource, values_of
from tests.search.words.dates import begins
from tests.search.words.strings import plain

SORTED = {
    "Observation": ("date", "status", "category"),
    "Patient": ("birthdate", "family", "given", "gender", "active", "identifier"),
    "RiskAssessment": ("probability",),
    "ValueSet": ("url",),
}
"""Parameters that resources are sorted by here."""
Value = datetime | Fraction | str


def in_order(resources: list[Resource], sort: str) -> list[str]:
    """The ids in the order of the rules."""
    rules = sort.split(",")
    found = sorted(resources, key=lambda each: each["id"], reverse=rules[-1].startswith("-"))
    for rule in reversed(rules):
        descending, name = rule.startswith("-"), rule.removeprefix("-")
        found = _by(found, name, descending)
    return [each["id"] for each in found]


def _by(resources: list[Resource], name: str, descending: bool) -> list[Resource]:
    """Stably by one rule."""
    valued = [(each, _values(each, name)) for each in resources]
    without = [each for each, values in valued if not values]
    best = max if descending else min
    having = [(each, best(values)) for each, values in valued if values]
    # Python keeps equal ones in their order in either direction.
    having.sort(key=lambda pair: pair[1], reverse=descending)
    ordered = [each for each, _ in having]
    return [*ordered, *without] if descending else [*without, *ordered]


def _values(resource: Resource, name: str) -> list[Any]:
    kind, path = PATHS[name]
    found = values_of(resource, path)
    match kind:
        case "date":
            return [start for each in found if (start := begins(each)) is not None]
        case "number":
            return [Fraction(str(each)) for each in found]
        case "string":
            return [plain(each) for each in found]
        case "token":
            return [code for each in found for code in _codes(each)]
        case _:
            return found


def _codes(element: Any) -> list[str]:
    if isinstance(element, bool):
        return [str(element).lower()]
    if isinstance(element, str):
        return [element]
    if "coding" in element:
        return [each["code"] for each in element["coding"] if "code" in each]
    return [element["value"]]
