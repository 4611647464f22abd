"""Referential integrity, where the operator asks for it (R4 `references.html#literal` leaves it to
the server).

What a transaction wrote and deleted is judged at its end, when all of one bundle is there. Who
refers to a resource and who deletes it exclude each other by lock documents: a snapshot alone would
let both through (write skew).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import randrange
from typing import Final, TypeAlias

from fhir_server.access.context import Interaction
from fhir_server.outcome import Category, FhirError, Issue
from fhir_server.search import keys
from fhir_server.store.database import Integrity
from fhir_server.store.reach import Reach
from fhir_server.store.transactions import lock
from resources.fhir_json import Resource
from resources.references import parse_reference, references

Identity: TypeAlias = tuple[str, str]
"""Type and logical id."""

_SLOTS: Final = 8
"""Locks of one resource. Who refers to it takes one of them, so that many seldom meet; who deletes
it takes all."""
_MOST_ISSUES: Final = 100
_CHUNK: Final = 1_000
_BREATH: Final = 16


@dataclass(frozen=True, slots=True)
class _Use:
    """A reference to a resource of this server."""

    by: Identity
    element: str
    target: Identity

    @property
    def issue(self) -> Issue:
        text = f"{'/'.join(self.target)} is not known here; a reference has to name what is there."
        return Issue("error", Category.BUSINESS_RULE.code, text, self.element)


class DanglingReferences(FhirError):
    """422: some references name nothing that is there, as far as the caller may follow them."""

    def __init__(self, uses: list[_Use]) -> None:
        super().__init__(Category.BUSINESS_RULE, tuple(use.issue for use in uses[:_MOST_ISSUES]))
        self._uses = uses

    def placed(self, place: Callable[[Identity, Issue], Issue]) -> FhirError:
        """The same, told of the entries of a bundle."""
        issues = tuple(place(use.by, use.issue) for use in self._uses[:_MOST_ISSUES])
        return FhirError(self.category, issues)


@dataclass(slots=True)
class Ledger:
    """What one transaction wrote and deleted and has not been judged by yet."""

    written: dict[Identity, Resource] = field(default_factory=dict[Identity, Resource])
    deleted: set[Identity] = field(default_factory=set[Identity])


async def settle(reach: Reach, ledger: Ledger) -> None:
    """Raises BUSINESS_RULE for references to what is absent or out of the caller's reach, and
    CONFLICT for a delete of what others refer to."""
    uses = await _uses(ledger, reach.database.catalogue.base_url)
    targets = {use.target for use in uses} - ledger.written.keys()
    gone = ledger.deleted - ledger.written.keys()
    await _exclude(reach, targets, gone)
    there = await _there(reach, targets) | ledger.written.keys()
    if dangling := [use for use in uses if use.target not in there]:
        raise DanglingReferences(dangling)
    if reach.database.integrity is Integrity.DELETE:
        for one in sorted(gone):
            await _check_unused(reach, one, gone)
    ledger.written.clear()
    ledger.deleted.clear()


async def _uses(ledger: Ledger, base_url: str) -> list[_Use]:
    found: list[_Use] = []
    for index, (by, resource) in enumerate(ledger.written.items()):
        if index % _BREATH == 0:
            await asyncio.sleep(0)
        found += _uses_of(by, resource, base_url)
    return found


def _uses_of(by: Identity, resource: Resource, base_url: str) -> Iterator[_Use]:
    """Of a stored Bundle none: what its entries refer to is theirs."""
    if by[0] == "Bundle":
        return
    for link in references(resource):
        parsed = parse_reference(link.text)
        if parsed.type_name and parsed.logical_id and parsed.is_local(base_url):
            element = link.path.removesuffix(".reference")
            yield _Use(by, element, (parsed.type_name, parsed.logical_id))


async def _exclude(reach: Reach, targets: set[Identity], gone: set[Identity]) -> None:
    if reach.session is None:
        raise RuntimeError("integrity is judged inside a transaction")
    names = {_slot(one, randrange(_SLOTS)) for one in targets}  # noqa: S311 - no secret
    names |= {_slot(one, slot) for one in gone for slot in range(_SLOTS)}
    await lock(reach.database, reach.session, names)


def _slot(one: Identity, slot: int) -> str:
    return f"referred:{one[0]}/{one[1]}#{slot}"


async def _there(reach: Reach, targets: set[Identity]) -> set[Identity]:
    """Those that the caller may follow a link to: others look as if they were absent."""
    by_type: dict[str, list[str]] = {}
    for type_name, logical_id in sorted(targets):
        by_type.setdefault(type_name, []).append(logical_id)
    stored = await reach.database.listed_types(reach.session) if by_type else frozenset[str]()
    found: set[Identity] = set()
    for type_name, ids in by_type.items():
        if type_name not in stored or not reach.access.covers(Interaction.INCLUDE, type_name):
            continue
        rule = reach.rule(Interaction.INCLUDE, type_name)
        for start in range(0, len(ids), _CHUNK):
            some = rule.among(ids[start : start + _CHUNK])
            documents = await reach.database.many(type_name, some, {"x": 1}, reach.session)
            found |= {(type_name, one["_id"]) for one in documents if not one.get("x")}
    return found


async def _check_unused(reach: Reach, one: Identity, gone: set[Identity]) -> None:
    """Whoever refers to it counts, as far as search parameters look at the reference."""
    types = await reach.database.listed_types(reach.session)
    using = [name for name in sorted(types) if await _uses_it(reach, name, one, gone)]
    if using:
        text = f"{'/'.join(one)} cannot be deleted: {_told(reach, using)} to it."
        raise FhirError(Category.CONFLICT, (Issue("error", Category.CONFLICT.code, text),))


async def _uses_it(reach: Reach, type_name: str, one: Identity, gone: set[Identity]) -> bool:
    fields = reach.database.catalogue.indexed(type_name).values()
    wanted = [
        keys.key(each.definition.name, keys.REFERENCE, "/".join(one))
        for each in fields
        if each.definition.type == "reference"
    ]
    leaving = sorted(logical_id for name, logical_id in gone if name == type_name)
    conditions = {"k": {"$in": wanted}, "_id": {"$nin": leaving}}
    return bool(
        wanted
        and await reach.database.first(type_name, conditions, {"_id": 1}, reach.session) is not None
    )


def _told(reach: Reach, using: list[str]) -> str:
    """By name only the types that the caller may search whole."""
    named = [name for name in using if _searched_whole(reach, name)]
    if not named:
        return "other resources refer"
    count = "1 type" if len(named) == 1 else f"{len(named)} types"
    others = " and others" if len(named) < len(using) else ""
    return f"resources of {count} ({', '.join(named)}){others} refer"


def _searched_whole(reach: Reach, name: str) -> bool:
    covered = reach.access.covers(Interaction.SEARCH, name)
    return covered and reach.rule(Interaction.SEARCH, name).everything
