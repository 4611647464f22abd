"""The commands of the contract on a real data folder, with and without a running server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_server.mongodb.embedded import embedded_mongodb

APP = ["client", "add", "--name", "x", "--scope"]
MAIN = "from fhir_server.cli import main; raise SystemExit(main())"
ENVIRONMENT = {**os.environ, "FHIR_SERVER_METRICS_PORT": "0"}


def run(folder: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """One command as an operator calls it, from a folder of its own."""
    return subprocess.run(
        [sys.executable, "-c", MAIN, *arguments, "--data-dir", str(folder / "data")],
        cwd=folder,
        env=ENVIRONMENT,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder whose embedded MongoDB runs all the while, so that each command finds it."""
    place = tmp_path_factory.mktemp("commands")
    with embedded_mongodb(place / "data", cache_gb=0.5):
        yield place


def test_seed_keeps_ids_and_changes_nothing_when_repeated(folder: Path) -> None:
    files = folder / "files"
    files.mkdir()
    uuid = "0f6c6b3e-6c2f-4e3b-9a51-5f6d6a2f9a01"
    transaction = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": f"urn:uuid:{uuid}",
                "resource": {"resourceType": "Patient", "active": True},
                "request": {"method": "POST", "url": "Patient"},
            },
            {
                "resource": {
                    "resourceType": "Observation",
                    "status": "final",
                    "code": {"text": "x"},
                    "subject": {"reference": f"urn:uuid:{uuid}"},
                },
                "request": {"method": "POST", "url": "Observation"},
            },
        ],
    }
    (files / "a.json").write_text(json.dumps(transaction))
    (files / "b.ndjson").write_text(
        '{"resourceType":"Patient","id":"one"}\n\n{"resourceType":"Patient","id":"two"}\n'
    )
    (files / "ignored.txt").write_text("not FHIR")
    first = run(folder, "seed", str(files))
    assert first.returncode == 0, first.stderr
    assert "4 entries read, 4 resources stored (4 created, 0 updated, 0 unchanged)" in first.stdout
    assert "Patient            3" in first.stdout
    again = run(folder, "seed", str(files))
    assert "4 entries read, 4 resources stored (0 created, 0 updated, 4 unchanged)" in again.stdout
    (files / "b.ndjson").write_text('{"resourceType":"Patient","id":"one","active":false}\n')
    changed = run(folder, "seed", str(files / "b.ndjson"))
    assert (
        "1 entries read, 1 resources stored (0 created, 1 updated, 0 unchanged)" in changed.stdout
    )


def test_seed_tells_what_is_wrong_where_and_loads_the_rest(folder: Path) -> None:
    file = folder / "mixed.ndjson"
    file.write_text(
        '{"resourceType":"Patient","id":"good"}\n{"resourceType":"Patient","gender":"x"}\n'
    )
    done = run(folder, "seed", str(file))
    assert done.returncode == 1
    assert "mixed.ndjson, line 2: Patient.gender:" in done.stderr
    assert "1 resources stored" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["seed"], 2, "--demo"),
        (["seed", "nowhere"], 1, "nowhere"),
        ([*APP, "openid"], 2, "--public"),
        (
            [*APP, "patient/*.rs", "--public", "--redirect-uri", "javascript:alert(1)"],
            2,
            "javascript",
        ),
        (
            [*APP, "system/*.rs", "--public", "--redirect-uri", "https://app.example.org/"],
            2,
            "system/",
        ),
        ([*APP, "system/*.rs", "--jwks", "none"], 1, "none"),
        (["user", "add", "--username", "x", "--password", "y", "--fhir-user", "Nobody/1"], 2, "ID"),
        (["token", "--scope", "patient/*.rs"], 2, "patient"),
        (["token", "--scope", "nonsense"], 2, "scope"),
        (["config", "--port", "none"], 2, "port"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else None,
)
def test_what_cannot_be_done_is_told_in_one_sentence(
    folder: Path, arguments: list[str], status: int, says: str
) -> None:
    done = run(folder, *arguments)
    assert done.returncode == status, done.stderr
    assert done.stderr.startswith("fhir-server: ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert says.lower() in done.stderr.lower()
    assert not done.stdout


def test_clients_users_and_tokens(folder: Path) -> None:
    public = run(
        folder,
        *["client", "add", "--name", "App", "--scope", "launch/patient patient/*.rs", "--public"],
        *["--redirect-uri", "https://app.example.org/back"],
    )
    assert set(json.loads(public.stdout)) == {"client_id"}, public.stderr
    backend = run(folder, "client", "add", "--name", "B", "--scope", "system/*.rs", "--secret")
    assert set(json.loads(backend.stdout)) == {"client_id", "client_secret"}
    user = ["user", "add", "--username", "ann", "--fhir-user", "Patient/one"]
    assert run(folder, *user, "--password-stdin", stdin="correct horse\n").returncode == 0
    taken = run(folder, *user, "--password", "other")
    assert taken.returncode == 1
    assert "taken" in taken.stderr
    token = run(folder, "token", "--scope", "patient/*.rs", "--patient", "one", "--lifetime", "60")
    assert token.stdout.count(".") == 2
    assert len(token.stdout.split()) == 1


def test_reindex_finds_everything_up_to_date(folder: Path) -> None:
    done = run(folder, "reindex")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "0 resources were brought up to date.\n"


def test_the_demo_record_is_loaded_once(folder: Path) -> None:
    first = run(folder, "seed", "--demo")
    assert first.returncode == 0, first.stderr
    again = run(folder, "seed", "--demo")
    assert "(0 created, 0 updated," in again.stdout
