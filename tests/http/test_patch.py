"""PATCH by JSON Patch and FHIRPath Patch over HTTP (F7; R4 `http.html#patch`)."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from resources import fhir_json, fhir_xml
from tests.resources.test_patching import operation
from tests.resources.test_patching import patch as parameters
from tests.serving import Caller, Served, assert_outcome

JSON_PATCH = {"content-type": "application/json-patch+json"}
PATIENT = {
    "resourceType": "Patient",
    "active": True,
    "identifier": [{"system": "urn:p", "value": "1"}],
    "name": [{"family": "Meyer"}],
}


async def _new(system: Caller, **more: Any) -> str:
    created = await system.post("Patient", {**PATIENT, **more})
    return f"Patient/{created.json()['id']}"


async def _patch(caller: Caller, place: str, *operations: object, **headers: str) -> httpx.Response:
    body = fhir_json.dump(list(operations))
    return await caller("PATCH", place, body, headers={**JSON_PATCH, **headers})


async def test_f7_json_patch_makes_the_next_version(system: Caller) -> None:
    place = await _new(system)
    answer = await _patch(
        system,
        place,
        {"op": "test", "path": "/active", "value": True},
        {"op": "replace", "path": "/active", "value": False},
        {"op": "add", "path": "/birthDate", "value": "1970-01-01"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == 'W/"2"'
    assert answer.headers["location"].endswith(f"{place}/_history/2")
    read = await system.get(place)
    assert read.json() == answer.json()
    assert (read.json()["active"], read.json()["birthDate"]) == (False, "1970-01-01")
    history = await system.get(f"{place}/_history")
    request = history.json()["entry"][0]["request"]
    assert (request["method"], request["url"]) == ("PATCH", place)


async def test_f7_fhirpath_patch_as_json_and_as_xml(system: Caller) -> None:
    place = await _new(system)
    change = parameters(operation("add", "Patient", name="gender", value={"valueCode": "female"}))
    assert (await system("PATCH", place, change)).json()["gender"] == "female"
    change = parameters(operation("delete", "Patient.gender"))
    xml = {"content-type": "application/fhir+xml"}
    answer = await system("PATCH", place, fhir_xml.dump(change), headers=xml)
    assert answer.status_code == 200
    assert "gender" not in answer.json()
    assert answer.headers["etag"] == 'W/"3"'


async def test_f7_a_bad_patch_changes_nothing(system: Caller) -> None:
    place = await _new(system)
    bad: list[object] = [
        {"op": "remove", "path": "/nothing"},
        {"op": "replace", "path": "/id", "value": "other"},
        {"op": "replace", "path": "/resourceType", "value": "Person"},
        {"op": "replace", "path": "/active", "value": "yes"},
        {"op": "add", "path": "/nonsense", "value": 1},
        {"op": "add", "path": "", "value": {"resourceType": "Patient"}},
        {"op": "add", "path": "/name/0/given", "value": []},
    ]
    for one in bad:
        assert_outcome(await _patch(system, place, {"op": "remove", "path": "/name"}, one), 400)
    failed = {"op": "test", "path": "/active", "value": False}
    assert_outcome(await _patch(system, place, failed), 409)
    for body in (b"", b"{", b"{}", b"7", b'"x"', b"[1]"):
        assert_outcome(await system("PATCH", place, body, headers=JSON_PATCH), 400)
    assert_outcome(await system("PATCH", place, {"resourceType": "Patient"}), 400)
    wrong = {"content-type": "application/merge-patch+json"}
    assert_outcome(await system("PATCH", place, {}, headers=wrong), 415)
    assert (await system.get(place)).headers["etag"] == 'W/"1"'
    assert_outcome(await _patch(system, "Patient/absent"), 404)
    await system("DELETE", place)
    assert_outcome(await _patch(system, place), 410)


async def test_f5_if_match_guards_a_patch(system: Caller) -> None:
    place = await _new(system)
    change = {"op": "replace", "path": "/active", "value": False}
    assert_outcome(await _patch(system, place, change, **{"if-match": 'W/"7"'}), 412)
    assert (await _patch(system, place, change, **{"if-match": 'W/"1"'})).status_code == 200


async def test_f5_patches_at_once_lose_nothing(system: Caller) -> None:
    """Each adds a name; all of them are there in the end."""
    place = await _new(system)
    changes = [
        _patch(system, place, {"op": "add", "path": "/name/-", "value": {"family": f"N{at}"}})
        for at in range(8)
    ]
    answers = await asyncio.gather(*changes)
    assert {answer.status_code for answer in answers} == {200}
    families = {name["family"] for name in (await system.get(place)).json()["name"]}
    assert families == {"Meyer", *(f"N{at}" for at in range(8))}


async def test_f9_a_patch_keeps_decimals(system: Caller) -> None:
    body = b'{"resourceType":"Observation","status":"final","code":{"text":"x"},'
    body += b'"valueQuantity":{"value":1.00},"component":[{"code":{"text":"y"},'
    body += b'"valueQuantity":{"value":1e-7}}]}'
    created = await system.post("Observation", body)
    place = f"Observation/{created.json()['id']}"
    raw = b'[{"op":"add","path":"/component/0/valueQuantity/unit","value":"g"},'
    raw += b'{"op":"add","path":"/referenceRange","value":[{"low":{"value":0.10}}]}]'
    answer = await system("PATCH", place, raw, headers=JSON_PATCH)
    for literal in (b":1.00}", b":1e-7,", b":0.10}"):
        assert literal in answer.content


async def test_f6_conditional_patch(system: Caller) -> None:
    value = "conditional-patch"
    where = f"Patient?identifier=urn:p|{value}"
    change = {"op": "replace", "path": "/active", "value": False}
    assert_outcome(await _patch(system, where, change), 404)
    place = await _new(system, identifier=[{"system": "urn:p", "value": value}])
    answer = await _patch(system, where, change)
    assert answer.status_code == 200
    assert answer.json()["active"] is False
    assert answer.headers["location"].endswith(f"{place}/_history/2")
    await _new(system, identifier=[{"system": "urn:p", "value": value}])
    assert_outcome(await _patch(system, where, change), 412)
    assert_outcome(await _patch(system, "Patient", change), 400)
    assert_outcome(await _patch(system, "Patient?nonsense=1", change), 400)


async def test_n1_a_patch_needs_to_read_as_well(served: Served, system: Caller) -> None:
    """A `test` would tell what is there to those who may only write."""
    place = await _new(system)
    logical_id = place.removeprefix("Patient/")
    writer = await served.caller("patient/Patient.u", logical_id)
    change = {"op": "test", "path": "/active", "value": False}
    assert_outcome(await _patch(writer, place, change), 403)
    reader = await served.caller("patient/Patient.r", logical_id)
    assert_outcome(await _patch(reader, place), 403)
    both = await served.caller("patient/Patient.ru", logical_id)
    assert (await _patch(both, place)).status_code == 200
    other = await served.caller("patient/Patient.ru", "another")
    assert_outcome(await _patch(other, place), 404)
