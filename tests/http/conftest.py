"""One running server for each module of tests, and a caller that reaches everything."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.serving import Caller, Served, serving


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(
    mongodb_uri: str, database_name: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    folder = tmp_path_factory.mktemp("server")
    async with serving(mongodb_uri, database_name, folder) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def system(served: Served) -> Caller:
    return await served.caller("system/*.cruds")
