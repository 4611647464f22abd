"""M1: the Python SMART client (PyPI `fhirclient`), unchanged: it launches, reads and writes."""

# fhirclient is not typed: what pyright infers of its elements is that they are None.
# pyright: basic, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportArgumentType=false, reportOptionalSubscript=false, reportOptionalMemberAccess=false

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from fhirclient.client import FHIRClient
from fhirclient.models.bundle import Bundle
from fhirclient.models.codeableconcept import CodeableConcept
from fhirclient.models.coding import Coding
from fhirclient.models.fhirdatetime import FHIRDateTime
from fhirclient.models.fhirreference import FHIRReference
from fhirclient.models.medicationrequest import MedicationRequest
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirclient.models.quantity import Quantity
from fhirclient.server import (
    FHIRNotFoundException,
    FHIRPermissionDeniedException,
    FHIRUnauthorizedException,
)

import seed_bundles
from resources.registry import REGISTRY
from tests.clients.assertions import ServiceKey
from tests.clients.demo import READING, Demo
from tests.clients.person import Person

REDIRECT = "https://python-app.example/callback"
WRITING = "launch/patient openid fhirUser offline_access patient/*.rs patient/Observation.cruds"
HEART_RATE = "8867-4"


@contextmanager
def opened(**given: Any) -> Iterator[Any]:
    """The client, from its settings or from its saved state, and its connections closed."""
    client = FHIRClient(**given)
    try:
        yield client
    finally:
        client.server.session.close()


async def launched(demo: Demo, client: Any, username: str, **choices: Any) -> None:
    """A standalone launch as an app does it: the client blocks, the person takes their time."""
    await asyncio.to_thread(client.prepare)
    link = client.authorize_url
    callback = await Person(demo, username, **choices).allow(link)
    await asyncio.to_thread(client.handle_callback, callback)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def public(demo: Demo) -> dict[str, Any]:
    client, _ = await demo.add_client("public", scope=WRITING, redirect_uris=[REDIRECT])
    return _settings(demo, client.id)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def confidential(demo: Demo) -> dict[str, Any]:
    client, secret = await demo.add_client("secret", scope=WRITING, redirect_uris=[REDIRECT])
    return {**_settings(demo, client.id), "app_secret": secret}


def _settings(demo: Demo, client_id: str) -> dict[str, Any]:
    scope = READING.removeprefix("launch/patient ")
    return {
        "app_id": client_id,
        "api_base": demo.base,
        "redirect_uri": REDIRECT,
        "scope": scope,
    }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rosas(demo: Demo, public: dict[str, Any]) -> AsyncIterator[Any]:
    """A public app that Rosa let in."""
    with opened(settings=public) as client:
        await launched(demo, client, "rosa")
        yield client


@pytest.mark.parametrize("kind", ["public", "confidential"])
async def test_m1_launch_read_refresh(
    demo: Demo, public: dict[str, Any], confidential: dict[str, Any], kind: str
) -> None:
    settings = public if kind == "public" else confidential
    with opened(settings=settings) as client:
        await launched(demo, client, "rosa")
        assert client.patient_id == "rosa-alvarez"
        assert await asyncio.to_thread(_name, client) == "Rosa Alvarez"
        first, refresh = client.server.auth.access_token, client.server.auth.refresh_token
        assert await asyncio.to_thread(client.reauthorize)
        assert client.server.auth.access_token != first
        assert client.server.auth.refresh_token != refresh
        assert client.patient_id == "rosa-alvarez"
        await asyncio.to_thread(Patient.read, "rosa-alvarez", client.server)


def _name(client: Any) -> str:
    return client.human_name(client.patient.name[0])


