"""M6: the server from a shell, as a newcomer types it: `fhir-server` for the token, then curl."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.assertions import ServiceKey
from tests.clients.demo import Demo

_MISSING = [tool for tool in ("bash", "curl", "openssl") if shutil.which(tool) is None]
pytestmark = pytest.mark.skipif(bool(_MISSING), reason=f"there is no {_MISSING}")

Shell = Callable[[str], Awaitable[str]]

PATIENTS_TOKEN = 'TOKEN=$(fhir-server token --scope "patient/*.cruds" --patient rosa-alvarez)'

# RFC 7515 by openssl: header and claims, base64url, signed with RSA and SHA-384.
ASSERTION = """
b64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
NOW=$(date +%s)
HEADER=$(printf '{"alg":"RS384","typ":"JWT","kid":"%s"}' "$KID" | b64url)
CLAIMS=$(printf '{"iss":"%s","sub":"%s","aud":"%s","exp":%d,"jti":"%s"}' \\
    "$CLIENT" "$CLIENT" "$TOKEN_URL" $((NOW + 60)) "$(openssl rand -hex 16)" | b64url)
SIGNATURE=$(printf '%s.%s' "$HEADER" "$CLAIMS" | openssl dgst -sha384 -sign key.pem | b64url)
"""


@pytest.fixture
def shell(demo: Demo, mongodb_uri: str, tmp_path: Path) -> Shell:
    """Runs lines of bash in a folder of their own, with the server's place in the environment."""
    settings = demo.served.settings
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "FHIR": demo.base,
        "FHIR_SERVER_MONGODB_URI": mongodb_uri,
        "FHIR_SERVER_DATABASE": settings.database,
        "FHIR_SERVER_MASTER_KEY_FILE": str(settings.master_key_path),
    }

    async def run(lines: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail", "-c", lines),
            cwd=tmp_path,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0, errors.decode()
        return output.decode()

    return run


async def test_m6_metadata_needs_no_token(shell: Shell) -> None:
    statement = json.loads(await shell("curl -sf $FHIR/metadata"))
    assert statement["fhirVersion"] == "4.0.1"
    smart = json.loads(await shell("curl -sf $FHIR/.well-known/smart-configuration"))
    assert "S256" in smart["code_challenge_methods_supported"]
    head = await shell("curl -sfI $FHIR/metadata")
    assert head.startswith("HTTP/1.1 200")
    refused = await shell("curl -s -o /dev/null -w '%{http_code}' $FHIR/Patient/rosa-alvarez")
    assert refused == "401"


async def test_m6_patients_token_reads_and_searches(demo: Demo, shell: Shell) -> None:
    output = await shell(f"""
        {PATIENTS_TOKEN}
        curl -sf -H "Authorization: Bearer $TOKEN" $FHIR/Patient/rosa-alvarez; echo
        curl -sf -H "Authorization: Bearer $TOKEN" \\
            "$FHIR/Observation?patient=rosa-alvarez&code=4548-4&_sort=-date&_count=2"; echo
        curl -sf -H "Authorization: Bearer $TOKEN" -G $FHIR/Observation \\
            --data-urlencode "code=http://loinc.org|4548-4" -d _count=2 -d _total=accurate; echo
        curl -sf -H "Authorization: Bearer $TOKEN" $FHIR/Observation/_search \\
            --data-urlencode "code=http://loinc.org|4548-4" -d _count=2; echo
        curl -s -o /dev/null -w '%{{http_code}}\\n' \\
            -H "Authorization: Bearer $TOKEN" $FHIR/Patient/margaret-osei
        curl -sf -H "Authorization: Bearer $TOKEN" "$FHIR/Patient?_id=margaret-osei"; echo
    """)
    patient, newest, by_token, posted, other_status, other_search = output.splitlines()
    assert json.loads(patient)["id"] == "rosa-alvarez"
    a1c = await demo.resources("Observation?patient=rosa-alvarez&code=4548-4&_sort=-date")
    ids = [each["id"] for each in a1c]
    assert _ids(newest) == ids[:2]
    assert json.loads(by_token)["total"] == len(ids)
    assert _ids(posted) == _ids(by_token)
    assert other_status == "404"
    assert _ids(other_search) == []


async def test_m6_create_update_delete(shell: Shell, tmp_path: Path) -> None:
    # The trailing zero has to arrive, and to come back (F9).
    text = json.dumps(_observation()).replace("71.3", "71.30")
    (tmp_path / "weight.json").write_text(text)
    output = await shell(f"""
        {PATIENTS_TOKEN}
        curl -sf -D head -o made.json -H "Authorization: Bearer $TOKEN" \\
            -H "Content-Type: application/fhir+json" -d @weight.json $FHIR/Observation
        LOCATION=$(sed -n 's/^[Ll]ocation: //p' head | tr -d '\\r')
        THIS=${{LOCATION%/_history/1}}
        curl -sf -H "Authorization: Bearer $TOKEN" "$LOCATION"; echo
        sed 's/71.30/70.80/' made.json > changed.json
        curl -sf -X PUT -H "Authorization: Bearer $TOKEN" -H 'If-Match: W/"1"' \\
            -H "Content-Type: application/fhir+json" -d @changed.json "$THIS"; echo
        curl -s -o /dev/null -w '%{{http_code}}\\n' -X PUT -H "Authorization: Bearer $TOKEN" \\
            -H 'If-Match: W/"1"' -H "Content-Type: application/fhir+json" -d @changed.json "$THIS"
        curl -sf -o /dev/null -w '%{{http_code}}\\n' -X DELETE \\
            -H "Authorization: Bearer $TOKEN" "$THIS"
        curl -s -o /dev/null -w '%{{http_code}}\\n' -H "Authorization: Bearer $TOKEN" "$THIS"
    """)
    read, updated, stale, deleted, gone = output.splitlines()
    assert '"value":71.30' in read
    assert '"value":70.80' in updated
    assert json.loads(updated)["meta"]["versionId"] == "2"
    assert (stale, deleted, gone) == ("412", "204", "410")


async def test_m6_b1_backend_service(demo: Demo, shell: Shell, tmp_path: Path) -> None:
    """Registered by the command, its assertion signed by openssl, its token from the endpoint."""
    key = ServiceKey.generate("RS384")
    (tmp_path / "jwks.json").write_text(json.dumps(key.jwks))
    (tmp_path / "key.pem").write_bytes(key.key.as_pem(private=True))
    (tmp_path / "bundle.json").write_text(json.dumps(_large_transaction()))
    registered = await shell(
        'fhir-server client add --name "Nightly load" --scope "system/*.cruds" --jwks jwks.json'
    )
    output = await shell(f"""
        CLIENT={json.loads(registered)["client_id"]} KID={key.key.kid}
        TOKEN_URL=$(curl -sf $FHIR/.well-known/smart-configuration |
            sed 's/.*"token_endpoint":"\\([^"]*\\)".*/\\1/')
        {ASSERTION}
        curl -sf "$TOKEN_URL" -d grant_type=client_credentials -d scope="system/*.cruds" \\
            -d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \\
            -d client_assertion="$HEADER.$CLAIMS.$SIGNATURE" | tee token.json; echo
        TOKEN=$(sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/' token.json)
        curl -sf -o answer.json -w '%{{http_code}}\\n' -H "Authorization: Bearer $TOKEN" \\
            -H "Content-Type: application/fhir+json" --data-binary @bundle.json $FHIR
        curl -sf -H "Authorization: Bearer $TOKEN" \\
            "$FHIR/Observation?identifier=http://example.org/load|7"; echo
    """)
    granted, status, found = output.splitlines()
    assert json.loads(granted)["expires_in"] <= 300
    assert status == "200"
    assert len(_ids(found)) == 1
    loaded = "Observation?patient=rosa-alvarez&identifier=http://example.org/load|&_count=200"
    assert len(await demo.resources(loaded)) == 100


def _observation() -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
        "subject": {"reference": "Patient/rosa-alvarez"},
        "effectiveDateTime": "2026-04-01",
        "valueQuantity": {"value": 71.3, "unit": "kg"},
    }


def _large_transaction() -> dict[str, Any]:
    """Over a megabyte: curl asks first, with `Expect: 100-continue`."""
    note = [{"text": "Measured at home. " * 650}]
    entries = [
        {
            "resource": {
                **_observation(),
                "identifier": [{"system": "http://example.org/load", "value": str(number)}],
                "note": note,
            },
            "request": {"method": "POST", "url": "Observation"},
        }
        for number in range(100)
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _ids(bundle: str) -> list[str]:
    return [entry["resource"]["id"] for entry in json.loads(bundle).get("entry", [])]
