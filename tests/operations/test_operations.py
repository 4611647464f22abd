"""Operations over HTTP: addresses, methods, batches, and the CapabilityStatement's word on them."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.interactions.operations import OPERATION_ROWS, OPERATIONS
from resources.operations import Level, operation_definitions
from resources.registry import REGISTRY
from tests.operations.checking import answered
from tests.serving import Caller, Served, assert_outcome

VERSIONS = operation_definitions()["CapabilityStatement-versions"]
EMPTY = {"resourceType": "Parameters"}


async def test_an_operation_is_asked_by_get_and_by_post(system: Caller) -> None:
    """R4 3.2.0.1: POST always, GET where nothing changes; a body without parameters may be left
    out."""
    got = await system.get("$versions")
    assert got.status_code == 200
    told = answered(VERSIONS, got.content)["parameter"]
    assert told[0] == {"name": "version", "valueCode": "4.0"}
    for body in (EMPTY, None):
        posted = await system("POST", "$versions", body)
        assert (posted.status_code, posted.content) == (200, got.content)
    head = await system("HEAD", "$versions")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "$versions?x=1", None, 400),
        ("POST", "$versions", {"resourceType": "Patient"}, 400),
        ("POST", "$versions", {"resourceType": "Parameters", "parameter": [{}]}, 400),
        ("POST", "$versions", {"resourceType": "Parameters", "nonsense": 1}, 400),
        ("POST", "$versions", b"{", 400),
        ("PUT", "$versions", EMPTY, 405),
        ("DELETE", "$versions", None, 405),
        ("GET", "$no-such", None, 404),
        ("GET", "Patient/$no-such", None, 404),
        ("GET", "Patient/1/$no-such", None, 404),
        ("GET", "Patient/$versions", None, 404),
        ("GET", "$", None, 404),
        ("PUT", "Patient/$x", {"resourceType": "Patient", "id": "$x"}, 404),
    ],
)
async def test_f3_what_is_no_call_of_an_operation(
    system: Caller, method: str, path: str, body: Any, status: int
) -> None:
    assert_outcome(await system(method, path, body), status)


async def test_a_body_has_to_be_json_or_a_form(system: Caller) -> None:
    sent = {"content-type": "text/plain"}
    assert_outcome(await system("POST", "$versions", b"x", headers=sent), 415)
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert (await system("POST", "$versions", b"", headers=form)).status_code == 200
    assert_outcome(await system("POST", "$versions", b"a=1", headers=form), 400)


def _bundle(kind: str, *requests: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(requests)}


async def test_an_operation_may_stand_in_a_batch(system: Caller) -> None:
    """R4 3.1.0.11: with its answer whole; a transaction refuses it."""
    get = {"request": {"method": "GET", "url": "$versions"}}
    post = {"request": {"method": "POST", "url": "$versions"}, "resource": EMPTY}
    bare = {"request": {"method": "POST", "url": "$versions"}}
    wrong = {"request": {"method": "GET", "url": "$versions?x=1"}}
    unknown = {"request": {"method": "GET", "url": "Patient/$no-such"}}
    answer = await system.post("", _bundle("batch", get, post, bare, wrong, unknown))
    assert answer.status_code == 200, answer.text
    entries = answer.json()["entry"]
    statuses = [one["response"]["status"][:3] for one in entries]
    assert statuses == ["200", "200", "200", "400", "404"]
    assert entries[0]["resource"] == entries[1]["resource"] == entries[2]["resource"]
    for one in (get, post, unknown):
        assert_outcome(await system.post("", _bundle("transaction", one)), 400)


async def test_the_capability_statement_lists_each_with_its_definition(served: Served) -> None:
    rest = (await served.http.get(f"{served.base}/metadata")).json()["rest"][0]
    listed = {(None, one["name"], one["definition"]) for one in rest.get("operation", [])}
    for resource in rest["resource"]:
        assert "operation" not in [one["code"] for one in resource["interaction"]]
        listed |= {
            (resource["type"], one["name"], one["definition"])
            for one in resource.get("operation", [])
        }
    promised: set[tuple[str | None, str, str]] = set()
    for each in OPERATIONS:
        definition = each.definition
        types = REGISTRY.endpoints if definition.for_every_type else definition.types
        if Level.SYSTEM in each.levels:
            promised.add((None, definition.code, definition.url))
        if each.levels - {Level.SYSTEM}:
            promised |= {(name, definition.code, definition.url) for name in types}
    assert listed == promised


def test_every_operation_has_a_row_by_post() -> None:
    for each in OPERATIONS:
        names = {row.method for row in OPERATION_ROWS if row.path.endswith(each.definition.code)}
        assert names == ({"GET", "POST"} if each.definition.by_get else {"POST"})
