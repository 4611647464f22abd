"""Whether MongoDB sees the same calls from the server and from its floor.

MongoDB's profiler records what each of them sends for one request; what has to differ (ids,
sessions, times) is left out of the comparison.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import bson.json_util
from pymongo import AsyncMongoClient

from tests.bench.floor import DATABASE
from tests.bench.shapes import Shape
from tests.bench.stage import Stage
from tests.bench.wire import Burst, send

_VOLATILE: Final = {"lsid", "$clusterTime", "txnNumber", "$db", "$readPreference", "documents"}


async def differences(stage: Stage, shapes: Sequence[Shape]) -> list[str]:
    """A line for each shape whose calls are not the same."""
    found: list[str] = []
    async with AsyncMongoClient[dict[str, Any]](stage.uri) as client:
        for shape in shapes:
            floor = await _calls(client, stage.floor.port, shape.floor[0], shape.status)
            server = await _calls(client, stage.server.port, shape.server[0], shape.status)
            if floor != server:
                found.append(f"{shape.name}:\n  floor  {floor}\n  server {server}")
    return found


async def _calls(
    client: AsyncMongoClient[dict[str, Any]], port: int, request: bytes, status: int
) -> list[str]:
    """What MongoDB is asked for the second of two equal requests, the first being warm-up."""
    database = client[DATABASE]
    burst = Burst(port, (request,), 1, 30, 1, status)
    await send(burst)
    await database.command("profile", 0)
    await database.drop_collection("system.profile")
    await database.command("profile", 2)
    try:
        outcome = await send(burst)
        if outcome.wrong:
            raise RuntimeError(f"unexpected answer: {outcome.wrong[0]}")
        await asyncio.sleep(0.05)
    finally:
        await database.command("profile", 0)
    profiled = database["system.profile"].find({"op": {"$in": ["query", "insert", "command"]}})
    entries = [entry["command"] async for entry in profiled.sort("ts", 1)]
    calls = [_plain(command) for command in entries if _asks_for_resources(command)]
    return [call for call in calls if call]


def _asks_for_resources(command: dict[str, Any]) -> bool:
    """Not the profiler itself, nor the listening for revoked tokens."""
    first = next(iter(command))
    target = command[first]
    return first != "profile" and not (isinstance(target, str) and not target[:1].isupper())


def _plain(command: dict[str, Any]) -> str:
    kept = {name: value for name, value in command.items() if name not in _VOLATILE}
    return bson.json_util.dumps(kept, sort_keys=True)