async def test_m1_p3_link_carries_a_challenge(rosas: Any) -> None:
    query = parse_qs(urlsplit(rosas.authorize_url).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["aud"] == [rosas.server.base_uri.removesuffix("/")]


async def test_m1_base_with_a_slash_at_its_end(demo: Demo, public: dict[str, Any]) -> None:
    with opened(settings={**public, "api_base": f"{demo.base}/"}) as client:
        await launched(demo, client, "rosa")
        assert await asyncio.to_thread(_name, client) == "Rosa Alvarez"


async def test_m1_state_outlives_the_process(demo: Demo, public: dict[str, Any]) -> None:
    """A web app keeps the client's state in its session between the requests of its user."""
    with opened(settings=public) as before:
        await asyncio.to_thread(before.prepare)
        callback = await Person(demo, "rosa").allow(before.authorize_url)
        state = before.state
    with opened(state=state) as client:
        await asyncio.to_thread(client.handle_callback, callback)
        state = client.state
    with opened(state=state) as later:
        assert later.ready
        assert await asyncio.to_thread(_name, later) == "Rosa Alvarez"


async def test_m1_a6_deny(demo: Demo, public: dict[str, Any]) -> None:
    with opened(settings=public) as client:
        await asyncio.to_thread(client.prepare)
        callback = await Person(demo, "rosa").deny(client.authorize_url)
        with pytest.raises(Exception, match=r"(?i)denied"):
            client.handle_callback(callback)
        assert not client.ready


async def test_m1_wrong_secret(demo: Demo, confidential: dict[str, Any]) -> None:
    with opened(settings={**confidential, "app_secret": "wrong"}) as client:
        await asyncio.to_thread(client.prepare)
        callback = await Person(demo, "rosa").allow(client.authorize_url)
        with pytest.raises(FHIRUnauthorizedException):
            await asyncio.to_thread(client.handle_callback, callback)


async def test_m1_models_of_the_whole_record(demo: Demo, rosas: Any) -> None:
    """Its search gives models, by the names that they have in FHIR."""
    search = MedicationRequest.where({"patient": "rosa-alvarez"})
    found = await asyncio.to_thread(lambda: list(search.perform_resources_iter(rosas.server)))
    expected = await demo.resources("MedicationRequest?patient=rosa-alvarez")
    assert {each.id for each in found} == {each["id"] for each in expected}
    names = {each.medicationCodeableConcept.text for each in found}
    assert "Metformin XR 500 mg tablet" in names


async def test_m1_models_of_every_type(rosas: Any) -> None:
    """The models are strict: an element that is not R4's, or not of its type, is an error."""
    bundle = json.loads(dict(seed_bundles.bundles(datetime.now(UTC).date()))["rosa-alvarez"])
    stored = {entry["resource"]["resourceType"] for entry in bundle["entry"]}
    types = [name for name in sorted(stored) if REGISTRY.parameter(name, "patient")]
    assert len(types) > 20
    for name in types:
        search = f"{name}?patient=rosa-alvarez"
        found = await asyncio.to_thread(Bundle.read_from, search, rosas.server)
        assert found.entry, name
        assert {each.resource.resource_type for each in found.entry} == {name}


async def test_m1_q11_pages(demo: Demo, rosas: Any) -> None:
    search = Observation.where({"patient": "rosa-alvarez", "_count": "20", "_sort": "-date"})
    pages = await asyncio.to_thread(lambda: list(search.perform_iter(rosas.server)))
    ids = [entry.resource.id for page in pages for entry in page.entry]
    expected = await demo.resources("Observation?patient=rosa-alvarez&_count=1000")
    assert sorted(ids) == sorted(each["id"] for each in expected)
    assert [len(page.entry) for page in pages[:-1]] == [20] * (len(pages) - 1)
    assert len(pages) == -(-len(expected) // 20)


async def test_m1_include(rosas: Any) -> None:
    search = Observation.where({"patient": "rosa-alvarez", "_count": "5"}).include("subject")
    found = await asyncio.to_thread(lambda: next(search.perform_iter(rosas.server)))
    assert "rosa-alvarez" in {
        entry.resource.id for entry in found.entry if entry.search.mode == "include"
    }


async def test_m1_y1_other_records_look_absent(rosas: Any) -> None:
    with pytest.raises(FHIRNotFoundException):
        await asyncio.to_thread(Patient.read, "margaret-osei", rosas.server)
    search = Observation.where({"patient": "margaret-osei"})
    assert await asyncio.to_thread(lambda: list(search.perform_resources_iter(rosas.server))) == []


async def test_m1_create_update_delete(demo: Demo, confidential: dict[str, Any]) -> None:
    settings = {**confidential, "scope": WRITING.removeprefix("launch/patient ")}
    with opened(settings=settings) as client:
        await launched(demo, client, "rosa")
        await asyncio.to_thread(_write, client)


def _write(client: Any) -> None:
    server, pulse = client.server, _pulse(71.5)
    created = pulse.create(server)
    assert created is not None
    again = Observation.read(created["id"], server)
    assert again.valueQuantity.value == 71.5
    assert again.meta.versionId == "1"

    again.valueQuantity.value = 72
    assert again.update(server)["meta"]["versionId"] == "2"
    search = Observation.where({"code": f"http://loinc.org|{HEART_RATE}", "date": "2026-02-03"})
    assert [each.id for each in search.perform_resources_iter(server)] == [created["id"]]

    again.delete(server)
    assert list(search.perform_resources_iter(server)) == []


def _pulse(value: float) -> Any:
    pulse: Any = Observation()
    pulse.status = "final"
    pulse.code = CodeableConcept()
    coding = Coding({"system": "http://loinc.org", "code": HEART_RATE})
    pulse.code.coding = [coding]
    pulse.subject = FHIRReference({"reference": "Patient/rosa-alvarez"})
    pulse.effectiveDateTime = FHIRDateTime("2026-02-03T08:00:00Z")
    pulse.valueQuantity = Quantity({"value": value, "unit": "/min"})
    return pulse


async def test_m1_write_without_the_scope(rosas: Any) -> None:
    with pytest.raises(FHIRPermissionDeniedException):
        await asyncio.to_thread(_pulse(70).create, rosas.server)


async def test_m1_n1_unticked_scopes(demo: Demo, public: dict[str, Any]) -> None:
    with opened(settings=public) as client:
        await launched(demo, client, "rosa", unticked=frozenset({"offline_access"}))
        assert client.server.auth.refresh_token is None
        assert not await asyncio.to_thread(client.server.reauthorize)
        assert await asyncio.to_thread(_name, client) == "Rosa Alvarez"


async def test_m1_v3_practitioner_picks(demo: Demo, public: dict[str, Any]) -> None:
    with opened(settings=public) as client:
        await launched(demo, client, "dr-okafor", patient="walter-finch")
        assert client.patient_id == "walter-finch"
        assert await asyncio.to_thread(_name, client) == "Walter Finch"
        with pytest.raises(FHIRNotFoundException):
            await asyncio.to_thread(Patient.read, "rosa-alvarez", client.server)


async def test_m1_b1_backend_service(demo: Demo) -> None:
    key = ServiceKey.generate("ES384")
    registered, _ = await demo.add_client("jwks", scope="system/*.rs", jwks=key.jwks)
    assertion = key.assertion(registered.id, await demo.token_url())
    settings = {
        "app_id": registered.id,
        "api_base": demo.base,
        "scope": "system/Patient.rs",
        "jwt_token": assertion,
    }
    with opened(settings=settings) as client:
        client.wants_patient = False
        await asyncio.to_thread(client.prepare)
        await asyncio.to_thread(client.authorize)
        search = Patient.where({"name": "Finch"})
        found = await asyncio.to_thread(lambda: list(search.perform_resources_iter(client.server)))
        assert [each.id for each in found] == ["walter-finch"]
