"""Whose record a resource belongs to: the access table's rows compiled into functions.

Only a literal reference to a Patient of this server counts: relative, or absolute below the
server's base URL, with or without a version (R4 `references.html#literal`). A contained Patient, a
`urn:`, an identifier alone or another server's Patient makes nobody a member.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

from resources.access_table.model import Kind, Link, Row
from resources.access_table.rows import ROWS
from resources.fhir_json import Resource
from resources.references import ReferenceKind, parse_reference

UNKNOWN = "?"
"""Stands among the members of a mixed type for a person who cannot be told: no FHIR id, so it is
nobody's, and not shared either."""

_NOBODY: frozenset[str] = frozenset()
_WITHHELD = frozenset({UNKNOWN})
_NOTHING: list[Resource] = []

_PERSONS = frozenset({"Patient", "Person", "RelatedPerson"})

_Walk: TypeAlias = Callable[[Resource], list[Resource]]
_Whose: TypeAlias = Callable[[Resource, str], frozenset[str]]


def members(resource: Resource, base_url: str | None = None) -> frozenset[str]:
    """Ids of the patients whose record this is part of; a Patient's id must be set already."""
    whose = _WHOSE.get(resource["resourceType"])
    return whose(resource, base_url or "") if whose else _NOBODY


def _person(reference: Resource, base_url: str) -> str:
    """The id of the Patient referred to, "" for what is surely no person, else `UNKNOWN`."""
    literal = reference.get("reference")
    if not isinstance(literal, str):
        return "" if _names_a_thing(reference.get("type")) else UNKNOWN
    parsed = parse_reference(literal)
    if _names_a_thing(parsed.type_name):
        return "" if parsed.kind is ReferenceKind.RESOURCE else UNKNOWN
    if parsed.type_name == "Patient" and parsed.is_local(base_url):
        return parsed.logical_id or UNKNOWN
    return UNKNOWN


def _names_a_thing(type_name: Any) -> bool:
    return isinstance(type_name, str) and type_name in ROWS and type_name not in _PERSONS


# ---- walking to an element ---------------------------------------------------------------------


def _values(parents: list[Resource], name: str) -> list[Resource]:
    """The objects at this element of each parent, one or a list of them."""
    found: list[Any] = []
    for parent in parents:
        value = parent.get(name)
        if isinstance(value, list):
            found.extend(cast("list[Any]", value))
        elif value is not None:
            found.append(value)
    return [value for value in found if isinstance(value, dict)]


def _walk(path: str) -> _Walk:
    first, *rest = path.split(".")

    def walk(resource: Resource) -> list[Resource]:
        if first not in resource:
            return _NOTHING
        values = _values([resource], first)
        for name in rest:
            values = _values(values, name)
        return values

    return walk


def _persons(links: tuple[Link, ...]) -> Callable[[Resource, str], set[str]]:
    """All persons that these links name, `UNKNOWN` for those who cannot be told."""
    walks = [_walk(path) for path in dict.fromkeys(link.path for link in links)]

    def persons(resource: Resource, base_url: str) -> set[str]:
        found = {_person(value, base_url) for walk in walks for value in walk(resource)}
        found.discard("")
        return found

    return persons


# ---- the rules ---------------------------------------------------------------------------------


def _by_links(row: Row) -> _Whose:
    subjects, roles, single = _persons(row.subjects), _persons(row.roles), row.single

    def whose(resource: Resource, base_url: str) -> frozenset[str]:
        found = subjects(resource, base_url) or roles(resource, base_url)
        found.discard(UNKNOWN)
        return frozenset(found) if not single or len(found) == 1 else _NOBODY

    return whose


def _by_links_or_shared(row: Row) -> _Whose:
    """Of a mixed type: who cannot be told stays among the members, so that it is not shared."""
    subjects = _persons(row.subjects)
    return lambda resource, base_url: frozenset(subjects(resource, base_url))


def _patient(resource: Resource, base_url: str) -> frozenset[str]:
    del base_url
    return frozenset((resource["id"],)) if "id" in resource else _NOBODY


def _group(resource: Resource, base_url: str) -> frozenset[str]:
    """The one patient who is all there is in it."""
    entries = _values([resource], "member")
    named = {_person(entity, base_url) for entity in _values(entries, "entity")}
    alone = len(named) == 1 and UNKNOWN not in named and "" not in named
    return frozenset(named) if alone else _NOBODY


def _endpoint(resource: Resource, base_url: str) -> frozenset[str]:
    del base_url
    return _WITHHELD if "header" in resource or "_header" in resource else _NOBODY


_SPECIAL: dict[str, _Whose] = {"Patient": _patient, "Group": _group, "Endpoint": _endpoint}


def _compiled(row: Row) -> _Whose | None:
    if row.type_name in _SPECIAL:
        return _SPECIAL[row.type_name]
    match row.kind:
        case Kind.COMPARTMENT | Kind.OWN:
            return _by_links(row)
        case Kind.MIXED:
            return _by_links_or_shared(row)
        case Kind.SHARED | Kind.HIDDEN:
            return None


_WHOSE = {name: whose for name, row in ROWS.items() if (whose := _compiled(row)) is not None}
