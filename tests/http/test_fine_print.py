"""The fine print of reads and writes (R4 `http.html`), rule by rule over HTTP (F1 to F6, F8)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.serving import Caller, Served, assert_outcome

Headers = dict[str, str]
JSON_PATCH = {"content-type": "application/json-patch+json"}
BIRTHDAY = [{"op": "add", "path": "/birthDate", "value": "1970-02-28"}]


def patient(logical_id: str | None = None, value: str = "", **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"resourceType": "Patient", "gender": "female", **more}
    if logical_id is not None:
        body["id"] = logical_id
    if value:
        body["identifier"] = [{"system": "urn:fine", "value": value}]
    return body


def where(value: str) -> str:
    return f"Patient?identifier=urn:fine|{value}"


@dataclass
class One:
    """A Patient of a test's own, at version 2."""

    system: Caller
    base: str
    value: str
    logical_id: str

    @property
    def place(self) -> str:
        return f"Patient/{self.logical_id}"

    def body(self, **more: Any) -> dict[str, Any]:
        return patient(self.logical_id, self.value, **more)

    async def version(self) -> str:
        """The version that a read gives, or `gone`."""
        answer = await self.system.get(self.place)
        return answer.headers["etag"] if answer.status_code == 200 else "gone"


@pytest.fixture
async def one(served: Served, system: Caller) -> One:
    logical_id, value = str(uuid4()), uuid4().hex
    for active in (True, False):
        body = patient(logical_id, value, active=active)
        await system.put(f"Patient/{logical_id}", body)
    return One(system, served.base, value, logical_id)


def assert_of_version(answer: httpx.Response, url: str, number: int) -> None:
    """ETag and Last-Modified are those of this version, and its address is where it is said."""
    assert answer.headers["etag"] == f'W/"{number}"'
    modified = parsedate_to_datetime(answer.headers["last-modified"])
    assert modified.tzinfo is not None
    for name in ("location", "content-location"):
        assert answer.headers.get(name, f"{url}/_history/{number}") == f"{url}/_history/{number}"


# ---- reads -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if-none-match": 'W/"2"'}, 304),
        ({"if-none-match": '"2"'}, 304),
        ({"if-none-match": 'W/"7", W/"2"'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": 'W/"1"'}, 200),
        ({"if-modified-since": "Wed, 01 Jan 2200 00:00:00 GMT"}, 304),
        ({"if-modified-since": "Tue, 01 Jan 2002 00:00:00 GMT"}, 200),
        ({"if-modified-since": "yesterday"}, 200),
        # RFC 9110 section 13.2.2: with the tag the date does not count.
        ({"if-none-match": 'W/"1"', "if-modified-since": "Wed, 01 Jan 2200 00:00:00 GMT"}, 200),
    ],
    ids=str,
)
@pytest.mark.parametrize("version", ["", "/_history/2"])
async def test_f6_conditional_read_and_vread(
    one: One, version: str, headers: Headers, status: int
) -> None:
    for method in ("GET", "HEAD"):
        answer = await one.system(method, f"{one.place}{version}", headers=headers)
        assert answer.status_code == status
        assert (answer.content == b"") == (status == 304 or method == "HEAD")
        assert_of_version(answer, f"{one.base}/{one.place}", 2)
        assert "content-location" in answer.headers


async def test_f6_of_several_lines_each_counts(served: Served, system: Caller, one: One) -> None:
    """RFC 9110 section 5.3: lines of one name are one list."""
    token = f"Bearer {system.token}"
    lines = [("if-none-match", 'W/"1"'), ("if-none-match", 'W/"2"')]
    url = f"{served.base}/{one.place}"
    answer = await served.http.get(url, headers=[("authorization", token), *lines])
    assert answer.status_code == 304
    preferred = [("prefer", "handling=strict"), ("prefer", "return=minimal")]
    sent = [("authorization", token), ("content-type", "application/fhir+json"), *preferred]
    answer = await served.http.put(url, json=one.body(), headers=sent)
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "tail",
    [
        "",
        "?_summary=true",
        "?_elements=gender&_format=xml",
        "/_history/1",
        "/_history",
        "/_history/1/$meta",
        "/Observation",
        "/$everything",
    ],
)
async def test_f3_head_tells_what_get_tells(one: One, tail: str) -> None:
    """Also of what is refused; the time of an answer and its id may differ."""
    for place in (one.place, f"{one.place}x"):
        got = await one.system.get(f"{place}{tail}")
        head = await one.system("HEAD", f"{place}{tail}")
        assert (head.status_code, head.content) == (got.status_code, b"")
        passing = ("date", "x-request-id")
        assert {k: v for k, v in head.headers.items() if k not in passing} == {
            k: v for k, v in got.headers.items() if k not in passing
        }


