"""`docs/errors.md` is current, and each of its rows is what the server answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from fhir_server.cli.errors_page import errors_page
from fhir_server.outcome import Category
from tests.serving import Caller, Served, assert_outcome

REPOSITORY = Path(__file__).parents[2]
PATIENT = {"resourceType": "Patient", "identifier": [{"system": "urn:e", "value": "twice"}]}

Ask = Callable[[Served, Caller], Awaitable[httpx.Response]]


def test_the_errors_page_is_current() -> None:
    assert (REPOSITORY / "docs" / "errors.md").read_text("utf-8") == errors_page()


async def _without_token(served: Served, _: Caller) -> httpx.Response:
    return await served.http.get(f"{served.base}/Patient")


async def _without_scope(served: Served, _: Caller) -> httpx.Response:
    caller = await served.caller("patient/Observation.rs", "p")
    return await caller.get("Condition")


async def _deleted(_: Served, system: Caller) -> httpx.Response:
    created = await system.post("Patient", PATIENT)
    place = f"Patient/{created.json()['id']}"
    await system("DELETE", place)
    return await system.get(place)


async def _taken(_: Served, system: Caller) -> httpx.Response:
    logical_id = uuid4().hex
    await system.put(f"Patient/{logical_id}", {**PATIENT, "id": logical_id})
    return await system.put("Patient?identifier=none", {**PATIENT, "id": logical_id})


async def _older(_: Served, system: Caller) -> httpx.Response:
    created = await system.post("Patient", PATIENT)
    place = f"Patient/{created.json()['id']}"
    return await system.put(place, created.json(), headers={"if-match": 'W/"7"'})


async def _several(_: Served, system: Caller) -> httpx.Response:
    await asyncio.gather(*(system.post("Patient", PATIENT) for _ in range(2)))
    return await system.put("Patient?identifier=urn:e|twice", PATIENT)


async def _long(_: Served, system: Caller) -> httpx.Response:
    return await system.post("Patient", b" " * (13 << 20))


async def _dangling(_: Served, system: Caller) -> httpx.Response:
    link = {"reference": "Patient?identifier=urn:e|never"}
    body = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    entry = {
        "resource": {**body, "subject": link},
        "request": {"method": "POST", "url": "Observation"},
    }
    return await system.post(
        "", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    )


def _get(path: str, **headers: str) -> Ask:
    async def ask(_: Served, system: Caller) -> httpx.Response:
        return await system.get(path, headers=headers)

    return ask


def _post(body: bytes, content_type: str) -> Ask:
    async def ask(_: Served, system: Caller) -> httpx.Response:
        return await system.post("Patient", body, headers={"content-type": content_type})

    return ask


async def _wrong_method(_: Served, system: Caller) -> httpx.Response:
    return await system("DELETE", "")


async def _beyond_the_end(_: Served, system: Caller) -> httpx.Response:
    created = await system("POST", "Binary", b"abc", {"content-type": "text/plain"})
    place = created.headers["location"].partition("/_history")[0]
    return await system.get(place, headers={"accept": "*/*", "range": "bytes=9-"})


ROWS: dict[Category, Ask] = {
    Category.INVALID: _get("Patient?brithdate=1970"),
    Category.STRUCTURE: _post(b"{", "application/fhir+json"),
    Category.NOT_SUPPORTED: _get("Observation?code:in=http://v"),
    Category.LOGIN: _without_token,
    Category.FORBIDDEN: _without_scope,
    Category.NOT_FOUND: _get("Patient/never"),
    Category.UNKNOWN_ROUTE: _get("Pasient/1"),
    Category.METHOD: _wrong_method,
    Category.NOT_ACCEPTABLE: _get("Patient", accept="text/csv"),
    Category.CONFLICT: _taken,
    Category.GONE: _deleted,
    Category.PRECONDITION: _older,
    Category.MULTIPLE_MATCHES: _several,
    Category.TOO_LONG: _long,
    Category.URL_TOO_LONG: _get("Patient?name=" + "x" * 33_000),
    Category.MEDIA_TYPE: _post(b"a,b", "text/csv"),
    Category.RANGE: _beyond_the_end,
    Category.BUSINESS_RULE: _dangling,
    Category.TOO_COSTLY: _get(
        "Observation?" + "subject.organization.partof.partof.partof.partof.name=x"
    ),
}
ELSEWHERE = {
    Category.INTERNAL: "tests/platform/test_request_log.py",
    Category.BUSY: "tests/http/test_attachments.py",
    Category.UNAVAILABLE: "tests/crash",
}
"""What no request causes has its tests there."""


def test_every_row_has_its_test() -> None:
    assert set(ROWS) | set(ELSEWHERE) == set(Category)
    assert all((REPOSITORY / place).exists() for place in ELSEWHERE.values())


@pytest.mark.parametrize("category", ROWS, ids=lambda each: each.name)
async def test_each_row_of_the_errors_page(
    served: Served, system: Caller, category: Category
) -> None:
    answer = await ROWS[category](served, system)
    assert_outcome(answer, category.status, category.code)
