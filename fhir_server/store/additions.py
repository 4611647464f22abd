"""The search parameters that a store has beside the standard ones: one document, and its revisions.

Whoever works on the store keeps a `Catalogue` made from it. A new parameter is first pending:
writers index it, nobody searches by it. When every document has its keys it is active.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from fhir_server.search.catalogue import Catalogue
from fhir_server.store.codec import Document
from fhir_server.store.trouble import TRANSLATING
from resources.registry import SearchParameter

DOCUMENT_ID: Final = "search-parameters"
LEASE: Final = timedelta(seconds=10)
"""After so long without a sign of life, another may go on with the work."""


@dataclass(frozen=True, slots=True)
class Addition:
    """One of them."""

    parameter: SearchParameter
    source: str
    """`SearchParameter/id`, or the name of an implementation guide."""
    active: bool = False


@dataclass(frozen=True, slots=True)
class Additions:
    """All of them, and what is still to be indexed."""

    revision: int = 0
    parameters: tuple[Addition, ...] = ()
    waiting: tuple[str, ...] = ()
    """Types whose documents still have to be walked."""
    published: datetime | None = None
    """When writers were told of what is not active yet, or gone."""

    @property
    def unfinished(self) -> bool:
        """Whether something waits to be indexed, or to be searched by."""
        indexed = not self.waiting and self.published is None
        return not (indexed and all(each.active for each in self.parameters))

    def catalogue(self, base_url: str) -> Catalogue:
        """What can be searched by on a server with these."""
        return Catalogue(
            base_url,
            tuple(each.parameter for each in self.parameters),
            frozenset(each.parameter.url for each in self.parameters if not each.active),
        )

    def of(self, wanted: Iterable[Addition], stored: frozenset[str]) -> Additions:
        """With just the wanted ones. What is new is pending until the types that are stored have
        been walked, and so have those with keys of what is gone; in an empty store it is active."""
        known = {each.parameter: each for each in self.parameters}
        kept = tuple(
            replace(each, active=each.parameter in known and known[each.parameter].active)
            for each in wanted
        )
        now = {each.parameter for each in kept}
        changed = [each for each in known if each not in now] + [
            each for each in now if each not in known
        ]
        if not changed:
            return replace(self, parameters=kept)
        published = datetime.now(UTC)
        if not stored:
            kept = tuple(replace(each, active=True) for each in kept)
            return replace(self, parameters=kept, published=published)
        waiting = {base for each in changed for base in each.bases} & stored
        waiting.update(self.waiting)
        return replace(self, parameters=kept, waiting=tuple(sorted(waiting)), published=published)


class AdditionsDocument:
    """Where they are kept."""

    __slots__ = ("_store",)

    def __init__(self, store: AsyncCollection[Document]) -> None:
        self._store = store

    async def read(self) -> Additions:
        return await self.newer_than(-1) or Additions()

    async def newer_than(self, revision: int) -> Additions | None:
        """None where there is no other revision than this."""
        wanted = {"_id": DOCUMENT_ID, "revision": {"$ne": revision}}
        with TRANSLATING:
            found = await self._store.find_one(wanted)
        return None if found is None else _additions(found)

    async def write(self, before: Additions, after: Additions) -> bool:
        """False where somebody else wrote meanwhile."""
        values = _document(after)
        with TRANSLATING:
            if before.revision == 0:
                try:
                    await self._store.insert_one({"_id": DOCUMENT_ID, **values})
                except DuplicateKeyError:
                    return False
                return True
            done = await self._store.update_one(
                {"_id": DOCUMENT_ID, "revision": before.revision}, {"$set": values}
            )
        return bool(done.matched_count)

    async def take(self, owner: str) -> bool:
        """Whether the work is this one's now, for as long as `LEASE`."""
        now = datetime.now(UTC)
        free = [{"owner": owner}, {"lease": {"$lt": now}}, {"lease": None}]
        with TRANSLATING:
            done = await self._store.update_one(
                {"_id": DOCUMENT_ID, "$or": free}, {"$set": {"owner": owner, "lease": now + LEASE}}
            )
        return bool(done.matched_count)

    async def release(self, owner: str) -> None:
        with TRANSLATING:
            await self._store.update_one(
                {"_id": DOCUMENT_ID, "owner": owner}, {"$set": {"owner": None, "lease": None}}
            )

    async def abandoned(self) -> int | None:
        """The revision with something to be done that nobody is at."""
        free = [{"lease": {"$lt": datetime.now(UTC)}}, {"lease": None}]
        with TRANSLATING:
            found = await self._store.find_one({"_id": DOCUMENT_ID, "$or": free})
        return None if found is None or not _additions(found).unfinished else found["revision"]

    async def walked(self, revision: int, type_name: str) -> None:
        """No document of the type waits any more; unless there is a newer revision."""
        with TRANSLATING:
            await self._store.update_one(
                {"_id": DOCUMENT_ID, "revision": revision}, {"$pull": {"waiting": type_name}}
            )


def _additions(found: Document) -> Additions:
    listed: list[Document] = found["parameters"]
    return Additions(
        found["revision"],
        tuple(Addition(_parameter(each), each["source"], each["active"]) for each in listed),
        tuple(found["waiting"]),
        found["published"],
    )


def _parameter(said: Document) -> SearchParameter:
    return SearchParameter(
        name=said["code"],
        type=said["type"],
        url=said["url"],
        bases=tuple(said["bases"]),
        expression=said["expression"],
        targets=tuple(said["targets"]),
        components=tuple((part["url"], part["expression"]) for part in said["components"]),
        multiple_or=said["multiple_or"],
    )


def _document(additions: Additions) -> dict[str, Any]:
    return {
        "revision": additions.revision,
        "parameters": [_said(each) for each in additions.parameters],
        "waiting": list(additions.waiting),
        "published": additions.published,
    }


def _said(addition: Addition) -> Document:
    parameter = addition.parameter
    components: Sequence[tuple[str, str]] = parameter.components
    return {
        "url": parameter.url,
        "code": parameter.name,
        "type": parameter.type,
        "bases": list(parameter.bases),
        "expression": parameter.expression,
        "targets": list(parameter.targets),
        "components": [{"url": url, "expression": part} for url, part in components],
        "multiple_or": parameter.multiple_or,
        "source": addition.source,
        "active": addition.active,
    }
