"""`_total` (R4 3.1.1.4.6): how many match, on all pages together.

`accurate` counts all, which costs as much as reading them, within the time that a query has.
`estimate` looks at a bounded number. Where more match, whoever reaches the whole type is told what
a sample of it suggests; anybody else what was counted, since a sample would tell of others' data.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fhir_server.access.context import Interaction
from fhir_server.outcome import Category, FhirError, error
from fhir_server.search.filters import NONE
from fhir_server.search.plan import MongoPlan
from fhir_server.search.query import SearchQuery
from fhir_server.store.database import Document
from fhir_server.store.reach import Reach

SAMPLE: Final = 1_000
"""Resources that stand for a whole type."""


async def total_of(reach: Reach, query: SearchQuery) -> int | None:
    """The total, where it was asked for."""
    return await count_of(reach, query) if is_counted(query) else None


def is_counted(query: SearchQuery) -> bool:
    """Whether the total is asked for: by `_total`, or with nothing else by `_count=0`."""
    return query.total in ("accurate", "estimate") or query.count == 0


async def count_of(reach: Reach, query: SearchQuery) -> int:
    """How many resources match on all pages together, as exactly as it was asked."""
    planned = reach.plan(replace(query, sort=()))
    if planned.filter is NONE:
        return 0
    if query.total == "estimate":
        return await _estimate(reach, query, planned)
    return await _accurate(reach, query, planned)


async def _accurate(reach: Reach, query: SearchQuery, planned: MongoPlan) -> int:
    try:
        return await reach.database.count(
            query.type_name, planned.filter, reach.view, hint=planned.hint
        )
    except FhirError as problem:
        if problem.category is not Category.TOO_COSTLY:
            raise
        text = (
            f"Counting all matches of this search of {query.type_name} took longer than is allowed "
            "here; ask for _total=estimate or none, or narrow the search."
        )
        raise error(Category.TOO_COSTLY, text) from None


async def _estimate(reach: Reach, query: SearchQuery, planned: MongoPlan) -> int:
    """Exact up to a bound."""
    most = reach.database.limits.estimated
    by_index = planned.filter if planned.candidates is None else planned.candidates
    looked_at = await reach.database.count(
        query.type_name, by_index, reach.view, hint=planned.hint, limit=most + 1
    )
    found = min(looked_at, most)
    if planned.candidates is not None:
        stages: list[Document] = [{"$match": by_index}, {"$limit": most}]
        stages += [{"$match": planned.rest}, {"$count": "n"}]
        found = await _one(reach, query.type_name, stages, planned.hint)
    if looked_at <= most or not _may_sample(reach, query):
        return found
    return max(found, await _sampled(reach, query.type_name, planned))


def _may_sample(reach: Reach, query: SearchQuery) -> bool:
    """MongoDB has no figures of a collection inside a transaction."""
    everything = reach.rule(Interaction.SEARCH, query.type_name).everything
    return everything and reach.session is None


async def _sampled(reach: Reach, type_name: str, planned: MongoPlan) -> int:
    """As many of all as of some that are picked by chance."""
    stages: list[Document] = [
        {"$sample": {"size": SAMPLE}},
        {"$match": planned.filter},
        {"$count": "n"},
    ]
    stored = await reach.database.roughly(type_name)
    found = await _one(reach, type_name, stages, None)
    return round(found * stored / max(1, min(SAMPLE, stored)))


async def _one(reach: Reach, type_name: str, stages: list[Document], hint: str | None) -> int:
    rows = await reach.database.aggregate(type_name, stages, reach.view, hint=hint, most=1)
    return int(rows[0]["n"]) if rows else 0
