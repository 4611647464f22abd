"""M2: `fhirpy` from PyPI, unchanged, in its synchronous and its asynchronous form."""

# fhirpy is typed in part.
# pyright: basic

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import pytest_asyncio
from fhirpy import AsyncFHIRClient, SyncFHIRClient
from fhirpy.base.exceptions import (
    AuthorizationError,
    ForbiddenError,
    OperationOutcome,
    ResourceNotFound,
)

from tests.clients.demo import Demo

ROSA = "patient/*.cruds"
GLUCOSE = {"coding": [{"system": "http://loinc.org", "code": "2339-0"}], "text": "Glucose"}


def glucose(value: float) -> dict[str, Any]:
    return {
        "status": "final",
        "code": GLUCOSE,
        "subject": {"reference": "Patient/rosa-alvarez"},
        "effectiveDateTime": "2026-03-01T07:30:00Z",
        "valueQuantity": {"value": value, "unit": "mg/dL"},
    }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def header(demo: Demo) -> str:
    return f"Bearer {await demo.served.token(ROSA, 'rosa-alvarez')}"


@pytest.fixture
def client(demo: Demo, header: str) -> AsyncFHIRClient:
    return AsyncFHIRClient(demo.base, authorization=header)


@pytest.fixture
def blocking(demo: Demo, header: str) -> SyncFHIRClient:
    return SyncFHIRClient(demo.base, authorization=header)


async def test_m2_create_read_update_delete(client: AsyncFHIRClient) -> None:
    made = client.resource("Observation", **glucose(101.5))
    await made.save()
    assert made.id
    assert made["meta"]["versionId"] == "1"

    read = await client.reference("Observation", made.id).to_resource()
    assert read.get_by_path(["valueQuantity", "value"]) == 101.5

    read["valueQuantity"]["value"] = 99
    await read.save()
    assert read["meta"]["versionId"] == "2"
    await made.refresh()
    assert made["valueQuantity"]["value"] == 99

    await made.delete()
    with pytest.raises(ResourceNotFound):
        await client.get("Observation", made.id)


async def test_m2_pages(demo: Demo, client: AsyncFHIRClient) -> None:
    search = client.resources("Observation").search(patient="rosa-alvarez").limit(20).sort("-date")
    found = [str(each.id) for each in await search.fetch_all()]
    expected = await demo.resources("Observation?patient=rosa-alvarez&_count=1000")
    assert len(found) > 100
    assert sorted(found) == sorted(each["id"] for each in expected)


async def test_m2_search(demo: Demo, client: AsyncFHIRClient) -> None:
    metformin = await client.resources("MedicationRequest").search(status="active").fetch()
    expected = await demo.resources("MedicationRequest?patient=rosa-alvarez&status=active")
    assert {each.id for each in metformin} == {each["id"] for each in expected}

    newest = client.resources("Observation").search(code="http://loinc.org|4548-4").sort("-date")
    first = await newest.first()
    assert first is not None
    assert first.get_by_path(["code", "coding", 0, "code"]) == "4548-4"
    assert (await client.resources("Patient").search(_id="rosa-alvarez").get()).id == "rosa-alvarez"
    assert await client.resources("Patient").search(_id="margaret-osei").first() is None


async def test_m2_search_with_include(client: AsyncFHIRClient) -> None:
    search = client.resources("Observation").include("Observation", "patient").limit(3)
    found = await search.fetch_raw()
    kinds = {entry["resource"]["resourceType"] for entry in found["entry"]}
    assert kinds == {"Observation", "Patient"}


async def test_m2_conditional_create(demo: Demo) -> None:
    """R4's form goes through a header; `get_or_create` writes a query, which only Aidbox knows, and
    is refused rather than made a second time."""
    identifier = {"system": "http://example.org/sites", "value": "fhirpy"}
    client = AsyncFHIRClient(
        demo.base,
        authorization=f"Bearer {await demo.served.token('system/Organization.cruds')}",
        extra_headers={"If-None-Exist": "identifier=http://example.org/sites|fhirpy"},
    )
    first = await client.resource("Organization", name="Post", identifier=[identifier]).save()
    again = await client.resource("Organization", name="Post", identifier=[identifier]).save()
    assert again.id == first.id

    site = client.resource("Organization", name="Post", identifier=[identifier])
    wanted = client.resources("Organization").search(identifier="http://example.org/sites|fhirpy")
    with pytest.raises(OperationOutcome, match="identifier"):
        await wanted.get_or_create(site)
    assert len(await wanted.fetch()) == 1


async def test_m2_count(demo: Demo, header: str) -> None:
    """Its count sends `_totalMethod`, which is Aidbox's: handling has to be lenient."""
    strict = AsyncFHIRClient(demo.base, authorization=header)
    with pytest.raises(OperationOutcome, match="_totalMethod"):
        await strict.resources("Condition").count()
    prefer = {"Prefer": "handling=lenient"}
    lenient = AsyncFHIRClient(demo.base, authorization=header, extra_headers=prefer)
    expected = await demo.resources("Condition?patient=rosa-alvarez")
    assert await lenient.resources("Condition").count() == len(expected)


async def test_m2_raw_operations(client: AsyncFHIRClient) -> None:
    statement = await client.execute("metadata", method="get")
    assert statement["fhirVersion"] == "4.0.1"
    history = await client.execute("Patient/rosa-alvarez/_history", method="get")
    assert history["type"] == "history"
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "resource": {"resourceType": "Observation", **glucose(88)},
                "request": {"method": "POST", "url": "Observation"},
            }
        ],
    }
    answer = await client.execute("", data=bundle)
    assert answer["entry"][0]["response"]["status"].startswith("201")


async def test_m2_refusals_arrive_as_its_own_errors(demo: Demo, client: AsyncFHIRClient) -> None:
    with pytest.raises(ResourceNotFound):
        await client.get("Patient", "margaret-osei")
    with pytest.raises(OperationOutcome, match="status"):
        await client.resource("Observation", code=GLUCOSE).save()
    with pytest.raises(OperationOutcome, match="colour"):
        await client.resources("Patient").search(colour="red").fetch()
    with pytest.raises(AuthorizationError):
        await AsyncFHIRClient(demo.base, authorization="Bearer nonsense").get("Patient", "x")
    narrow = f"Bearer {await demo.served.token('patient/Patient.r', 'rosa-alvarez')}"
    with pytest.raises(ForbiddenError):
        await AsyncFHIRClient(demo.base, authorization=narrow).resources("Observation").fetch()


async def test_m2_synchronous(demo: Demo, blocking: SyncFHIRClient) -> None:
    expected = await demo.resources("Condition?patient=rosa-alvarez")
    assert await asyncio.to_thread(_use_blocking, blocking) == {each["id"] for each in expected}


def _use_blocking(client: SyncFHIRClient) -> set[str | None]:
    made = client.resource("Observation", **glucose(77.7))
    made.save()
    assert made["meta"]["versionId"] == "1"
    made["valueQuantity"]["value"] = 78
    made.save()
    assert made["meta"]["versionId"] == "2"
    found = client.resources("Observation").search(patient="rosa-alvarez", code="2339-0")
    assert made.id in {each.id for each in found.fetch()}
    made.delete()
    with pytest.raises(ResourceNotFound):
        client.reference("Observation", made.id).to_resource()
    assert client.execute("metadata", method="get")["resourceType"] == "CapabilityStatement"
    conditions = client.resources("Condition").search(patient="rosa-alvarez").limit(2)
    return {each.id for each in conditions.fetch_all()}
