"""One running server for the tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient

from tests.serving import Caller, Served, serving


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def served(
    mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    database = f"operations_{uuid4().hex[:8]}"
    async with serving(mongodb_uri, database, tmp_path_factory.mktemp("operations")) as running:
        yield running
    async with AsyncMongoClient[dict[str, object]](mongodb_uri) as client:
        await client.drop_database(database)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def system(served: Served) -> Caller:
    return await served.caller("system/*.cruds")
