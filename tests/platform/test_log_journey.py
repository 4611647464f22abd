"""A journey with marked names, codes, ids and passwords leaves none of them in any log."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.ports import free_port

MARK = "Zyxwvut"
SERVE = ("serve", "--log-level", "debug")
PROGRAM = Path(sys.executable).with_name("fhir-server")


def command(folder: Path, *arguments: str) -> str:
    """What a command prints."""
    done = subprocess.run(
        [str(PROGRAM), *arguments, "--data-dir", str(folder / "data")],
        cwd=folder,
        env={**os.environ, "FHIR_SERVER_METRICS_PORT": "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


def test_no_value_of_a_journey_is_in_a_log(tmp_path: Path) -> None:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [str(PROGRAM), *SERVE, "--port", str(port), "--data-dir", str(tmp_path / "data")],
            cwd=tmp_path,
            env={**os.environ, "FHIR_SERVER_METRICS_PORT": "0"},
            stdout=log,
            stderr=log,
        )
        try:
            await_ready(base)
            token = command(tmp_path, "token", "--scope", "system/*.cruds")
            user = ["user", "add", "--username", f"{MARK}user", "--password", f"{MARK}pass"]
            command(tmp_path, *user, "--fhir-user", f"Patient/{MARK}")
            with httpx.Client(timeout=30) as http:
                statuses = journey(http, base, token)
                sign_in(http, base)
        finally:
            server.terminate()
            server.wait(20)
    assert {200, 201, 204, 400, 401, 404, 412} <= statuses
    logs = [tmp_path / "server.log", *(tmp_path / "data").rglob("*.log")]
    assert any(one.name == "mongod.log" for one in logs)
    for one in logs:
        text = one.read_text("utf-8", errors="replace")
        assert MARK.lower() not in text.lower(), one.name
        assert token not in text
    lines = (tmp_path / "server.log").read_text().splitlines()
    assert sum('"route"' in line for line in lines) >= len(statuses)
    assert any("/fhir/{type}/{id}" in line for line in lines)


def await_ready(base: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(f"{base}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        if time.monotonic() > deadline:
            pytest.fail("the server did not become ready")
        time.sleep(0.05)


def journey(http: httpx.Client, base: str, token: str) -> set[int]:
    """Everything that a caller does with marked values, right and wrong; the statuses."""
    statuses: set[int] = set()
    fhir = f"{base}/fhir"
    known = {"authorization": f"Bearer {token}", "content-type": "application/fhir+json"}

    def ask(method: str, path: str, body: Any = None, **headers: str) -> None:
        answer = http.request(method, f"{fhir}{path}", json=body, headers={**known, **headers})
        statuses.add(answer.status_code)

    patient = {"resourceType": "Patient", "id": MARK, "name": [{"family": MARK}]}
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": MARK}], "text": MARK},
        "subject": {"reference": f"Patient/{MARK}"},
    }
    entry = {"resource": observation, "request": {"method": "POST", "url": "Observation"}}
    ask("PUT", f"/Patient/{MARK}", patient)
    ask("POST", "/Observation", observation)
    ask("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
    for query in (f"name={MARK}", f"name:contains={MARK}", f"{MARK}=1", f"birthdate={MARK}"):
        ask("GET", f"/Patient?{query}")
    ask("GET", f"/Observation?code=http://loinc.org|{MARK}&_sort=-date&_include=*")
    ask("GET", f"/Patient/{MARK}/_history")
    ask("GET", f"/Patient/{MARK}absent")
    ask("PUT", f"/Patient/{MARK}", patient, **{"if-match": 'W/"77"'})
    ask("POST", "/Patient", {**patient, "gender": MARK, MARK: MARK})
    ask("POST", "/Observation", observation, **{"if-none-exist": f"code={MARK}&{MARK}=1"})
    ask("GET", f"/{MARK}/{MARK}")
    ask("GET", "/Patient", authorization=f"Bearer {MARK}")
    ask("DELETE", f"/Patient/{MARK}")
    broken = http.post(f"{fhir}/Patient", content=f'{{"{MARK}": {MARK}', headers=known)
    statuses.add(broken.status_code)
    return statuses


def sign_in(http: httpx.Client, base: str) -> None:
    """A wrong authorization request, and a token request with marked values."""
    configuration = http.get(f"{base}/fhir/.well-known/smart-configuration").json()
    page = http.get(configuration["authorization_endpoint"], params={"client_id": MARK})
    assert page.status_code >= 400
    form = {"grant_type": "authorization_code", "code": MARK, "client_id": MARK}
    assert http.post(configuration["token_endpoint"], data=form).status_code >= 400
    assert re.search("openid", http.get(f"{base}/.well-known/openid-configuration").text)
