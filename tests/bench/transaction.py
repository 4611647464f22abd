"""`python -m tests.bench.transaction`: what `make bench-transaction` runs.

One large transaction after the other against `fhir-server serve` with a store of its own: how long
each takes, and how much memory the server needs for it at most.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from threading import Event, Thread
from typing import Final

import psutil

from fhir_server.mongodb.folder import Folder
from fhir_server.opening import auth_config
from fhir_server.settings import Settings
from resources import fhir_json
from resources.fhir_json import Resource
from smart_auth.administration import Administration
from smart_auth.storage import MongoStorage
from tests.bench.processes import embedded, running, server_command
from tests.bench.records import PER_PATIENT, Clinic, Named
from tests.bench.report import say
from tests.ports import free_port

LONGEST: Final = 60.0
"""Seconds that MongoDB lets a transaction live, unless it is told otherwise."""
_SEED: Final = 4
_MEGABYTE: Final = 1_000_000
_SAMPLE: Final = 0.02
_SYSTEM: Final = "http://example.org/bench"
_HEAD: Final = (
    f"{'':<26}{'entries':>8}{'MB':>8}{'seconds':>9}{'own CPU':>9}{'mongod':>9}"
    f"{'peak MB':>9}{'allowed':>9}"
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one transaction came to."""

    what: str
    entries: int
    megabytes: float
    seconds: float
    own_cpu: float
    """Seconds of CPU of the server; these tell on a busy machine too."""
    mongod_cpu: float
    peak: float
    """Resident megabytes of the server, at most."""

    @property
    def allowed(self) -> float:
        return 200 + 15 * self.megabytes

    @property
    def holds(self) -> bool:
        return self.seconds < LONGEST and self.peak <= self.allowed


