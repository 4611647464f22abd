"""Conditional entries and patches in transactions and batches (W4, W5, W6; R4 3.1.0.11.2)."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Any
from uuid import uuid4

from resources import fhir_json
from tests.http.test_bundles import bundle, entry, observation, total
from tests.resources.test_patching import operation
from tests.resources.test_patching import patch as parameters
from tests.serving import Caller, assert_outcome

Resource = dict[str, Any]


def _patient(value: str, **more: Any) -> Resource:
    return {"resourceType": "Patient", "identifier": [{"system": "urn:w", "value": value}], **more}


def _where(value: str) -> str:
    return f"Patient?identifier=urn:w|{value}"


def _json_patch(*operations: object) -> Resource:
    data = b64encode(fhir_json.dump(list(operations))).decode()
    return {
        "resourceType": "Binary",
        "contentType": "application/json-patch+json",
        "data": data,
    }


async def _send(system: Caller, *entries: Resource, kind: str = "transaction") -> list[Resource]:
    answer = await system.post("", bundle(kind, *entries))
    assert answer.status_code == 200, answer.text
    return [one["response"] for one in answer.json()["entry"]]


def _place(response: Resource) -> str:
    return "/".join(response["location"].split("/_history")[0].split("/")[-2:])


async def test_w4_a_conditional_update_is_what_links_to_it_mean(system: Caller) -> None:
    """First it makes the resource, then it updates the one that is there; both are linked to."""
    value, url = uuid4().hex, f"urn:uuid:{uuid4()}"
    places: list[str] = []
    for status in ("201 Created", "200 OK"):
        responses = await _send(
            system,
            entry("POST", "Observation", observation(url)),
            entry("PUT", _where(value), _patient(value), full_url=url),
        )
        assert responses[1]["status"] == status
        places.append(_place(responses[1]))
        made = await system.get(_place(responses[0]))
        assert made.json()["subject"]["reference"] == places[-1]
    assert places[0] == places[1]
    assert responses[1]["etag"] == 'W/"2"'


async def test_w4_a_conditional_update_under_an_id(system: Caller) -> None:
    value, logical_id, url = uuid4().hex, uuid4().hex, f"urn:uuid:{uuid4()}"
    responses = await _send(
        system,
        entry("PUT", _where(value), _patient(value, id=logical_id), full_url=url),
        entry("POST", "Observation", observation(url)),
    )
    assert _place(responses[0]) == f"Patient/{logical_id}"
    made = await system.get(_place(responses[1]))
    assert made.json()["subject"]["reference"] == f"Patient/{logical_id}"
    other = entry("PUT", _where(value), _patient(value, id="another"))
    assert_outcome(await system.post("", bundle("transaction", other)), 400)


async def test_w4_conditional_deletes_come_first(system: Caller) -> None:
    value = uuid4().hex
    gone = await system.post("Patient", _patient(value))
    responses = await _send(
        system,
        entry("POST", "Patient", _patient(value), ifNoneExist=f"identifier=urn:w|{value}"),
        entry("DELETE", _where(value)),
        entry("DELETE", _where("nobody")),
    )
    assert [one["status"][:3] for one in responses] == ["201", "204", "204"]
    assert_outcome(await system.get(f"Patient/{gone.json()['id']}"), 410)
    assert await total(system, _where(value)) == 1


async def test_w5_patches_of_both_kinds(system: Caller) -> None:
    value = uuid4().hex
    one = await system.post("Patient", _patient(value))
    two = await system.post("Patient", _patient(f"{value}-2"))
    responses = await _send(
        system,
        entry("GET", f"Patient/{one.json()['id']}"),
        entry(
            "PATCH",
            f"Patient/{one.json()['id']}",
            parameters(operation("add", "Patient", name="active", value={"valueBoolean": True})),
        ),
        entry(
            "PATCH",
            _where(f"{value}-2"),
            _json_patch({"op": "add", "path": "/active", "value": False}),
            ifMatch='W/"1"',
        ),
    )
    assert [one["etag"] for one in responses] == ['W/"2"'] * 3  # the read comes last
    assert (await system.get(f"Patient/{two.json()['id']}")).json()["active"] is False


async def test_w2_a_patch_that_fails_undoes_all(system: Caller) -> None:
    value = uuid4().hex
    one = await system.post("Patient", _patient(f"{value}-1"))
    place = f"Patient/{one.json()['id']}"
    bad = [
        (entry("PATCH", place, _json_patch({"op": "remove", "path": "/name"})), 400),
        (entry("PATCH", place, _json_patch({"op": "test", "path": "/id", "value": ""})), 409),
        (entry("PATCH", place, _patient(value)), 400),
        (entry("PATCH", place, {**_json_patch(), "data": "e30="}), 400),
        (entry("PATCH", place, {**_json_patch(), "data": "AA=="}), 400),
        (entry("PATCH", place, _json_patch(), ifMatch='W/"9"'), 412),
        (entry("PATCH", _where("nobody"), _json_patch()), 404),
        (entry("PUT", _where(f"{value}-1"), _patient(value), ifMatch='W/"9"'), 412),
        (entry("DELETE", "Patient?nonsense=1"), 400),
        (entry("PUT", "Patient", _patient(value)), 400),
    ]
    for failing, status in bad:
        body = bundle("transaction", entry("POST", "Patient", _patient(value)), failing)
        assert_outcome(await system.post("", body), status)
    assert await total(system, _where(value)) == 0
    assert (await system.get(place)).headers["etag"] == 'W/"1"'


async def test_w6_identities_that_criteria_lead_to_must_not_overlap(system: Caller) -> None:
    value = uuid4().hex
    one = await system.post("Patient", _patient(value))
    place = f"Patient/{one.json()['id']}"
    put = entry("PUT", place, _patient(value, id=one.json()["id"]))
    for other in (
        entry("PUT", _where(value), _patient(value)),
        entry("PATCH", _where(value), _json_patch()),
        entry("PATCH", place, _json_patch()),
    ):
        assert_outcome(await system.post("", bundle("transaction", put, other)), 400)
    assert (await system.get(place)).headers["etag"] == 'W/"1"'


async def test_w4_conditional_creates_that_match_inside_the_bundle(system: Caller) -> None:
    """As if they had been made one after the other: the second finds the first."""
    value = uuid4().hex
    urls = [f"urn:uuid:{uuid4()}" for _ in range(3)]
    criteria = f"identifier=urn:w|{value}"
    responses = await _send(
        system,
        entry("POST", "Observation", observation(urls[2])),
        entry("POST", "Patient", _patient(value), full_url=urls[0]),
        entry("POST", "Patient", _patient(value), full_url=urls[1], ifNoneExist=criteria),
        entry("POST", "Patient", _patient(value), full_url=urls[2], ifNoneExist=criteria),
    )
    assert [one["status"][:3] for one in responses] == ["201", "201", "200", "200"]
    assert len({_place(one) for one in responses[1:]}) == 1
    made = await system.get(_place(responses[0]))
    assert made.json()["subject"]["reference"] == _place(responses[1])
    assert await total(system, _where(value)) == 1
    twice = [entry("POST", "Patient", _patient(f"{value}-t")) for _ in range(2)]
    third = entry("POST", "Patient", _patient(value), ifNoneExist=f"{criteria}-t")
    assert_outcome(await system.post("", bundle("transaction", *twice, third)), 412)


async def test_w4_many_conditional_creates_of_which_some_are_there(system: Caller) -> None:
    value = uuid4().hex
    there = [5, 70, 71]
    for number in there:
        await system.post("Patient", _patient(f"{value}-{number}"))

    def create(number: int) -> Resource:
        known = _patient(f"{value}-{number}")
        return entry("POST", "Patient", known, ifNoneExist=_where(f"{value}-{number}")[8:])

    entries = [create(number) for number in range(150)]
    responses = await _send(system, *entries)
    found = [number for number, one in enumerate(responses) if one["status"] == "200 OK"]
    assert found == there
    again = await _send(system, *entries)
    assert [one["location"] for one in again] == [one["location"] for one in responses]


async def test_w9_bundles_and_requests_with_equal_criteria_make_one(system: Caller) -> None:
    """However the criteria are written and whichever way they come."""
    value = uuid4().hex
    criteria = (f"identifier=urn:w|{value}", f"identifier=urn%3Aw%7C{value}")
    posts = [
        system.post(
            "",
            bundle("transaction", entry("POST", "Patient", _patient(value), ifNoneExist=text)),
        )
        for text in criteria * 5
    ]
    posts += [
        system.post("Patient", _patient(value), headers={"if-none-exist": text})
        for text in criteria * 3
    ]
    posts += [system.put(f"Patient?{text}", _patient(value)) for text in criteria * 2]
    answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert await total(system, _where(value)) == 1


async def test_w7_conditional_entries_of_a_batch(system: Caller) -> None:
    value = uuid4().hex
    responses = await _send(
        system,
        entry("PUT", _where(value), _patient(value)),
        entry("PATCH", _where(value), _json_patch({"op": "remove", "path": "/nothing"})),
        entry("PATCH", _where(value), _json_patch({"op": "test", "path": "/x", "value": 1})),
        entry("PATCH", _where(value), {**_json_patch(), "contentType": "text/plain"}),
        entry("DELETE", _where("nobody")),
        kind="batch",
    )
    assert [one["status"][:3] for one in responses] == ["201", "400", "409", "400", "204"]
