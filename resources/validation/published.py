"""Every invariant of R4 (`conformance-rules.html#constraints`): by hand where there is a row, else
by its published FHIRPath, as a profile's constraints would be.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from resources.fhir_json import OBJECT, Resource
from resources.registry import packed_table
from resources.validation.fhirpath import (
    Condition,
    Undecided,
    UnknownExpression,
    compiled,
    evaluate,
    item_of,
    json_names,
    resource_item,
)
from resources.validation.invariants import ADVICE, INVARIANTS, Invariant, Test
from resources.validation.problem import Run


@dataclass(frozen=True, slots=True)
class Published:
    """An invariant as R4 publishes it."""

    key: str
    severity: str
    """error or warning."""
    text: str
    where: str
    """The path on which it is defined; what specialises that has it as well."""
    expression: str

    @property
    def place(self) -> str:
        return self.where.removesuffix("[x]")


PUBLISHED: Final = tuple(Published(*row) for row in packed_table("invariants"))
ELSEWHERE: Final = {
    "dom-2": "contained resources",
    "dom-3": "contained resources",
    "dom-4": "contained resources",
    "dom-5": "contained resources",
    "ele-1": "structure",
    "ref-1": "references",
    "sqty-1": "structure",
    "txt-1": "narrative",
    "txt-2": "narrative",
}
"""Invariants that are part of another rule."""
IDLE: Final = {
    "cid-0": "ChargeItemDefinition has no name",
    "eld-11": "its expression holds of whatever has a type",
    "mqty-1": "no element of R4 has the type MoneyQuantity",
    **dict.fromkeys(
        ("ppc-2", "ppc-3", "ppc-4", "ppc-5"),
        "as published it asks for codings of the system `something`",
    ),
}
"""Keys that hardly a resource can break, and why."""
_ROWS: Final = {(row.key, row.at): row for row in (*INVARIANTS, *ADVICE)}
_BY_KEY: Final[dict[str, list[Published]]] = {}
for _one in PUBLISHED:
    _BY_KEY.setdefault(_one.key, []).append(_one)


def invariants_of(keys: tuple[str, ...], path: str, node: str) -> tuple[Invariant, ...]:
    """Those of a type or path that refuse a resource; `node` describes the members there."""
    return _decided(keys, path, node, "error")


def advice_of(keys: tuple[str, ...], path: str, node: str) -> tuple[Invariant, ...]:
    """The same of those that are warnings."""
    return _decided(keys, path, node, "warning")


def _decided(keys: tuple[str, ...], path: str, node: str, severity: str) -> tuple[Invariant, ...]:
    published = (_published(key, path) for key in keys)
    found = (decided(one, node) for one in published if one.severity == severity)
    return tuple(one for one in found if one is not None)


def _published(key: str, path: str) -> Published:
    """R4 gives the key `inv-1` to three invariants, each of another place."""
    several = _BY_KEY[key]
    return next((one for one in several if one.place == path), several[0])


def decided(published: Published, node: str) -> Invariant | None:
    """How an invariant is decided of the members that `node` describes; None where another rule
    decides it, or nothing does."""
    if published.key in ELSEWHERE:
        return None
    row = _ROWS.get((published.key, published.place)) or _ROWS.get((published.key, ""))
    if row is not None:
        return row
    return by_expression(published, node)


@cache
def by_expression(published: Published, node: str) -> Invariant | None:
    """An invariant by the FHIRPath that R4 publishes for it.

    What comes to nothing is broken, as in HL7's own validator; what FHIRPath calls an error decides
    nothing, and breaks nothing."""
    try:
        condition = compiled(published.expression)
    except UnknownExpression:
        return None
    kept = _quickly(condition, node, _kept(condition, node))
    return Invariant(published.key, published.text.rstrip("."), kept, published.place)


def _kept(condition: Condition, node: str) -> Test:
    def kept(members: Resource, run: Run) -> bool:
        item = item_of(members, node)
        resource = resource_item(run.resource) if condition.looks_around else item
        root = resource if run.container is run.resource else resource_item(run.container)
        try:
            return evaluate(condition, item, resource, root) is True
        except Undecided:
            return True

    return kept


def _quickly(condition: Condition, node: str, kept: Test) -> Test:
    """Where nothing is there that an expression asks for, its answer is always the same."""
    if condition.asks is None:
        return kept
    names = frozenset[str]().union(*(json_names(node, name) for name in condition.asks))
    of_nothing = kept({}, Run({}))

    def quick(members: Resource, run: Run) -> bool:
        if isinstance(members, OBJECT) and names.isdisjoint(members):
            return of_nothing
        return kept(members, run)

    return quick
