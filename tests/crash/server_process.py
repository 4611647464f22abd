"""`fhir-server serve` with an embedded MongoDB, as an operator runs it: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil

from fhir_server.mongodb.folder import Folder
from tests.ports import free_port

PROGRAM = Path(sys.executable).with_name("fhir-server")
LONGEST_START = 60.0


class ServerProcess:
    """The same command on the same data folder, however often it is started."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def _log(self) -> Path:
        return self._data_dir.parent / "server.log"

    def faults(self) -> list[str]:
        """What the server logged as faults of its own, over all its starts."""
        return [line for line in self._log.read_text().splitlines() if '"level":"error"' in line]

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def base(self) -> str:
        return f"{self.root}/fhir"

    @property
    def process(self) -> psutil.Process:
        assert self._process is not None
        return psutil.Process(self._process.pid)

    @property
    def mongod(self) -> psutil.Process:
        """By the id that the data folder holds."""
        return psutil.Process(int(Folder.of(self._data_dir).engine.read_text()))

    @property
    def supervisor(self) -> psutil.Process:
        """mongod's parent."""
        parent = self.mongod.parent()
        assert parent is not None
        assert "supervisor" in " ".join(parent.cmdline())
        return parent

    def start(self) -> None:
        """Returns when the server says that it is ready."""
        command = [str(PROGRAM), "serve", "--port", str(self._port)]
        environment = {"FHIR_SERVER_METRICS_PORT": "0", "FHIR_SERVER_MONGOD_CACHE_GB": "0.25"}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--data-dir", str(self._data_dir)],
                env={**os.environ, **environment},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self.await_status("/readyz", 200, LONGEST_START)

    def await_status(self, path: str, status: int, seconds: float) -> None:
        """Until the address answers so."""
        deadline = time.monotonic() + seconds
        while self.status(path) != status:
            assert self._process is not None
            assert self._process.poll() is None, "the server has ended"
            assert time.monotonic() < deadline, f"{path} did not become {status}"
            time.sleep(0.05)

    def status(self, path: str) -> int | None:
        """What the address answers; None where nothing does."""
        try:
            return httpx.get(self.root + path, timeout=5).status_code
        except httpx.TransportError:
            return None

    def kill(self) -> None:
        """kill -9, and nothing else."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def terminate(self) -> int:
        """SIGTERM; the status with which it ends."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(30)

    def leave_nothing(self) -> None:
        """After a test: nothing of ours goes on running."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def token(self, scope: str) -> str:
        """Minted with the command for operators, while the server runs."""
        command = [str(PROGRAM), "token", "--scope", scope, "--data-dir", str(self._data_dir)]
        environment = {**os.environ, "FHIR_SERVER_PORT": str(self._port)}
        finished = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=60
        )
        return finished.stdout.strip()
