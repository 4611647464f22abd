"""`python -m tests.bench.attachment`: what `make bench-attachment` runs.

Contents of the largest size that is taken, in and out of `fhir-server serve` with a store of its
own: how long each takes, and how much memory the server needs for it at most.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
import urllib.request
from base64 import b64encode
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Final

import psutil

from fhir_server.opening import auth_config
from fhir_server.settings import Settings
from smart_auth.administration import Administration
from smart_auth.storage import MongoStorage
from tests.bench.processes import embedded, running, server_command
from tests.bench.report import say
from tests.serving import free_port

_MEGABYTE: Final = 1 << 20
_SAMPLE: Final = 0.01
_ALLOWED: Final = 4.0
"""Bytes of memory for each byte of content, beyond what the server has anyway."""
_FHIR: Final = "application/fhir+json"
_OCTETS: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Figures:
    """What one request came to."""

    what: str
    megabytes: float
    """Of the body or the answer."""
    seconds: float
    own_cpu: float
    peak: float
    """Resident megabytes of the server beyond those of before, at most."""


def main() -> int:
    """Measures each way in and out; 1 where one took too much memory."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.attachment", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--json", type=Path, default=Path("build/bench-attachment.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fhir-bench-") as name:
        figures = _measured(Path(name), options.megabytes * _MEGABYTE)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps([asdict(each) for each in figures], indent=1))
    return 0 if all(each.peak < _ALLOWED * options.megabytes for each in figures) else 1


def _measured(folder: Path, size: int) -> list[Figures]:
    settings = Settings.load({"data_dir": folder, "port": free_port(), "database": "fhir"})
    environment = {"FHIR_SERVER_MAX_ATTACHMENT_BYTES": str(size)}
    with (
        embedded(folder) as uri,
        running(server_command(settings), settings.port, "/readyz", environment) as server,
    ):
        token = asyncio.run(_token(settings, uri))
        caller = _Caller(settings, psutil.Process(server.process_id), token)
        say(f"{'':<38}{'MB':>8}{'seconds':>9}{'own CPU':>9}{'more MB':>9}")
        return caller.measure(size)


async def _token(settings: Settings, uri: str) -> str:
    storage = MongoStorage.connect(uri, settings.database)
    try:
        admin = Administration(auth_config(settings), storage)
        return await admin.mint_token(scope="system/*.cruds")
    finally:
        await storage.close()


class _Caller:
    """Sends and reads contents, and watches the server's memory meanwhile."""

    def __init__(self, settings: Settings, process: psutil.Process, token: str) -> None:
        self._url = settings.fhir_base
        self._process = process
        self._token = token

    def measure(self, size: int) -> list[Figures]:
        content = Random(size).randbytes(size)
        other = content[::-1]
        raw = self._ask("Binary sent as its content", "PUT", "Binary/raw", _OCTETS, content)
        as_fhir = b'{"resourceType":"Binary","id":"json","contentType":"a/b","data":"%s"}'
        body = as_fhir % b64encode(other)
        sent = self._ask("Binary sent as FHIR JSON", "PUT", "Binary/json", _FHIR, body)
        attached = (
            b'{"resourceType":"DocumentReference","id":"d","status":"current",'
            b'"content":[{"attachment":{"contentType":"a/b","data":"%s"}}]}'
            % b64encode(content[1:] + b"x")
        )
        place = "DocumentReference/d"
        document = self._ask("DocumentReference sent", "PUT", place, _FHIR, attached)
        return [
            raw,
            sent,
            document,
            self._ask("Binary read as its content", "GET", "Binary/json", "*/*"),
            self._ask("Binary read as FHIR JSON", "GET", "Binary/raw", _FHIR),
            self._ask("a page of two Binaries", "GET", "Binary?_count=2", _FHIR),
        ]

    def _ask(
        self, what: str, method: str, path: str, kind: str, body: bytes | None = None
    ) -> Figures:
        before, cpu = self._memory(), self._cpu()
        peak, done = [before], Event()
        watcher = Thread(target=self._watch, args=(peak, done))
        watcher.start()
        begun = time.monotonic()
        try:
            answered = self._send(method, path, kind, body)
        finally:
            seconds = time.monotonic() - begun
            done.set()
            watcher.join()
        size = (answered if body is None else len(body)) / _MEGABYTE
        found = Figures(what, size, seconds, self._cpu() - cpu, max(peak) - before)
        say(f"{what:<38}{size:8.1f}{seconds:9.1f}{found.own_cpu:9.1f}{found.peak:9.0f}")
        return found

    def _send(self, method: str, path: str, kind: str, body: bytes | None) -> int:
        headers = {"Authorization": f"Bearer {self._token}", "Prefer": "return=minimal"}
        headers["Accept" if body is None else "Content-Type"] = kind
        request = urllib.request.Request(f"{self._url}/{path}", body, headers, method=method)
        with urllib.request.urlopen(request, timeout=600) as answer:
            return sum(len(piece) for piece in iter(lambda: answer.read(_MEGABYTE), b""))

    def _cpu(self) -> float:
        used = self._process.cpu_times()
        return used.user + used.system

    def _watch(self, peak: list[float], done: Event) -> None:
        while not done.wait(_SAMPLE):
            peak.append(self._memory())

    def _memory(self) -> float:
        return self._process.memory_info().rss / _MEGABYTE


if __name__ == "__main__":
    sys.exit(main())
