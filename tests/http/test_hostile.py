"""What is sent to do harm is refused or taken literally, and never a fault (F10 to F13, O1, O2)."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import quote, urlencode
from uuid import uuid4

import httpx
import pytest

from tests.http.test_rest import PATIENT
from tests.serving import Caller, Served, assert_outcome

JSON = {"content-type": "application/fhir+json"}
XML = {"content-type": "application/fhir+xml"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
PATCH = {"content-type": "application/json-patch+json"}
DIGITS = b"9" * 1000
OPEN = b'<Patient xmlns="http://hl7.org/fhir">'
REFERS = OPEN + b'<id value="&e;"/></Patient>'
BODIES: dict[str, tuple[dict[str, str], bytes]] = {
    "duplicate key": (JSON, b'{"resourceType":"Patient","active":true,"active":false}'),
    "duplicate resourceType": (JSON, b'{"resourceType":"Patient","resourceType":"Observation"}'),
    "duplicate key by an escape": (JSON, b'{"resourceType":"Patient","id":"a","\\u0069d":"b"}'),
    "NUL escaped": (JSON, b'{"resourceType":"Patient","name":[{"family":"a\\u0000b"}]}'),
    "NUL raw": (JSON, b'{"resourceType":"Patient","name":[{"family":"a\x00b"}]}'),
    "NUL in a key": (JSON, b'{"resourceType":"Patient","a\\u0000b":1}'),
    "lone surrogate": (JSON, b'{"resourceType":"Patient","name":[{"family":"\\ud800"}]}'),
    "surrogates reversed": (
        JSON,
        b'{"resourceType":"Patient","name":[{"family":"\\udc00\\ud800"}]}',
    ),
    "surrogate in a key": (JSON, b'{"resourceType":"Patient","\\udfff":1}'),
    "bad UTF-8": (JSON, b'{"resourceType":"Patient","name":[{"family":"\xff\xfe"}]}'),
    "overlong UTF-8": (JSON, b'{"resourceType":"Patient","name":[{"family":"\xc0\xaf"}]}'),
    "UTF-16": (JSON, '{"resourceType":"Patient"}'.encode("utf-16")),
    "digits, integer": (
        JSON,
        b'{"resourceType":"Patient","multipleBirthInteger":' + DIGITS + b"}",
    ),
    "digits, boolean": (JSON, b'{"resourceType":"Patient","active":' + DIGITS + b"}"),
    "digits, unknown element": (JSON, b'{"resourceType":"Patient","x":' + DIGITS * 9 + b"}"),
    "NaN": (JSON, b'{"resourceType":"Patient","multipleBirthInteger":NaN}'),
    "Infinity": (JSON, b'{"resourceType":"Patient","multipleBirthInteger":-Infinity}'),
    "$where": (JSON, b'{"resourceType":"Patient","$where":"sleep(1000)"}'),
    "operator as a value": (JSON, b'{"resourceType":"Patient","active":{"$gt":""}}'),
    "operator inside": (JSON, b'{"resourceType":"Patient","name":[{"$ne":1}]}'),
    "a.b": (JSON, b'{"resourceType":"Patient","name.family":"x"}'),
    "__proto__": (JSON, b'{"resourceType":"Patient","__proto__":{"active":true}}'),
    "empty key": (JSON, b'{"resourceType":"Patient","":1}'),
    "two values": (JSON, b'{"resourceType":"Patient"}{"resourceType":"Patient"}'),
    "arrays in arrays": (JSON, b"[" * 5000 + b"]" * 5000),
    "objects in objects": (JSON, b'{"a":' * 5000 + b"1" + b"}" * 5000),
    "deep contained": (
        JSON,
        b'{"resourceType":"Patient","contained":[' * 60 + b"{}" + b"]}" * 60,
    ),
    "resourceType of a list": (JSON, b'{"resourceType":["Patient"]}'),
    "code with a newline": (
        JSON,
        b'{"resourceType":"Patient","language":"a\\r\\nSet-Cookie: b"}',
    ),
    "XML external entity": (
        XML,
        b'<!DOCTYPE p [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + REFERS,
    ),
    "XML billion laughs": (
        XML,
        b'<!DOCTYPE p [<!ENTITY a "ha"><!ENTITY e "&a;&a;&a;&a;&a;&a;&a;&a;">]>' + REFERS,
    ),
    "XML undeclared entity": (XML, REFERS),
    "XML NUL": (XML, REFERS.replace(b"&e;", b"&#0;")),
    "XML surrogate": (XML, REFERS.replace(b"&e;", b"&#xD800;")),
    "XML in UTF-7": (XML, b'<?xml version="1.0" encoding="utf-7"?><Patient/>'),
    "XML include": (
        XML,
        OPEN
        + b'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="/etc/passwd"/></Patient>',
    ),
    "XML duplicate attribute": (XML, OPEN + b'<active value="true" value="false"/></Patient>'),
    "XML duplicate element": (XML, OPEN + b'<active value="true"/>' * 2 + b"</Patient>"),
    "XML deep": (
        XML,
        OPEN + b'<extension url="urn:x">' * 70 + b"</extension>" * 70 + b"</Patient>",
    ),
    "XML deep unknown": (XML, b"<a>" * 5000 + b"</a>" * 5000),
    "XML digits": (XML, OPEN + b'<multipleBirthInteger value="' + DIGITS + b'"/></Patient>'),
}


async def stored(caller: Caller) -> int:
    found = await caller.get("Patient?_summary=count")
    return found.json()["total"]


@pytest.mark.parametrize("case", BODIES)
async def test_f10_hostile_bodies_are_refused_and_nothing_is_stored(
    system: Caller, case: str
) -> None:
    headers, body = BODIES[case]
    before = await stored(system)
    for method, path in (("POST", "Patient"), ("PUT", f"Patient/{uuid4().hex}"), ("POST", "")):
        answer = await system(method, path, body, headers=headers)
        assert_outcome(answer, 400)
        assert "root:" not in answer.text
    place = f"Patient/{(await system.post('Patient', PATIENT)).json()['id']}"
    patched = await system("PATCH", place, body, headers={**headers, **PATCH})
    assert patched.status_code == 400, patched.text
    assert (await system.get(place)).json()["meta"]["versionId"] == "1"
    assert await stored(system) == before + 1


async def test_f9_a_thousand_digits_are_kept_where_a_decimal_may_stand(system: Caller) -> None:
    """R4 has no bound on a decimal's digits: what is stored is what was sent, or it is refused."""
    observation = (
        b'{"resourceType":"Observation","status":"final","code":{"text":"x"},'
        b'"valueQuantity":{"value":%s}}'
    )
    for number in (DIGITS, b"0." + DIGITS, b"-" + DIGITS + b".5", b"1E400", b"1E-400"):
        answer = await system.post("Observation", observation % number)
        assert answer.status_code in (201, 400), answer.text
        if answer.status_code == 201:
            assert number in answer.content
            again = await system.get(answer.headers["location"])
            assert number in again.content


