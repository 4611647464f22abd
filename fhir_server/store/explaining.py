"""How MongoDB finds the first page of a search, for developers (`$explain`).

It is told to nobody but a system that reaches everything which the search touches: plan, keys and
counts say something of all that is stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from bson.json_util import RELAXED_JSON_OPTIONS, dumps

from fhir_server.access.context import Interaction
from fhir_server.outcome import Category, FhirError
from fhir_server.search.expression import Chain, Everything
from fhir_server.search.joins import joins
from fhir_server.search.plan import MongoPlan
from fhir_server.search.query import SearchQuery
from fhir_server.store import searching
from fhir_server.store.joining import without_joins
from fhir_server.store.reach import Reach
from fhir_server.store.walking import settled, walked

_LONGEST: Final = 50_000
"""Characters of a filter that are told; looked-up keys can be very many."""


@dataclass(frozen=True, slots=True)
class Account:
    """What the first page costs."""

    filter: str = ""
    """Of MongoDB, as extended JSON."""
    order: tuple[str, ...] = ()
    index: str = ""
    keys: int = 0
    """Examined, of the index."""
    documents: int = 0
    """Examined."""
    returned: int = 0
    """Found for the page; one more than it holds tells that there is another page."""
    sorts: bool = False
    """MongoDB sorts in memory."""
    bounded: bool = False
    """At most twice as many documents are examined as are found, and two, without such a sort."""
    refusal: FhirError | None = None
    """Why the search would be refused as too costly."""


def joined_types(query: SearchQuery) -> list[str]:
    """The types that its chains look things up in, each once."""
    steps = (step.target if isinstance(step, Chain) else step.source for step in joins(query.where))
    return list(dict.fromkeys(steps))


def is_open(reach: Reach, query: SearchQuery) -> bool:
    """Whether the caller may be told what the search costs."""
    return reach.access.acts_for_a_system and all(
        isinstance(reach.rule(Interaction.SEARCH, name).policy, Everything)
        for name in (query.type_name, *joined_types(query))
    )


async def account(reach: Reach, query: SearchQuery) -> Account:
    """For a caller to whom it is open."""
    try:
        joined = await reach.at_one_instant(lambda one: _joined(one, query))
    except FhirError as problem:
        return _refused(Account(), problem)
    planned = reach.plan(joined)
    try:
        planned = await settled(reach, joined.type_name, planned)
        await walked(reach, joined.type_name, planned, {"_id": 1})
        told = await searching.explain(reach, joined)
    except FhirError as problem:
        return _refused(_planned(planned), problem)
    return _measured(_planned(planned), told)


def _planned(planned: MongoPlan) -> Account:
    return Account(
        filter=dumps(planned.filter, json_options=RELAXED_JSON_OPTIONS)[:_LONGEST],
        order=tuple(_rule(path, direction) for path, direction in planned.sort),
        index=planned.hint or "",
        sorts=planned.bounded is not None,
    )


async def _joined(reach: Reach, query: SearchQuery) -> SearchQuery:
    return await without_joins(reach, await searching.within_compartment(reach, query))


def _refused(known: Account, problem: FhirError) -> Account:
    if problem.category is not Category.TOO_COSTLY:
        raise problem
    return replace(known, refusal=problem)


def _measured(known: Account, told: dict[str, Any]) -> Account:
    stats: dict[str, Any] = told.get("executionStats", {})
    stages = list(_stages(told.get("queryPlanner", {}).get("winningPlan", {})))
    documents, returned = stats.get("totalDocsExamined", 0), stats.get("nReturned", 0)
    sorts = "SORT" in stages
    return replace(
        known,
        keys=stats.get("totalKeysExamined", 0),
        documents=documents,
        returned=returned,
        sorts=sorts,
        bounded=documents <= 2 * returned + 2 and not sorts and "COLLSCAN" not in stages,
    )


def _stages(plan: dict[str, Any]) -> Iterator[str]:
    """Of a plan tree, also of shards and of the newer engine, which wraps it."""
    if "stage" in plan:
        yield plan["stage"]
    for name in ("inputStage", "queryPlan", "winningPlan"):
        if name in plan:
            yield from _stages(plan[name])
    for name in ("inputStages", "shards"):
        for each in cast(list[dict[str, Any]], plan.get(name, [])):
            yield from _stages(each)


def _rule(path: str, direction: int) -> str:
    return path if direction > 0 else f"-{path}"
