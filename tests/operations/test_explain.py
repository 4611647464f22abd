"""`$explain`: the reading of every kind of parameter, the caller's rights, and what it costs."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from resources.operations import operation_definitions
from tests.operations.checking import answered
from tests.serving import Caller, Served, assert_outcome

EXPLAIN = operation_definitions()["explain"]
UCUM = "http://unitsofmeasure.org"
Told = dict[str, list[Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def stored(system: Caller) -> None:
    """Sixty readings of two patients, each with a date and a code."""
    entries = [
        {
            "resource": resource,
            "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
        }
        for resource in _resources()
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert (await system.post("", bundle)).status_code == 200


def _resources() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"resourceType": "Patient", "id": name, "name": [{"family": name.title()}]}
        for name in ("anna", "bert")
    ]
    return found + [
        {
            "resourceType": "Observation",
            "id": f"o{number}",
            "status": "final" if number % 2 else "amended",
            "code": {"coding": [{"system": "urn:lab", "code": f"c{number % 3}"}]},
            "subject": {"reference": f"Patient/{'anna' if number % 4 else 'bert'}"},
            "effectiveDateTime": f"2020-01-{number % 28 + 1:02}",
            "valueQuantity": {"value": number, "system": UCUM, "code": "mg"},
        }
        for number in range(60)
    ]


def parts(listed: list[dict[str, Any]]) -> Told:
    """By name, each value bare, each group again by name."""
    told: Told = {}
    for one in listed:
        value = next((one[name] for name in one if name.startswith("value")), None)
        told.setdefault(one["name"], []).append(parts(one["part"]) if "part" in one else value)
    return told


async def explained(caller: Caller, search: str, **more: Any) -> Told:
    type_name, _, query = search.partition("?")
    answer = await caller.get(f"{type_name}/$explain?{query}", **more)
    assert answer.status_code == 200, answer.text
    return parts(answered(EXPLAIN, answer.content)["parameter"])


@pytest.mark.parametrize(
    ("search", "reading", "facts"),
    [
        (
            "Observation?code=urn:lab|c1",
            "code has the code or value c1, of the system urn:lab",
            {"parameter": ["code"], "system": ["urn:lab"], "code": ["c1"]},
        ),
        ("Observation?code:not=c1", "not (code has the code or value c1, of whatever system)", {}),
        (
            "Observation?date=ge2020-02",
            (
                "date lies within, or reaches beyond the end of, "
                "2020-02-01T00:00:00Z to before 2020-03-01T00:00:00Z"
            ),
            {
                "prefix": ["ge"],
                "start": ["2020-02-01T00:00:00.000Z"],
                "end": ["2020-03-01T00:00:00.000Z"],
            },
        ),
        (
            f"Observation?value-quantity=5.4|{UCUM}|mg",
            "value-quantity lies within 0.00535 to 0.00545 g (UCUM, in base units)",
            {
                "low": [Decimal("0.00535")],
                "high": [Decimal("0.00545")],
                "unit": ["g (UCUM, in base units)"],
            },
        ),
        (
            "Observation?value-quantity=lt5||mg",
            "value-quantity is less than 5 mg",
            {"prefix": ["lt"], "unit": ["mg"]},
        ),
        ("RiskAssessment?probability=gt0.8", "probability is more than 0.8", {"prefix": ["gt"]}),
        (
            "Patient?name=Müller",
            "name, or a part of it, begins with 'muller', whatever its case and accents",
            {"text": ["muller"]},
        ),
        ("Patient?name:exact=Müller", "name is exactly 'Müller'", {"text": ["Müller"]}),
        (
            "Observation?subject=Patient/1",
            "subject refers to Patient/1",
            {"reference": ["Patient/1"]},
        ),
        (
            "Observation?subject:Patient.name=an",
            (
                "subject refers to some Patient of which: name, or a part of it, begins with 'an', "
                "whatever its case and accents"
            ),
            {"through": ["subject:Patient"]},
        ),
        (
            "Patient?_has:Observation:patient:code=c1",
            (
                "some Observation refers to it by patient, of which: "
                "code has the code or value c1, of whatever system"
            ),
            {"through": ["_has:Observation:patient"]},
        ),
        ("Observation?code:missing=true", "not (code has a value)", {"parameter": ["code"]}),
        ("Observation?_id=a,b", "its id is a or b", {"parameter": ["_id"]}),
        (
            "Observation?code-value-quantity=c1$gt5",
            (
                "code has the code or value c1, of whatever system and one element of "
                "code-value-quantity has all of this: component 0 has the code or value c1, of "
                "whatever system and component 1 is more than 5"
            ),
            {},
        ),
        ("Location?near=1|2|3", "near: at most 3000 m from latitude 1.0, longitude 2.0", {}),
        (
            "ValueSet?url:below=http://x.org/",
            "url, or a part of it, begins with 'http://x.org'",
            {},
        ),
    ],
)
async def test_each_parameter_is_told_in_words_and_in_parts(
    system: Caller, search: str, reading: str, facts: dict[str, Any]
) -> None:
    (parameter,) = (await explained(system, search))["parameter"]
    assert parameter["reading"] == [reading]
    condition = parameter["condition"][-1]
    assert {name: condition[name] for name in facts} == facts


async def test_what_no_string_may_hold_is_told_escaped(system: Caller) -> None:
    (parameter,) = (await explained(system, "Observation?code=a%01%1Fb"))["parameter"]
    assert parameter["value"] == ["a\\x01\\x1fb"]


async def test_name_type_modifier_and_definition(system: Caller) -> None:
    told = await explained(
        system, "Observation?code:text=sugar&_sort=-date,code&_count=5&_summary=true"
    )
    (parameter,) = told["parameter"]
    assert (parameter["name"], parameter["value"]) == (["code:text"], ["sugar"])
    assert (parameter["type"], parameter["modifier"]) == (["token"], ["text"])
    assert parameter["definition"][0].endswith("/SearchParameter/clinical-code")
    assert told["sort"] == ["-date", "code"]
    assert {one["name"][0] for one in told["result"]} == {"_sort", "_count", "_summary"}
    assert told["search"][0].startswith("Observation?code:text=sugar&_sort=-date,code&")


async def test_what_is_ignored_under_lenient_handling(system: Caller) -> None:
    assert_outcome(await system.get("Observation/$explain?cod=1"), 400)
    told = await explained(
        system, "Observation?cod=1&code=c1", headers={"prefer": "handling=lenient"}
    )
    assert "cod" in told["ignored"][0]
    assert [one["name"] for one in told["parameter"]] == [["code"]]


async def test_get_form_and_parameters_are_the_same(system: Caller) -> None:
    got = await system.get("Observation/$explain?code=c1&status=final")
    form = await system("POST", "Observation/$explain?code=c1", data={"status": "final"})
    listed = [{"name": "code", "valueCode": "c1"}, {"name": "status", "valueString": "final"}]
    body = {"resourceType": "Parameters", "parameter": listed}
    posted = await system.post("Observation/$explain", body)
    assert got.json() == form.json() == posted.json()


async def test_a_system_is_told_what_it_costs(system: Caller) -> None:
    told = await explained(system, "Observation?patient=anna&code=c1&_sort=-date&_count=5")
    (plan,) = told["plan"]
    assert plan["cost"] == ["bounded"]
    assert plan["index"] == ["keys"]
    assert plan["blockingSort"] == [False]
    assert plan["order"] == ["-d", "-_id"]
    assert plan["returned"] == [6]
    assert plan["documents"][0] <= 2 * 6 + 2
    assert plan["keys"][0] >= 6
    assert "anna" in json.dumps(json.loads(plan["filter"][0]))
    (access,) = told["access"]
    assert access["reach"] == ["everything"]


async def test_advice_where_it_is_not_bounded(system: Caller) -> None:
    sorted_in_memory = (await explained(system, "Observation?_sort=code&_count=5"))["plan"][0]
    assert (sorted_in_memory["cost"], sorted_in_memory["blockingSort"]) == (["unbounded"], [True])
    assert "No index gives this order" in sorted_in_memory["advice"][0]
    filtered = (await explained(system, "Observation?value-quantity=gt58"))["plan"][0]
    assert filtered["cost"] == ["unbounded"]
    assert "documents are looked at" in filtered["advice"][0]


async def test_a_chain_is_looked_up_for_a_system_alone(system: Caller, served: Served) -> None:
    search = "Observation?subject:Patient.name=anna&_count=5"
    told = await explained(system, search)
    assert [one["type"] for one in told["access"]] == [["Observation"], ["Patient"]]
    assert "Patient/anna" in told["plan"][0]["filter"][0]
    app = await served.caller("patient/*.rs", "bert", fhir_user="Patient/bert")
    mine = await explained(app, search)
    assert "plan" not in mine
    assert "Patient/anna" not in json.dumps(mine)
    assert mine["parameter"] == told["parameter"]
    part = await served.caller("patient/Observation.rs", "bert", fhir_user="Patient/bert")
    assert_outcome(await part.get(f"Observation/$explain?{search.partition('?')[2]}"), 403)


@pytest.mark.parametrize(
    ("scope", "patient", "user", "reach", "words"),
    [
        ("patient/*.rs", "bert", "Patient/bert", "part", "the caller's patient"),
        ("user/*.rs", None, "Practitioner/p", "everything", "anything"),
        ("user/*.rs", None, "RelatedPerson/r", "nothing", "nothing at all"),
        (
            "system/Observation.rs?status=final",
            None,
            None,
            "part",
            "status has the code or value final",
        ),
    ],
)
async def test_others_are_told_the_reading_and_their_rights_alone(
    served: Served, scope: str, patient: str | None, user: str | None, reach: str, words: str
) -> None:
    caller = await served.caller(scope, patient, fhir_user=user)
    told = await explained(caller, "Observation?code=c1")
    (access,) = told["access"]
    assert (access["type"], access["reach"]) == (["Observation"], [reach])
    assert words in access["filter"][0]
    assert access["reason"][0].startswith(scope.partition("?")[0])
    assert "bert" not in json.dumps(told)
    assert set(told) == {"search", "parameter", "access"}