VALUES = [
    "^(a+)+$",
    "(a|a)*" + "a" * 200 + "!",
    "[" * 500,
    ".*" * 500,
    "\\" * 999,
    "(?i)x",
    "%",
    "_",
    "{$gt: ''}",
    '{"$where":"sleep(5000)"}',
    "';return true;var a='",
    "a\0b",
    "\U0001f600" * 200,
    "\u202e\u200b\ufeff",
    "\x1f\x1f",
    "a\r\nSet-Cookie: x=1",
    "|" * 500,
    "$" * 500,
    "," * 500,
    "9" * 1000,
    "-" * 1000,
    "1e999999999",
    "ge" + "9" * 1000,
    "9999-99-99T99:99:99",
    "0000",
    "../../etc/passwd",
    "Patient/" * 200,
    "x" * 3999,
    "\\,\\|\\$\\",
]
NAMES = {
    "Patient": "name name:exact name:contains identifier birthdate _lastUpdated _id _profile _text "
    "general-practitioner general-practitioner.name _has:Observation:patient:code _content _filter "
    "_list _sort _count _page _include _elements _summary _total _format _pretty",
    "Observation": "value-quantity code-value-quantity combo-value-quantity date code value-date "
    "value-string:contains subject:Patient.name",
    "Location": "near",
}


@pytest.mark.parametrize("type_name", NAMES)
async def test_f12_hostile_values_of_parameters_are_literal_and_quick(
    system: Caller, type_name: str
) -> None:
    await system.post("Patient", PATIENT)
    for place, name in enumerate(NAMES[type_name].split()):
        for value in VALUES[place % 2 :: 2]:
            query = urlencode([(name, value)])
            began = time.perf_counter()
            # Short ones in the address, long ones in a form: what reads them is the same.
            answer = await (
                system.get(f"{type_name}?{query}")
                if len(query) < 250
                else system.post(f"{type_name}/_search", query, headers=FORM)
            )
            assert time.perf_counter() - began < 5, f"{name}={value[:40]!r}"
            assert answer.status_code < 500, f"{name}={value[:40]!r}: {answer.text[:300]}"
            assert "Traceback" not in answer.text
            assert "set-cookie" not in answer.headers


