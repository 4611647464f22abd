"""Which search parameters a store should have, and indexing what is stored by them.

R4 `searchparameter.html`: an active SearchParameter resource is one; so are those of an
implementation guide that was installed. A parameter is published first, so that everybody's writes
have its keys; then the documents of its types are walked; then it is searched by.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Final, cast
from uuid import uuid4

from fhir_server.access.system import SystemAccess
from fhir_server.outcome import FhirError
from fhir_server.search.additional import is_active, read_parameter
from fhir_server.search.types import token
from fhir_server.store.additions import Addition, Additions
from fhir_server.store.database import Database
from fhir_server.store.reach import Reach
from fhir_server.store.reindexing import Progress, walk
from fhir_server.store.searching import find
from resources import fhir_json
from resources.fhir_json import Resource
from resources.registry import REGISTRY, SearchParameter, packed_parameters

GUIDES: Final = ("us-core",)
"""Whose parameters are packaged."""
MOST: Final = 1000
"""Parameters that a store may have beside the standard ones."""
_ACTIVE: Final = token.match("status", None, "active")
_SKEW: Final = timedelta(minutes=1)
"""By which the clocks of servers may differ."""
_BEAT: Final = 2.0
"""Seconds between signs of life."""
_GLANCE: Final = 1.0

Report = Callable[[str], Awaitable[None]]


async def install(database: Database, guide: str) -> None:
    """Have the parameters of a guide beside what there is; the store remembers."""

    def wanted(known: Additions) -> list[Addition]:
        others = [each for each in known.parameters if each.source != guide]
        return [*(Addition(each, guide) for each in packed_parameters(guide)), *others]

    await _publish(database, wanted)


async def refresh(database: Database, types: Iterable[str] = ()) -> dict[str, str]:
    """Have what the SearchParameter resources say now, and walk these types too; where nothing
    changed and none is named, all of them.

    Answers with what cannot become a parameter, and why.
    """
    resources = await _definitions(database)
    refused: dict[str, str] = {}

    def wanted(known: Additions) -> list[Addition]:
        refused.clear()
        guides = [each for each in known.parameters if each.source in GUIDES]
        return [*guides, *_readable(resources, guides, refused)]

    await _publish(database, wanted, frozenset(types), idle_walks_all=True)
    return refused


async def _definitions(database: Database) -> list[tuple[str, Resource]]:
    """The active SearchParameter resources with their addresses."""
    access = SystemAccess("search parameters are read from their definitions")
    found = await find(Reach(database, access), "SearchParameter", _ACTIVE, MOST)
    read = [
        (f"SearchParameter/{one.logical_id}", cast(Resource, fhir_json.parse(one.json)))
        for one in found
    ]
    # Composites come last, so that their components are known.
    return sorted(
        ((source, each) for source, each in read if is_active(each)),
        key=lambda pair: (pair[1]["type"] == "composite", pair[0]),
    )


def _readable(
    resources: Iterable[tuple[str, Resource]], guides: list[Addition], refused: dict[str, str]
) -> list[Addition]:
    """Those that can become parameters. A copy of what is known already adds nothing."""
    known: dict[str, SearchParameter] = {
        **REGISTRY.search_parameters,
        **{each.parameter.url: each.parameter for each in guides},
    }
    taken = {(base, each.parameter.name) for each in guides for base in each.parameter.bases}
    found: list[Addition] = []
    for source, resource in resources:
        if resource["url"] in known:
            continue
        try:
            parameter = read_parameter(resource, known)
        except FhirError as problem:
            refused[source] = str(problem)
            continue
        names = {(base, parameter.name) for base in parameter.bases}
        if names & taken:
            refused[source] = f"Another one has the code {parameter.name} on its types."
            continue
        known[parameter.url] = parameter
        taken |= names
        found.append(Addition(parameter, source))
    return found


async def _publish(
    database: Database,
    wanted: Callable[[Additions], list[Addition]],
    types: frozenset[str] = frozenset(),
    *,
    idle_walks_all: bool = False,
) -> None:
    document = database.additions
    while True:
        before = await document.read()
        stored = await _with_documents(database)
        after = before.of(wanted(before), stored)
        if idle_walks_all and not types and after == before and not before.unfinished:
            types = stored
        waiting = tuple(sorted({*after.waiting, *(types & stored)}))
        after = replace(after, waiting=waiting)
        if after == before or await document.write(before, _numbered(before, after)):
            await database.hear()
            return


def _numbered(before: Additions, after: Additions) -> Additions:
    """Whatever changes is another revision."""
    return replace(after, revision=before.revision + 1)


async def _with_documents(database: Database) -> frozenset[str]:
    types = await database.stored_types()
    found = [await database.first(each, {}, {"_id": 1}, None) for each in types]
    return frozenset(each for each, one in zip(types, found, strict=True) if one is not None)


async def finish(
    database: Database,
    report: Report | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> int:
    """Walk what waits and make everything active; the number of documents that were not up to
    date. What was interrupted goes on with the type where it stopped. Where another is at it,
    this waits for its end, or takes its place when it gives no sign of life."""
    work = _Work(database, report, progress)
    changed = 0
    while (known := await database.additions.read()).unfinished:
        if await database.additions.take(work.owner):
            try:
                changed += await work.of(known)
            finally:
                await asyncio.shield(database.additions.release(work.owner))
        else:
            await work.tell("another server is at it")
            await asyncio.sleep(_GLANCE)
    await database.hear()
    return changed


@dataclass(frozen=True, slots=True)
class Reindexing:
    """The same at one database, for whoever may decide what is searched by."""

    database: Database

    async def refresh(self, types: Iterable[str]) -> dict[str, str]:
        return await refresh(self.database, types)

    async def finish(self, report: Report) -> int:
        return await finish(self.database, report)


class _Work:
    """Walking what waits, with signs of life."""

    def __init__(
        self,
        database: Database,
        report: Report | None,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self.database, self.owner = database, uuid4().hex
        self.report, self.progress = report, progress
        self.beaten = float("-inf")

    async def of(self, known: Additions) -> int:
        """All that one revision wants."""
        if known.published is not None:
            await self.tell("waiting until every server knows")
            await asyncio.sleep(self.database.limits.settling_seconds)
        await self.database.hear()
        changed = 0
        for type_name in known.waiting:
            changed += await self._type(type_name, known)
            await self.database.additions.walked(known.revision, type_name)
        for type_name in await self._begun(known):
            changed += await self._walk(type_name, known.published)
        parameters = tuple(replace(each, active=True) for each in known.parameters)
        done = replace(known, parameters=parameters, waiting=(), published=None)
        await self.database.additions.write(known, _numbered(known, done))
        return changed

    async def _type(self, type_name: str, known: Additions) -> int:
        """Everything; then what was written while not everybody knew, once more."""
        await self.database.prepare(type_name)
        changed = await self._walk(type_name, None)
        return changed + (await self._walk(type_name, known.published) if known.published else 0)

    async def _begun(self, known: Additions) -> list[str]:
        """Types that had no document at the publication: somebody who did not know yet may have
        written the first one since."""
        if known.published is None:
            return []
        bases = {base for each in known.parameters for base in each.parameter.bases}
        bases.difference_update(known.waiting)
        return sorted(bases.intersection(await self.database.stored_types()))

    async def _walk(self, type_name: str, since: datetime | None) -> int:
        changed = 0
        start = None if since is None else since - _SKEW
        async for at in walk(self.database, type_name, type_name, since=start):
            changed += at.changed
            if self.progress is not None:
                self.progress(at)
            await self._beat(f"{type_name}: {at.done} of {at.total}")
        return changed

    async def _beat(self, told: str) -> None:
        if monotonic() - self.beaten < _BEAT:
            return
        self.beaten = monotonic()
        await self.database.additions.take(self.owner)
        await self.tell(told)

    async def tell(self, told: str) -> None:
        """Whoever asked for it."""
        if self.report is not None:
            await self.report(told)
