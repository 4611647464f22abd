"""One populated authorization server for the session, over the real MongoDB."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from joserfc.jwk import ECKey, RSAKey
from pymongo import AsyncMongoClient

from tests.smart_auth.world import Launch, Launcher, World, open_world, populate


@pytest.fixture(scope="session")
def signing_keys() -> dict[str, RSAKey | ECKey]:
    return {
        "RS384": RSAKey.generate_key(2048, {"kid": "rsa-1"}),
        "ES384": ECKey.generate_key("P-384", {"kid": "ec-1"}),
    }


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(mongodb_uri: str, signing_keys: dict[str, RSAKey | ECKey]) -> AsyncIterator[World]:
    name = f"smart_{uuid4().hex[:8]}"
    world = await open_world(mongodb_uri, name)
    jwks: dict[str, Any] = {"keys": [key.as_dict(private=False) for key in signing_keys.values()]}
    await populate(world, jwks)
    yield world
    await world.server.stop()
    await world.storage.close()
    async with AsyncMongoClient[dict[str, object]](mongodb_uri) as client:
        await client.drop_database(name)


@pytest_asyncio.fixture(loop_scope="session")
async def browser(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with world.http() as http:
        yield http


@pytest.fixture
def launch(world: World, browser: httpx.AsyncClient) -> Launcher:
    """Begins a standalone launch of one of the world's clients in a browser of its own."""

    def begin(
        scope: str = "launch/patient patient/*.rs openid fhirUser offline_access",
        client: str = "public",
        **changes: str | None,
    ) -> Launch:
        return Launch(world, world.clients[client].id, scope, browser, changes=changes)

    return begin