async def test_f12_a_string_is_no_pattern(system: Caller) -> None:
    """What stands for any letter in a regular expression, in LIKE or in a shell stands for none."""
    families = ("zqbc", "zq.c", "zq%c", "zq_c", "zq*c", "zq(c", "zq[c", "zq^c", "zq+c", "zq?c")
    for family in families:
        made = await system.post("Patient", {**PATIENT, "name": [{"family": family}]})
        assert made.status_code == 201

    async def found(modifier: str, text: str) -> set[str]:
        query = urlencode([(f"family{modifier}", text)])
        entries = (await system.get(f"Patient?{query}")).json().get("entry", ())
        return {each["resource"]["name"][0]["family"] for each in entries}

    for family in families:
        assert await found(":exact", family) == {family}
    for pattern in (*families[1:], "zq(.)c", "zq\\wc", "zq[a-z]c", "z%bc", "z_bc", "z*bc"):
        assert await found(":exact", pattern) <= {pattern}
        for modifier in ("", ":contains"):
            assert "zqbc" not in await found(modifier, pattern), pattern


@pytest.mark.parametrize(
    "name",
    ["$where", "$expr", "a.b", "resource.name", "name[$ne]", "k", "_id.$gt", "__proto__", ""],
)
async def test_f12_operators_are_unknown_parameters(system: Caller, name: str) -> None:
    assert_outcome(await system.get(f"Patient?{quote(name)}=1"), 400)
    assert_outcome(await system.post("Patient/_search", f"{quote(name)}=1", headers=FORM), 400)


