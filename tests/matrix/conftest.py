"""One running server with two patients' woven data, for all tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.databases import own_database
from tests.matrix.world import World, weave
from tests.serving import Served, serving


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def served(
    mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    folder = tmp_path_factory.mktemp("matrix")
    async with (
        own_database(mongodb_uri, "matrix") as database,
        serving(mongodb_uri, database, folder) as running,
    ):
        yield running


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def world(served: Served) -> World:
    return await weave(served)