async def test_f3_head_of_what_has_no_instance(system: Caller) -> None:
    for path in ("metadata", "Patient?_count=0", "_history?_count=0", "", "Patient/_history"):
        got, head = await system.get(path), await system("HEAD", path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-type"] == got.headers["content-type"]


async def test_f2_a_deleted_version_and_a_deleted_resource(one: One) -> None:
    """R4: an ETag with the 410 is of use to whoever brings it back."""
    await one.system("DELETE", one.place)
    for tail in ("", "/_history/3", "?_summary=true"):
        for headers in ({}, {"if-none-match": 'W/"3"'}):
            answer = await one.system.get(f"{one.place}{tail}", headers=headers)
            assert_outcome(answer, 410, "deleted")
            assert answer.headers["etag"] == 'W/"3"'
    assert (await one.system.get(f"{one.place}/_history/2")).json()["active"] is False
    for tail in (
        "/_history/4",
        "/_history/0",
        "/_history/02",
        "/_history/x",
        "/_history/9999999999",
    ):
        assert_outcome(await one.system.get(f"{one.place}{tail}"), 404, "not-found")
    expected = {"if-match": 'W/"3"'}
    revived = await one.system.put(one.place, one.body(), headers=expected)
    assert (revived.status_code, revived.headers["etag"]) == (201, 'W/"4"')
    assert revived.headers["location"].endswith(f"{one.place}/_history/4")


async def test_a_part_has_no_address_of_its_own(one: One) -> None:
    whole = await one.system.get(one.place)
    assert whole.headers["content-location"] == f"{one.base}/{one.place}/_history/2"
    for part in ("_summary=true", "_elements=gender", "_summary=text"):
        answer = await one.system.get(f"{one.place}?{part}")
        assert "content-location" not in answer.headers
        assert answer.headers["etag"] == 'W/"2"'
        assert answer.json()["meta"]["tag"][-1]["code"] == "SUBSETTED"


# ---- identity ----------------------------------------------------------------------------------


async def test_f1_ids_of_every_length_and_character(served: Served, system: Caller) -> None:
    for logical_id in ("A", "-", "...", "a.B-9", "x" * 64):
        place = f"Patient/{logical_id}"
        made = await system.put(place, patient(logical_id))
        assert made.status_code in (200, 201)
        assert_of_version(made, f"{served.base}/{place}", int(made.headers["etag"][3:-1]))
        assert (await system.get(place)).json()["id"] == logical_id
    for logical_id in ("x" * 65, "a_b", "a%20b", "%C3%A4"):
        assert_outcome(await system.put(f"Patient/{logical_id}", patient("x")), 404)


@pytest.mark.parametrize(
    ("method", "path", "body", "named"),
    [
        ("PUT", "Patient/a", patient("b"), "id"),
        ("PUT", "Patient/a", patient(), "id"),
        ("PUT", "Patient/a", patient("A"), "id"),
        ("PUT", "Patient/a", {**patient(), "id": 7}, "id"),
        ("PUT", "Patient/a", {"resourceType": "Person", "id": "a"}, "resourceType"),
        ("POST", "Patient", {"resourceType": "Person"}, "resourceType"),
        ("POST", "Patient", {"gender": "female"}, "resourceType"),
        ("PUT", "Patient?_id=a", {"resourceType": "Person"}, "resourceType"),
        ("PUT", "Patient/a?active=true", patient("a"), "active"),
        ("POST", "Patient?active=true", patient(), "active"),
    ],
    ids=str,
)
async def test_f1_body_and_address_agree(
    system: Caller, method: str, path: str, body: dict[str, Any], named: str
) -> None:
    issue = assert_outcome(await system(method, path, body), 400)
    assert named in issue["diagnostics"]


async def test_f1_the_servers_part_of_meta_is_the_servers(system: Caller) -> None:
    given = {"versionId": "77", "lastUpdated": "2001-01-01T00:00:00Z", "source": "urn:s"}
    made = (await system.post("Patient", patient("mine", meta=given))).json()
    assert made["id"] != "mine"
    assert made["meta"]["versionId"] == "1"
    assert made["meta"]["lastUpdated"] > "2020"
    assert made["meta"]["source"] == "urn:s"


# ---- what is expected of the stored version ----------------------------------------------------

WRITES = ("PUT", "PATCH", "DELETE", "conditional PUT", "conditional PATCH", "conditional DELETE")


async def write(one: One, what: str, headers: Mapping[str, str], **more: Any) -> httpx.Response:
    """Any write of this one, by its id or by criteria that select it."""
    method = what.split()[-1]
    place = where(one.value) if what.startswith("conditional") else one.place
    if method == "DELETE":
        return await one.system(method, place, headers=dict(headers))
    if method == "PATCH":
        return await one.system(method, place, BIRTHDAY, headers={**JSON_PATCH, **headers})
    return await one.system.put(place, one.body(**more), headers=dict(headers))


@pytest.mark.parametrize("what", WRITES)
@pytest.mark.parametrize(
    ("header", "value", "done"),
    [
        ("if-match", 'W/"2"', True),
        ("if-match", '"2"', True),
        ("if-match", "2", True),
        ("if-match", 'W/"1", W/"2"', True),
        ("if-match", "*", True),
        ("if-match", 'W/"1"', False),
        ("if-match", 'W/"02"', False),
        ("if-match", 'W/"abc"', False),
        ("if-match", 'W/"1","3"', False),
        ("if-none-match", "*", False),
        ("if-none-match", 'W/"2"', False),
        ("if-none-match", 'W/"1"', True),
    ],
)
async def test_f5_a_write_keeps_what_it_expects(
    one: One, what: str, header: str, value: str, done: bool
) -> None:
    answer = await write(one, what, {header: value})
    if done:
        assert answer.status_code == (204 if what.endswith("DELETE") else 200), answer.text
        assert await one.version() == ("gone" if what.endswith("DELETE") else 'W/"3"')
    else:
        assert_outcome(answer, 412, "conflict")
        assert await one.version() == 'W/"2"'


@pytest.mark.parametrize("value", ["x y", 'W/"2" W/"3"', "", ",", 'W/2"', '"2'])
async def test_f5_what_is_no_tag_is_told(one: One, value: str) -> None:
    for what in WRITES:
        issue = assert_outcome(await write(one, what, {"if-match": value}), 400)
        assert "If-Match" in issue["diagnostics"]
    assert await one.version() == 'W/"2"'


async def test_f5_what_is_expected_where_there_is_nothing(system: Caller, one: One) -> None:
    absent = str(uuid4())
    for value in ('W/"1"', "*"):
        answer = await system.put(f"Patient/{absent}", patient(absent), headers={"if-match": value})
        assert_outcome(answer, 412)
    only_new = {"if-none-match": "*"}
    for status in (201, 412):
        answer = await system.put(f"Patient/{absent}", patient(absent), headers=only_new)
        assert answer.status_code == status
    await system("DELETE", one.place)
    assert_outcome(await one.system.put(one.place, one.body(), headers={"if-match": "*"}), 412)
    assert (await one.system.put(one.place, one.body(), headers=only_new)).status_code == 201


async def test_f5_in_a_transaction_and_a_batch_too(one: One) -> None:
    def bundle(kind: str, method: str, url: str, **more: str) -> dict[str, Any]:
        entry: dict[str, Any] = {"request": {"method": method, "url": url, **more}}
        if method == "PUT":
            entry["resource"] = one.body()
        return {"resourceType": "Bundle", "type": kind, "entry": [entry]}

    for method in ("PUT", "DELETE"):
        for url in (one.place, where(one.value)):
            for more in ({"ifMatch": 'W/"1"'}, {"ifNoneMatch": "*"}):
                refused = await one.system.post("", bundle("transaction", method, url, **more))
                assert_outcome(refused, 412)
                told = await one.system.post("", bundle("batch", method, url, **more))
                (entry,) = told.json()["entry"]
                assert entry["response"]["status"].startswith("412"), entry
    assert await one.version() == 'W/"2"'
    done = await one.system.post(
        "", bundle("transaction", "PUT", one.place, ifMatch='W/"9", W/"2"')
    )
    assert done.json()["entry"][0]["response"]["etag"] == 'W/"3"'


async def test_f5_of_fifty_who_expect_a_version_one_wins_each_time(one: One) -> None:
    for version in (2, 3):
        expected = {"if-match": f'W/"{version}"'}
        puts = (
            one.system.put(one.place, one.body(multipleBirthInteger=number), headers=expected)
            for number in range(50)
        )
        answers = await asyncio.gather(*puts)
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [200, *[412] * 49]
        (winner,) = (answer for answer in answers if answer.status_code == 200)
        assert (await one.system.get(one.place)).json() == winner.json()
        assert winner.headers["etag"] == f'W/"{version + 1}"'


async def test_f5_fifty_updates_at_once_are_fifty_versions(one: One) -> None:
    puts = (one.system.put(one.place, one.body(multipleBirthInteger=n)) for n in range(50))
    answers = await asyncio.gather(*puts)
    assert {answer.status_code for answer in answers} == {200}
    versions = sorted(int(answer.headers["etag"][3:-1]) for answer in answers)
    assert versions == list(range(3, 53))
    history = (await one.system.get(f"{one.place}/_history?_count=60")).json()
    assert history["total"] == 52
    numbers = {each["resource"].get("multipleBirthInteger") for each in history["entry"]}
    assert numbers == {None, *range(50)}


# ---- criteria ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "criteria",
    [
        "",
        "_count=1",
        "_sort=birthdate",
        "nonsense=1",
        "identifier=",
        "birthdate=then",
        "_summary=true",
    ],
)
async def test_f6_criteria_that_say_nothing_select_nothing(one: One, criteria: str) -> None:
    """Neither do result parameters: without a criterion it would be everybody."""
    for answer in (
        await one.system("DELETE", f"Patient?{criteria}"),
        await one.system.put(f"Patient?{criteria}", patient()),
        await one.system("PATCH", f"Patient?{criteria}", BIRTHDAY, headers=JSON_PATCH),
        await one.system.post("Patient", patient(), headers={"if-none-exist": criteria}),
    ):
        assert_outcome(answer, 400)
    lenient = {"prefer": "handling=lenient"}
    assert_outcome(await one.system("DELETE", "Patient?nonsense=1", headers=lenient), 400)
    assert await one.version() == 'W/"2"'


