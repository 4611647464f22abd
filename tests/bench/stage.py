"""What is measured: an embedded MongoDB with the population, our server and the floor on it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import psutil

from fhir_server.interactions.checked import checked
from fhir_server.mongodb.embedded import embedded_mongodb
from fhir_server.mongodb.folder import Folder
from fhir_server.opening import auth_config, open_database
from fhir_server.settings import Settings
from fhir_server.store import UnrestrictedStore
from smart_auth.administration import Administration
from smart_auth.storage import MongoStorage
from tests.bench.floor import DATABASE, URI_VARIABLE
from tests.bench.records import PER_PATIENT, Clinic
from tests.bench.report import say
from tests.bench.shapes import POPULATION_SEED
from tests.serving import free_port

CHUNK: Final = 500
LONGEST_START: Final = 60.0


@dataclass(frozen=True, slots=True)
class Side:
    """A running server, ours or the floor."""

    process_id: int
    port: int


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
    with _embedded(folder) as uri:
        asyncio.run(fill(settings, uri, patients))
        with (
            _running(_server_command(settings), settings.port, "/readyz", {}) as server,
            _floor(uri, patients) as floor,
        ):
            mongod_id = int(Folder.of(folder).engine.read_text())
            yield Stage(settings, uri, mongod_id, server, floor)


@contextmanager
def _embedded(folder: Path) -> Generator[str]:
    """MongoDB until the end of the block, and its own end too: the folder may go then."""
    with embedded_mongodb(folder) as uri:
        mongod = psutil.Process(int(Folder.of(folder).engine.read_text()))
        ending = [mongod, *filter(None, [mongod.parent()])]
        yield uri
    psutil.wait_procs(ending, timeout=LONGEST_START)


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


def _server_command(settings: Settings) -> list[str]:
    program = Path(sys.executable).with_name("fhir-server")
    options = ["--data-dir", str(settings.data_dir), "--port", str(settings.port)]
    return [str(program), "serve", *options, "--metrics-port", "0"]


@contextmanager
def _floor(uri: str, patients: int) -> Generator[Side]:
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.floor"]
    command += ["--port", str(port), "--patients", str(patients)]
    with _running(command, port, "/", {URI_VARIABLE: uri}) as side:
        yield side


@contextmanager
def _running(
    command: list[str], port: int, path: str, environment: dict[str, str]
) -> Generator[Side]:
    # A log to a file, as a service has it: a line for each request is part of the cost.
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=log
        )
        try:
            _await_answer(process, f"http://127.0.0.1:{port}{path}")
            yield Side(process.pid, port)
        except BaseException:
            log.seek(0)
            say(log.read().decode(errors="replace")[-2000:])
            raise
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _await_answer(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + LONGEST_START
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with status {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError as refusal:
            if refusal.code < 500:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise TimeoutError(f"nothing answers at {url}")
