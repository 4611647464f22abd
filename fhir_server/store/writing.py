"""create, update and delete (R4 `http.html#create`, `#update`, `#delete`).

A create is one insert. An update or delete checks the version and writes in one transaction,
which also puts the superseded version into the history. The stored and the proposed resource
both have to be within the caller's reach.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Final, TypeVar
from uuid import uuid4

from bson.raw_bson import RawBSONDocument
from pymongo import ReplaceOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection

from fhir_server.access.context import Interaction
from fhir_server.outcome import Category, FhirError, error, not_found
from fhir_server.store.codec import Document, sent
from fhir_server.store.contents import keep
from fhir_server.store.database import HISTORY
from fhir_server.store.document import (
    KEPT,
    Draft,
    breathe,
    draft,
    later,
    marker,
    now,
    superseded,
    version_of,
    with_meta,
)
from fhir_server.store.preconditions import ALWAYS, Precondition
from fhir_server.store.reach import Reach, Rule
from fhir_server.store.reading import saw
from fhir_server.store.settling import PROMPT
from fhir_server.store.transactions import opened, run_transaction
from fhir_server.store.trouble import TRANSLATING, Duplicate, Interrupted
from fhir_server.store.versions import StoredVersion, Written
from resources.fhir_json import Resource, dump

T = TypeVar("T")

_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_AT_ONCE: Final = 500
"""Documents of one insert: what waits for it is in memory beside the resources."""


@dataclass(frozen=True, slots=True)
class New:
    """A resource to be created, under an id of the server's where none is given."""

    type_name: str
    resource: Resource
    logical_id: str | None = None
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class _Succession:
    """What was current, and what takes its place at this time."""

    old: RawBSONDocument
    new: RawBSONDocument | Document
    moment: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """A resource to be put in the place of whatever is there."""

    type_name: str
    logical_id: str
    resource: Resource
    condition: Precondition = ALWAYS
    method: str = "PUT"
    renews: bool = False
    """It makes a version of what is unchanged too: something refers to that version."""


@dataclass(frozen=True, slots=True)
class Removal:
    """A resource to be deleted."""

    type_name: str
    logical_id: str
    condition: Precondition = ALWAYS


_Named = TypeVar("_Named", Change, Removal)


async def create(reach: Reach, items: Sequence[New]) -> list[StoredVersion]:
    """Stores them; of several, all or none only inside a transaction."""
    rules = {name: reach.rule(Interaction.CREATE, name) for name in {i.type_name for i in items}}
    drafts: dict[str, list[Draft]] = {}
    versions: list[StoredVersion] = []
    if reach.session is not None:
        await opened(reach.database, reach.session)
    started, moment = monotonic(), now()
    contents: set[str] = set()
    for index, item in enumerate(items):
        await breathe(index)
        made = _first(rules[item.type_name], item, moment)
        if made.contents and reach.session is None:
            return await _create_with_contents(reach, items)
        contents |= made.contents
        versions.append(made.version)
        waiting = drafts.setdefault(item.type_name, [])
        waiting.append(made)
        if len(waiting) == _AT_ONCE:
            await _insert_drafts(reach, item.type_name, waiting)
            waiting.clear()
    for type_name, waiting in drafts.items():
        if waiting:
            await _insert_drafts(reach, type_name, waiting)
    if reach.session is not None:
        await keep(reach.database, reach.session, contents)
    elif monotonic() - started > PROMPT:
        anew = partial(_stamped_anew, reach, rules, items, versions)
        return await run_transaction(reach.database, anew)
    return versions


async def _create_with_contents(reach: Reach, items: Sequence[New]) -> list[StoredVersion]:
    """What refers to large contents is written together with their being kept."""
    for name in {item.type_name for item in items}:
        await reach.database.prepare(name)

    async def work(session: AsyncClientSession) -> list[StoredVersion]:
        return await create(replace(reach, session=session), items)

    return await run_transaction(reach.database, work)


async def _insert_drafts(reach: Reach, type_name: str, some: Sequence[Draft]) -> None:
    try:
        await _insert(reach, type_name, [one.document for one in some])
    except Duplicate:
        raise _taken(type_name, some) from None


async def _stamped_anew(
    reach: Reach,
    rules: Mapping[str, Rule],
    items: Sequence[New],
    versions: Sequence[StoredVersion],
    session: AsyncClientSession,
) -> list[StoredVersion]:
    """Created so slowly that readers of the history may have passed their time: at another one,
    before anybody is told the first. What has been changed by others is told by that anyway."""
    await opened(reach.database, session)
    stamped: list[StoredVersion] = []
    for item, old in zip(items, versions, strict=True):
        named = replace(item, logical_id=old.logical_id)
        made = _first(rules[item.type_name], named, now())
        result = await _replaced_first(reach, made, old, session)
        stamped.append(made.version if result else old)
    return stamped


