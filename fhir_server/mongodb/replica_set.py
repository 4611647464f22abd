"""From a `mongod` that listens to a primary that takes our writes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import AutoReconnect, OperationFailure

from fhir_server.mongodb.folder import USER, Folder, sync_folder

POLL = 0.02
NAME = "rs0"


async def bring_up(folder: Folder, port: int) -> None:
    """Make the replica set and its user at the first start; wait until it is primary."""
    address = f"127.0.0.1:{port}"
    if folder.unfinished.exists():
        await _first_start(folder, address)
    async with AsyncMongoClient[dict[str, Any]](folder.uri()) as client:
        while True:
            if await _takes_writes(client, address):
                return
            await asyncio.sleep(POLL)


async def _first_start(folder: Folder, address: str) -> None:
    """MongoDB's localhost exception lets the first connection make the first user."""
    uri = f"mongodb://{address}/?directConnection=true"
    async with AsyncMongoClient[dict[str, Any]](uri) as client:
        await client.admin.command("replSetInitiate", _configuration(address))
        await _until_primary(client)
        await client.admin.command(
            "createUser",
            USER,
            pwd=folder.password.read_text(),
            roles=["root"],
            mechanisms=["SCRAM-SHA-256"],
            writeConcern={"w": "majority", "j": True},
        )
    folder.unfinished.unlink()
    sync_folder(folder.root)


async def _takes_writes(client: AsyncMongoClient[dict[str, Any]], address: str) -> bool:
    """Whether it is primary; mongod ends connections when its part in the set changes."""
    with suppress(AutoReconnect, OperationFailure):
        if await _is_primary(client):
            return True
        await _correct_address(client, address)
    return False


async def _correct_address(client: AsyncMongoClient[dict[str, Any]], address: str) -> None:
    """A member that does not find itself in the configuration (another port) stays out of it."""
    configuration = (await client.admin.command("replSetGetConfig"))["config"]
    if configuration["members"][0]["host"] != address:
        configuration["members"][0]["host"] = address
        configuration["version"] += 1
        await client.admin.command("replSetReconfig", configuration, force=True)


def _configuration(address: str) -> dict[str, Any]:
    return {"_id": NAME, "version": 1, "members": [{"_id": 0, "host": address}]}


async def _until_primary(client: AsyncMongoClient[dict[str, Any]]) -> None:
    while True:
        if await _is_primary(client):
            return
        await asyncio.sleep(POLL)


async def _is_primary(client: AsyncMongoClient[dict[str, Any]]) -> bool:
    hello = await client.admin.command("hello")
    return bool(hello.get("isWritablePrimary"))
