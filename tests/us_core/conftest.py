"""One server with the demo record for all of US Core's tests; nobody changes it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient

import seed_bundles
from tests.serving import serving
from tests.us_core.record import Record, resources


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def record(
    mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Record]:
    database = f"us_core_{uuid4().hex[:8]}"
    async with serving(mongodb_uri, database, tmp_path_factory.mktemp("us-core")) as served:
        system = await served.caller("system/*.cruds")
        types: set[str] = set()
        for name, text in seed_bundles.bundles(datetime.now(UTC).date()):
            answer = await system.post("", text)
            assert answer.status_code == 200, f"{name}: {answer.text[:500]}"
            types |= {entry["resource"]["resourceType"] for entry in json.loads(text)["entry"]}
        held = {each: await resources(system, f"{each}?_count=500") for each in sorted(types)}
        yield Record(served, system, held)
    async with AsyncMongoClient[dict[str, object]](mongodb_uri) as client:
        await client.drop_database(database)
