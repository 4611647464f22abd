"""What is measured: an embedded MongoDB with the population, our server and the floor on it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from fhir_server.interactions.checked import checked
from fhir_server.mongodb.folder import Folder
from fhir_server.opening import auth_config, open_database
from fhir_server.settings import Settings
from fhir_server.store import UnrestrictedStore
from smart_auth.administration import Administration
from smart_auth.storage import MongoStorage
from tests.bench.floor import DATABASE, URI_VARIABLE
from tests.bench.processes import Side, embedded, running, server_command
from tests.bench.records import PER_PATIENT, Clinic
from tests.bench.report import say
from tests.bench.shapes import POPULATION_SEED
from tests.ports import free_port

CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs, and where."""

    settings: Settings
    uri: str
    mongod_id: int
    server: Side
    floor: Side


@contextmanager
def stage(folder: Path, patients: int) -> Generator[Stage]:
    """Starts everything on a data folder, fills it where it is empty, and stops it all."""
    settings = Settings.load({"data_dir": folder, "port": free_port(), "database": DATABASE})
    with embedded(folder) as uri:
        asyncio.run(fill(settings, uri, patients))
        with (
            running(server_command(settings), settings.port, "/readyz", {}) as server,
            _floor(uri, patients) as floor,
        ):
            mongod_id = int(Folder.of(folder).engine.read_text())
            yield Stage(settings, uri, mongod_id, server, floor)


async def fill(settings: Settings, uri: str, patients: int) -> None:
    """Loads the population through the store's bulk path, unless it is there already."""
    async with open_database(settings, uri) as database:
        if "Observation" in await database.stored_types():
            return
        store = UnrestrictedStore(database, "benchmark")
        made = Clinic(POPULATION_SEED).population(patients)
        begun = time.monotonic()
        while chunk := list(islice(made, CHUNK)):
            await store.create_many(
                [
                    (one.type_name, one.logical_id, checked(one.resource, one.type_name))
                    for one in chunk
                ]
            )
        seconds = time.monotonic() - begun
        say(f"loaded {patients * PER_PATIENT} resources in {seconds:.0f} s")


async def mint_tokens(stage: Stage, patients: Sequence[str]) -> tuple[list[str], str]:
    """A token for each patient's app, and one for a backend service."""
    storage = MongoStorage.connect(stage.uri, DATABASE)
    try:
        admin = Administration(auth_config(stage.settings), storage)
        own = [
            await admin.mint_token(scope="patient/*.cruds", patient=patient) for patient in patients
        ]
        return own, await admin.mint_token(scope="system/*.cruds")
    finally:
        await storage.close()


@contextmanager
def _floor(uri: str, patients: int) -> Generator[Side]:
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.floor"]
    command += ["--port", str(port), "--patients", str(patients)]
    with running(command, port, "/", {URI_VARIABLE: uri}) as side:
        yield side
