"""One running server with two patients' woven data, for all tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient

from tests.matrix.world import World, weave
from tests.serving import Served, serving


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def served(
    mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    database = f"matrix_{uuid4().hex[:8]}"
    async with serving(mongodb_uri, database, tmp_path_factory.mktemp("matrix")) as running:
        yield running
    async with AsyncMongoClient[dict[str, object]](mongodb_uri) as client:
        await client.drop_database(database)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def world(served: Served) -> World:
    return await weave(served)
