"""The server as `make demo` prepares it: the demo record, people who may sign in, the demo app."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest
import pytest_asyncio

from fhir_server.cli.demo import prepare
from smart_auth.records import Client
from tests.databases import own_database
from tests.serving import Caller, Served, serving

READING = "launch/patient openid fhirUser offline_access patient/*.rs"


@dataclass
class Demo:
    """The running demo server and how to sign in there."""

    served: Served
    system: Caller

    @cached_property
    def passwords(self) -> dict[str, str]:
        file = self.served.settings.data_dir / "demo-logins.json"
        return json.loads(file.read_text("utf-8"))

    @property
    def root(self) -> str:
        return self.served.root

    @property
    def base(self) -> str:
        return self.served.base

    async def add_client(self, kind: str, **more: Any) -> tuple[Client, str]:
        """A client of this kind and its secret, "" where it has none."""
        name = f"A {kind} app"
        client, secret = await self.served.admin.add_client(name=name, kind=kind, **more)
        return client, secret or ""

    async def token_url(self) -> str:
        answer = await self.served.http.get(f"{self.base}/.well-known/smart-configuration")
        return answer.json()["token_endpoint"]

    async def resources(self, search: str) -> list[dict[str, Any]]:
        """What the record holds, seen with every right."""
        answer = await self.system.get(search)
        assert answer.status_code == 200, answer.text
        return [entry["resource"] for entry in answer.json().get("entry", [])]


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def demo(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    options = {"data_dir": folder, "organization_name": "Cedar Mesa Community Health"}
    async with (
        own_database(mongodb_uri, "demo") as name,
        serving(mongodb_uri, name, folder, **options) as served,
    ):
        await prepare(served.settings, mongodb_uri)
        yield Demo(served, await served.caller("system/*.cruds"))
