"""The real application on a real port, in the loop of the tests, and tokens to call it with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from fhir_server.app import create_app
from fhir_server.opening import auth_config
from fhir_server.settings import Settings
from smart_auth.administration import Administration
from smart_auth.storage import MongoStorage
from tests.ports import free_port


class InLoop(uvicorn.Server):
    """In the loop of the tests, whose signals are not its own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class Served:
    """A running server and what a test needs to speak to it."""

    settings: Settings
    mongodb_uri: str
    http: httpx.AsyncClient
    admin: Administration

    @property
    def root(self) -> str:
        return self.settings.public_url

    @property
    def base(self) -> str:
        return self.settings.fhir_base

    async def token(self, scope: str, patient: str | None = None, **more: Any) -> str:
        return await self.admin.mint_token(scope=scope, patient=patient, **more)

    async def caller(self, scope: str, patient: str | None = None, **more: Any) -> Caller:
        return Caller(self, await self.token(scope, patient, **more))


@dataclass
class Caller:
    """Somebody with one access token, who asks for FHIR: a Binary comes as a resource."""

    served: Served
    token: str

    async def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        fhir = {"accept": "application/fhir+json"}
        sent = {"authorization": f"Bearer {self.token}", **fhir, **(headers or {})}
        if body is not None:
            sent.setdefault("content-type", "application/fhir+json")
            more["content" if isinstance(body, bytes | str) else "json"] = body
        url = path if path.startswith("http") else f"{self.served.base}/{path}".rstrip("/")
        return await self.served.http.request(method, url, headers=sent, **more)

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self("GET", path, **more)

    async def post(self, path: str, body: Any, **more: Any) -> httpx.Response:
        return await self("POST", path, body, **more)

    async def put(self, path: str, body: Any, **more: Any) -> httpx.Response:
        return await self("PUT", path, body, **more)


@asynccontextmanager
async def serving(
    mongodb_uri: str, database: str, folder: Path, **options: Any
) -> AsyncIterator[Served]:
    """The application on a free loopback port until the block ends."""
    chosen = Settings(
        port=free_port(),
        mongodb_uri=mongodb_uri,
        database=database,
        master_key_file=folder / "master.key",
        metrics_port=0,
        **options,
    )
    config = uvicorn.Config(
        create_app(chosen, mongodb_uri),
        host=chosen.host,
        port=chosen.port,
        lifespan="on",
        access_log=False,
        log_config=None,
    )
    server = InLoop(config)
    running = asyncio.create_task(server.serve())
    try:
        while not server.started:
            if running.done():
                running.result()
                raise RuntimeError("the server stopped while it started")
            await asyncio.sleep(0.01)
        storage = MongoStorage.connect(mongodb_uri, database)
        admin = Administration(auth_config(chosen), storage)
        try:
            async with httpx.AsyncClient(timeout=30) as http:
                yield Served(chosen, mongodb_uri, http, admin)
        finally:
            await storage.close()
    finally:
        server.should_exit = True
        await running


def assert_outcome(response: httpx.Response, status: int, code: str | None = None) -> Any:
    """The answer is this refusal, as FHIR has refusals; its first issue."""
    assert response.status_code == status, response.text[:500]
    outcome = response.json()
    assert outcome["resourceType"] == "OperationOutcome"
    issue = outcome["issue"][0]
    assert issue["severity"] in ("error", "fatal")
    assert issue["diagnostics"]
    assert code is None or issue["code"] == code
    assert "Traceback" not in response.text
    return issue
