"""`Prefer: return=…` on everything that writes (F8; R4 `http.html#ops` 3.1.0.1.7, RFC 7240)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.http.test_rest import PATIENT
from tests.serving import Caller, assert_outcome

JSON_PATCH = {"content-type": "application/json-patch+json"}
WRITES = {
    "create": 201,
    "conditional create that finds one": 200,
    "update": 200,
    "update that creates": 201,
    "conditional update": 200,
    "conditional update that creates": 201,
    "patch": 200,
    "conditional patch": 200,
}


async def _write(system: Caller, write: str, prefer: dict[str, str]) -> httpx.Response:
    """One write of that kind, on a Patient of its own where it needs one."""
    value = uuid4().hex
    body = {**PATIENT, "identifier": [{"system": "urn:prefer", "value": value}]}
    where = f"Patient?identifier=urn:prefer|{value}"
    if write == "create":
        return await system.post("Patient", body, headers=prefer)
    if write == "update that creates":
        return await system.put(f"Patient/{value}", {**body, "id": value}, headers=prefer)
    if write == "conditional update that creates":
        return await system.put(where, body, headers=prefer)
    place = (await system.post("Patient", body)).headers["location"].partition("/_history")[0]
    changed = {**body, "active": True}
    patch = [{"op": "add", "path": "/active", "value": True}]
    if write == "conditional create that finds one":
        headers = {**prefer, "if-none-exist": f"identifier=urn:prefer|{value}"}
        return await system.post("Patient", body, headers=headers)
    if write == "update":
        return await system.put(place, {**changed, "id": place.split("/")[-1]}, headers=prefer)
    if write == "conditional update":
        return await system.put(where, changed, headers=prefer)
    target = place if write == "patch" else where
    return await system("PATCH", target, patch, headers={**prefer, **JSON_PATCH})


@pytest.mark.parametrize("write", WRITES)
async def test_f8_a_write_answers_with_what_is_preferred(system: Caller, write: str) -> None:
    """Without a preference, and with an unknown one, the resource, as HAPI does."""
    for preferred in ("minimal", "representation", "OperationOutcome", "", "all"):
        prefer = {"prefer": f"return={preferred}"} if preferred else {}
        answer = await _write(system, write, prefer)
        assert answer.status_code == WRITES[write], answer.text
        version = answer.headers["etag"].strip('W/"')
        assert answer.headers["location"].endswith(f"/_history/{version}")
        assert answer.headers["last-modified"].endswith("GMT")
        match preferred:
            case "minimal":
                assert answer.content == b""
                assert "content-type" not in answer.headers
            case "OperationOutcome":
                told = answer.json()
                assert told["resourceType"] == "OperationOutcome"
                assert {each["severity"] for each in told["issue"]} <= {"information", "warning"}
            case _:
                assert answer.json()["resourceType"] == "Patient"
                assert answer.json()["meta"]["versionId"] == version


async def test_f8_a_delete_has_nothing_to_answer_with_but_an_outcome(system: Caller) -> None:
    for path in ("Patient?_id={id}",):
        for preferred in ("minimal", "representation", "OperationOutcome", ""):
            logical_id = (await system.post("Patient", PATIENT)).json()["id"]
            prefer = {"prefer": f"return={preferred}"} if preferred else {}
            answer = await system("DELETE", path.format(id=logical_id), headers=prefer)
            if preferred == "OperationOutcome":
                assert answer.status_code == 200
                assert answer.json()["resourceType"] == "OperationOutcome"
            else:
                assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("preferred", ["minimal", "representation", "OperationOutcome"])
async def test_f8_a_refusal_has_its_outcome_whatever_is_preferred(
    system: Caller, preferred: str
) -> None:
    headers = {"prefer": f"return={preferred}"}
    bad: dict[str, Any] = {**PATIENT, "gender": "woman"}
    assert_outcome(await system.post("Patient", bad, headers=headers), 400)
    assert_outcome(await system.put("Patient/x", {**bad, "id": "x"}, headers=headers), 400)
    assert_outcome(await system("DELETE", "Patient/nobody", headers=headers), 404)
