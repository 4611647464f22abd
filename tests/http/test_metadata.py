"""`/metadata` and discovery tell what works, no more and no less (D1, D3, D12, D15 to D18)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from fhir_server.interactions.table import TABLE
from resources import fhir_json
from resources.registry import REGISTRY
from resources.validation import validate
from tests.serving import Caller, Served, assert_outcome

US_CORE_TYPES = frozenset(
    {
        "AllergyIntolerance",
        "CarePlan",
        "CareTeam",
        "Condition",
        "Coverage",
        "Device",
        "DiagnosticReport",
        "DocumentReference",
        "Encounter",
        "Goal",
        "Immunization",
        "Location",
        "Medication",
        "MedicationDispense",
        "MedicationRequest",
        "Observation",
        "Organization",
        "Patient",
        "Practitioner",
        "PractitionerRole",
        "Procedure",
        "Provenance",
        "QuestionnaireResponse",
        "RelatedPerson",
        "ServiceRequest",
        "Specimen",
    }
)


async def statement(served: Served) -> dict[str, Any]:
    answer = await served.http.get(f"{served.base}/metadata")
    assert answer.status_code == 200
    return answer.json()


async def test_d15_the_statement_is_valid_r4_and_public(served: Served) -> None:
    for accept in ("*/*", "application/json", "application/fhir+json", "text/html, */*;q=0.8"):
        answer = await served.http.get(f"{served.base}/metadata", headers={"accept": accept})
        assert answer.headers["content-type"].startswith("application/fhir+json")
    value = fhir_json.parse(answer.content)
    assert isinstance(value, dict)
    assert validate(value) == []
    assert (value["fhirVersion"], value["kind"], value["status"]) == ("4.0.1", "instance", "active")
    refused = await served.http.get(f"{served.base}/metadata", headers={"accept": "text/csv"})
    assert_outcome(refused, 406)
    assert_outcome(await served.http.post(f"{served.base}/metadata"), 405)


async def test_d16_security_agrees_with_the_smart_configuration(served: Served) -> None:
    smart = (await served.http.get(f"{served.base}/.well-known/smart-configuration")).json()
    rest = (await statement(served))["rest"][0]
    parts = rest["security"]["extension"][0]["extension"]
    told = {part["url"]: part["valueUri"] for part in parts}
    assert told == {
        "authorize": smart["authorization_endpoint"],
        "token": smart["token_endpoint"],
        "introspect": smart["introspection_endpoint"],
        "revoke": smart["revocation_endpoint"],
    }
    assert rest["security"]["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"


async def test_d17_every_type_once_with_every_parameter_once(served: Served) -> None:
    resources = (await statement(served))["rest"][0]["resource"]
    assert [one["type"] for one in resources] == list(REGISTRY.endpoints)
    assert {one["type"] for one in resources} >= US_CORE_TYPES
    for one in resources:
        names = Counter(parameter["name"] for parameter in one["searchParam"])
        assert set(names.values()) == {1}
        codes = {interaction["code"] for interaction in one["interaction"]}
        assert codes == {row.code for row in TABLE if "{type}" in row.shape} - {"operation"}


@pytest.mark.parametrize(
    "query",
    [
        "code:in=http://x.org/vs",
        "code:above=x",
        "status:text=x",
        "_text:exact=x",
        "_content:contains=x",
        "_filter:not=code eq x",
        "_list:not=1",
        "_contained=true",
        "_containedType=contained",
        "_include:recurse=Observation:subject",
        "_query=x",
        "nonsense=1",
        "code:nonsense=1",
    ],
)
async def test_f13_what_is_not_offered_is_refused_and_not_listed(
    served: Served, system: Caller, query: str
) -> None:
    issue = assert_outcome(await system.get(f"Observation?{query}"), 400)
    name = query.partition("=")[0]
    assert name.partition(":")[0].partition(".")[0] in issue["diagnostics"]
    resources = (await statement(served))["rest"][0]["resource"]
    listed = next(one for one in resources if one["type"] == "Observation")["searchParam"]
    assert name not in {parameter["name"] for parameter in listed}


async def test_f13_lenient_ignores_with_an_outcome_and_an_honest_self_link(system: Caller) -> None:
    lenient = {"prefer": "handling=lenient"}
    answer = await system.get("Observation?nonsense=1&status=final", headers=lenient)
    bundle = answer.json()
    assert answer.status_code == 200
    outcome = bundle["entry"][-1]
    assert outcome["search"]["mode"] == "outcome"
    assert "nonsense" in outcome["resource"]["issue"][0]["diagnostics"]
    assert bundle["link"][0]["url"].endswith("/Observation?status=final")
    for bad in ("status:nonsense=1", "date=yesterday", "_count=-1", "_count=x", "_sort=nonsense"):
        assert_outcome(await system.get(f"Observation?{bad}", headers=lenient), 400)


async def test_d1_d3_d12_discovery(served: Served) -> None:
    place = f"{served.base}/.well-known/smart-configuration"
    headers = {"accept": "text/html", "origin": "https://app.example.org"}
    answer = await served.http.get(place, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    for name, value in answer.json().items():
        if name.endswith(("_endpoint", "_uri")):
            assert value.startswith(f"{served.root}/")
    openid = (await served.http.get(f"{served.root}/.well-known/openid-configuration")).json()
    assert openid["issuer"] == answer.json()["issuer"] == served.root
    assert openid["token_endpoint"] == answer.json()["token_endpoint"]


async def test_the_public_pages(served: Served) -> None:
    start = await served.http.get(f"{served.root}/")
    assert served.base in start.text
    assert "default-src 'self'" in start.headers["content-security-policy"]
    assert (await served.http.get(f"{served.root}/healthz")).status_code == 200
    assert (await served.http.get(f"{served.root}/readyz")).status_code == 200
    config = (await served.http.get(f"{served.root}/app/config.json")).json()
    assert config == {"client_id": None, "iss": served.base}
    app = await served.http.get(f"{served.root}/app/", follow_redirects=True)
    assert app.status_code in (200, 503)
    assert "text/html" in app.headers["content-type"]