async def test_f6_none_one_or_many(system: Caller, one: One) -> None:
    none, two = uuid4().hex, uuid4().hex
    for _ in range(2):
        await system.post("Patient", patient(value=two))
    made = await system.put(where(none), patient(value=none))
    assert made.status_code == 201
    assert made.headers["location"].endswith("/_history/1")
    given = str(uuid4())
    named = await system.put(where(uuid4().hex), patient(given))
    assert (named.status_code, named.json()["id"]) == (201, given)
    updated = await system.put(where(one.value), patient(value=one.value))
    assert (updated.status_code, updated.json()["id"]) == (200, one.logical_id)
    assert_outcome(await system.put(where(one.value), patient("other", one.value)), 400)
    patched = await system("PATCH", where(one.value), BIRTHDAY, headers=JSON_PATCH)
    assert (patched.status_code, patched.headers["etag"]) == (200, 'W/"4"')
    assert_outcome(await system("PATCH", where(uuid4().hex), BIRTHDAY, headers=JSON_PATCH), 404)
    for answer in (
        await system.put(where(two), patient(value=two)),
        await system("PATCH", where(two), BIRTHDAY, headers=JSON_PATCH),
        await system("DELETE", where(two)),
        await system.post(
            "Patient", patient(), headers={"if-none-exist": where(two).partition("?")[2]}
        ),
    ):
        assert_outcome(answer, 412, "multiple-matches")
    found = {"if-none-exist": where(one.value).partition("?")[2]}
    known = await system.post("Patient", patient(value=one.value), headers=found)
    assert known.status_code == 200
    assert_of_version(known, f"{one.base}/{one.place}", 4)


