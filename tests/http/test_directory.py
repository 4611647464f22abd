"""Who signs in and whose record they may open, read from the record (V3)."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from fhir_server.directory import RecordDirectory, display_name
from fhir_server.opening import open_database
from tests.serving import Caller, Served

PEOPLE: list[dict[str, Any]] = [
    {
        "resourceType": "Patient",
        "id": "ann",
        "name": [{"use": "old", "text": "Ann Before"}, {"given": ["Ann"], "family": "Marsh"}],
        "birthDate": "1980-05-06",
    },
    {"resourceType": "Patient", "id": "bob", "name": [{"given": ["Bob"], "family": "Marsh"}]},
    {"resourceType": "Patient", "id": "nameless"},
    {"resourceType": "Practitioner", "id": "doc", "name": [{"text": "Dr. Who"}]},
    {
        "resourceType": "RelatedPerson",
        "id": "mum",
        "patient": {"reference": "Patient/ann"},
        "name": [{"given": ["Mum"]}],
    },
    {
        "resourceType": "RelatedPerson",
        "id": "former",
        "active": False,
        "patient": {"reference": "Patient/ann"},
    },
]


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def people(system: Caller) -> None:
    for one in PEOPLE:
        answer = await system.put(f"{one['resourceType']}/{one['id']}", one)
        assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("fhir_user", "text", "expected"),
    [
        ("Patient/ann", None, ["ann"]),
        ("Patient/ann", "bob", ["ann"]),
        ("RelatedPerson/mum", None, ["ann"]),
        ("RelatedPerson/former", None, []),
        ("RelatedPerson/absent", None, []),
        ("Practitioner/doc", "marsh", ["ann", "bob"]),
        ("Practitioner/doc", "ann marsh", ["ann"]),
        ("Practitioner/doc", "Mar B", ["bob"]),
        ("Practitioner/doc", "nobody", []),
    ],
)
async def test_whose_record_somebody_may_open(
    served: Served, fhir_user: str, text: str | None, expected: list[str]
) -> None:
    async with open_database(served.settings, served.mongodb_uri) as database:
        directory = RecordDirectory(database)
        found = await directory.patients(fhir_user, text, 20)
        assert sorted(choice.id for choice in found) == expected


async def test_a_person_is_described_by_the_name_in_use(served: Served) -> None:
    async with open_database(served.settings, served.mongodb_uri) as database:
        directory = RecordDirectory(database)
        ann = await directory.describe("Patient/ann")
        assert ann is not None
        assert (ann.name, ann.patients, ann.any_patient) == ("Ann Marsh", ("ann",), False)
        doctor = await directory.describe("Practitioner/doc")
        assert doctor is not None
        assert (doctor.name, doctor.any_patient) == ("Dr. Who", True)
        assert await directory.describe("Patient/absent") is None
        assert await directory.patient_exists("bob")
        assert not await directory.patient_exists("absent")


def test_without_a_name_there_is_none() -> None:
    assert display_name({"resourceType": "Patient"}) == ""