def main() -> int:
    """Measures each kind of bundle; 1 where one missed its limits."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.transaction", description=__doc__)
    parser.add_argument("--entries", type=int, default=25_000)
    parser.add_argument("--only", default="", help="kinds whose names start so, comma-separated")
    parser.add_argument("--json", type=Path, default=Path("build/bench-transaction.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fhir-bench-") as name:
        figures = _measured(Path(name), options.entries, tuple(options.only.split(",")))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps([asdict(each) for each in figures], indent=1))
    return 0 if all(each.holds for each in figures) else 1


def _measured(folder: Path, entries: int, only: tuple[str, ...]) -> list[Figures]:
    settings = Settings.load({"data_dir": folder, "port": free_port(), "database": "fhir"})
    environment = {"FHIR_SERVER_MAX_BUNDLE_ENTRIES": str(entries)}
    with (
        embedded(folder) as uri,
        running(server_command(settings), settings.port, "/readyz", environment) as server,
    ):
        mongod = psutil.Process(int(Folder.of(folder).engine.read_text()))
        token = asyncio.run(_token(settings, uri))
        sender = _Sender(settings, psutil.Process(server.process_id), mongod, token)
        say(_HEAD)
        return [
            sender.send(what, made(entries))
            for what, made in KINDS.items()
            if what.startswith(only)
        ]


async def _token(settings: Settings, uri: str) -> str:
    storage = MongoStorage.connect(uri, settings.database)
    try:
        admin = Administration(auth_config(settings), storage)
        return await admin.mint_token(scope="system/*.cruds")
    finally:
        await storage.close()


class _Sender:
    """Posts bundles to the server and watches its memory meanwhile."""

    def __init__(
        self, settings: Settings, process: psutil.Process, mongod: psutil.Process, token: str
    ) -> None:
        self._url = settings.fhir_base
        self._process, self._mongod = process, mongod
        self._token = token

    def send(self, what: str, entries: list[Resource]) -> Figures:
        bundle: Resource = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        body = fhir_json.dump(bundle)
        peak, done = [self._memory()], Event()
        watcher = Thread(target=self._watch, args=(peak, done))
        before = self._cpu()
        watcher.start()
        begun = time.monotonic()
        try:
            self._post(body)
        finally:
            seconds = time.monotonic() - begun
            done.set()
            watcher.join()
        own, mongod = (now - then for now, then in zip(self._cpu(), before, strict=True))
        size = len(body) / _MEGABYTE
        figures = Figures(what, len(entries), size, seconds, own, mongod, max(peak))
        _tell(figures)
        return figures

    def _post(self, body: bytes) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        headers["Content-Type"] = "application/fhir+json"
        request = urllib.request.Request(self._url, body, headers)
        with urllib.request.urlopen(request, timeout=10 * LONGEST) as answer:
            while answer.read(1 << 20):
                pass

    def _cpu(self) -> tuple[float, float]:
        own, mongod = self._process.cpu_times(), self._mongod.cpu_times()
        return own.user + own.system, mongod.user + mongod.system

    def _watch(self, peak: list[float], done: Event) -> None:
        while not done.wait(_SAMPLE):
            peak.append(self._memory())

    def _memory(self) -> float:
        return self._process.memory_info().rss / _MEGABYTE


def _tell(one: Figures) -> None:
    missed = "" if one.holds else "  missed"
    say(
        f"{one.what:<26}{one.entries:8}{one.megabytes:8.1f}{one.seconds:9.1f}"
        f"{one.own_cpu:9.1f}{one.mongod_cpu:9.1f}{one.peak:9.0f}{one.allowed:9.0f}{missed}"
    )


def _entry(method: str, one: Named, resource: Resource | None = None) -> Resource:
    if method == "POST":
        request = {"method": method, "url": one.type_name}
        return {"fullUrl": f"urn:uuid:{one.logical_id}", "resource": resource, "request": request}
    made: Resource = {"request": {"method": method, "url": f"{one.type_name}/{one.logical_id}"}}
    if resource is not None:
        made["resource"] = {**resource, "id": one.logical_id}
    return made


def _made(entries: int, seed: int, reference: str = "{type_name}/{logical_id}") -> Iterator[Named]:
    clinic = Clinic(seed, reference)
    return islice(clinic.population(entries // PER_PATIENT + 1), entries)


def _posts(entries: int) -> list[Resource]:
    made = _made(entries, _SEED, "urn:uuid:{logical_id}")
    return [_entry("POST", one, one.resource) for one in made]


def _conditional(entries: int) -> list[Resource]:
    """Each is looked for by its identifier, and nothing is there."""
    made = _posts(entries)
    for number, entry in enumerate(made):
        name = f"{number:08}"
        entry["resource"] = {
            **entry["resource"],
            "identifier": [{"system": _SYSTEM, "value": name}],
        }
        entry["request"]["ifNoneExist"] = f"identifier={_SYSTEM}|{name}"
    return made


def _puts(entries: int) -> list[Resource]:
    return [_entry("PUT", one, one.resource) for one in _made(entries, _SEED)]


def _changed(entries: int) -> list[Resource]:
    return [_entry("PUT", one, _changed_one(one)) for one in _made(entries, _SEED)]


def _changed_one(one: Named) -> Resource:
    return {**one.resource, "language": "en"}


def _mixed(entries: int) -> list[Resource]:
    """Of ten: four updates of what is there, two deletes, four creates."""
    known = list(_made(entries, _SEED))
    new = _made(entries, _SEED + 1, "urn:uuid:{logical_id}")
    created = [_entry("POST", one, one.resource) for one in islice(new, entries * 4 // 10)]
    updated = known[: entries * 4 // 10]
    deleted = known[entries - entries * 2 // 10 :]
    return [
        *(_entry("PUT", one, {**one.resource, "language": "de"}) for one in updated),
        *(_entry("DELETE", one) for one in deleted),
        *created,
    ]


KINDS: Final[dict[str, Callable[[int], list[Resource]]]] = {
    "POST": _posts,
    "conditional POST": _conditional,
    "PUT, new": _puts,
    "PUT over what is there": _changed,
    "mixed: PUT, DELETE, POST": _mixed,
}


if __name__ == "__main__":
    sys.exit(main())