# ---- what is sent back -------------------------------------------------------------------------

BACK = {
    "create": ("POST", 201),
    "conditional create": ("POST", 200),
    "update": ("PUT", 200),
    "update as create": ("PUT", 201),
    "conditional update": ("PUT", 200),
    "patch": ("PATCH", 200),
    "conditional patch": ("PATCH", 200),
}


async def ask(one: One, what: str, headers: Headers) -> httpx.Response:
    value = where(one.value)
    if what == "create":
        return await one.system.post("Patient", patient(), headers=headers)
    if what == "conditional create":
        more = {"if-none-exist": value.partition("?")[2]}
        return await one.system.post("Patient", patient(), headers={**headers, **more})
    if what == "update as create":
        fresh = str(uuid4())
        return await one.system.put(f"Patient/{fresh}", patient(fresh), headers=headers)
    method = BACK[what][0]
    return await write(one, f"conditional {method}" if "cond" in what else method, headers)


@pytest.mark.parametrize("what", BACK)
@pytest.mark.parametrize("accept", ["application/fhir+json", "application/fhir+xml"])
async def test_f8_prefer_of_every_write(one: One, what: str, accept: str) -> None:
    for preferred in ("minimal", "representation", "OperationOutcome", "nonsense", None):
        headers = {"accept": accept}
        if preferred is not None:
            headers["prefer"] = f"return={preferred}"
        answer = await ask(one, what, headers)
        assert answer.status_code == BACK[what][1], answer.text
        url, _, number = answer.headers["location"].partition("/_history/")
        assert_of_version(answer, url, int(number))
        if preferred == "minimal":
            assert answer.content == b""
            assert "content-type" not in answer.headers
        else:
            kind = "OperationOutcome" if preferred == "OperationOutcome" else "Patient"
            assert answer.headers["content-type"] == f"{accept}; charset=utf-8"
            assert kind in answer.text[:60]
        whole = preferred in ("representation", "nonsense", None)
        assert ("content-location" in answer.headers) == whole


