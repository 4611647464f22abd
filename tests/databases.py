"""Databases of a test's own on the session's MongoDB."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from pymongo import AsyncMongoClient


@asynccontextmanager
async def own_database(mongodb_uri: str, purpose: str) -> AsyncIterator[str]:
    """The name of one that nobody else uses, dropped afterwards."""
    name = f"{purpose}_{uuid4().hex[:8]}"
    try:
        yield name
    finally:
        async with AsyncMongoClient[dict[str, object]](mongodb_uri) as client:
            await client.drop_database(name)
