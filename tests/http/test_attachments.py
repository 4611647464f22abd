"""Attachments beyond a document of MongoDB, in every interaction, and what is too large
(issue 4; design.md section 3)."""

from __future__ import annotations

import asyncio
import gzip
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import httpx
import pytest
import pytest_asyncio

from resources import fhir_json, fhir_xml
from tests.serving import Caller, Served, assert_outcome, serving

MEGABYTE = 1 << 20
BIG = b64encode(Random(3).randbytes(17 * MEGABYTE)).decode()
"""Of more than one document."""
ANOTHER = b64encode(Random(4).randbytes(300_000)).decode()
JSON_PATCH = {"content-type": "application/json-patch+json"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def small(
    mongodb_uri: str, database_name: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    """A server with small limits."""
    folder = tmp_path_factory.mktemp("small")
    limits = {
        "max_body_bytes": 100_000,
        "max_attachment_bytes": 600_000,
        "max_large_bodies_bytes": 1_000_000,
        "max_bundle_bytes": 900_000,
    }
    async with serving(mongodb_uri, f"{database_name}_s", folder, **limits) as running:
        yield running


def document(data: str, **more: Any) -> dict[str, Any]:
    attachment = {"contentType": "image/png", "data": data, "title": "x"}
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "content": [{"attachment": attachment}],
        **more,
    }


def content(resource: dict[str, Any]) -> str:
    """Its name, so that no failure prints millions of characters."""
    data = resource["content"][0]["attachment"]["data"]
    return {BIG: "BIG", ANOTHER: "ANOTHER"}.get(data, data[:80])


async def created(caller: Caller, resource: dict[str, Any]) -> str:
    answer = await caller.post(resource["resourceType"], resource)
    assert answer.status_code == 201, answer.text[:500]
    return answer.headers["location"].partition("/_history")[0]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def big(system: Caller) -> str:
    """The place of one whose versions are ANOTHER, then BIG."""
    place = "DocumentReference/big"
    for data in (ANOTHER, BIG):
        answer = await system.put(place, document(data, id="big"))
        assert answer.status_code in (200, 201), answer.text[:500]
        assert answer.json()["content"][0]["attachment"]["data"] == data
    return place


async def test_each_version_has_its_content(system: Caller, big: str) -> None:
    """Byte for byte what was sent, but for what a server sets."""
    read = await system.get(big)
    expected = document(BIG, id="big", meta=read.json()["meta"])
    order = {"resourceType": "DocumentReference", "id": "big", "meta": expected["meta"]}
    assert read.content == fhir_json.dump({**order, **expected})
    assert content((await system.get(f"{big}/_history/1")).json()) == "ANOTHER"
    history = (await system.get(f"{big}/_history")).json()
    assert [content(each["resource"]) for each in history["entry"]] == ["BIG", "ANOTHER"]


async def test_pages_have_contents(system: Caller, big: str) -> None:
    """In a searchset of two that are large; the other part of a page is untouched."""
    await created(system, document(ANOTHER, description="other"))
    page = await system.get("DocumentReference?_sort=_lastUpdated&_count=10")
    found = [content(each["resource"]) for each in page.json()["entry"]]
    assert found[:2] == ["BIG", "ANOTHER"]
    assert int(page.headers["content-length"]) == len(page.content)
    summary = (await system.get(f"{big}?_elements=content")).json()
    assert content(summary) == "BIG"
    assert "content-encoding" not in page.headers


async def test_it_reads_as_xml(system: Caller, big: str) -> None:
    sent = {"accept": "application/fhir+xml"}
    as_xml = await system.get(f"{big}/_history/1", headers=sent)
    resource = fhir_xml.parse(as_xml.content)
    assert content(resource) == "ANOTHER"
    resource["id"] = "xml"
    sent = {"content-type": "application/fhir+xml"}
    answer = await system.put("DocumentReference/xml", fhir_xml.dump(resource), headers=sent)
    assert content(answer.json()) == "ANOTHER"


async def test_it_is_pretty(system: Caller, big: str) -> None:
    answer = await system.get(f"{big}/_history/1?_pretty=true")
    assert content(answer.json()) == "ANOTHER"
    assert answer.content.startswith(b"{\n")


async def test_a_transaction_has_contents(system: Caller, big: str) -> None:
    """17 MB and 300 KB among small entries; then a batch reads them."""
    resources = [document(BIG), {"resourceType": "Basic", "code": {"text": "x"}}, document(ANOTHER)]
    entries = [
        {"resource": one, "request": {"method": "POST", "url": one["resourceType"]}}
        for one in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = await system.post("", bundle, headers={"prefer": "return=representation"})
    assert answer.status_code == 200, answer.text[:500]
    first, _, last = (each["resource"] for each in answer.json()["entry"])
    assert (content(first), content(last)) == ("BIG", "ANOTHER")
    asked = [
        {"request": {"method": "GET", "url": f"DocumentReference/{one['id']}"}}
        for one in (first, last)
    ]
    batch = {"resourceType": "Bundle", "type": "batch", "entry": asked}
    read = (await system.post("", batch)).json()
    assert [content(each["resource"]) for each in read["entry"]] == ["BIG", "ANOTHER"]


async def test_a_transaction_that_fails_leaves_nothing(system: Caller, big: str) -> None:
    entries = [
        {
            "resource": document(ANOTHER, id="never"),
            "request": {"method": "PUT", "url": "DocumentReference/never"},
        },
        {"request": {"method": "DELETE", "url": "Basic/never"}},
        {
            "resource": {"resourceType": "Basic", "id": "n", "code": {"text": "x"}},
            "request": {"method": "PUT", "url": "Basic/n", "ifMatch": 'W/"7"'},
        },
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert (await system.post("", bundle)).status_code >= 400
    assert_outcome(await system.get("DocumentReference/never"), 404)


async def test_a_patch_keeps_changes_and_tests_contents(system: Caller) -> None:
    """What it does not touch stays as it is, unread."""
    place = await created(system, document(ANOTHER))
    path = "/content/0/attachment"
    other = ANOTHER[:-8] + "AAAAAAAA"
    steps: list[tuple[int, list[dict[str, Any]]]] = [
        (200, [{"op": "add", "path": "/description", "value": "y"}]),
        (200, [{"op": "test", "path": f"{path}/data", "value": ANOTHER}]),
        (409, [{"op": "test", "path": f"{path}/data", "value": other}]),
        (200, [{"op": "replace", "path": f"{path}/data", "value": other}]),
    ]
    for status, operations in steps:
        body = json.dumps(operations)
        answer = await system("PATCH", place, body, JSON_PATCH)
        assert answer.status_code == status, answer.text[:300]
    read = (await system.get(place)).json()
    assert read["description"] == "y"
    assert read["content"][0]["attachment"]["data"] == other
    assert content((await system.get(f"{place}/_history/2")).json()) == "ANOTHER"


async def test_operations_have_contents(system: Caller) -> None:
    """`$everything`, `$meta-add` and `$validate` of what is stored."""
    await system.put("Patient/att", {"resourceType": "Patient", "id": "att"})
    place = await created(system, document(ANOTHER, subject={"reference": "Patient/att"}))
    record = (await system.get("Patient/att/$everything")).json()
    found = [each["resource"] for each in record["entry"]]
    assert [content(one) for one in found if "content" in one] == ["ANOTHER"]
    added = {"resourceType": "Parameters", "parameter": []}
    added["parameter"] = [{"name": "meta", "valueMeta": {"tag": [{"code": "t"}]}}]
    path = place.partition("/fhir/")[2]
    assert (await system.post(f"{path}/$meta-add", added)).status_code == 200
    read = (await system.get(place)).json()
    assert (content(read), read["meta"]["tag"]) == ("ANOTHER", [{"code": "t"}])
    outcome = (await system.get(f"{path}/$validate")).text
    assert "ANOTHER" not in outcome
    assert '"error"' not in outcome


async def test_conditional_writes_have_contents(system: Caller) -> None:
    identifier = [{"system": "urn:att", "value": "1"}]
    body = document(ANOTHER, identifier=identifier)
    for status in (201, 200):
        answer = await system.post(
            "DocumentReference", body, headers={"if-none-exist": "identifier=urn:att|1"}
        )
        assert (answer.status_code, content(answer.json())) == (status, "ANOTHER")
    answer = await system.put("DocumentReference?identifier=urn:att|1", body)
    assert (answer.headers["etag"], content(answer.json())) == ('W/"2"', "ANOTHER")


async def test_what_is_no_base64_is_refused(system: Caller) -> None:
    for data in (ANOTHER + "A", "*" + ANOTHER[1:]):
        answer = await system.post("DocumentReference", document(data))
        issue = assert_outcome(answer, 400)
        assert issue["expression"] == ["DocumentReference.content[0].attachment.data"]


async def test_the_true_size(system: Caller) -> None:
    """100 MB, which is what the settings say unless they say else; a byte more is refused."""
    size = 100 * MEGABYTE
    sent = Random(5).randbytes(MEGABYTE) * 100
    answer = await system("POST", "Binary", sent, OCTETS)
    assert answer.status_code == 201, answer.text
    place = answer.headers["location"].partition("/_history")[0]
    assert (await system.get(place, headers={"accept": "*/*"})).content == sent
    assert_outcome(await announced(system, "Binary", size + 1, OCTETS), 413)


async def announced(
    caller: Caller, path: str, size: int, headers: dict[str, str], token: str | None = None
) -> httpx.Response:
    """What is answered to the head of a request whose body is so large, before any of it came."""
    url = httpx.URL(f"{caller.served.base}/{path}")
    told = {"host": url.netloc.decode(), "content-length": str(size), **headers}
    told["authorization"] = f"Bearer {caller.token if token is None else token}"
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(f"POST {url.path} HTTP/1.1\r\n{head}\r\n".encode())
    try:
        first, _, rest = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
        lines = (line.split(b": ", 1) for line in rest.split(b"\r\n") if line)
        answered = [(name.lower(), value) for name, value in lines]
        body = await reader.readexactly(int(dict(answered)[b"content-length"]))
    finally:
        writer.close()
    return httpx.Response(int(first.split()[1]), headers=answered, content=body)


JSON = {"content-type": "application/fhir+json"}
OCTETS = {"content-type": "application/octet-stream"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def writer(small: Served) -> Caller:
    return await small.caller("system/*.cruds")


async def test_a_body_may_be_as_large_as_its_attachment(writer: Caller) -> None:
    """Beside which it is as small as any other."""
    data = b64encode(bytes(600_000)).decode()
    assert (await writer.post("DocumentReference", document(data))).status_code == 201
    more = b64encode(bytes(600_001)).decode()
    assert_outcome(await writer.post("DocumentReference", document(more)), 413)
    spaces = document(data, description="x" * 100_000)
    assert_outcome(await writer.post("DocumentReference", spaces), 413)


async def test_a_body_without_attachments_is_ordinary(writer: Caller) -> None:
    """However it is spelt: what is large and no content would be parsed as a whole."""
    for resource in (
        {"resourceType": "Basic", "code": {"text": "x" * 100_000}},
        document("QUJD", description="x" * 400_000),
        {"resourceType": "DocumentReference", "content": [[{}] * 40_000]},
    ):
        assert_outcome(await writer.post(str(resource["resourceType"]), resource), 413)
    packed = gzip.compress(json.dumps(document("QUJD", description="x" * 400_000)).encode())
    headers = {**JSON, "content-encoding": "gzip"}
    assert_outcome(await writer("POST", "DocumentReference", packed, headers), 413)


async def test_a_packed_content_is_taken(writer: Caller) -> None:
    content = bytes(500_000)
    headers = {**OCTETS, "content-encoding": "gzip"}
    answer = await writer("POST", "Binary", gzip.compress(content), headers)
    place = answer.headers["location"].partition("/_history")[0]
    read = await writer.get(place, headers={"accept": "*/*"})
    assert read.content == content
    bomb = gzip.compress(bytes(50_000_000))
    assert_outcome(await writer("POST", "Binary", bomb, headers), 413)


async def test_nothing_is_read_that_cannot_be_taken(writer: Caller) -> None:
    """The head alone is refused: too large, no token, no scope, for a type without attachments."""
    reader = await writer.served.token("system/*.rs")
    for path, size, headers, token, status in (
        ("Binary", 600_001, OCTETS, None, 413),
        ("Binary", 900_001, JSON, None, 413),
        ("Patient/x/$everything", 100_001, JSON, None, 413),
        ("Basic", 100_001, JSON, None, 413),
        ("", 900_001, JSON, None, 413),
        ("Binary", 600_000, OCTETS, "", 401),
        ("Binary", 600_000, OCTETS, reader, 403),
        ("DocumentReference", 600_000, JSON, reader, 403),
    ):
        assert_outcome(await announced(writer, path, size, headers, token), status)


async def test_large_bodies_have_so_much_room(writer: Caller) -> None:
    """Beyond it one is told to come again, and taken when the others are done."""
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield bytes(200_000)
        arrived.set()
        await go_on.wait()
        yield bytes(400_000)

    first = asyncio.create_task(
        writer("POST", "Binary", None, {**OCTETS, "content-length": "600000"}, content=slow())
    )
    await arrived.wait()
    await asyncio.sleep(0.3)  # until the server has read what was sent
    busy = await announced(writer, "Binary", 600_000, OCTETS)
    assert_outcome(busy, 503, "throttled")
    assert busy.headers["retry-after"] == "5"
    assert (await writer("POST", "Binary", bytes(90_000), OCTETS)).status_code == 201
    go_on.set()
    assert (await first).status_code == 201
    assert (await writer("POST", "Binary", bytes(600_000), OCTETS)).status_code == 201
