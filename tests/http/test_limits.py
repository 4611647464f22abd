"""Each limit on what a request may bring, at it and one beyond it (F11)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.serving import Caller, assert_outcome, serving

XML = {"content-type": "application/fhir+xml"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
NARROW = {
    "max_depth": 8,
    "max_parameters": 10,
    "max_url_bytes": 1024,
    "max_bundle_entries": 3,
    "max_body_bytes": 20_000,
    "max_bundle_bytes": 40_000,
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def narrow(
    mongodb_uri: str, database_name: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Caller]:
    """A server with every limit at its smallest."""
    folder = tmp_path_factory.mktemp("narrow")
    async with serving(mongodb_uri, f"{database_name}_n", folder, **NARROW) as running:
        yield await running.caller("system/*.cruds")


def nested(levels: int) -> dict[str, Any]:
    """A Patient of so many objects inside one another."""
    extension: dict[str, Any] = {"url": "urn:x", "valueBoolean": True}
    for _ in range(levels - 2):
        extension = {"url": "urn:x", "extension": [extension]}
    return {"resourceType": "Patient", "extension": [extension]}


def nested_xml(levels: int) -> str:
    inner = '<valueBoolean value="true"/>'
    for _ in range(levels - 1):
        inner = f'<extension url="urn:x">{inner}</extension>'
    return f'<Patient xmlns="http://hl7.org/fhir">{inner}</Patient>'


async def test_f11_each_limit_has_its_outcome(narrow: Caller) -> None:
    """At the limit it is taken, one beyond it is refused, and the text says the limit."""
    assert (await narrow.post("Patient", nested(8))).status_code == 201
    assert "8 levels" in assert_outcome(await narrow.post("Patient", nested(9)), 400)["diagnostics"]
    fits = await narrow.post("Patient", nested_xml(8), headers=XML)
    assert fits.status_code == 201, fits.text
    deep = await narrow.post("Patient", nested_xml(9), headers=XML)
    assert "8 levels" in assert_outcome(deep, 400, "structure")["diagnostics"]

    ten = "&".join(["name=a"] * 10)
    assert (await narrow.get(f"Patient?{ten}")).status_code == 200
    for refused in (
        await narrow.get(f"Patient?{ten}&name=a"),
        await narrow.post("Patient/_search", f"{ten}&name=a", headers=FORM),
    ):
        assert "10 parameters" in assert_outcome(refused, 400, "invalid")["diagnostics"]

    room = 1024 - len("/fhir/Patient?name=")
    assert (await narrow.get(f"Patient?name={'x' * room}")).status_code == 200
    long = await narrow.get(f"Patient?name={'x' * (room + 1)}")
    assert "1024 bytes" in assert_outcome(long, 414, "too-long")["diagnostics"]
    unknown = await narrow.get("x" * 1024)
    assert_outcome(unknown, 414, "too-long")


def spacious(kind: str, size: int) -> bytes:
    """A resource of so many bytes."""
    text = {"Bundle": '"type":"collection"', "Patient": '"active":true'}[kind]
    return f'{{"resourceType":"{kind}",{text}}}'.ljust(size).encode()


@pytest.mark.parametrize(("path", "most"), [("Patient", 20_000), ("Bundle", 40_000)])
async def test_f11_a_bundle_has_its_own_size(narrow: Caller, path: str, most: int) -> None:
    """As a document to be kept, and as one to be judged."""
    for end, status in (("", 201), ("/$validate", 200)):
        taken = await narrow.post(path + end, spacious(path, most))
        assert taken.status_code == status, taken.text
        refused = await narrow.post(path + end, spacious(path, most + 1))
        assert str(most) in assert_outcome(refused, 413, "too-long")["diagnostics"]


@pytest.mark.parametrize(
    ("url", "status"),
    [("Patient?" + "&".join(["name=a"] * 11), "400"), ("Patient?name=" + "x" * 1024, "414")],
    ids=["parameters", "length"],
)
async def test_f11_addresses_of_entries_have_the_same_limits(
    narrow: Caller, url: str, status: str
) -> None:
    entry = {"request": {"method": "GET", "url": url}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    assert_outcome(await narrow.post("", bundle), int(status))


async def test_f11_too_many_entries(narrow: Caller) -> None:
    entry = {"request": {"method": "GET", "url": "Patient"}}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry] * 4}
    assert_outcome(await narrow.post("", bundle), 422, "too-costly")


async def test_f11_what_a_bundle_has_answered_is_bounded(narrow: Caller) -> None:
    """A batch of a few bytes may ask for a lot; what is left over is refused entry by entry."""
    twin: dict[str, Any] = {"resourceType": "Patient", "identifier": [{"value": "twin"}]}
    twin["name"] = [{"text": "x" * 15_000}]
    for _ in range(2):
        assert (await narrow.post("Patient", twin)).status_code == 201
    entry = {"request": {"method": "GET", "url": "Patient?identifier=twin"}}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry] * 3}
    answer = await narrow.post("", bundle)
    responses = [each["response"] for each in answer.json()["entry"]]
    assert [each["status"][:3] for each in responses] == ["200", "200", "422"]
    assert responses[2]["outcome"]["issue"][0]["code"] == "too-costly"
    refused = await narrow.post("", {**bundle, "type": "transaction"})
    assert_outcome(refused, 422, "too-costly")
    again = await narrow.post("", {**bundle, "entry": [entry]})
    assert again.json()["entry"][0]["response"]["status"] == "200 OK"
