"""A store on the session's MongoDB, and callers with simple rights."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from fhir_server.access.context import Interaction
from fhir_server.outcome import Category, error
from fhir_server.search.expression import Expression
from fhir_server.store import Database, Limits, UnrestrictedStore
from tests.store.mixed import mixed

__all__ = ["mixed"]

CURSOR_KEY = b"k" * 32
BASE_URL = "http://localhost:8000/fhir"


@dataclass(frozen=True)
class Rights:
    """One policy for every interaction; types that are named have their own, None is no scope."""

    policy_for_all: Expression
    by_type: Mapping[str, Expression | None] = field(default_factory=dict)
    by_interaction: Mapping[Interaction, Expression | None] = field(default_factory=dict)
    caller: str = "test/nobody"

    def covers(self, interaction: Interaction, type_name: str) -> bool:
        found = self.by_interaction.get(interaction, self.policy_for_all)
        return self.by_type.get(type_name, found) is not None

    def policy(self, interaction: Interaction, type_name: str) -> Expression:
        found = self.by_interaction.get(interaction, self.policy_for_all)
        found = self.by_type.get(type_name, found)
        if found is None:
            raise error(Category.FORBIDDEN, f"no scope for {type_name}.{interaction.value}")
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(mongodb_uri: str, database_name: str) -> AsyncIterator[Database]:
    limits = Limits(included=50)
    async with await Database.connect(
        mongodb_uri, database_name, cursor_key=CURSOR_KEY, base_url=BASE_URL, limits=limits
    ) as connected:
        yield connected


@pytest.fixture(scope="module")
def store(database: Database) -> UnrestrictedStore:
    return UnrestrictedStore(database, "test")