async def _replaced_first(
    reach: Reach, made: Draft, old: StoredVersion, session: AsyncClientSession
) -> bool:
    with TRANSLATING:
        result = await reach.database.collection(old.type_name).replace_one(
            {"_id": old.logical_id, "v": 1}, made.document, session=session
        )
    return bool(result.matched_count)


def _first(rule: Rule, item: New, moment: datetime) -> Draft:
    logical_id = item.logical_id or str(uuid4())
    _check_id(item.type_name, logical_id)
    made = draft(rule.catalogue, item.type_name, logical_id, 1, moment, item.resource, item.method)
    _check_proposed(rule, made)
    return made


async def update(reach: Reach, changes: Sequence[Change], *, skip_unchanged: bool) -> list[Written]:
    """Puts each in its place; only inside a transaction."""

    async def of_type(type_name: str, some: Sequence[Change]) -> list[Written]:
        return await _update_type(reach, type_name, some, skip_unchanged=skip_unchanged)

    return await _type_by_type(changes, of_type)


async def _type_by_type(
    items: Sequence[_Named], work: Callable[[str, Sequence[_Named]], Awaitable[list[T]]]
) -> list[T]:
    """What the work comes to for each, asked once for each type."""
    by_type: dict[str, list[int]] = {}
    for index, item in enumerate(items):
        by_type.setdefault(item.type_name, []).append(index)
    done: dict[int, T] = {}
    for type_name, indexes in by_type.items():
        results = await work(type_name, [items[index] for index in indexes])
        done.update(zip(indexes, results, strict=True))
    return [done[index] for index in range(len(items))]


async def _update_type(
    reach: Reach, type_name: str, changes: Sequence[Change], *, skip_unchanged: bool
) -> list[Written]:
    rule = reach.rule(Interaction.UPDATE, type_name)
    stored = await _current(reach, rule, [change.logical_id for change in changes])
    written: list[Written] = []
    fresh: list[Draft] = []
    contents: set[str] = set()
    replaced: list[_Succession] = []
    for index, change in enumerate(changes):
        await breathe(index)
        current = stored.get(change.logical_id)
        if current is None:
            made = await _as_create(reach, rule, change)
            contents |= made.contents
            fresh.append(made)
            written.append(Written(made.version, created=True))
            continue
        change.condition.check(current["v"], deleted="x" in current)
        if skip_unchanged and not change.renews and _unchanged(change, current):
            kept = version_of(type_name, change.logical_id, current)
            written.append(Written(kept, created=False, changed=False))
            continue
        made = _next(reach, rule, change, current)
        contents |= made.contents
        replaced.append(_Succession(current, made.document, made.version.last_updated))
        written.append(Written(made.version, created=bool(current.get("x"))))
    await _insert_fresh(reach, type_name, fresh)
    await _replace(reach, type_name, replaced)
    if contents and reach.session is not None:
        await keep(reach.database, reach.session, contents)
    return written


async def delete(reach: Reach, removals: Sequence[Removal]) -> list[StoredVersion | None]:
    """The delete markers, None where a resource was deleted before; only inside a transaction."""

    async def of_type(type_name: str, some: Sequence[Removal]) -> list[StoredVersion | None]:
        return await _delete_type(reach, type_name, some)

    return await _type_by_type(removals, of_type)


async def _delete_type(
    reach: Reach, type_name: str, removals: Sequence[Removal]
) -> list[StoredVersion | None]:
    rule = reach.rule(Interaction.DELETE, type_name)
    stored = await _current(reach, rule, [one.logical_id for one in removals])
    markers: list[StoredVersion | None] = []
    replaced: list[_Succession] = []
    for one in removals:
        current = stored.get(one.logical_id)
        if current is None:
            raise await _unreached(reach, rule, one.logical_id)
        one.condition.check(current["v"], deleted="x" in current)
        if current.get("x"):
            markers.append(None)
            continue
        document, version = marker(type_name, current)
        replaced.append(_Succession(current, document, version.last_updated))
        markers.append(version)
    await _replace(reach, type_name, replaced)
    return markers


async def _current(reach: Reach, rule: Rule, ids: list[str]) -> dict[str, RawBSONDocument]:
    """What is there, as far as the rule reaches, by id."""
    if len(set(ids)) != len(ids):
        raise error(Category.INVALID, f"One {rule.type_name} is to be changed twice at once.")
    found = await reach.database.many_raw(
        rule.type_name, rule.among(ids), KEPT, reach.session, limit=len(ids)
    )
    return {
        document["_id"]: document
        for document in found
        if not document.get("x") or await saw(reach, rule, document["_id"], document["v"])
    }


