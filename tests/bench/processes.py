"""What runs beside the benchmark: an embedded MongoDB, and servers as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from fhir_server.mongodb.embedded import embedded_mongodb
from fhir_server.mongodb.folder import Folder
from fhir_server.settings import Settings
from tests.bench.report import say

LONGEST_START: Final = 60.0


@dataclass(frozen=True, slots=True)
class Side:
    """A running server, ours or the floor."""

    process_id: int
    port: int


@contextmanager
def embedded(folder: Path, cache_gb: float | None = None) -> Generator[str]:
    """MongoDB until the end of the block, and its own end too: the folder may go then."""
    with embedded_mongodb(folder, cache_gb=cache_gb) as uri:
        mongod = psutil.Process(int(Folder.of(folder).engine.read_text()))
        ending = [mongod, *filter(None, [mongod.parent()])]
        yield uri
    psutil.wait_procs(ending, timeout=LONGEST_START)


def server_command(settings: Settings) -> list[str]:
    program = Path(sys.executable).with_name("fhir-server")
    options = ["--data-dir", str(settings.data_dir), "--port", str(settings.port)]
    return [str(program), "serve", *options, "--metrics-port", "0"]


@contextmanager
def running(
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
