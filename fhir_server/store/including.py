"""`_include` and `_revinclude`, once or with `:iterate` (R4 `search.html` 3.1.1.5.5).

What is included is looked for under the policy of its own type: nothing is included that the caller
could not have read or found. Types without a scope are left out in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from fhir_server.access.context import Interaction
from fhir_server.outcome import Category, FhirError
from fhir_server.search import keys
from fhir_server.search.canonicals import is_canonical, may_be_named, named_by, names
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import Expression, Ids
from fhir_server.search.filters import NONE
from fhir_server.search.joins import one_of
from fhir_server.search.query import Include, SearchQuery
from fhir_server.store.database import Document
from fhir_server.store.document import SENT, version_of
from fhir_server.store.reach import Reach
from fhir_server.store.versions import StoredVersion
from resources.registry import REGISTRY

MOST_ROUNDS: Final = 10
"""How often `:iterate` goes on from what it found."""
_FIELDS: Final = {**SENT, "k": 1}
_REFERENCE: Final = f"{keys.SEPARATOR}{keys.REFERENCE}{keys.SEPARATOR}"


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


@dataclass(frozen=True, slots=True)
class Found:
    """A resource from which to go on: a match, or one that was included."""

    type_name: str
    logical_id: str
    keys: Sequence[str]
    """Its search keys, which hold its references; none where nothing is included."""

    @classmethod
    def of(cls, type_name: str, row: Document) -> Found:
        return cls(type_name, row["_id"], row.get("k", ()))


async def included(
    reach: Reach, query: SearchQuery, matches: Sequence[Found]
) -> tuple[tuple[StoredVersion, ...], bool]:
    """What these matches include; True with it where the limit cut something off.

    With `:iterate` an include is followed from what was included too, until nothing new is found.
    """
    if not matches or not (query.includes or query.revincludes):
        return (), False
    known = {(one.type_name, one.logical_id) for one in matches}
    basket = _Basket(reach.database.limits.included, known)
    includes = tuple(dict.fromkeys(query.includes))
    revincludes = tuple(dict.fromkeys(query.revincludes))
    front = list(matches)
    for _ in range(MOST_ROUNDS):
        front = await _round(reach, basket, front, includes, revincludes)
        includes = tuple(one for one in includes if one.iterate)
        revincludes = tuple(one for one in revincludes if one.iterate)
        if not front or not (includes or revincludes):
            return tuple(basket.found), basket.capped
    return tuple(basket.found), True


async def _round(
    reach: Reach,
    basket: _Basket,
    front: Sequence[Found],
    includes: Sequence[Include],
    revincludes: Sequence[Include],
) -> list[Found]:
    """Follows each include once; what is new."""
    new: list[Found] = []
    for type_name, ids in sorted(_targets(front, includes).items()):
        wanted = frozenset(one for one in ids if (type_name, one) not in basket.known)
        if wanted:
            new += await _fetch(reach, basket, Interaction.INCLUDE, type_name, Ids(wanted))
    for type_name, found in sorted(_named(reach.database.catalogue, front, includes).items()):
        for meant in named_by(found):
            new += await _fetch(reach, basket, Interaction.INCLUDE, type_name, meant)
    for type_name, found in sorted(_sources(reach.database.catalogue, front, revincludes).items()):
        new += await _fetch(reach, basket, Interaction.SEARCH, type_name, one_of(found))
    return new


async def _fetch(
    reach: Reach, basket: _Basket, interaction: Interaction, type_name: str, wanted: Expression
) -> list[Found]:
    # Those that are known already may be among them, and must not use up the limit.
    limit = basket.room + len(basket.known) + 1
    try:
        planned = reach.plan(SearchQuery(type_name, wanted, count=limit), interaction=interaction)
    except FhirError as problem:
        if problem.category is Category.FORBIDDEN:
            return []
        raise
    if planned.filter is NONE:
        return []
    rows = await reach.database.many(
        type_name, planned.filter, _FIELDS, reach.view, limit=limit, hint=planned.hint
    )
    known = frozenset(basket.known)
    basket.put([version_of(type_name, row["_id"], row) for row in rows])
    return [
        Found(type_name, row["_id"], row["k"])
        for row in rows
        if (type_name, row["_id"]) in basket.known and (type_name, row["_id"]) not in known
    ]


def _targets(front: Sequence[Found], includes: Sequence[Include]) -> dict[str, set[str]]:
    """By type, the ids to which their references lead."""
    targets: dict[str, set[str]] = {}
    by_type = {
        each: [one for one in includes if one.source in (each, "*")]
        for each in {row.type_name for row in front}
    }
    for row in front:
        followed = by_type[row.type_name]
        if not followed:
            continue
        for parameter, type_name, logical_id in _references(row):
            if any(_asks(include, parameter, type_name) for include in followed):
                targets.setdefault(type_name, set()).add(logical_id)
    return targets


def _named(
    catalogue: Catalogue, front: Sequence[Found], includes: Sequence[Include]
) -> dict[str, set[str]]:
    """By type, the canonical references that may be to its resources."""
    found: dict[str, set[str]] = {}
    for row in front:
        followed = [one for one in includes if one.source in (row.type_name, "*")]
        for parameter, target in _canonicals(row) if followed else ():
            field = catalogue.fields(row.type_name).get(parameter)
            for type_name in field.targets if field else ():
                if may_be_named(catalogue, type_name) and any(
                    _asks(include, parameter, type_name) for include in followed
                ):
                    found.setdefault(type_name, set()).add(target)
    return found


def _canonicals(row: Found) -> Iterator[tuple[str, str]]:
    for key in row.keys:
        parameter, found, target = key.partition(_REFERENCE)
        if found and keys.SEPARATOR not in parameter and is_canonical(target):
            yield parameter, target


def _asks(include: Include, parameter: str, target: str) -> bool:
    return include.parameter in (parameter, "*") and include.target in (None, target)


def _references(row: Found) -> Iterator[tuple[str, str, str]]:
    """Parameter, type and id of each reference to a resource here, from the search keys."""
    for key in row.keys:
        parameter, found, target = key.partition(_REFERENCE)
        if not found or keys.SEPARATOR in parameter:
            continue
        type_name, _, logical_id = target.partition("/")
        if REGISTRY.is_type(type_name) and "/" not in logical_id:
            yield parameter, type_name, logical_id


def _sources(
    catalogue: Catalogue, front: Sequence[Found], includes: Sequence[Include]
) -> dict[str, set[str]]:
    """By type, the keys of what refers to them."""
    wanted: dict[str, set[str]] = {}
    types = {row.type_name for row in front} if includes else ()
    ways = {each: _ways(catalogue, includes, each) for each in types}
    for row in front if includes else ():
        places = (f"{row.type_name}/{row.logical_id}", *names(row.keys))
        for source, parameter in ways[row.type_name]:
            found = (keys.key(parameter, keys.REFERENCE, place) for place in places)
            wanted.setdefault(source, set()).update(found)
    return wanted


def _ways(
    catalogue: Catalogue, includes: Sequence[Include], target: str
) -> tuple[tuple[str, str], ...]:
    """The types and parameters that can refer to the target, of those that were asked for."""
    asked = {
        (include.source, include.parameter)
        for include in includes
        if include.target in (None, target)
    }
    ways = (tuple(way.split(":", 1)) for way in catalogue.revincludes(target))
    return tuple(
        (source, parameter)
        for source, parameter in ways
        if not asked.isdisjoint(((source, parameter), (source, "*"), ("*", parameter), ("*", "*")))
    )