async def next_versions(reach: Reach, type_name: str, ids: Sequence[str]) -> dict[str, int]:
    """What an update makes of each that is there, as far as the caller may update it."""
    rule = reach.rule(Interaction.UPDATE, type_name)
    stored = await _current(reach, rule, list(ids))
    return {logical_id: current["v"] + 1 for logical_id, current in stored.items()}


async def _unreached(reach: Reach, rule: Rule, logical_id: str) -> FhirError:
    """404 for what may not be written, as for what is absent; 403, which says why, only to
    those whom a read shows the resource anyway."""
    type_name = rule.type_name
    if reach.access.covers(Interaction.READ, type_name):
        reading = reach.rule(Interaction.READ, type_name)
        if await _current(reach, reading, [logical_id]):
            return error(
                Category.FORBIDDEN,
                f"This token may read this {type_name} and not {rule.interaction.name.lower()} it: "
                "to write, it has to be part of the patient's record and of no other, and to meet "
                "the constraint of the scope.",
            )
    return not_found(type_name, logical_id)


async def _as_create(reach: Reach, rule: Rule, change: Change) -> Draft:
    """Update as create is for those who reach the type whole: to anybody else, "there is
    nothing" would tell apart what is absent and what is another's."""
    type_name, logical_id = change.type_name, change.logical_id
    if not (rule.everything and reach.rule(Interaction.CREATE, type_name).everything):
        raise await _unreached(reach, rule, logical_id)
    change.condition.check_absent()
    _check_id(type_name, logical_id)
    return draft(rule.catalogue, type_name, logical_id, 1, now(), change.resource, change.method)


def _next(reach: Reach, rule: Rule, change: Change, current: RawBSONDocument) -> Draft:
    type_name, logical_id, version = change.type_name, change.logical_id, current["v"] + 1
    made = draft(
        rule.catalogue,
        type_name,
        logical_id,
        version,
        later(current),
        change.resource,
        change.method,
    )
    _check_proposed(rule, made)
    if current.get("x"):
        _check_proposed(reach.rule(Interaction.CREATE, change.type_name), made)
    return made


def _unchanged(change: Change, current: RawBSONDocument) -> bool:
    """Whether it is what is stored, to the last digit, but for what the server sets."""
    if current.get("x"):
        return False
    proposed = with_meta(
        change.type_name, change.logical_id, current["v"], current["t"], change.resource
    )
    return dump(proposed) == sent(current)


async def _insert(reach: Reach, type_name: str, documents: list[RawBSONDocument]) -> None:
    """Raises `Duplicate` where an id is taken."""
    collection = await _collection(reach, type_name)
    with TRANSLATING:
        if len(documents) == 1:
            await collection.insert_one(documents[0], session=reach.session)
        else:
            await collection.insert_many(documents, session=reach.session)


async def _insert_fresh(reach: Reach, type_name: str, fresh: list[Draft]) -> None:
    if not fresh:
        return
    try:
        await _insert(reach, type_name, [one.document for one in fresh])
    except Duplicate:  # made by another since this transaction began
        raise Interrupted(away=False) from None


async def _replace(reach: Reach, type_name: str, replaced: Sequence[_Succession]) -> None:
    """The new documents for the old ones, which go into the history."""
    if not replaced:
        return
    collection = await _collection(reach, type_name)
    writes = [ReplaceOne({"_id": one.old["_id"], "v": one.old["v"]}, one.new) for one in replaced]
    older = [superseded(type_name, one.old, one.moment) for one in replaced]
    with TRANSLATING:
        result = await collection.bulk_write(writes, session=reach.session)
        if result.matched_count != len(writes):
            raise Interrupted(away=False)
        await reach.database.collection(HISTORY).insert_many(older, session=reach.session)


async def _collection(reach: Reach, type_name: str) -> AsyncCollection[Document]:
    if reach.session is None:
        await reach.database.prepare(type_name)
    else:
        reach.database.prepared(type_name)
    return reach.database.collection(type_name)


def _check_id(type_name: str, logical_id: str) -> None:
    if not _ID.fullmatch(logical_id):
        raise error(
            Category.INVALID,
            "An id is 1 to 64 of the characters A-Z a-z 0-9 - and . (R4 datatypes.html#id).",
            f"{type_name}.id",
        )


def _check_proposed(rule: Rule, made: Draft) -> None:
    if not rule.allows(made.entry):
        verb = rule.interaction.name.lower()
        raise error(
            Category.FORBIDDEN,
            f"The {rule.type_name} would lie outside of what this token may {verb}: it belongs to "
            "another record, or does not meet the constraint of the scope.",
        )


def _taken(type_name: str, some: Sequence[Draft]) -> FhirError:
    which = f"{type_name}/{some[0].version.logical_id}" if len(some) == 1 else f"a {type_name}"
    return error(Category.CONFLICT, f"The id of {which} is taken already.")
