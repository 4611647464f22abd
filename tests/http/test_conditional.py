"""Conditional update and delete over HTTP (F6; R4 `http.html#cond-update`, 3.1.0.7.1)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.serving import Caller, Served, assert_outcome, serving


def _patient(value: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "identifier": [{"system": "urn:c", "value": value}], **more}


def _where(value: str) -> str:
    return f"Patient?identifier=urn:c|{value}"


async def test_f6_conditional_update_by_the_number_of_matches(system: Caller) -> None:
    value = uuid4().hex
    made = await system.put(_where(value), _patient(value))
    assert made.status_code == 201
    logical_id = made.json()["id"]
    again = await system.put(_where(value), _patient(value, active=True))
    assert again.status_code == 200
    assert again.headers["etag"] == 'W/"2"'
    assert again.json()["id"] == logical_id
    named = await system.put(_where(value), _patient(value, id=logical_id))
    assert named.status_code == 200
    assert_outcome(await system.put(_where(value), _patient(value, id="another")), 400)
    await system.post("Patient", _patient(value))
    assert_outcome(await system.put(_where(value), _patient(value)), 412)


async def test_f6_conditional_update_without_a_match_under_an_id(system: Caller) -> None:
    value, logical_id = uuid4().hex, uuid4().hex
    made = await system.put(_where(value), _patient(value, id=logical_id))
    assert made.status_code == 201
    assert made.json()["id"] == logical_id
    # The same id for something that the criteria do not match: it is there already.
    assert_outcome(await system.put(_where("none"), _patient("x", id=logical_id)), 409)
    wrong = {"if-match": 'W/"1"'}
    assert_outcome(await system.put(_where("none"), _patient("none"), headers=wrong), 412)


async def test_f6_criteria_that_are_not_understood_write_nothing(system: Caller) -> None:
    for where in ("Patient", "Patient?", "Patient?nonsense=1", "Patient?identifier="):
        for lenient in ({}, {"prefer": "handling=lenient"}):
            assert_outcome(await system.put(where, _patient("n"), headers=lenient), 400)
            assert_outcome(await system("DELETE", where, headers=lenient), 400)


async def test_f6_equal_conditional_updates_at_once_make_one(system: Caller) -> None:
    value = uuid4().hex
    puts = [system.put(_where(value), _patient(value, active=True)) for _ in range(20)]
    statuses = sorted(answer.status_code for answer in await asyncio.gather(*puts))
    assert statuses == [200] * 19 + [201]
    found = await system.get(f"{_where(value)}&_total=accurate")
    assert found.json()["total"] == 1
    assert found.json()["entry"][0]["resource"]["meta"]["versionId"] == "20"


async def test_f6_conditional_delete_of_one(system: Caller) -> None:
    value = uuid4().hex
    assert (await system("DELETE", _where(value))).status_code == 204
    created = await system.post("Patient", _patient(value))
    assert (await system("DELETE", _where(value))).status_code == 204
    assert_outcome(await system.get(f"Patient/{created.json()['id']}"), 410)
    for _ in range(2):
        await system.post("Patient", _patient(value))
    assert_outcome(await system("DELETE", _where(value)), 412)
    assert (await system.get(f"{_where(value)}&_total=accurate")).json()["total"] == 2


async def test_f6_conditional_delete_of_several_where_the_operator_allows_it(
    mongodb_uri: str, tmp_path: Path
) -> None:
    database = f"several_{uuid4().hex[:8]}"
    async with serving(mongodb_uri, database, tmp_path, conditional_delete="multiple") as served:
        system = await served.caller("system/*.cruds")
        for value in ("a", "a", "b"):
            await system.post("Patient", _patient(value))
        told = {"prefer": "return=OperationOutcome"}
        answer = await system("DELETE", _where("a"), headers=told)
        assert answer.json()["issue"][0]["diagnostics"] == "2 deleted."
        assert (await system.get("Patient?_total=accurate")).json()["total"] == 1
        stated = (await system.get("metadata")).json()["rest"][0]["resource"][0]
        assert stated["conditionalDelete"] == "multiple"


async def test_unchanged_updates_make_no_version_where_so_set(
    mongodb_uri: str, tmp_path: Path
) -> None:
    database = f"unchanged_{uuid4().hex[:8]}"
    async with serving(mongodb_uri, database, tmp_path, skip_unchanged_updates=True) as served:
        system = await served.caller("system/*.cruds")
        for expected in ('W/"1"', 'W/"1"'):
            answer = await system.put("Patient/p", _patient("a", id="p"))
            assert answer.headers["etag"] == expected
        changed = await system.put("Patient/p", _patient("b", id="p"))
        assert changed.headers["etag"] == 'W/"2"'


async def test_z1_criteria_see_no_other_record(served: Served, system: Caller) -> None:
    """What another has can neither be changed nor found out by criteria."""
    value = uuid4().hex
    body = {"resourceType": "Observation", "status": "final", "code": {"text": value}}
    other = await system.post("Patient", _patient("other"))
    own = await system.post("Patient", _patient("own"))
    subject = {"subject": {"reference": f"Patient/{other.json()['id']}"}}
    stored = await system.post("Observation", {**body, **subject})
    scope = "patient/Observation.cruds patient/Patient.rs"
    caller = await served.caller(scope, own.json()["id"])
    where = f"Observation?_id={stored.json()['id']}"
    assert (await caller("DELETE", where)).status_code == 204
    mine = {**body, "subject": {"reference": f"Patient/{own.json()['id']}"}}
    assert (await caller.put(where, mine)).status_code == 201
    read = await system.get(f"Observation/{stored.json()['id']}")
    assert read.headers["etag"] == 'W/"1"'
    searcher = await served.caller("patient/Observation.cu", own.json()["id"])
    assert_outcome(await searcher.put(where, mine), 403)
