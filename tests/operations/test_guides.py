"""`--ig us-core`: the search parameters of US Core 7.0.0 that R4 lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fhir_server.opening import open_database
from fhir_server.store import finish
from resources.registry import REGISTRY, packed_parameters
from tests.databases import own_database
from tests.serving import Caller, Served, assert_outcome, serving

Resource = dict[str, Any]

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition"
RACE = {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3", "display": "White"}
LATINO = {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2135-2"}


def concept(code: str) -> Resource:
    return {"coding": [{"system": "urn:s", "code": code}]}


RESOURCES: dict[str, Resource] = {
    "Patient?race=2106-3": {
        "resourceType": "Patient",
        "extension": [
            {
                "url": f"{US_CORE}/us-core-race",
                "extension": [
                    {"url": "ombCategory", "valueCoding": RACE},
                    {"url": "text", "valueString": "White"},
                ],
            }
        ],
    },
    "Patient?ethnicity=2135-2": {
        "resourceType": "Patient",
        "extension": [
            {
                "url": f"{US_CORE}/us-core-ethnicity",
                "extension": [{"url": "ombCategory", "valueCoding": LATINO}],
            }
        ],
    },
    "Patient?gender-identity=446151000124109": {
        "resourceType": "Patient",
        "extension": [
            {
                "url": f"{US_CORE}/us-core-genderIdentity",
                "valueCodeableConcept": concept("446151000124109"),
            }
        ],
    },
    "Condition?asserted-date=ge2023-05&subject=Patient/p": {
        "resourceType": "Condition",
        "subject": {"reference": "Patient/p"},
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/condition-assertedDate",
                "valueDateTime": "2023-06-01",
            }
        ],
    },
    "Encounter?discharge-disposition=urn:s|home": {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"code": "IMP"},
        "hospitalization": {"dischargeDisposition": concept("home")},
    },
    "Goal?description=urn:s|walk": {
        "resourceType": "Goal",
        "lifecycleStatus": "active",
        "subject": {"reference": "Patient/p"},
        "description": concept("walk"),
    },
    "CareTeam?role=urn:s|nurse": {
        "resourceType": "CareTeam",
        "participant": [{"role": [concept("nurse")]}],
    },
}
"""By a search that finds it."""


@pytest.fixture(scope="module")
def server_options() -> dict[str, Any]:
    return {"ig": "us-core"}


async def stored(system: Caller) -> dict[str, str]:
    """By search, the id of what it finds."""
    made: dict[str, str] = {}
    for search, resource in RESOURCES.items():
        answer = await system.post(resource["resourceType"], resource)
        assert answer.status_code == 201, answer.text
        made[search] = answer.json()["id"]
    return made


async def found(system: Caller, search: str) -> list[str]:
    answer = await system.get(search)
    assert answer.status_code == 200, answer.text
    return [each["resource"]["id"] for each in answer.json().get("entry", [])]


def test_only_what_r4_lacks_is_taken_from_us_core() -> None:
    """A redefinition of R4's code on the same type stays as R4 has it."""
    assert len(list(packed_parameters("us-core"))) == len(RESOURCES)
    for each in packed_parameters("us-core"):
        assert all(REGISTRY.parameter(base, each.name) is None for base in each.bases)


async def test_an_empty_store_has_them_at_once(served: Served, system: Caller) -> None:
    for search, expected in (await stored(system)).items():
        assert await found(system, search) == [expected], search
    statement = (await system.get("metadata")).json()["rest"][0]["resource"]
    patient = next(each for each in statement if each["type"] == "Patient")["searchParam"]
    race = next(each for each in patient if each["name"] == "race")
    assert race["definition"] == "http://hl7.org/fhir/us/core/SearchParameter/us-core-race"
    forgetful = served.settings.model_copy(update={"ig": None})
    async with open_database(forgetful, served.mongodb_uri) as database:
        assert "race" in database.catalogue.fields("Patient")


async def test_a_store_with_data_has_them_when_it_is_indexed(
    mongodb_uri: str, tmp_path: Path
) -> None:
    async with (
        own_database(mongodb_uri, "guides") as name,
        serving(mongodb_uri, name, tmp_path) as running,
    ):
        system = await running.caller("system/*.cruds")
        made = await stored(system)
        assert_outcome(await system.get("Patient?race=2106-3"), 400, "invalid")
        settings = running.settings.model_copy(update={"ig": "us-core"})
        async with open_database(settings, mongodb_uri) as database:
            assert "race" not in database.catalogue.fields("Patient")
            await finish(database)
            assert "race" in database.catalogue.fields("Patient")
            await running.http.get(f"{running.base}/metadata")
        system = await running.caller("system/*.rs")
        for search, expected in made.items():
            assert await found(system, search) == [expected], search
