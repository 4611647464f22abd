"""`FhirStore`: the only door to the data, for one caller."""

from __future__ import annotations

from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Hashable,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any, Final, TypeVar

from pymongo.asynchronous.client_session import AsyncClientSession

from fhir_server.access.context import AccessContext, Interaction
from fhir_server.access.system import SystemAccess
from fhir_server.outcome import Category, error
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import Expression
from fhir_server.search.history import HistoryQuery, Period
from fhir_server.search.mixed import MixedQuery
from fhir_server.search.query import SearchQuery
from fhir_server.store import (
    contents,
    latest,
    mixing,
    reading,
    searching,
    timeline,
    transactions,
    writing,
)
from fhir_server.store.database import Database, Integrity
from fhir_server.store.explaining import Account, account, is_open
from fhir_server.store.integrity import Ledger, settle
from fhir_server.store.jobs import Jobs
from fhir_server.store.joining import without_joins
from fhir_server.store.lateness import keep_findable
from fhir_server.store.marks import Parcel
from fhir_server.store.paging import SearchPage
from fhir_server.store.preconditions import ALWAYS, Precondition
from fhir_server.store.publishing import Reindexing
from fhir_server.store.reach import Reach
from fhir_server.store.supporting import with_support
from fhir_server.store.versions import HistoryPage, StoredVersion, TimelinePage, Written
from fhir_server.store.writing import Change, New, Removal
from resources.fhir_json import Resource

T = TypeVar("T")

_MOST_QUEUES: Final = 64
"""A transaction about more than these is left to chance."""


