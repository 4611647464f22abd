"""The status that each interaction has to answer, from the plain rules alone.

`docs/access.md` and the status table of the contract: 401 without a token; 403 where no scope
speaks, and where one may see what he may not write; out of reach is 404 as absent is; 410 to those
who could have seen what was deleted.
"""

from __future__ import annotations

from tests.matrix.callers import Kind
from tests.matrix.rules import Resource
from tests.matrix.world import Version


def shown(kind: Kind, letter: str, versions: list[Version]) -> list[Version]:
    """The versions that the caller may see; a deletion is seen with the version before it."""
    found: list[Version] = []
    last: Resource | None = None
    for version in versions:
        last = version.resource or last
        if last is not None and kind.reaches(letter, last):
            found.append(version)
    return found


def _refused(kind: Kind, letter: str, type_name: str) -> int | None:
    if not kind.text:
        return 401
    return None if kind.speaks(letter, type_name) else 403


def read(kind: Kind, type_name: str, versions: list[Version], number: int | None = None) -> int:
    """read, or vread of one version."""
    refused = _refused(kind, "r", type_name)
    if refused:
        return refused
    wanted = versions[-1:] if number is None else [one for one in versions if one.number == number]
    if not wanted or wanted[0] not in shown(kind, "r", versions):
        return 404
    return 200 if wanted[0].resource else 410


def history(kind: Kind, type_name: str, versions: list[Version]) -> int:
    return _refused(kind, "r", type_name) or (200 if shown(kind, "r", versions) else 404)


def search(kind: Kind, type_name: str) -> int:
    return _refused(kind, "s", type_name) or 200


def create(kind: Kind, proposed: Resource) -> int:
    refused = _refused(kind, "c", proposed["resourceType"])
    return refused or (201 if kind.reaches("c", {**proposed, "id": "new"}) else 403)


def update(kind: Kind, versions: list[Version], proposed: Resource) -> int:
    type_name = proposed["resourceType"]
    refused = _refused(kind, "u", type_name)
    if refused:
        return refused
    if not versions:
        if not kind.whole("u", type_name):
            return 404
        return 201 if kind.whole("c", type_name) else 403
    if versions[-1] not in shown(kind, "u", versions):
        return _visible_only(kind, type_name, versions)
    if not kind.reaches("u", proposed):
        return 403
    if versions[-1].resource is None:
        return 201 if kind.reaches("c", proposed) else 403
    return 200


def delete(kind: Kind, type_name: str, versions: list[Version]) -> int:
    refused = _refused(kind, "d", type_name)
    if refused:
        return refused
    if versions and versions[-1] in shown(kind, "d", versions):
        return 204
    return _visible_only(kind, type_name, versions)


def _visible_only(kind: Kind, type_name: str, versions: list[Version]) -> int:
    """403 says more than 404 only where a read tells as much."""
    may_read = kind.speaks("r", type_name) and bool(versions)
    return 403 if may_read and versions[-1] in shown(kind, "r", versions) else 404
