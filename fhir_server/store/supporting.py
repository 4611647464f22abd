"""What the resources of a record refer to: "whatever resources are needed to support the records"
(R4 `operation-patient-everything.html`), wherever a reference or the address of an attachment
stands.

Each is looked for under the caller's policy AND under what is given for its type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, cast

from fhir_server.access.context import Interaction
from fhir_server.search.expression import Expression, Ids, NoMember, conjunction
from fhir_server.search.filters import NONE
from fhir_server.search.mixed import MixedQuery
from fhir_server.search.query import SearchQuery
from fhir_server.store import mixing
from fhir_server.store.document import SENT, version_of
from fhir_server.store.paging import SearchPage
from fhir_server.store.reach import Reach
from fhir_server.store.settling import Settled, read_settled
from fhir_server.store.versions import Match, StoredVersion
from resources import fhir_json
from resources.fhir_json import Resource
from resources.references import links, parse_reference

MOST_ROUNDS: Final = 4
"""How far references are followed from one resource to the next: role, person, site, network."""

Identity = tuple[str, str]


async def with_support(
    reach: Reach, query: MixedQuery, support: Mapping[str, Expression], cursor: str | None
) -> SearchPage:
    """The page at this cursor with what its matches refer to, each once.

    It says up to when it is settled, which is before the oldest write that is under way: who asks
    for changes since then does "not miss any".
    """

    async def work(at: Settled) -> SearchPage:
        inside = replace(reach, session=None, snapshot=at.snapshot)
        page = await _page(inside, query, support, cursor)
        return replace(page, until=at.until)

    return await read_settled(reach.database, work)


async def _page(
    reach: Reach, query: MixedQuery, support: Mapping[str, Expression], cursor: str | None
) -> SearchPage:
    page = await mixing.search(reach, query, cursor)
    found = await _followed(reach, page.matches, support)
    most = reach.database.limits.included
    return SearchPage(
        page.matches,
        tuple(found[:most]),
        page.next_cursor,
        page.previous_cursor,
        page.total,
        capped=len(found) > most,
    )


async def _followed(
    reach: Reach, matches: Sequence[Match], support: Mapping[str, Expression]
) -> list[StoredVersion]:
    """Of what others than the matches refer to, only what is nobody's: else one reference after
    the other leads through the whole record."""
    known: set[Identity] = {(one.type_name, one.logical_id) for one in matches}
    found: list[StoredVersion] = []
    front: Sequence[Match | StoredVersion] = matches
    further: Expression = conjunction()
    for _ in range(MOST_ROUNDS):
        wanted = _targets(front, reach.database.catalogue.base_url) - known
        known |= wanted
        room = reach.database.limits.included + 1 - len(found)
        new: list[StoredVersion] = []
        for type_name, ids in _by_type(wanted):
            if type_name in support and len(new) < room:
                meant = conjunction(Ids(frozenset(ids)), support[type_name], further)
                new += await _fetched(reach, type_name, meant, room - len(new))
        found += new
        if not new or len(new) >= room:
            return found
        front, further = new, NoMember()
    return found


async def _fetched(
    reach: Reach, type_name: str, meant: Expression, limit: int
) -> list[StoredVersion]:
    if not reach.access.covers(Interaction.INCLUDE, type_name):
        return []
    query = SearchQuery(type_name, meant, count=limit)
    planned = reach.plan(query, interaction=Interaction.INCLUDE)
    if planned.filter is NONE:
        return []
    rows = await reach.database.many(
        type_name, planned.filter, SENT, reach.view, limit=limit, hint=planned.hint
    )
    return [version_of(type_name, row["_id"], row) for row in rows]


def _targets(front: Iterable[Match | StoredVersion], base_url: str) -> set[Identity]:
    """The resources of this server that they name."""
    named: set[Identity] = set()
    for one in front:
        for link in links(cast(Resource, fhir_json.parse(one.json))):
            if link.fhir_type not in ("Reference", "url"):
                continue
            meant = parse_reference(link.text)
            if meant.is_local(base_url) and meant.type_name and meant.logical_id:
                named.add((meant.type_name, meant.logical_id))
    return named


def _by_type(wanted: Iterable[Identity]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for type_name, logical_id in sorted(wanted):
        found.setdefault(type_name, []).append(logical_id)
    return list(found.items())