class FhirStore:
    """The resources as this caller may see and change them.

    Writers hand in a validated resource; the store sets `id`, `meta.versionId` and
    `meta.lastUpdated`. Everything raises `FhirError` and nothing else that a caller could act on.
    """

    __slots__ = ("_ledger", "_reach")

    def __init__(
        self,
        database: Database,
        access: AccessContext,
        session: AsyncClientSession | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        self._reach = Reach(database, access, session)
        self._ledger = ledger
        """Inside a transaction that keeps integrity: what has to be judged before its end."""

    @property
    def _keeps_integrity(self) -> bool:
        return self._reach.database.integrity is not Integrity.OFF

    @property
    def access(self) -> AccessContext:
        """The rights that this store keeps to."""
        return self._reach.access

    @property
    def catalogue(self) -> Catalogue:
        """What can be searched by here."""
        return self._reach.database.catalogue

    @property
    def jobs(self) -> Jobs:
        """What is done in the background for this caller."""
        return Jobs(self._reach.database, self._reach.access.caller)

    def require(self, interaction: Interaction, type_name: str) -> None:
        """Raises FORBIDDEN where the caller has no scope for it, whatever there is to be found."""
        self._reach.rule(interaction, type_name)

    @property
    def reindexing(self) -> Reindexing:
        """For a system that may create and update every SearchParameter: what can be searched by
        is decided for everybody. Raises FORBIDDEN for others."""
        rules = [
            self._reach.rule(each, "SearchParameter")
            for each in (Interaction.CREATE, Interaction.UPDATE)
        ]
        if not (self._reach.access.acts_for_a_system and all(each.everything for each in rules)):
            needed = "a token of a system, with a scope such as system/SearchParameter.cu"
            text = f"What can be searched by is decided for everybody; that needs {needed}."
            raise error(Category.FORBIDDEN, text)
        return Reindexing(self._reach.database)

    # Reading

    async def read(self, type_name: str, logical_id: str) -> StoredVersion:
        """The current version. Raises NOT_FOUND, or GONE to those who could see the last one."""
        return await reading.read(self._reach, type_name, logical_id)

    async def vread(self, type_name: str, logical_id: str, version_id: str) -> StoredVersion:
        """One version, judged by its own content. Raises NOT_FOUND, GONE for a deletion."""
        return await reading.vread(self._reach, type_name, logical_id, version_id)

    async def history(
        self,
        type_name: str,
        logical_id: str,
        *,
        count: int,
        before: int | None = None,
        since: datetime | None = None,
        at: Period | None = None,
    ) -> HistoryPage:
        """Versions below `before`, not older than `since` and current at some point of `at`,
        newest first. Raises NOT_FOUND."""
        wanted = reading.Wanted(before, since, at)
        return await reading.history(self._reach, type_name, logical_id, count=count, wanted=wanted)

    async def timeline(self, query: HistoryQuery, *, cursor: str | None = None) -> TimelinePage:
        """A page of the history of some types, or of all that the caller may search. Raises
        FORBIDDEN for a type that is named without a scope for it, or without any scope."""
        return await timeline.timeline(self._reach, query, cursor)

    async def search(self, query: SearchQuery, *, cursor: str | None = None) -> SearchPage:
        """One page of a search, of one instant. Raises TOO_COSTLY beyond its limits."""

        async def steps(reach: Reach) -> SearchPage:
            inside = await searching.within_compartment(reach, query)
            return await searching.search(reach, await without_joins(reach, inside), cursor)

        return await self._reach.at_one_instant(steps)

    async def newest_by_code(
        self, query: SearchQuery, wanted: int, most: int, *, one_code: bool
    ) -> SearchPage:
        """Of the matches so many of each code, all newest first, and what ties with the last of
        them; `most` at most. All that matches may be known to be of one code. Raises TOO_COSTLY."""
        of = latest.of_one_code if one_code else latest.of_each_code

        async def steps(reach: Reach) -> SearchPage:
            return await of(reach, await without_joins(reach, query), wanted, most)

        return await self._reach.at_one_instant(steps)

    async def search_mixed(self, query: MixedQuery, *, cursor: str | None = None) -> SearchPage:
        """One page of a search of several types, of one instant. Raises as `search`."""
        return await self._reach.at_one_instant(lambda reach: mixing.search(reach, query, cursor))

    async def record(
        self, query: MixedQuery, support: Mapping[str, Expression], *, cursor: str | None = None
    ) -> SearchPage:
        """The same with what the matches refer to, of these types and where this holds of it."""
        return await with_support(self._reach, query, support, cursor)

    async def find(
        self, type_name: str, criteria: Expression, limit: int = 2
    ) -> list[StoredVersion]:
        """Some current resources that meet the criteria, within the reach of a search."""

        async def steps(reach: Reach) -> list[StoredVersion]:
            joined = await without_joins(reach, SearchQuery(type_name, criteria))
            return await searching.find(reach, type_name, joined.where, limit)

        return await self._reach.at_one_instant(steps)

    async def explain(self, query: SearchQuery) -> dict[str, Any]:
        """MongoDB's account (`executionStats`) of how it finds the first page."""
        query = await self._reach.at_one_instant(lambda reach: without_joins(reach, query))
        return await searching.explain(self._reach, query)

    async def account(self, query: SearchQuery) -> Account | None:
        """What the first page costs; None where the caller may not be told.

        Raises FORBIDDEN where the search would.
        """
        if not is_open(self._reach, query):
            return None
        return await account(self._reach, query)

    # Writing

    async def set_aside(self, parcels: Iterable[Parcel]) -> None:
        """Puts large contents where the marks in resources that are about to be written lead.
        What no version refers to an hour later is swept."""
        await contents.put(self._reach.database, parcels)

    async def create(
        self,
        type_name: str,
        resource: Resource,
        *,
        logical_id: str | None = None,
        method: str = "POST",
    ) -> StoredVersion:
        """Version 1 under an id of the server's, or under this one. Raises CONFLICT where it is
        taken, FORBIDDEN where the resource would be out of reach."""
        new = New(type_name, resource, logical_id, method)
        if self._reach.session is not None or self._keeps_integrity:
            return (await self._create([new]))[0]
        database = self._reach.database
        await database.keep_up()
        catalogue = database.catalogue
        (made,) = await writing.create(self._reach, [new])
        await keep_findable(database, catalogue, made.last_updated)
        return made

    async def create_many(
        self, items: Sequence[tuple[str, str | None, Resource]]
    ) -> list[StoredVersion]:
        """All of (type, id, resource) or none, with one insert for each type."""
        news = [New(type_name, resource, logical_id) for type_name, logical_id, resource in items]
        return await self._create(news)

    async def _create(self, news: Sequence[New]) -> list[StoredVersion]:
        async def work(store: FhirStore) -> list[StoredVersion]:
            created = await writing.create(store._reach, news)
            store._wrote(news, created)
            return created

        return await self.run_transaction(work, types={new.type_name for new in news})

    def _wrote(self, given: Sequence[New | Change], stored: Iterable[StoredVersion]) -> None:
        if self._ledger is not None:
            for one, version in zip(given, stored, strict=True):
                self._ledger.written[version.type_name, version.logical_id] = one.resource

    async def update(
        self,
        type_name: str,
        logical_id: str,
        resource: Resource,
        *,
        condition: Precondition = ALWAYS,
        skip_unchanged: bool = False,
        method: str = "PUT",
    ) -> Written:
        """The next version, or the first one for callers who may create and update the whole type.

        With `skip_unchanged`, what is there already to the last digit makes no version. Raises
        NOT_FOUND, PRECONDITION, FORBIDDEN (the new content would be out of reach), CONFLICT.
        """
        change = Change(type_name, logical_id, resource, condition, method)
        if self._reach.session is not None:
            return (await self.update_many([change], skip_unchanged=skip_unchanged))[0]
        async with self._reach.database.serial((type_name, logical_id)):
            return (await self.update_many([change], skip_unchanged=skip_unchanged))[0]

    async def update_many(
        self, changes: Sequence[Change], *, skip_unchanged: bool = False
    ) -> list[Written]:
        """The same for many at once, all or none, with a few round trips for each type."""

        async def work(store: FhirStore) -> list[Written]:
            results = await writing.update(store._reach, changes, skip_unchanged=skip_unchanged)
            store._wrote(changes, (result.stored for result in results))
            return results

        return await self.run_transaction(work, types={one.type_name for one in changes})

    async def delete(
        self, type_name: str, logical_id: str, *, condition: Precondition = ALWAYS
    ) -> StoredVersion | None:
        """The delete marker; None where the resource was deleted before. Raises NOT_FOUND,
        PRECONDITION, CONFLICT."""

        removals = [Removal(type_name, logical_id, condition)]
        if self._reach.session is not None:
            return (await self.delete_many(removals))[0]
        async with self._reach.database.serial((type_name, logical_id)):
            return (await self.delete_many(removals))[0]

    async def delete_many(self, removals: Sequence[Removal]) -> list[StoredVersion | None]:
        """The same for many at once, all or none, with a few round trips for each type."""

        async def work(store: FhirStore) -> list[StoredVersion | None]:
            markers = await writing.delete(store._reach, removals)
            if store._ledger is not None:
                deleted = (one for one in markers if one is not None)
                store._ledger.deleted.update((one.type_name, one.logical_id) for one in deleted)
            return markers

        return await self.run_transaction(work)

    # All or nothing

    async def run_transaction(
        self,
        work: Callable[[FhirStore], Awaitable[T]],
        *,
        types: Iterable[str] = (),
        queue: Collection[Hashable] = (),
    ) -> T:
        """What `work` comes to on a store whose changes are all made, or none.

        It may be run several times, so it must touch nothing but that store. `types` are those
        that it writes; one not named costs another run. `queue` names what only one at a time can
        be about, so that others of this process wait for their turn rather than try in vain.
        Within a transaction it joins that one.
        """
        if self._reach.session is not None:
            return await work(self)
        database = self._reach.database
        for type_name in types:
            await database.prepare(type_name)

        async def attempt(session: AsyncClientSession) -> T:
            ledger = Ledger() if self._keeps_integrity else None
            store = FhirStore(database, self._reach.access, session, ledger)
            result = await work(store)
            await store.settle()
            return result

        async with AsyncExitStack() as turns:
            for key in sorted(queue, key=repr) if len(queue) <= _MOST_QUEUES else ():
                await turns.enter_async_context(database.serial(key))
            return await transactions.run_transaction(database, attempt)

    async def settle(self) -> None:
        """Inside a transaction: whether what was written and deleted so far keeps integrity, which
        its end asks anyway. Raises `DanglingReferences`, CONFLICT."""
        if self._ledger is not None:
            await settle(self._reach, self._ledger)

    async def lock(self, keys: Iterable[str]) -> None:
        """Inside a transaction: nobody else who locks one of these keys commits meanwhile.

        For whatever a decision reads, which MongoDB's snapshots do not guard (write skew).
        """
        if self._reach.session is None:
            raise RuntimeError("a lock lasts until the end of a transaction, and there is none")
        await transactions.lock(self._reach.database, self._reach.session, keys)

    async def hold(self, identities: Iterable[tuple[str, str]]) -> None:
        """Inside a transaction: nobody changes these resources until its end, or one of the two is
        run again. For what a decision or an answer rests on, and what is not written itself."""
        if self._reach.session is None:
            raise RuntimeError("what is held is held until the end of a transaction")
        by_type: dict[str, list[str]] = {}
        for type_name, logical_id in sorted(identities):
            by_type.setdefault(type_name, []).append(logical_id)
        for type_name, ids in by_type.items():
            await transactions.hold(self._reach.database, self._reach.session, type_name, ids)

    async def next_versions(self, type_name: str, ids: Sequence[str]) -> dict[str, int]:
        """Inside a transaction: the version that an update of each makes, as far as there is one to
        be updated; 1 is that of the others."""
        return await writing.next_versions(self._reach, type_name, ids)


class UnrestrictedStore(FhirStore):
    """Everything, for seeding and jobs: asked for by name and with a reason. No request gets it.

    What is loaded in parts refers to what is yet to come, so that integrity is not asked of it.
    """

    __slots__ = ()

    @property
    def _keeps_integrity(self) -> bool:
        return False

    def __init__(self, database: Database, reason: str) -> None:
        super().__init__(database, SystemAccess(reason))
