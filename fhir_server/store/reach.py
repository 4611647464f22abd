"""What one caller reaches: the only place where a wish and a policy become a filter for MongoDB.

Every filter over current resources is the caller's wish AND the policy for that interaction and
type (`Rule.among`, `Reach.plan`). Versions are fetched by their `_id` alone, and nothing leaves
before `Rule.shows` has judged it by its own content.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from bson.raw_bson import RawBSONDocument
from pymongo.asynchronous.client_session import AsyncClientSession

from fhir_server.access.context import AccessContext, Interaction
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.cursor import Position
from fhir_server.search.expression import Everything, Expression, IndexEntry
from fhir_server.search.filters import mongo_filter
from fhir_server.search.matching import matches
from fhir_server.search.plan import MongoPlan, plan
from fhir_server.search.query import SearchQuery
from fhir_server.store.codec import restore_raw
from fhir_server.store.database import Database
from fhir_server.store.document import entry_of
from fhir_server.store.queries import View
from fhir_server.store.snapshot import Snapshot, at_one_instant

Filter = dict[str, Any]
T = TypeVar("T")

_DELETED = {"x": True}


@dataclass(frozen=True, slots=True)
class Rule:
    """The policy of one interaction on one type, decided for this caller."""

    interaction: Interaction
    type_name: str
    policy: Expression
    catalogue: Catalogue

    @property
    def everything(self) -> bool:
        """Whether the caller reaches every resource of the type."""
        return isinstance(self.policy, Everything)

    def among(self, ids: list[str]) -> Filter:
        """These of the caller's reach. A delete marker says too little to be judged by MongoDB,
        so it comes along and `reading.saw` decides on it."""
        wanted: Filter = {"_id": ids[0] if len(ids) == 1 else {"$in": ids}}
        if not self.everything:
            wanted["$or"] = [_DELETED, mongo_filter(self.policy)]
        return wanted

    def allows(self, entry: IndexEntry) -> bool:
        """Whether a resource with this entry is within reach."""
        return matches(self.policy, entry)

    def shows(self, document: RawBSONDocument) -> bool:
        """The same for one stored version, by what that version itself says."""
        return self.everything or self.allows(entry_of(self.catalogue, restore_raw(document)))


@dataclass(frozen=True, slots=True)
class Reach:
    """A caller at the database, perhaps inside a transaction."""

    database: Database
    access: AccessContext
    session: AsyncClientSession | None = None
    snapshot: Snapshot | None = None
    """Outside transactions: the instant that the steps of one search have in common."""

    @property
    def view(self) -> View:
        """Where the steps of a search read."""
        return self.snapshot if self.session is None else self.session

    async def at_one_instant(self, work: Callable[[Reach], Awaitable[T]]) -> T:
        """What `work` comes to on a reach all whose searches see the same."""
        if self.view is not None:
            return await work(self)
        return await at_one_instant(lambda one: work(replace(self, snapshot=one)))

    def rule(self, interaction: Interaction, type_name: str) -> Rule:
        """Raises `FhirError` FORBIDDEN where the caller has no scope for it."""
        policy: Expression | None = self.access.policy(interaction, type_name)
        if policy is None:  # pyright: ignore[reportUnnecessaryComparison]  the type may lie
            raise TypeError(f"no policy for {interaction.name} on {type_name}")
        return Rule(interaction, type_name, policy, self.database.catalogue)

    def plan(
        self,
        query: SearchQuery,
        after: Position | None = None,
        interaction: Interaction = Interaction.SEARCH,
    ) -> MongoPlan:
        """One page of a search, of what the caller may find or, by INCLUDE, follow a link to."""
        return plan(query, self.rule(interaction, query.type_name).policy, after)
