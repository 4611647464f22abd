"""Binary as the content that it is (R4 `binary.html#rest`), and never as a page (F14)."""

from __future__ import annotations

from base64 import b64encode

import httpx
import pytest

from fhir_server.store import Database, UnrestrictedStore
from fhir_server.store.marks import CHUNK
from resources import fhir_xml
from tests.serving import Caller, Served, assert_outcome

PDF = b"%PDF-1.4 \x00\xff"
LARGE = bytes(range(256)) * (CHUNK // 128)
"""Two chunks; what is this large is kept apart."""
ANY = {"accept": "*/*"}


async def upload(
    caller: Caller, content: bytes, content_type: str = "application/pdf", **headers: str
) -> str:
    """Where it is now."""
    sent = {"content-type": content_type, **headers}
    answer = await caller("POST", "Binary", content, sent)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"].partition("/_history")[0]


@pytest.fixture(params=[PDF, LARGE], ids=["small", "large"])
def content(request: pytest.FixtureRequest) -> bytes:
    found: bytes = request.param
    return found


async def test_a_content_comes_as_it_was_sent(system: Caller, content: bytes) -> None:
    """F14: `Content-Type` in and out; the resource to those who ask for FHIR."""
    place = await upload(system, content, "application/pdf; version=1.4")
    read = await system.get(place, headers=ANY)
    assert (read.status_code, read.content) == (200, content)
    assert read.headers["content-type"] == "application/pdf; version=1.4"
    assert read.headers["etag"] == 'W/"1"'
    assert "last-modified" in read.headers
    resource = (await system.get(place)).json()
    assert resource["contentType"] == "application/pdf; version=1.4"
    assert resource["data"] == b64encode(content).decode()
    version = await system.get(f"{place}/_history/1", headers=ANY)
    assert version.content == content


async def test_head_tells_what_a_read_would(system: Caller, content: bytes) -> None:
    place = await upload(system, content)
    for headers in (ANY, {}):
        read = await system.get(place, headers=headers)
        head = await system("HEAD", place, headers=headers)
        assert not head.content
        for name in ("content-length", "content-type", "etag", "last-modified"):
            assert head.headers[name] == read.headers[name]


@pytest.mark.parametrize(
    ("accept", "is_native"),
    [
        ("application/pdf", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("image/png", True),
        ("application/json", True),
        ("application/pdf, application/fhir+json;q=0.5", True),
        ("*/*, application/fhir+json", False),
        ("application/fhir+json", False),
        ("application/fhir+xml", False),
        ("application/fhir+json;fhirVersion=4.0, */*;q=0.1", False),
    ],
)
async def test_accept_chooses(system: Caller, accept: str, is_native: bool) -> None:
    """R4: "unless specifically requested, the FHIR XML/JSON representation is not returned"."""
    place = await upload(system, PDF)
    read = await system.get(place, headers={"accept": accept})
    assert (read.content == PDF) is is_native
    assert ("fhir" in read.headers["content-type"]) is not is_native


async def test_format_asks_for_the_resource(system: Caller) -> None:
    """`_format` overrides `Accept`; a part of a resource is one too."""
    place = await upload(system, PDF)
    for query, written in (("_format=json", "json"), ("_format=xml", "xml")):
        read = await system.get(f"{place}?{query}", headers=ANY)
        assert read.headers["content-type"] == f"application/fhir+{written}; charset=utf-8"
    assert (await system.get(f"{place}?_summary=true", headers=ANY)).json()["contentType"]
    assert_outcome(await system.get(f"{place}?_format=pdf", headers=ANY), 406)


async def test_other_types_refuse_what_is_no_fhir(system: Caller) -> None:
    """F8: 406 and 415 are as they were everywhere else, and in a search of Binary."""
    for path in ("Patient/x", "Binary", "Binary/x/_history"):
        assert_outcome(await system.get(path, headers={"accept": "image/png"}), 406)
    answer = await system("POST", "Patient", PDF, {"content-type": "application/pdf"})
    assert_outcome(answer, 415)


async def test_an_update_takes_a_content(system: Caller, content: bytes) -> None:
    """PUT to an id: the next version, `If-Match` obeyed; the first where there was none."""
    sent = {"content-type": "text/csv"}
    created = await system("PUT", f"Binary/put-{len(content)}", content, sent)
    assert created.status_code == 201, created.text
    place = f"Binary/put-{len(content)}"
    changed = await system("PUT", place, content + b"!", {**sent, "if-match": 'W/"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, 'W/"2"')
    assert_outcome(await system("PUT", place, b"", {**sent, "if-match": 'W/"1"'}), 412)
    assert (await system.get(f"{place}/_history/1", headers=ANY)).content == content
    assert (await system.get(place, headers=ANY)).content == content + b"!"


async def test_prefer_is_obeyed(system: Caller) -> None:
    """Who sends bytes is not sent their base64, unless they prefer that."""
    sent = {"content-type": "text/plain", "prefer": "return=representation"}
    answer = await system("POST", "Binary", b"x", sent)
    assert answer.json()["data"] == "eA=="
    sent["prefer"] = "return=OperationOutcome"
    assert (await system("POST", "Binary", b"x", sent)).json()["issue"]


async def test_fhir_is_taken_as_the_resource(system: Caller) -> None:
    """`application/fhir+json` and `+xml` carry a Binary; plain JSON and XML are contents."""
    binary = {"resourceType": "Binary", "contentType": "text/plain", "data": "eA=="}
    for content_type, body in (
        ("application/fhir+json", b'{"resourceType":"Binary","contentType":"text/plain"}'),
        ("application/fhir+xml", fhir_xml.dump(binary)),
    ):
        answer = await system("POST", "Binary", body, {"content-type": content_type})
        assert answer.json()["contentType"] == "text/plain"
    for content_type in ("application/json", "application/xml", "text/xml"):
        place = await upload(system, b"<a/>", content_type)
        assert (await system.get(place)).json()["contentType"] == content_type


@pytest.mark.parametrize("content_type", ["nonsense", "a/b; c", 'a/b; c="', "a/b, c/d"])
async def test_a_content_type_has_to_be_one(system: Caller, content_type: str) -> None:
    assert_outcome(await system("POST", "Binary", b"x", {"content-type": content_type}), 415)


async def test_a_binary_may_be_empty(system: Caller) -> None:
    place = await upload(system, b"")
    read = await system.get(place, headers=ANY)
    assert (read.status_code, read.content) == (200, b"")
    assert "data" not in (await system.get(place)).json()


ACTIVE = {
    "text/html": b"<script>alert(1)</script>",
    "TEXT/HTML; charset=utf-8": b"<script>alert(1)</script>",
    "image/svg+xml": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "application/xml": b'<?xml-stylesheet href="x.xsl"?><a/>',
    "text/xml": b"<a/>",
    "application/xhtml+xml": b"<html/>",
    "text/javascript": b"alert(1)",
    "application/octet-stream": b"<script>",
}


@pytest.mark.parametrize("content_type", ACTIVE)
async def test_a_stored_page_is_never_active(system: Caller, content_type: str) -> None:
    """F14: it is saved, not shown; were it shown, it could run and load nothing."""
    place = await upload(system, ACTIVE[content_type], content_type)
    browser = {"accept": "text/html,*/*;q=0.8"}
    for read in (
        await system.get(place, headers=browser),
        await system.get(f"{place}/_history/1", headers=browser),
        await system.get(place, headers={**browser, "range": "bytes=0-3"}),
    ):
        assert read.headers["content-disposition"] == "attachment"
        _guarded(read)


def _guarded(read: httpx.Response) -> None:
    assert read.headers["x-content-type-options"] == "nosniff"
    assert read.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert read.headers["cross-origin-resource-policy"] == "same-origin"
    assert read.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("content_type", ["image/png", "image/jpeg", "text/plain; charset=utf-8"])
async def test_what_cannot_act_may_be_shown(system: Caller, content_type: str) -> None:
    """With the same guards: a PNG that is HTML stays a broken picture."""
    place = await upload(system, ACTIVE["text/html"], content_type)
    read = await system.get(place, headers=ANY)
    assert "content-disposition" not in read.headers
    assert read.headers["content-type"] == content_type
    _guarded(read)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html\u00e9",
        "nonsense",
        "\u4e2d/b",
        "image/png; x=\u00e9",
        "a/b;c",
        "text/html\r\nx: y",
    ],
)
async def test_a_stored_type_cannot_break_the_header(
    served: Served, system: Caller, content_type: str
) -> None:
    """A write is refused; what is stored all the same is checked again before a header says it."""
    body = {"resourceType": "Binary", "contentType": content_type, "data": "eA=="}
    async with await Database.connect(
        served.mongodb_uri, served.settings.database, cursor_key=b"k" * 32, base_url=served.base
    ) as database:
        stored = await UnrestrictedStore(database, "test").create("Binary", body)
    read = await system.get(f"Binary/{stored.logical_id}", headers=ANY)
    assert read.headers["content-type"] == "application/octet-stream"
    assert read.headers["content-disposition"] == "attachment"
    assert read.content == b"x"


async def test_the_security_context_goes_with_it(served: Served, system: Caller) -> None:
    """`X-Security-Context` is `Binary.securityContext`, and decides who reads it."""
    for name in ("ctx-a", "ctx-b"):
        await system.put(f"Patient/{name}", {"resourceType": "Patient", "id": name})
    absolute = f"{served.base}/Patient/ctx-a"
    place = await upload(system, PDF, **{"x-security-context": absolute})
    resource = (await system.get(place)).json()
    assert resource["securityContext"] == {"reference": "Patient/ctx-a"}
    a = await served.caller("patient/Binary.cruds", "ctx-a")
    b = await served.caller("patient/Binary.cruds", "ctx-b")
    read = await a.get(place, headers=ANY)
    assert read.headers["x-security-context"] == "Patient/ctx-a"
    never = await b.get("Binary/never", headers=ANY)
    for headers in (ANY, {**ANY, "range": "bytes=0-1"}, {"accept": "application/pdf"}):
        refused = await b.get(place, headers=headers)
        assert refused.status_code == 404
        shown = refused.content.replace(place.rpartition("/")[2].encode(), b"never")
        assert shown == never.content
    for name in ("ctx-a", "ctx-b"):
        sent = {"content-type": "a/b", "x-security-context": f"Patient/{name}"}
        answer = await a("POST", "Binary", PDF, sent)
        assert answer.status_code == (201 if name == "ctx-a" else 403)
    assert (await a("POST", "Binary", PDF, {"content-type": "a/b"})).status_code == 403
    for text in ("no reference", "", "#x", "urn:uuid:1"):
        bad = {"content-type": "a/b", "x-security-context": text}
        assert_outcome(await system("POST", "Binary", PDF, bad), 400)


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=2-", 2, None),
        ("bytes=-3", -3, None),
        (f"bytes={CHUNK - 2}-{CHUNK + 1}", CHUNK - 2, CHUNK + 2),
        ("bytes=5-99999999999", 5, None),
    ],
)
async def test_a_range_is_that_part(
    system: Caller, asked: str, start: int, stop: int | None
) -> None:
    """RFC 9110 section 14."""
    place = await upload(system, LARGE)
    read = await system.get(place, headers={**ANY, "range": asked})
    assert (read.status_code, read.content) == (206, LARGE[start:stop])
    first = start % len(LARGE)
    told = f"bytes {first}-{first + len(read.content) - 1}/{len(LARGE)}"
    assert read.headers["content-range"] == told


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "lines=1-2", "bytes=-", "bytes=4-2", "x"])
async def test_what_is_no_single_range_is_passed_over(system: Caller, asked: str) -> None:
    place = await upload(system, PDF)
    read = await system.get(place, headers={**ANY, "range": asked})
    assert (read.status_code, read.content) == (200, PDF)


async def test_a_range_beyond_the_end_is_refused(system: Caller) -> None:
    place = await upload(system, PDF)
    for asked in (f"bytes={len(PDF)}-", "bytes=-0"):
        refused = await system.get(place, headers={**ANY, "range": asked})
        assert_outcome(refused, 416)
        assert refused.headers["content-range"] == f"bytes */{len(PDF)}"
    under = await system.get(place, headers={**ANY, "range": "bytes=0-1", "if-range": 'W/"1"'})
    assert under.content == PDF


async def test_a_known_version_is_not_sent_again(system: Caller) -> None:
    place = await upload(system, PDF)
    read = await system.get(place, headers={**ANY, "if-none-match": 'W/"1"'})
    assert (read.status_code, read.content) == (304, b"")


async def test_a_deleted_one_is_gone(system: Caller) -> None:
    place = await upload(system, PDF)
    await system("DELETE", place)
    assert_outcome(await system.get(place, headers=ANY), 410)
    assert (await system.get(f"{place}/_history/1", headers=ANY)).content == PDF
