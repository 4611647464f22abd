"""`fhir-server serve`: starts, serves, says what is wrong, and ends with all that it started."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from fhir_server.mongodb.folder import Folder
from tests.ports import free_port

PLACEHOLDER = Path(__file__).with_name("placeholder.py")
REPOSITORY = Path(__file__).parents[2]
MARKED = "Zebedee-Quillfeather"


@dataclass
class Running:
    """A started server and where its log goes."""

    process: subprocess.Popen[str]
    url: str
    log: Path
    metrics: str

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def start(data_dir: Path, log: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(PLACEHOLDER), "serve", "--data-dir", str(data_dir), *options]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with log.open("wb") as stderr:
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment
        )


@contextmanager
def serving(folder: Path, *options: str) -> Generator[Running]:
    port, metrics = free_port(), free_port()
    log = folder / "log"
    given = ("--port", str(port), "--metrics-port", str(metrics), "--mongod-cache-gb", "0.25")
    process = start(folder, log, *given, *options)
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready == f"fhir-server is ready: http://127.0.0.1:{port}/fhir\n", log.read_text()
        yield Running(
            process, f"http://127.0.0.1:{port}", log, f"http://127.0.0.1:{metrics}/metrics"
        )
    finally:
        process.terminate()
        process.communicate(timeout=30)


def eventually(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.05)


def mongod_of(folder: Path) -> psutil.Process:
    return psutil.Process(int(Folder.of(folder).engine.read_text()))


def is_gone(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


def answers(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(url, timeout=20).status_code == 200
    return False


@pytest.fixture(scope="module", name="running")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    with serving(tmp_path_factory.mktemp("serve")) as running:
        yield running


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_and_its_mongod(tmp_path: Path, how: signal.Signals) -> None:
    with serving(tmp_path) as running:
        assert httpx.get(f"{running.url}/count").text == "1"
        mongod = mongod_of(tmp_path)
        running.process.send_signal(how)
        assert running.process.wait(30) == 0
        assert is_gone(mongod)


def test_the_log_has_a_line_a_request_and_no_value(running: Running) -> None:
    url = f"{running.url}/fhir/Patient/{MARKED}?x={MARKED}"
    with httpx.Client(headers={"Authorization": f"Bearer {MARKED}"}) as client:
        counted = client.get(f"{running.url}/count?name={MARKED}")
        failed = client.post(url, content=f'"{MARKED}"')
        absent = client.get(f"{running.url}/nowhere/{MARKED}")
        fault = client.get(url)
    answered = [answer.status_code for answer in (counted, failed, absent, fault)]
    assert answered == [200, 405, 404, 500]
    assert "server" not in fault.headers
    assert MARKED not in fault.text
    # The line follows the answer.
    eventually(lambda: running.log.read_text().count("fhir_server.request") == 4)
    requests = [line for line in running.lines() if line["logger"] == "fhir_server.request"]
    assert [(line["route"], line["method"], line["status"]) for line in requests] == [
        ("/count", "GET", 200),
        ("/fhir/{type}/{id}", "POST", 405),
        ("unmatched", "GET", 404),
        ("/fhir/{type}/{id}", "GET", 500),
    ]
    assert requests[0]["client_id"] == "an-app"
    assert requests[0]["request_id"] == counted.headers["x-request-id"]
    assert {"time", "ms"} <= set(requests[0])
    assert MARKED not in running.log.read_text()
    (told,) = [line for line in running.lines() if line["logger"] == "fhir_server.fault"]
    assert told["exception"] == "ValueError"
    assert str(told["frames"]).startswith("['placeholder.py:")


def test_a_killed_mongod_comes_back_under_a_running_server(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        assert httpx.get(f"{running.url}/count").text == "1"
        mongod_of(tmp_path).kill()
        eventually(lambda: answers(f"{running.url}/count"))
        assert int(httpx.get(f"{running.url}/count").text) >= 3


def test_workers_share_a_port_and_are_replaced_and_counted_together(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2") as running:
        pids: set[int] = set()

        def both_seen() -> bool:
            pids.add(int(httpx.get(f"{running.url}/pid").text))
            return len(pids) == 2

        eventually(both_seen)
        children = {child.pid for child in psutil.Process(running.process.pid).children()}
        assert pids <= children
        secret = Folder.of(tmp_path).password.read_text()
        for process in psutil.Process(running.process.pid).children(recursive=True):
            assert secret not in " ".join(process.cmdline())
        psutil.Process(min(pids)).kill()
        before = set(pids)
        eventually(lambda: int(httpx.get(f"{running.url}/pid").text) not in before)
        metrics = httpx.get(running.metrics).text
        line = 'fhir_server_requests_total{method="GET",route="/pid",status="200"}'
        (count,) = [row.split()[-1] for row in metrics.splitlines() if row.startswith(line)]
        asked = [line for line in running.lines() if line.get("route") == "/pid"]
        assert float(count) == len(asked)


def test_a_killed_parent_takes_its_workers_and_mongod_along(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2") as running:
        mongod = mongod_of(tmp_path)
        children = psutil.Process(running.process.pid).children()
        running.process.kill()
        running.process.wait()
        eventually(lambda: all(map(is_gone, [mongod, *children])))


def test_metrics_count_by_template(running: Running) -> None:
    httpx.get(f"{running.url}/fhir/Patient/{MARKED}")
    metrics = httpx.get(running.metrics).text
    assert 'requests_total{method="GET",route="/fhir/{type}/{id}",status="500"}' in metrics
    assert 'fhir_server_request_seconds_count{method="GET",route="/fhir/{type}/{id}"}' in metrics
    assert MARKED not in metrics


def test_a_head_without_end_is_refused(running: Running) -> None:
    address = ("127.0.0.1", int(running.url.rpartition(":")[2]))
    with socket.create_connection(address, timeout=10) as connection:
        with suppress(ConnectionError):
            connection.sendall(b"GET /pid HTTP/1.1\r\nHost: h\r\n")
            for _ in range(20):
                connection.sendall(b"X-Long: " + b"a" * 8192 + b"\r\n")
        with suppress(ConnectionResetError):
            assert connection.recv(100).startswith(b"HTTP/1.1 400 ")
    assert answers(f"{running.url}/pid")


@pytest.mark.parametrize(
    ("workers", "name", "sentence"),
    [
        ("1", "Broken", "The server did not start; the log says why."),
        ("2", "Broken", "The server did not start; the log says why."),
        ("1", "Refused", "This store is newer than the server."),
        ("2", "Refused", "This store is newer than the server."),
    ],
)
def test_an_application_that_cannot_start_ends_the_command(
    tmp_path: Path, workers: str, name: str, sentence: str
) -> None:
    options = ("--port", str(free_port()), "--metrics-port", "0", "--organization-name", name)
    process = start(tmp_path, tmp_path / "log", *options, "--workers", workers)
    assert process.communicate(timeout=30)[0] == ""
    assert process.returncode == 1
    log = (tmp_path / "log").read_text()
    assert log.endswith(f"fhir-server: {sentence}\n")
    assert MARKED not in log


@pytest.mark.parametrize("option", ["--port", "--metrics-port"])
def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        port = str(squatter.getsockname()[1])
        ports = {"--port": str(free_port()), "--metrics-port": "0", option: port}
        process = start(
            tmp_path, tmp_path / "log", *[word for pair in ports.items() for word in pair]
        )
        process.communicate(timeout=30)
    assert process.returncode == 1
    assert (tmp_path / "log").read_text().count("\n") == 1
    assert (
        f"{port} cannot be listened on: Address already in use." in (tmp_path / "log").read_text()
    )
    assert not (tmp_path / "mongodb").exists()


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (("serve", "--nope"), 2),
        (("serve", "--host", "0.0.0.0"), 2),
        (("serve", "--port", "many"), 2),
        (("absent",), 2),
        ((), 2),
        (("serve", "--mongodb-uri", "mongodb://u:p:secret@h/"), 1),
    ],
)
def test_errors_are_one_plain_sentence(options: tuple[str, ...], status: int) -> None:
    command = [sys.executable, str(PLACEHOLDER), *options]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith("fhir-server: ")
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr
