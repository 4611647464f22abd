"""Chains and reverse chains (R4 3.1.1.4.13, 3.1.1.4.14), resolved by bounded lookups.

Each step is a search of its own under the policy of its own type, innermost first, so that
nothing can be learnt by asking about what the caller could not find. What is found becomes keys
of references, or ids, which the planner knows how to walk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from fhir_server.access.context import Interaction
from fhir_server.outcome import Category, error
from fhir_server.search import keys
from fhir_server.search.expression import (
    And,
    Chain,
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
    return await _resolved(reach, type_name, where)


async def _resolved(reach: Reach, type_name: str, where: Expression) -> Expression:
    match where:
        case And(parts):
            found: list[Expression] = []
            for part in sorted(parts, key=has_joins):
                found.append(await _resolved(reach, type_name, part))
                if isinstance(found[-1], Nothing):
                    return Nothing()
            return conjunction(*found)
        case Or(parts):
            return _either([await _resolved(reach, type_name, part) for part in parts])
        case Not(part):
            return Not(await _resolved(reach, type_name, part))
        case Chain():
            return await _referring(reach, where)
        case Reverse():
            return await _referred(reach, type_name, where)
        case _:
            return where


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


async def _referring(reach: Reach, chain: Chain) -> Expression:
    """Has a reference to one of those that meet the condition."""
    inner = await _resolved(reach, chain.target, chain.inner)
    rows = await _rows(reach, chain.target, inner, {"_id": 1})
    start = keys.key(chain.parameter, keys.REFERENCE, f"{chain.target}/")
    return one_of(start + row["_id"] for row in rows)


async def _referred(reach: Reach, type_name: str, reverse: Reverse) -> Expression:
    """Is one of those to which what meets the condition refers."""
    inner = await _resolved(reach, reverse.source, reverse.inner)
    start = keys.key(reverse.parameter, keys.REFERENCE, f"{type_name}/")
    bounds = [{"$gte": ["$$this", start]}, {"$lt": ["$$this", keys.after_prefix(start)]}]
    of_it = {"$filter": {"input": "$k", "cond": {"$and": bounds}}}
    rows = await _rows(reach, reverse.source, inner, {"_id": 0, "k": of_it})
    found = {key.removeprefix(start) for row in rows for key in row.get("k", ())}
    ids = frozenset(one for one in found if "/" not in one)  # what follows it is a version
    return Ids(ids) if ids else Nothing()


async def _rows(
    reach: Reach, type_name: str, where: Expression, fields: Mapping[str, Any]
) -> list[Document]:
    """All that the caller may find so, in no order; not more than a limit."""
    limit = reach.database.limits.joined
    planned = reach.plan(SearchQuery(type_name, where, count=limit))
    rows = await gathered(reach, type_name, planned, fields)
    if len(rows) > limit:
        raise error(
            Category.TOO_COSTLY,
            f"More than {limit} resources of type {type_name} meet the chained condition; narrow "
            "it, for example by another parameter in the same search, or search in two steps.",
        )
    return rows
