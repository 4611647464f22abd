"""create, read, vread, update, delete and history over HTTP (requirements section 7)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.serving import Caller, Served, assert_outcome

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "name": [{"family": "Prüfer", "given": ["Änne"]}],
    "gender": "female",
    "birthDate": "1970-02-28",
}
OBSERVATION = (
    b'{"resourceType":"Observation","status":"final","code":{"text":"x"},'
    b'"valueQuantity":{"value":%s,"unit":"mg"}}'
)


async def created(caller: Caller, resource: Any) -> dict[str, Any]:
    response = await caller.post(resource["resourceType"], resource)
    assert response.status_code == 201, response.text
    return response.json()


async def test_f1_create_gives_id_version_and_addresses(served: Served, system: Caller) -> None:
    sent = {**PATIENT, "id": "mine", "meta": {"versionId": "9", "tag": [{"code": "kept"}]}}
    response = await system.post("Patient", sent)
    assert response.status_code == 201
    resource = response.json()
    assert resource["id"] != "mine"
    assert resource["meta"]["versionId"] == "1"
    assert resource["meta"]["tag"] == [{"code": "kept"}]
    assert response.headers["etag"] == 'W/"1"'
    assert response.headers["last-modified"].endswith("GMT")
    place = f"{served.base}/Patient/{resource['id']}/_history/1"
    assert response.headers["location"] == place
    read = await system.get(f"Patient/{resource['id']}")
    assert read.json() == resource
    assert read.headers["content-type"] == "application/fhir+json; charset=utf-8"
    assert read.headers["cache-control"] == "no-store"
    assert "public" not in read.headers["cache-control"]
    assert (await system.get(place)).json() == resource


async def test_f1_update_makes_versions_and_update_as_create(system: Caller) -> None:
    first = await system.put("Patient/chosen.id-1", {**PATIENT, "id": "chosen.id-1"})
    assert first.status_code == 201
    second = await system.put(
        "Patient/chosen.id-1", {**PATIENT, "id": "chosen.id-1", "active": True}
    )
    assert second.status_code == 200
    assert second.headers["etag"] == 'W/"2"'
    assert (await system.get("Patient/chosen.id-1/_history/1")).json()["meta"]["versionId"] == "1"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("Patient/a", {**PATIENT, "id": "b"}, 400),
        ("Patient/a", PATIENT, 400),
        ("Patient/a", {"resourceType": "Practitioner", "id": "a"}, 400),
        ("Patient/under_score", {**PATIENT, "id": "under_score"}, 404),
        (f"Patient/{'x' * 65}", {**PATIENT, "id": "x" * 65}, 404),
        ("Parameters/a", {"resourceType": "Parameters", "id": "a"}, 404),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else None,
)
async def test_f1_body_and_address_agree(system: Caller, path: str, body: Any, status: int) -> None:
    assert_outcome(await system.put(path, body), status)


async def test_f2_delete_then_gone_then_revived(system: Caller) -> None:
    place = f"Patient/{(await created(system, PATIENT))['id']}"
    deleted = await system("DELETE", place)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert_outcome(await system.get(place), 410, "deleted")
    assert_outcome(await system.get(f"{place}/_history/2"), 410)
    assert (await system.get(f"{place}/_history/1")).status_code == 200
    assert (await system("DELETE", place)).status_code == 204
    history = (await system.get(f"{place}/_history")).json()
    assert [entry["request"]["method"] for entry in history["entry"]] == ["DELETE", "POST"]
    assert "resource" not in history["entry"][0]
    logical_id = place.rpartition("/")[2]
    assert (await system.get("Patient", params={"_id": logical_id})).json()["total"] == 0
    revived = await system.put(place, {**PATIENT, "id": logical_id})
    assert (revived.status_code, revived.headers["etag"]) == (201, 'W/"3"')


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "Patient/nobody", 404),
        ("DELETE", "Patient/nobody", 404),
        ("GET", "Patient/nobody/_history", 404),
        ("GET", "Patient/nobody/_history/1", 404),
        ("GET", f"Patient/{'x' * 65}", 404),
        ("GET", "Patient/no%20id", 404),
        ("GET", "Patient/no%00id", 404),
        ("GET", "Patient/n\u00f6", 404),
        ("GET", "Patient/nobody/_history/first", 404),
        ("GET", f"Patient/nobody/_history/{'9' * 100}", 404),
        ("GET", "Pateint/1", 404),
        ("GET", "Patient/1/2/3", 404),
        ("GET", "Patient/$nothing", 404),
        ("GET", "nothing", 404),
        ("PATCH", "", 405),
        ("PUT", "", 405),
        ("DELETE", "", 405),
    ],
)
async def test_f3_unknown_addresses(system: Caller, method: str, path: str, status: int) -> None:
    assert_outcome(await system(method, path), status)


async def test_f3_a_misspelt_type_is_told_the_right_one(system: Caller) -> None:
    issue = assert_outcome(await system.get("Pateint/1"), 404)
    assert "Patient" in issue["diagnostics"]


async def test_f4_history_newest_first_with_pages(served: Served, system: Caller) -> None:
    logical_id = (await created(system, PATIENT))["id"]
    for number in range(4):
        body = {**PATIENT, "id": logical_id, "multipleBirthInteger": number}
        assert (await system.put(f"Patient/{logical_id}", body)).status_code == 200
    whole = (await system.get(f"Patient/{logical_id}/_history")).json()
    assert whole["type"] == "history"
    assert whole["total"] == 5
    assert [e["resource"]["meta"]["versionId"] for e in whole["entry"]] == list("54321")
    first = whole["entry"][0]
    assert first["fullUrl"] == f"{served.base}/Patient/{logical_id}"
    assert first["request"] == {"method": "PUT", "url": f"Patient/{logical_id}"}
    assert first["response"]["etag"] == 'W/"5"'
    seen: list[str] = []
    url: str | None = f"Patient/{logical_id}/_history?_count=2"
    while url is not None:
        page = (await system.get(url)).json()
        assert page["total"] == 5
        seen += [entry["resource"]["meta"]["versionId"] for entry in page["entry"]]
        url = next((one["url"] for one in page["link"] if one["relation"] == "next"), None)
    assert seen == list("54321")
    since = whole["entry"][1]["resource"]["meta"]["lastUpdated"]
    recent = (await system.get(f"Patient/{logical_id}/_history", params={"_since": since})).json()
    assert [entry["resource"]["meta"]["versionId"] for entry in recent["entry"]] == ["5", "4"]


async def test_f5_if_match(system: Caller) -> None:
    logical_id = (await created(system, PATIENT))["id"]
    place, body = f"Patient/{logical_id}", {**PATIENT, "id": logical_id}
    assert_outcome(await system.put(place, body, headers={"if-match": 'W/"2"'}), 412)
    assert (await system.put(place, body, headers={"if-match": 'W/"1"'})).status_code == 200
    assert_outcome(await system("DELETE", place, headers={"if-match": 'W/"1"'}), 412)
    assert_outcome(await system.put(place, body, headers={"if-match": "x y"}), 400)
    assert (await system("DELETE", place, headers={"if-match": 'W/"2"'})).status_code == 204


async def test_f5_no_update_is_lost_and_no_version_used_twice(system: Caller) -> None:
    logical_id = (await created(system, PATIENT))["id"]

    async def write(number: int) -> tuple[int, str]:
        body = {**PATIENT, "id": logical_id, "multipleBirthInteger": number}
        answer = await system.put(f"Patient/{logical_id}", body)
        return answer.status_code, answer.headers.get("etag", "")

    answers = await asyncio.gather(*(write(number) for number in range(25)))
    tags = [tag for status, tag in answers if status == 200]
    assert {status for status, _ in answers} <= {200, 409}
    assert len(set(tags)) == len(tags) > 0
    history = (await system.get(f"Patient/{logical_id}/_history?_count=100")).json()
    assert history["total"] == len(tags) + 1


async def test_f6_conditional_read_and_create(system: Caller) -> None:
    system_url = "http://example.org/conditional"
    body = {**PATIENT, "identifier": [{"system": system_url, "value": "1"}]}
    condition = {"if-none-exist": f"identifier={system_url}|1"}
    first = await system.post("Patient", body, headers=condition)
    again = await system.post("Patient", body, headers=condition)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    await created(system, body)
    assert_outcome(await system.post("Patient", body, headers=condition), 412, "multiple-matches")
    wrong = {"if-none-exist": "nonsense=1"}
    assert_outcome(await system.post("Patient", body, headers=wrong), 400)
    place = f"Patient/{first.json()['id']}"
    unchanged = await system.get(place, headers={"if-none-match": 'W/"1"'})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert (await system.get(place, headers={"if-none-match": 'W/"2"'})).status_code == 200
    modified = first.headers["last-modified"]
    assert (await system.get(place, headers={"if-modified-since": modified})).status_code == 304


async def test_f6_equal_conditional_creates_at_once_make_one_resource(system: Caller) -> None:
    system_url = "http://example.org/race"
    body = {**PATIENT, "identifier": [{"system": system_url, "value": "1"}]}
    condition = {"if-none-exist": f"identifier={system_url}|1"}
    answers = await asyncio.gather(
        *(system.post("Patient", body, headers=condition) for _ in range(40))
    )
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    assert sum(answer.status_code == 201 for answer in answers) == 1
    found = await system.get("Patient", params={"identifier": f"{system_url}|1"})
    assert len(found.json()["entry"]) == 1


async def test_f8_prefer_formats_and_media_types(system: Caller) -> None:
    minimal = await system.post("Patient", PATIENT, headers={"prefer": "return=minimal"})
    assert (minimal.status_code, minimal.content) == (201, b"")
    told = await system.post("Patient", PATIENT, headers={"prefer": "return=OperationOutcome"})
    assert told.json()["resourceType"] == "OperationOutcome"
    place = minimal.headers["location"].partition("/_history")[0]
    pretty = await system.get(f"{place}?_pretty=true")
    assert b"\n  " in pretty.content
    assert pretty.json() == (await system.get(place)).json()
    for accept in ("application/fhir+json", "application/json", "*/*", "text/html;q=0.9,*/*;q=0.1"):
        assert (await system.get(place, headers={"accept": accept})).status_code == 200
    assert_outcome(await system.get(place, headers={"accept": "text/csv"}), 406)
    assert_outcome(await system.get(f"{place}?_format=ttl"), 406)
    assert (await system.get(f"{place}?_format=json")).status_code == 200
    for content_type in ("text/plain", "text/csv", "application/json; charset=latin1"):
        wrong = await system.post("Patient", PATIENT, headers={"content-type": content_type})
        assert_outcome(wrong, 415)


@pytest.mark.parametrize(
    "literal",
    [
        "1.00",
        "0.1",
        "1e-7",
        "0.0000001",
        "1E+3",
        "-0.00",
        "3",
        "12345678901234567890.1234567890",
        "1.2345678901234567890123456789012345678901234567",
        "100000000000000000000000",
    ],
)
async def test_f9_decimals_keep_every_digit(system: Caller, literal: str) -> None:
    sent = OBSERVATION % literal.encode()
    response = await system.post("Observation", sent)
    assert response.status_code == 201, response.text
    place = f"Observation/{response.json()['id']}"
    expected = b'"value":%s,' % literal.encode()
    for answer in (
        response,
        await system.get(place),
        await system.get("Observation", params={"_id": place.rpartition("/")[2]}),
        await system.get(f"{place}/_history"),
    ):
        assert expected in answer.content


async def test_f9_what_comes_out_equals_what_went_in(system: Caller) -> None:
    sent = {
        **PATIENT,
        "name": [
            {
                "given": ["Zoë 漢字 🩺", None],
                "_given": [None, {"extension": [{"url": "http://x.org/e", "valueString": "y"}]}],
            }
        ],
        "_birthDate": {"extension": [{"url": "http://x.org/t", "valueDateTime": "1970-02-28"}]},
        "multipleBirthInteger": 2147483647,
    }
    resource = await created(system, sent)
    read = (await system.get(f"Patient/{resource['id']}")).json()
    assert {k: v for k, v in read.items() if k not in ("id", "meta")} == sent


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"Patient"',
        b"null",
        b'{"resourceType":"Patient","resourceType":"Patient"}',
        b'{"resourceType":"Patient","active":NaN}',
        b'{"resourceType":"Patient","$where":"1"}',
        b'{"resourceType":"Patient","a.b":"1"}',
        b'{"resourceType":"Patient","name":[{"family":"\\u0000"}]}',
        b'{"resourceType":"Patient","name":[{"family":"\\ud800"}]}',
        b'{"resourceType":"Patient","name":[{"family":"\xff"}]}',
        b'{"resourceType":"Patient","name":{"family":"x"}}',
        b'{"resourceType":"Patient","gender":"woman"}',
        b'{"resourceType":"Patient","birthDate":"1970-02-30"}',
        b'{"resourceType":"Patient","multipleBirthInteger":2147483648}',
        b'{"resourceType":"Patient","multipleBirthInteger":%s}' % (b"9" * 1000),
        b'{"resourceType":"Patient","active":"true"}',
        b'{"resourceType":"Patient","contact":[{}]}',
        b'{"resourceType":"Patient","id":"../x","name":[]}',
        b'{"resourceType":"Nonsense"}',
        b'{"name":[]}',
        b'{"resourceType":"Patient","extension":' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
    ids=range(23),
)
async def test_f10_what_is_no_valid_resource_is_refused(system: Caller, body: bytes) -> None:
    before = (await system.get("Patient?_total=accurate&_count=0")).json()["total"]
    assert_outcome(await system.post("Patient", body), 400)
    after = (await system.get("Patient?_total=accurate&_count=0")).json()["total"]
    assert after == before


async def test_f10_all_problems_at_once_each_with_its_place(system: Caller) -> None:
    body = {"resourceType": "Patient", "gender": "x", "birthDate": "y", "nome": []}
    outcome = (await system.post("Patient", body)).json()
    places = {issue["expression"][0] for issue in outcome["issue"]}
    assert {"Patient.gender", "Patient.birthDate"} <= places
    assert len(outcome["issue"]) >= 3


async def test_f11_sizes_nesting_and_odd_requests(system: Caller) -> None:
    large = json.dumps({**PATIENT, "text": {"status": "generated", "div": "x" * 13_000_000}})
    assert_outcome(await system.post("Patient", large), 413, "too-long")
    nested: dict[str, Any] = {"url": "http://x.org"}
    for _ in range(300):
        nested = {"url": "http://x.org", "extension": [nested]}
    assert_outcome(await system.post("Patient", {**PATIENT, "extension": [nested]}), 400)
    assert (await system("OPTIONS", "Patient/1")).status_code in (200, 204, 405)


async def test_t1_without_a_good_token_nothing_is_said(served: Served) -> None:
    for method, path in [
        ("GET", "Patient/1"),
        ("GET", "Patient"),
        ("POST", "Patient"),
        ("PUT", "Patient/1"),
        ("DELETE", "Patient/1"),
        ("POST", ""),
        ("POST", "Patient/_search"),
        ("GET", "Patient/1/_history"),
    ]:
        for header in (None, "Bearer", "Bearer x.y.z", "Basic dTpw", "Bearer ünsinn".encode()):
            headers = {"authorization": header} if header else {}
            url = f"{served.base}/{path}".rstrip("/")
            answer = await served.http.request(method, url, headers=headers)
            assert_outcome(answer, 401, "login")
            assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_d13_any_origin_may_ask_and_none_with_credentials(served: Served) -> None:
    origin = {"origin": "https://app.example.org"}
    answer = await served.http.get(f"{served.base}/Patient/1", headers=origin)
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    preflight = await served.http.options(
        f"{served.base}/Patient/1",
        headers={
            **origin,
            "access-control-request-method": "GET",
            "access-control-request-headers": "authorization",
        },
    )
    assert preflight.status_code == 200
    assert "access-control-allow-credentials" not in preflight.headers
