"""Every address of the application: FHIR's need a token, and all others are listed here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio
from starlette.routing import BaseRoute, Mount, Route

from fhir_server.app import create_app
from fhir_server.interactions.table import TABLE
from fhir_server.settings import Settings
from tests.databases import own_database
from tests.matrix.world import World
from tests.matrix.woven import A

PUBLIC = {
    "/",
    "/app",
    "/app/config.json",
    "/.well-known/openid-configuration",
    "/auth/authorize",
    "/auth/consent",
    "/auth/introspect",
    "/auth/jwks",
    "/auth/revoke",
    "/auth/sign-in",
    "/auth/style.css",
    "/auth/token",
    "/docs",
    "/docs/style.css",
    "/fhir/.well-known/smart-configuration",
    "/fhir/metadata",
    "/healthz",
    "/openapi.json",
    "/readyz",
}
"""What anybody may ask for. The pages of the authorization server guard themselves."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def routes(
    mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[list[BaseRoute]]:
    """The routes of the real application, once it has started."""
    folder: Path = tmp_path_factory.mktemp("routes")
    async with own_database(mongodb_uri, "routes") as database:
        options: dict[str, Any] = {
            "port": 8000,
            "mongodb_uri": mongodb_uri,
            "database": database,
            "master_key_file": folder / "master.key",
            "metrics_port": 0,
        }
        inner = cast(Any, create_app(Settings(**options), mongodb_uri))._app
        async with inner.router.lifespan_context(inner):
            yield list(inner.router.routes)


def test_every_route_is_known(routes: list[BaseRoute]) -> None:
    """A new route has to be given a row: in the interaction table, or in the list above."""
    assert all(isinstance(route, Route | Mount) for route in routes)
    paths = {route.path_format for route in routes if isinstance(route, Route)}
    paths |= {route.path for route in routes if isinstance(route, Mount)}
    interactions = {f"/fhir{row.path}" for row in TABLE}
    assert interactions <= paths
    assert paths - interactions - {"/fhir/", "/fhir/{rest}", "/app/"} == PUBLIC


METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH")
EXAMPLE = {"{type}": "Patient", "{id}": A, "{version}": "1"}


@pytest.mark.parametrize(
    "path", sorted({row.path for row in TABLE} | {"/"}), ids=lambda p: p or "."
)
async def test_t1_no_interaction_without_a_token(world: World, path: str) -> None:
    for name, value in EXAMPLE.items():
        path = path.replace(name, value)
    for header in (None, "Bearer", "Bearer x.y.z", "Basic YTpi", f"Bearer {world.a.token}x"):
        for method in METHODS:
            sent = {} if header is None else {"authorization": header}
            query = {"access_token": world.a.token}
            for more in ({}, query):
                answer = await world.served.http.request(
                    method, f"{world.base}{path}", headers=sent, params=more
                )
                assert answer.status_code == 401, f"{method} {path}: {answer.text[:200]}"
                assert "AAA-" not in answer.text
                world.clean(answer)


@pytest.mark.parametrize("path", sorted(PUBLIC))
async def test_public_addresses_tell_nothing_of_anybody(world: World, path: str) -> None:
    for headers in ({}, {"authorization": f"Bearer {world.b.token}"}):
        answer = await world.served.http.get(f"{world.served.root}{path}", headers=headers)
        assert answer.status_code < 500 or path == "/app"
        text = answer.text + str(answer.headers)
        assert not any(mark in text for mark in ("AAA-", "BBB-", "aaa-", "bbb-"))
