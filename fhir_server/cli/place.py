"""From the settings to a MongoDB that can be used, for the length of a block."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

from fhir_server.mongodb.embedded import embedded_mongodb
from fhir_server.settings import Settings


@contextmanager
def store_uri(settings: Settings) -> Generator[str]:
    """The URI of the operator's MongoDB, or of the embedded one: the running or a new one."""
    if settings.mongodb_uri is None:
        with embedded_mongodb(
            settings.data_dir, mongod=settings.mongod_path, cache_gb=settings.mongod_cache_gb
        ) as uri:
            yield uri
    else:
        # PyMongo takes 0.2 s to import, which the embedded way leaves to another process.
        from fhir_server.mongodb.external import require_replica_set

        uri = settings.mongodb_uri.get_secret_value()
        require_replica_set(uri)
        yield uri


@asynccontextmanager
async def open_store_uri(settings: Settings) -> AsyncGenerator[str]:
    """The same for asynchronous commands."""
    place = store_uri(settings)
    uri = await asyncio.to_thread(place.__enter__)
    try:
        yield uri
    finally:
        await asyncio.to_thread(place.__exit__, None, None, None)
