"""`_include` and `_revinclude` (R4 `search.html#include`).

What is included is looked for under the policy of its own type: nothing is included that the caller
could not have read or found. Types without a scope are left out in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fhir_server.access.context import Interaction
from fhir_server.outcome import Category, FhirError
from fhir_server.search import keys
from fhir_server.search.expression import Expression, Ids, Key, disjunction
from fhir_server.search.filters import NONE
from fhir_server.search.query import Include, SearchQuery
from fhir_server.store.database import Document
from fhir_server.store.document import SENT, version_of
from fhir_server.store.reach import Reach
from fhir_server.store.versions import StoredVersion
from resources.registry import REGISTRY

_REFERENCE = f"{keys.SEPARATOR}{keys.REFERENCE}{keys.SEPARATOR}"


@dataclass(slots=True)
class _Basket:
    """What has been included so far; it takes each resource once and ends at the limit."""

    limit: int
    known: set[tuple[str, str]]
    found: list[StoredVersion] = field(default_factory=list[StoredVersion])
    capped: bool = False

    @property
    def room(self) -> int:
        return self.limit - len(self.found)

    def put(self, versions: Sequence[StoredVersion]) -> None:
        for version in versions:
            identity = (version.type_name, version.logical_id)
            if identity in self.known:
                continue
            if not self.room:
                self.capped = True
                return
            self.known.add(identity)
            self.found.append(version)


async def included(
    reach: Reach, query: SearchQuery, rows: Sequence[Document]
) -> tuple[tuple[StoredVersion, ...], bool]:
    """What these matches include; True with it where the limit cut something off."""
    if not rows or not (query.includes or query.revincludes):
        return (), False
    known = {(query.type_name, row["_id"]) for row in rows}
    basket = _Basket(reach.database.limits.included, known)
    for type_name, ids in sorted(_targets(query, rows).items()):
        wanted = frozenset(one for one in ids if (type_name, one) not in known)
        if wanted:
            await _fetch(reach, basket, Interaction.INCLUDE, type_name, Ids(wanted))
    for type_name, references in sorted(_sources(query, rows).items()):
        await _fetch(reach, basket, Interaction.SEARCH, type_name, references)
    return tuple(basket.found), basket.capped


async def _fetch(
    reach: Reach, basket: _Basket, interaction: Interaction, type_name: str, wanted: Expression
) -> None:
    # Those that are known already may be among them, and must not use up the limit.
    limit = basket.room + len(basket.known) + 1
    try:
        planned = reach.plan(SearchQuery(type_name, wanted, count=limit), interaction=interaction)
    except FhirError as problem:
        if problem.category is Category.FORBIDDEN:
            return
        raise
    if planned.filter is NONE:
        return
    rows = await reach.database.many(
        type_name, planned.filter, SENT, reach.session, limit=limit, hint=planned.hint
    )
    basket.put([version_of(type_name, row["_id"], row) for row in rows])


def _targets(query: SearchQuery, rows: Sequence[Document]) -> dict[str, set[str]]:
    """By type, the ids to which the references of the matches lead."""
    includes = [one for one in query.includes if one.source in (query.type_name, "*")]
    targets: dict[str, set[str]] = {}
    if includes:
        for row in rows:
            for parameter, type_name, logical_id in _references(row):
                if any(_asks(include, parameter, type_name) for include in includes):
                    targets.setdefault(type_name, set()).add(logical_id)
    return targets


def _asks(include: Include, parameter: str, target: str) -> bool:
    return include.parameter in (parameter, "*") and include.target in (None, "*", target)


def _references(row: Document) -> Iterator[tuple[str, str, str]]:
    """Parameter, type and id of each reference to a resource here, from the search keys."""
    for key in row.get("k", ()):
        parameter, found, target = key.partition(_REFERENCE)
        if not found or keys.SEPARATOR in parameter:
            continue
        type_name, _, logical_id = target.partition("/")
        if REGISTRY.is_type(type_name) and "/" not in logical_id:
            yield parameter, type_name, logical_id


def _sources(query: SearchQuery, rows: Sequence[Document]) -> dict[str, Expression]:
    """By type, what refers to the matches."""
    wanted: dict[str, list[Key]] = {}
    for include in query.revincludes:
        if include.target not in (None, "*", query.type_name):
            continue
        for parameter in _reference_parameters(include, query.type_name):
            wanted.setdefault(include.source, []).extend(
                Key(keys.key(parameter, keys.REFERENCE, f"{query.type_name}/{row['_id']}"))
                for row in rows
            )
    return {type_name: disjunction(*found) for type_name, found in wanted.items()}


def _reference_parameters(include: Include, target: str) -> list[str]:
    """The parameter that is named, or all that can refer to the type."""
    if include.parameter != "*":
        return [include.parameter]
    return [
        name
        for name, parameter in REGISTRY.parameters(include.source).items()
        if parameter.type == "reference" and (not parameter.targets or target in parameter.targets)
    ]
