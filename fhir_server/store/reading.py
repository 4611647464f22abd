"""read, vread and history (R4 `http.html#read`, `#vread`, `#history`).

What is out of reach answers exactly like what is not there. Each version is judged by what it
says itself, a delete marker by the version before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from bson.raw_bson import RawBSONDocument

from fhir_server.access.context import Interaction
from fhir_server.outcome import Category, FhirError, error, not_found
from fhir_server.search.history import Period
from fhir_server.store.database import HISTORY
from fhir_server.store.document import KEPT, SENT, superseded_id, version_of
from fhir_server.store.reach import Reach, Rule
from fhir_server.store.versions import HistoryPage, StoredVersion

_VERSION: Final = re.compile("[1-9][0-9]{0,8}")
_ALL: Final = 2**31


async def read(reach: Reach, type_name: str, logical_id: str) -> StoredVersion:
    """The current version: one round trip, one document by its `_id`."""
    rule = reach.rule(Interaction.READ, type_name)
    found = await reach.database.first(type_name, rule.among([logical_id]), SENT, reach.session)
    if found is None:
        raise not_found(type_name, logical_id)
    if found.get("x"):
        if not await saw(reach, rule, logical_id, found["v"]):
            raise not_found(type_name, logical_id)
        raise gone(type_name, logical_id, found["v"])
    return version_of(type_name, logical_id, found)


async def vread(reach: Reach, type_name: str, logical_id: str, version_id: str) -> StoredVersion:
    """One version, current or not."""
    rule = reach.rule(Interaction.READ, type_name)
    asked = f"{logical_id}/_history/{version_id}"
    document = None
    if _VERSION.fullmatch(version_id):
        document = await _version(reach, rule, logical_id, int(version_id))
    if document is None:
        raise not_found(type_name, asked)
    if document.get("x"):
        raise gone(type_name, asked, document["v"])
    return version_of(type_name, logical_id, document)


async def _version(
    reach: Reach, rule: Rule, logical_id: str, version: int
) -> RawBSONDocument | None:
    """This version, if the caller may see it."""
    fields = _judged(rule)
    current = await reach.database.first_raw(
        rule.type_name, {"_id": logical_id, "v": version}, fields, reach.session
    )
    found = current or await _superseded(reach, rule, logical_id, version)
    if found is None:
        return None
    if found.get("x"):
        return found if await saw(reach, rule, logical_id, version) else None
    return found if rule.shows(found) else None


async def saw(reach: Reach, rule: Rule, logical_id: str, marker: int) -> bool:
    """Whether the caller could see the version that this delete marker ended."""
    if rule.everything:
        return True
    last = await _superseded(reach, rule, logical_id, marker - 1)
    return last is not None and rule.shows(last)


async def _superseded(
    reach: Reach, rule: Rule, logical_id: str, version: int
) -> RawBSONDocument | None:
    found_by = {"_id": superseded_id(rule.type_name, logical_id, version)}
    return await reach.database.first_raw(HISTORY, found_by, _judged(rule), reach.session)


def _judged(rule: Rule) -> dict[str, int]:
    return SENT if rule.everything else KEPT


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which versions of a resource are asked for."""

    before: int | None = None
    """Those with lower numbers."""
    since: datetime | None = None
    """Those written then or later."""
    at: Period | None = None
    """Those that were current at some point of it: written within, or current at its start."""

    def has(self, version: StoredVersion, at_start: int) -> bool:
        """`at_start` is the version that was current at the start of the period."""
        moment = version.last_updated
        if self.since is not None and moment < self.since:
            return False
        if self.at is None:
            return True
        return moment < self.at.end and (version.version >= at_start or moment >= self.at.start)

    def conditions(self, type_name: str, logical_id: str, at_start: int) -> dict[str, Any]:
        """The same for MongoDB, of what is superseded."""
        times: dict[str, datetime] = {} if self.since is None else {"$gte": self.since}
        if self.at is None:
            return {"t": times} if times else {}
        from_start = {"_id": {"$gte": superseded_id(type_name, logical_id, at_start)}}
        within = {"t": {"$gte": self.at.start}}
        return {"t": {**times, "$lt": self.at.end}, "$or": [from_start, within]}