@pytest.mark.parametrize("what", ["DELETE", "conditional DELETE"])
async def test_f8_prefer_of_a_delete(one: One, what: str) -> None:
    """There is no representation of what is gone."""
    told = await write(one, what, {"prefer": "return=OperationOutcome"})
    assert told.status_code == 200
    assert told.json()["issue"][0]["severity"] == "information"
    again = await write(one, what, {"prefer": "return=OperationOutcome"})
    assert (again.status_code, again.json()["resourceType"]) == (200, "OperationOutcome")
    for preferred in ("minimal", "representation"):
        answer = await write(one, what, {"prefer": f"return={preferred}"})
        assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("kind", ["transaction", "batch"])
@pytest.mark.parametrize("preferred", ["minimal", "representation", "OperationOutcome", None])
async def test_f8_prefer_of_a_bundle(one: One, kind: str, preferred: str | None) -> None:
    gone, value = str(uuid4()), uuid4().hex
    await one.system.put(f"Patient/{gone}", patient(gone))
    await one.system.post("Patient", patient(value=value))
    fresh = str(uuid4())
    patch = {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "operation",
                "part": [
                    {"name": "type", "valueCode": "replace"},
                    {"name": "path", "valueString": "Patient.gender"},
                    {"name": "value", "valueCode": "other"},
                ],
            }
        ],
    }
    asked: list[tuple[str, str, Any]] = [
        ("DELETE", f"Patient/{gone}", None),
        ("DELETE", where(value), None),
        ("POST", "Patient", patient()),
        ("PUT", f"Patient/{fresh}", patient(fresh)),
        ("PATCH", one.place, patch),
    ]
    entries = [
        {"request": {"method": method, "url": url}} | ({"resource": body} if body else {})
        for method, url, body in asked
    ]
    headers = {"prefer": f"return={preferred}"} if preferred else {}
    bundle = {"resourceType": "Bundle", "type": kind, "entry": entries}
    answer = await one.system.post("", bundle, headers=headers)
    assert answer.status_code == 200, answer.text
    for (method, _, _), entry in zip(asked, answer.json()["entry"], strict=True):
        outcome = preferred == "OperationOutcome"
        assert ("outcome" in entry["response"]) == outcome, entry
        assert ("resource" in entry) == (preferred == "representation" and method != "DELETE")
        if method != "DELETE":
            number = entry["response"]["etag"][3:-1]
            assert entry["response"]["location"].endswith(f"/_history/{number}")
            assert entry["response"]["lastModified"]


# ---- history -----------------------------------------------------------------------------------


async def test_f4_an_entry_tells_how_its_version_came_about(one: One) -> None:
    await one.system("PATCH", one.place, BIRTHDAY, headers=JSON_PATCH)
    await one.system("DELETE", one.place)
    whole = (await one.system.get(f"{one.place}/_history")).json()
    told = [
        (one["request"]["method"], one["response"]["status"].split()[0]) for one in whole["entry"]
    ]
    assert told == [("DELETE", "204"), ("PATCH", "200"), ("PUT", "200"), ("PUT", "201")]
    assert whole["total"] == 4
    none = (await one.system.get(f"{one.place}/_history?_count=0")).json()
    assert (none["total"], "entry" in none) == (4, False)
    assert_outcome(await one.system.get(f"{one.place}x/_history"), 404, "not-found")
