"""HL7's and US Core's published examples through plain HTTP: each goes in, comes back equal as JSON
and as XML, and is judged without a false error (F1, F8, F9, F10, F14).

They lie beside the project in `../shared/data`; where they do not, these tests are not run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
import pytest_asyncio

from resources import fhir_json, fhir_xml
from resources.fhir_json import LiteralDecimal
from tests.resources.data import EXPLAINED, examples, needs_data
from tests.serving import Caller, serving

pytestmark = needs_data
Resource = dict[str, Any]
JSON, XML = "application/fhir+json", "application/fhir+xml"
PORTION = 60


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def system(
    mongodb_uri: str, database_name: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Caller]:
    folder = tmp_path_factory.mktemp("examples")
    async with serving(mongodb_uri, database_name, folder) as running:
        yield await running.caller("system/*.cruds")


def exact(value: Any) -> Any:
    """The same, every number as it is written."""
    if isinstance(value, dict):
        return {name: exact(member) for name, member in value.items()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    if isinstance(value, LiteralDecimal):
        return ("number", value.literal.decode())
    return ("number", str(value)) if isinstance(value, int | Decimal) else value


def content(resource: Any) -> Resource:
    """All that the client said: everything but the version and its time."""
    kept: Resource = exact(resource)
    meta = {
        name: value
        for name, value in kept.pop("meta", {}).items()
        if name not in ("versionId", "lastUpdated")
    }
    return {**kept, "meta": meta} if meta else kept


def place(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def parsed(answer: httpx.Response, media_type: str) -> Resource:
    assert answer.status_code == 200, answer.text[:500]
    assert answer.headers["content-type"].startswith(media_type)
    parse = fhir_xml.parse if media_type == XML else fhir_json.parse
    found = parse(answer.content)
    assert isinstance(found, dict)
    return found


async def batch(
    system: Caller, media_type: str, asked: list[tuple[str, str, Resource | None]]
) -> list[Resource]:
    """The entries that answer (method, address, body), all sent and told in this format."""
    entries = [
        {"request": {"method": method, "url": url}, **({"resource": body} if body else {})}
        for method, url, body in asked
    ]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    dump = fhir_xml.dump if media_type == XML else fhir_json.dump
    headers = {"content-type": media_type, "accept": media_type}
    answer = await system.post("", dump(bundle), headers=headers, timeout=120)
    found: list[Resource] = parsed(answer, media_type)["entry"]
    assert len(found) == len(asked)
    return found


def errors(outcome: Resource) -> list[str]:
    return [one["diagnostics"] for one in outcome["issue"] if one["severity"] in ("error", "fatal")]


def chosen(folder: str) -> Iterator[list[Resource]]:
    """In portions, without what R4 gives no address."""
    waiting = [one for _, one in examples(folder) if one["resourceType"] != "Parameters"]
    assert all(one["id"] for one in waiting)
    while waiting:
        yield waiting[:PORTION]
        waiting = waiting[PORTION:]


@pytest.mark.parametrize(("folder", "sent"), [("r4-examples", JSON), ("us-core-examples", XML)])
async def test_every_example_goes_in_and_comes_back(system: Caller, folder: str, sent: str) -> None:
    """The one folder is sent as JSON and the other as XML; both are read as both."""
    refused: set[str] = set()
    tried: set[str] = set()
    for portion in chosen(folder):
        told = await batch(
            system, sent, [("PUT", place(resource), resource) for resource in portion]
        )
        stored: list[Resource] = []
        for resource, answer in zip(portion, told, strict=True):
            status, path = answer["response"]["status"], place(resource)
            tried.add(path)
            if status[:3] == "400":
                refused.add(path)
            else:
                assert status[:3] in ("200", "201"), (path, answer)
                stored.append(resource)
        await assert_same(system, stored)
    assert refused == tried & EXPLAINED.keys()


async def assert_same(system: Caller, portion: list[Resource]) -> None:
    """Read equal in both formats, and what was read turns into XML and back without a loss."""
    asked = [("GET", place(resource), None) for resource in portion]
    as_json = await batch(system, JSON, [*asked])
    as_xml = await batch(system, XML, [*asked])
    for resource, one, other in zip(portion, as_json, as_xml, strict=True):
        found, path = exact(one["resource"]), place(resource)
        assert content(one["resource"]) == content(resource), path
        assert exact(other["resource"]) == found, path
        assert exact(fhir_xml.parse(fhir_xml.dump(one["resource"]))) == found, path


@pytest.mark.parametrize("folder", ["r4-examples", "us-core-examples"])
async def test_every_example_is_judged_rightly(system: Caller, folder: str) -> None:
    """`$validate` finds an error where one is explained, and nowhere else."""
    for portion in chosen(folder):
        asked = [("POST", f"{one['resourceType']}/$validate", one) for one in portion]
        for resource, answer in zip(portion, await batch(system, JSON, [*asked]), strict=True):
            outcome = answer["resource"]
            assert answer["response"]["status"][:3] == "200", outcome
            assert bool(errors(outcome)) == (place(resource) in EXPLAINED), errors(outcome)


async def test_one_of_each_type_goes_through_its_own_address(system: Caller) -> None:
    of_type = {one["resourceType"]: one for portion in chosen("r4-examples") for one in portion}
    of_type = {kind: one for kind, one in of_type.items() if place(one) not in EXPLAINED}
    assert len(of_type) > 55
    for kind, resource in of_type.items():
        path = place(resource)
        put = await system.put(path, fhir_json.dump(resource))
        assert put.status_code in (200, 201), put.text
        as_json = parsed(await system.get(path, headers={"accept": JSON}), JSON)
        as_xml = parsed(await system.get(path, headers={"accept": XML}), XML)
        assert exact(as_xml) == exact(as_json), kind
        assert content(as_json) == content(resource), kind