async def history(
    reach: Reach, type_name: str, logical_id: str, *, count: int, wanted: Wanted
) -> HistoryPage:
    """A page of the versions that the caller may see."""
    rule = reach.rule(Interaction.READ, type_name)
    current = await reach.database.first_raw(
        type_name, {"_id": logical_id}, _judged(rule), reach.session
    )
    if current is None:
        raise not_found(type_name, logical_id)
    if rule.everything:
        return await _whole_history(reach, type_name, current, count, wanted)
    older = await _superseded_ones(reach, type_name, current)
    versions = _visible(rule, [*older, current])
    if not versions:
        raise not_found(type_name, logical_id)
    at_start = _current_at([*older, current], wanted.at)
    asked = [one for one in versions if wanted.has(one, at_start)]
    page = [one for one in asked if wanted.before is None or one.version < wanted.before]
    return _page(page[: count + 1], count, len(asked))


async def _whole_history(
    reach: Reach, type_name: str, current: RawBSONDocument, count: int, wanted: Wanted
) -> HistoryPage:
    """For those who see every version: MongoDB cuts, and counts where the page is not all."""
    logical_id, before = current["_id"], wanted.before
    latest = version_of(type_name, logical_id, current)
    at_start = await _found_at(reach, type_name, current, wanted.at)
    among = wanted.conditions(type_name, logical_id, at_start)
    below = latest.version if before is None else min(before, latest.version)
    documents = await reach.database.many(
        HISTORY,
        {"$and": [_older(type_name, logical_id, below), among]},
        SENT,
        reach.session,
        limit=count + 1,
        sort={"_id": -1},
    )
    versions = [version_of(type_name, logical_id, document) for document in documents]
    fresh = wanted.has(latest, at_start)
    if fresh and (before is None or latest.version < before):
        versions.insert(0, latest)
    if before is None and len(documents) <= count:
        return _page(versions, count, len(versions))
    older = {"$and": [_older(type_name, logical_id, latest.version), among]}
    counted = await reach.database.count(HISTORY, older, reach.session)
    return _page(versions, count, counted + fresh)


async def _found_at(
    reach: Reach, type_name: str, current: RawBSONDocument, at: Period | None
) -> int:
    """The version that was current at the start of the period, 0 if there was none yet."""
    if at is None or _current_at([current], at):
        return _current_at([current], at)
    conditions = {**_older(type_name, current["_id"], current["v"]), "t": {"$lte": at.start}}
    found = await reach.database.many(
        HISTORY, conditions, {"v": 1}, reach.session, limit=1, sort={"_id": -1}
    )
    return found[0]["v"] if found else 0


def _current_at(documents: Sequence[RawBSONDocument], at: Period | None) -> int:
    """The same, of these versions of one resource, the oldest first."""
    if at is None:
        return 0
    begun = [each["v"] for each in documents if each["t"].replace(tzinfo=UTC) <= at.start]
    return begun[-1] if begun else 0


async def _superseded_ones(
    reach: Reach, type_name: str, current: RawBSONDocument
) -> list[RawBSONDocument]:
    """All older versions of a resource, the oldest first."""
    conditions = _older(type_name, current["_id"], current["v"])
    return await reach.database.many_raw(HISTORY, conditions, KEPT, reach.session, sort={"_id": 1})


def _visible(rule: Rule, documents: Sequence[RawBSONDocument]) -> list[StoredVersion]:
    """Those versions of one resource that the rule shows, newest first."""
    logical_id = documents[-1]["_id"]
    visible: list[StoredVersion] = []
    shown = False
    for document in documents:
        if not document.get("x"):
            shown = rule.shows(document)
        if shown:
            visible.append(version_of(rule.type_name, logical_id, document))
    return visible[::-1]


def _older(type_name: str, logical_id: str, below: int) -> dict[str, Any]:
    return {
        "_id": {
            "$gte": superseded_id(type_name, logical_id, 0),
            "$lt": superseded_id(type_name, logical_id, min(below, _ALL)),
        }
    }


def _page(versions: list[StoredVersion], count: int, total: int) -> HistoryPage:
    page = versions[:count]
    more = len(versions) > count and bool(page)
    return HistoryPage(tuple(page), total, page[-1].version if more else None)


def gone(type_name: str, what: str, version: int) -> FhirError:
    """410, for those who could have seen what was deleted. R4 `http.html#read`: with an ETag "to
    allow version contention management when a resource is brought back to life"."""
    headers = {"etag": f'W/"{version}"'}
    return error(Category.GONE, f"{type_name}/{what} has been deleted.", headers=headers)
