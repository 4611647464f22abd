"""Chains and reverse chains (R4 3.1.1.4.13, 3.1.1.4.14), resolved by bounded lookups.

Each step is a search of its own under the policy of its own type, innermost first, so that
nothing can be learnt by asking about what the caller could not find. What is found becomes keys
of references, or ids, which the planner knows how to walk. Where a condition has too many matches,
and the search itself is about few, the step is taken from the other side.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from dataclasses import replace
from time import monotonic
from typing import Any, Final

from fhir_server.access.context import Interaction
from fhir_server.outcome import Category, FhirError, error
from fhir_server.search import keys
from fhir_server.search.canonicals import may_be_named, named_by, names
from fhir_server.search.expression import (
    And,
    Chain,
    Everything,
    Expression,
    Ids,
    Key,
    KeyAmong,
    Not,
    Nothing,
    Or,
    Reverse,
    conjunction,
    disjunction,
)
from fhir_server.search.joins import has_joins, joins, one_of
from fhir_server.search.query import SearchQuery
from fhir_server.store.database import Document
from fhir_server.store.reach import Reach
from fhir_server.store.walking import gathered

_ID: Final = {"_id": 1}
MOST_LOOKUPS: Final = 100
"""Steps that one search may take, all its parameters together."""


async def without_joins(reach: Reach, query: SearchQuery) -> SearchQuery:
    """The same search, with what its joins find in their place."""
    reach.rule(Interaction.SEARCH, query.type_name)
    where = await resolved(reach, query.type_name, query.where)
    return query if where is query.where else replace(query, where=where)


async def resolved(reach: Reach, type_name: str, where: Expression) -> Expression:
    """The same condition without joins. Raises FORBIDDEN where a step has no scope, whatever
    there is to be found, and TOO_COSTLY where one finds too much."""
    if not has_joins(where):
        return where
    steps = list(joins(where))
    if len(steps) > MOST_LOOKUPS:
        text = f"This search takes {len(steps)} lookups in other types; {MOST_LOOKUPS} are the most"
        raise error(Category.TOO_COSTLY, f"{text}. Name the types in its chains.")
    for step in steps:
        reach.rule(Interaction.SEARCH, step.target if isinstance(step, Chain) else step.source)
    return await _Resolution(reach).of(type_name, where, Everything())


class _Resolution:
    """The steps of one search, which share its time limit."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self.left = MOST_LOOKUPS
        self.until = monotonic() + reach.database.limits.query_milliseconds / 1000

    async def of(self, type_name: str, where: Expression, among: Expression) -> Expression:
        """The same condition without joins, on what meets another that has none."""
        match where:
            case And(parts):
                found: list[Expression] = []
                for part in sorted(parts, key=has_joins):
                    found.append(await self.of(type_name, part, conjunction(among, *found)))
                    if isinstance(found[-1], Nothing):
                        return Nothing()
                return conjunction(*found)
            case Or(parts):
                return _either([await self.of(type_name, part, among) for part in parts])
            case Not(part):
                return Not(await self.of(type_name, part, among))
            case Chain():
                return await self._referring(type_name, where, among)
            case Reverse():
                return await self._referred(type_name, where, among)
            case _:
                return where

    async def _referring(self, type_name: str, chain: Chain, among: Expression) -> Expression:
        """Has a reference to one of those that meet the condition.

        Where too many do, only those are asked that the resources in question refer to.
        """
        try:
            found = await self._places(chain.target, chain.inner)
        except FhirError as problem:
            asked = await self._instead(
                problem, self._targets(type_name, chain.parameter, chain.target, among)
            )
            found = await self._places(chain.target, conjunction(Ids(asked), chain.inner))
        return one_of(keys.key(chain.parameter, keys.REFERENCE, place) for place in found)

    async def _referred(self, type_name: str, reverse: Reverse, among: Expression) -> Expression:
        """Is one of those to which what meets the condition refers; where too much does, only
        what refers to the resources in question is asked."""
        way = (reverse.source, reverse.parameter, type_name)
        try:
            ids = await self._targets(*way, reverse.inner)
        except FhirError as problem:
            asked = await self._instead(problem, self._places(type_name, among))
            referring = one_of(keys.key(reverse.parameter, keys.REFERENCE, each) for each in asked)
            ids = await self._targets(*way, conjunction(referring, reverse.inner))
        return Ids(ids) if ids else Nothing()

    async def _instead(
        self, problem: FhirError, other: Coroutine[Any, Any, frozenset[str]]
    ) -> frozenset[str]:
        """The way from the other side; where that finds too much too, the first one is told."""
        if problem.category is not Category.TOO_COSTLY or not self.left:
            other.close()
            raise problem
        try:
            return await other
        except FhirError as again:
            raise (problem if again.category is Category.TOO_COSTLY else again) from None

    async def _places(self, type_name: str, where: Expression) -> frozenset[str]:
        """How keys of references to what meets the condition end."""
        where = await self.of(type_name, where, Everything())
        named = may_be_named(self.reach.database.catalogue, type_name)
        rows = await self._rows(type_name, where, {"_id": 1, **({"k": 1} if named else {})})
        found = {f"{type_name}/{row['_id']}" for row in rows}
        return frozenset(found.union(*(names(row["k"]) for row in rows)) if named else found)

    async def _targets(
        self, source: str, parameter: str, type_name: str, where: Expression
    ) -> frozenset[str]:
        """The ids of all that is referred to, by this parameter, from what meets the condition."""
        where = await self.of(source, where, Everything())
        named = may_be_named(self.reach.database.catalogue, type_name)
        start = keys.key(parameter, keys.REFERENCE, "" if named else f"{type_name}/")
        bounds = [{"$gte": ["$$this", start]}, {"$lt": ["$$this", keys.after_prefix(start)]}]
        of_it = {"$filter": {"input": "$k", "cond": {"$and": bounds}}}
        rows = await self._rows(source, where, {"_id": 0, "k": of_it})
        targets = {
            key.removeprefix(keys.key(parameter, keys.REFERENCE, ""))
            for row in rows
            for key in row.get("k", ())
        }
        ids = {
            target.removeprefix(f"{type_name}/")
            for target in targets
            if target.startswith(f"{type_name}/") and target.count("/") == 1  # and no version
        }
        for meant in named_by(targets) if named else ():
            ids.update(row["_id"] for row in await self._rows(type_name, meant, _ID))
        return frozenset(ids)

    async def _rows(
        self, type_name: str, where: Expression, fields: Mapping[str, Any]
    ) -> list[Document]:
        """All that the caller may find so, in no order; not more than a limit."""
        self.left -= 1
        if self.left < 0 or monotonic() > self.until:
            raise error(Category.TOO_COSTLY, "The chains of this search took too long; narrow it.")
        limit = self.reach.database.limits.joined
        planned = self.reach.plan(SearchQuery(type_name, where, count=limit))
        rows = await gathered(self.reach, type_name, planned, fields)
        if len(rows) > limit:
            text = (
                f"More than {limit} resources of type {type_name} meet the chained condition; "
                "narrow it, for example by another parameter in the same search, or search in two "
                "steps."
            )
            raise error(Category.TOO_COSTLY, text)
        return rows


def _either(parts: list[Expression]) -> Expression:
    """Any of them, the keys in one so that they are looked for together."""
    found: set[str] = set()
    others: list[Expression] = []
    for part in parts:
        match part:
            case Key(key):
                found.add(key)
            case KeyAmong(several):
                found |= several
            case Or(inner) if all(isinstance(each, Key) for each in inner):
                found.update(each.key for each in inner if isinstance(each, Key))
            case _:
                others.append(part)
    return disjunction(*others, one_of(found))
