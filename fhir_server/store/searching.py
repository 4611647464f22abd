"""search on a type (R4 `search.html`): one walk along an index, one page of stored bytes.

The planner says the caller's wish AND the policy to MongoDB; the policy is applied anew on every
page, whatever the cursor says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fhir_server.access.context import Interaction
from fhir_server.search import cursor as cursors
from fhir_server.search.cursor import Position
from fhir_server.search.expression import Expression, Ids, Nothing
from fhir_server.search.filters import NONE
from fhir_server.search.plan import MongoPlan
from fhir_server.search.query import SearchQuery
from fhir_server.store.codec import sent
from fhir_server.store.counting import total_of
from fhir_server.store.database import Document
from fhir_server.store.document import ENTRY, SENT, version_of
from fhir_server.store.including import Found, included
from fhir_server.store.paging import SearchPage
from fhir_server.store.reach import Reach
from fhir_server.store.versions import Match, StoredVersion
from fhir_server.store.walking import find_of, settled, walked


async def search(reach: Reach, query: SearchQuery, cursor: str | None) -> SearchPage:
    """The page at this cursor, or the first one."""
    after = position_of(reach, query, cursor)
    planned = await settled(reach, query.type_name, reach.plan(query, after))
    total = await total_of(reach, query)
    if query.count == 0 or planned.filter is NONE:
        return SearchPage((), total=total)
    rows = await walked(reach, query.type_name, planned, fields_of(query, planned, ENTRY))
    more = len(rows) > query.count
    rows = rows[: query.count]
    if planned.backward:
        rows.reverse()
    matches = tuple(Match(query.type_name, row["_id"], sent(row)) for row in rows)
    found, capped = await included(reach, query, [Found.of(query.type_name, row) for row in rows])
    onward, back = _links(reach, query, planned, rows, after=after, more=more)
    return SearchPage(matches, found, onward, back, total, capped)


async def find(
    reach: Reach, type_name: str, criteria: Expression, limit: int
) -> list[StoredVersion]:
    """At most so many current resources that meet the criteria."""
    query = SearchQuery(type_name, criteria, count=limit)
    planned = await settled(reach, type_name, reach.plan(query))
    rows = await walked(reach, type_name, planned, SENT)
    return [version_of(type_name, row["_id"], row) for row in rows[:limit]]


async def within_compartment(reach: Reach, query: SearchQuery) -> SearchQuery:
    """The same search; for nothing where the one whose compartment it is, is out of reach."""
    type_name, _, logical_id = query.compartment.partition("/")
    if not type_name or await reaches(reach, type_name, logical_id):
        return query
    return replace(query, where=Nothing())


async def reaches(reach: Reach, type_name: str, logical_id: str) -> bool:
    """Whether the caller could be shown this resource, as an include would show it."""
    query = SearchQuery(type_name, Ids(frozenset((logical_id,))), count=1)
    planned = reach.plan(query, interaction=Interaction.INCLUDE)
    if planned.filter is NONE:
        return False
    fields = {"_id": 1}
    found = await reach.database.first(type_name, planned.filter, fields, reach.view)
    return found is not None


async def explain(reach: Reach, query: SearchQuery) -> dict[str, Any]:
    """MongoDB's account of how it answers the first page."""
    planned = await settled(reach, query.type_name, reach.plan(query))
    fields = fields_of(query, planned, ENTRY)
    find_command = find_of(reach, query.type_name, planned, fields)
    concern = find_command.pop("readConcern", None)
    command: Document = {"explain": find_command, "verbosity": "executionStats"}
    if concern is not None:
        command["readConcern"] = {"level": "local"}
    return await reach.database.run(command, reach.view)


def fields_of(query: SearchQuery, planned: MongoPlan, wanted: Mapping[str, int]) -> dict[str, int]:
    fields = {**wanted, **dict.fromkeys(planned.fields, 1)}
    if query.includes or query.revincludes:
        fields["k"] = 1
    return fields


def position_of(reach: Reach, query: SearchQuery, cursor: str | None) -> Position | None:
    if cursor is None:
        return None
    return cursors.decode(cursor, query, reach.access.caller, reach.database.cursor_key)


def _links(
    reach: Reach,
    query: SearchQuery,
    planned: MongoPlan,
    rows: list[Document],
    *,
    after: Position | None,
    more: bool,
) -> tuple[str | None, str | None]:
    """Cursors of the next and of the previous page, where there is one."""

    def cursor(row: Document, *, backward: bool) -> str:
        position = planned.position(row, backward=backward)
        return cursors.encode(position, query, reach.access.caller, reach.database.cursor_key)

    if not rows:
        return None, None
    onward = more or planned.backward
    back = planned.reversible and (more if planned.backward else after is not None)
    return (
        cursor(rows[-1], backward=False) if onward else None,
        cursor(rows[0], backward=True) if back else None,
    )