async def raw(served: Served, *lines: bytes) -> bytes:
    """The answer to a request that no client library would send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.settings.port)
    writer.write(b"\r\n".join((*lines, b"host: x", b"connection: close", b"", b"")))
    try:
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()


@pytest.mark.parametrize(
    "ending", ["%0d%0aSet-Cookie:%20a=b", "%0aX-Evil:%201", "%00", "%e2%80%a8", "%ff", "%c0%8a"]
)
async def test_f11_no_header_can_be_injected(system: Caller, ending: str) -> None:
    """What a caller wrote never ends a header: Location, ETag, Content-Location, links."""
    for method, path in (
        ("GET", f"Patient/a{ending}"),
        ("GET", f"Patient/a/_history/1{ending}"),
        ("GET", f"Patient/a/_history?_count=1{ending}"),
        ("PUT", f"Patient/a{ending}"),
        ("GET", f"Patient?name=a{ending}"),
        ("GET", f"Patient?_format=json{ending}"),
        ("GET", f"Pat{ending}ient"),
        ("GET", f"_job/a{ending}"),
        ("POST", f"$reindex{ending}"),
    ):
        body = PATIENT if method in ("PUT", "POST") else None
        answer = await system(method, path, body)
        assert answer.status_code < 500, f"{method} {path}: {answer.text[:300]}"
        assert not {"set-cookie", "x-evil"} & set(answer.headers)
        for value in answer.headers.values():
            assert "\n" not in value


HEADERS = [
    ("if-match", 'W/"1\x0b"'),
    ("if-match", "W/" * 2000),
    ("if-match", '"' + "9" * 4000 + '"'),
    ("if-none-match", "*" * 4000),
    ("if-none-match", 'W/"9999999999999999999999"'),
    ("if-modified-since", "Thu, 99 Foo 99999 99:99:99 GMT"),
    ("if-modified-since", "Mon, 01 Jan 0001 00:00:00 -2359"),
    ("if-none-exist", "identifier=" + "%" * 500),
    ("if-none-exist", "%ff=%ff"),
    ("if-none-exist", "&" * 4000),
    ("prefer", "return=" + "x" * 4000),
    ("prefer", ";,=" * 1000),
    ("accept", ",;q=" * 1000),
    ("accept", "*/*;q=nan"),
    ("accept-encoding", "gzip;q=" * 500),
    ("content-length", "-1"),
    ("content-encoding", "gzip, gzip"),
    ("content-type", "application/fhir+json;" * 200),
    ("origin", "null" * 100),
    ("x-forwarded-host", "evil.example"),
    ("x-http-method-override", "DELETE"),
    ("range", "bytes=0-0,1-1"),
]


@pytest.mark.parametrize(("name", "value"), HEADERS)
async def test_f11_odd_headers(system: Caller, name: str, value: str) -> None:
    place = f"Patient/{(await system.post('Patient', PATIENT)).json()['id']}"
    for method, path, body in (
        ("GET", place, None),
        ("PUT", place, PATIENT),
        ("POST", "Patient", PATIENT),
        ("GET", "Patient?name=x", None),
    ):
        try:
            answer = await system(method, path, body, headers={name: value})
        except httpx.HTTPError:
            continue  # the client, or the parser of HTTP, would have none of it
        assert answer.status_code < 500, f"{method} {path}: {answer.text[:300]}"
        assert "evil.example" not in answer.text + str(answer.headers)


@pytest.mark.parametrize(
    "line",
    [
        b"GET /fhir/Patient?name=\xff HTTP/1.1",
        b"GET /fhir/Patient/\x00 HTTP/1.1",
        b"GET http://evil.example/fhir/Patient HTTP/1.1",
        b"GET //fhir//Patient HTTP/1.1",
        b"GET /fhir/../healthz HTTP/1.1",
        b"get /fhir/Patient HTTP/1.1",
        b"\x16\x03\x01",
        b"GET /fhir/Patient HTTP/9.9",
        b"TRACE /fhir/Patient HTTP/1.1",
        b"CONNECT /fhir/Patient HTTP/1.1",
    ],
)
async def test_f11_what_is_hardly_http_is_no_fault(served: Served, line: bytes) -> None:
    answer = await raw(served, line)
    assert not answer.startswith(b"HTTP/1.1 5"), answer[:300]
    assert b"Traceback" not in answer
    assert (await served.http.get(f"{served.root}/healthz")).status_code == 200


POLLUTED: list[tuple[str, str | None]] = [
    ("_count=1&_count=2", None),
    ("_format=json&_format=xml", None),
    ("_pretty=true&_pretty=false", None),
    ("_sort=name&_sort=birthdate", None),
    ("_total=none&_total=accurate", None),
    ("_summary=true&_summary=false", None),
    ("_elements=id&_summary=true", None),
    ("_page=x&_page=y", None),
    ("_count=1", "_count=2"),
    ("_sort=name", "_sort=birthdate"),
    ("_summary=true", "_summary=text"),
]


@pytest.mark.parametrize(("query", "form"), POLLUTED)
async def test_f13_what_counts_once_is_refused_twice(
    system: Caller, query: str, form: str | None
) -> None:
    if form is None:
        assert_outcome(await system.get(f"Patient?{query}"), 400)
        assert_outcome(await system.post("Patient/_search", query, headers=FORM), 400)
    else:
        assert_outcome(await system.post(f"Patient/_search?{query}", form, headers=FORM), 400)


async def test_f13_filters_of_address_and_form_all_hold(system: Caller) -> None:
    """A filter in the form cannot widen what the address asks for."""
    family = uuid4().hex
    for gender in ("male", "female"):
        await system.post("Patient", {**PATIENT, "name": [{"family": family}], "gender": gender})
    found = await system.post(
        f"Patient/_search?family={family}&gender=male", "gender=female", headers=FORM
    )
    assert found.json().get("entry", []) == []
    found = await system.post(f"Patient/_search?family={family}", "gender=female", headers=FORM)
    assert len(found.json()["entry"]) == 1


@pytest.mark.parametrize(
    "path",
    [
        "Patient%0A",
        "Patient/x%0A",
        "metadata%0A",
        "%0A",
        "a%0Ab/c",
        "Patient%2Fx",
        "Patient/x%2f_history",
        "Patient%00",
        "Patient%7f",
        "%2e%2e/healthz",
        "./Patient",
        "Patient//x",
        "Patient;a=b",
        "Patient/",
        "metadata/",
    ],
)
async def test_f11_what_only_looks_like_an_address(
    served: Served, system: Caller, path: str
) -> None:
    """A proxy in front reads it in its own way; here it is none, and refused as FHIR refuses."""
    await system.put("Patient/x", {**PATIENT, "id": "x"})
    answer = await raw(
        served,
        f"GET /fhir/{path} HTTP/1.1".encode(),
        f"authorization: Bearer {system.token}".encode(),
    )
    assert answer.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 ")), answer[:300]
    assert b"OperationOutcome" in answer


@pytest.mark.parametrize(
    "path", ["/healthz/", "/docs/", "/fhir/Patient/", "/app/", "//fhir/metadata"]
)
async def test_f11_nobody_is_sent_where_a_header_says(served: Served, path: str) -> None:
    answer = await raw(served, f"GET {path} HTTP/1.1".encode(), b"x-forwarded-host: evil.example")
    assert b"\r\nlocation: http://x" not in answer.lower()
    assert b"evil.example" not in answer
