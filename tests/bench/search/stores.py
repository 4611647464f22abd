"""Stores of two sizes in a folder of their own, each with its MongoDB and a server on it."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import httpx
from pymongo import MongoClient

from fhir_server.opening import auth_config, open_database
from fhir_server.settings import Settings
from fhir_server.store import schema
from smart_auth.administration import Administration
from smart_auth.storage import MongoStorage
from tests.bench.processes import embedded, running, server_command
from tests.bench.report import say
from tests.bench.search.loading import load
from tests.bench.search.pages import Asking
from tests.bench.search.practice import Practice
from tests.bench.search.watching import Watch
from tests.ports import free_port
from tests.serving import Served

DATABASE: Final = "fhir"
WORKERS: Final = 2
_MAKING: Final = ("calendars", "chance", "loading", "measurements", "messages", "orders", "people")
_LOADED: Final = "loaded.json"


@dataclass(frozen=True, slots=True)
class Store:
    """A practice on disk, and its server as long as it runs."""

    practice: Practice
    asking: Asking
    port: int
    loaded: dict[str, Any]
    """How many documents in how many seconds."""


def key() -> str:
    """What the content of a store depends on: what makes it, and how it is derived and kept."""
    digest = sha256(schema.tables_hash().encode())
    for name in (*_MAKING, "practice"):
        digest.update((files("tests.bench.search") / f"{name}.py").read_bytes())
    return digest.hexdigest()[:16]


@asynccontextmanager
async def opened(root: Path, practice: Practice, cache_gb: float) -> AsyncGenerator[Store]:
    """The store of this practice, which is built where it is not there or not up to date."""
    folder = root / f"{practice.patients}-{key()}"
    _forget_others(root, folder)
    settings = Settings.load({"data_dir": folder, "port": free_port(), "database": DATABASE})
    with embedded(folder, cache_gb) as uri:
        loaded = await _filled(folder, settings, uri, practice)
        with running(server_command(settings), settings.port, "/readyz", {}) as side:
            async with _asking(settings, uri) as asking:
                yield Store(practice, asking, side.port, loaded)


def _forget_others(root: Path, folder: Path) -> None:
    """Those of this size that another version made, and what was not loaded to the end."""
    for other in root.glob(f"{folder.name.partition('-')[0]}-*"):
        if other != folder or not (other / _LOADED).exists():
            shutil.rmtree(other)


async def _filled(folder: Path, settings: Settings, uri: str, practice: Practice) -> dict[str, Any]:
    marker = folder / _LOADED
    if not marker.exists():
        say(f"building a store of {practice.patients} patients in {folder}")
        begun = time.monotonic()
        async with open_database(settings, uri) as database:
            documents = await load(database, uri, DATABASE, practice, WORKERS)
        seconds = round(time.monotonic() - begun)
        marker.write_text(json.dumps({"documents": documents, "seconds": seconds}))
        say(f"loaded {documents} documents in {seconds} s")
    found: dict[str, Any] = json.loads(marker.read_text())
    return found


@asynccontextmanager
async def _asking(settings: Settings, uri: str) -> AsyncGenerator[Asking]:
    storage = await asyncio.to_thread(MongoStorage.connect, uri, DATABASE)
    try:
        admin = Administration(auth_config(settings), storage)
        with MongoClient[dict[str, Any]](uri) as client:
            async with httpx.AsyncClient(timeout=60) as http:
                yield Asking(Served(settings, uri, http, admin), Watch(client[DATABASE]))
    finally:
        await storage.close()
