"""F3: a doubtful change is made, and told to those who prefer an OperationOutcome."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Caller, Served

TOLD = {"prefer": "return=OperationOutcome"}
RESOURCES: dict[str, dict[str, Any]] = {
    "Appointment": {
        "start": "2026-11-25T09:00:00Z",
        "end": "2026-11-25T09:30:00Z",
        "participant": [{"actor": {"reference": "Patient/p"}, "status": "accepted"}],
    },
    "Communication": {"subject": {"reference": "Patient/p"}},
    "MedicationRequest": {
        "intent": "order",
        "medicationCodeableConcept": {"text": "Lisinopril"},
        "subject": {"reference": "Patient/p"},
    },
    "Observation": {"code": {"text": "Weight"}, "subject": {"reference": "Patient/p"}},
}


def resource(type_name: str, status: str, logical_id: str = "doubt") -> dict[str, Any]:
    content = RESOURCES[type_name]
    return {"resourceType": type_name, "id": logical_id, "status": status, **content}


def warnings(outcome: dict[str, Any]) -> list[str]:
    assert outcome["resourceType"] == "OperationOutcome"
    found = [each for each in outcome["issue"] if each["severity"] == "warning"]
    assert all(each["code"] == "business-rule" for each in found)
    return [each["expression"][0] for each in found]


@pytest.mark.parametrize(
    ("type_name", "steps", "doubtful"),
    [
        ("Appointment", ("booked", "fulfilled"), False),
        ("Appointment", ("fulfilled", "proposed"), True),
        ("Communication", ("in-progress", "completed"), False),
        ("Communication", ("completed", "in-progress"), True),
        ("MedicationRequest", ("active", "completed"), False),
        ("MedicationRequest", ("completed", "active"), True),
        ("Observation", ("final", "amended"), False),
        ("Observation", ("final", "preliminary"), True),
    ],
)
async def test_an_update_is_made_and_doubted(
    system: Caller, type_name: str, steps: tuple[str, str], doubtful: bool
) -> None:
    old, new = steps
    place = f"{type_name}/doubt"
    await system.put(place, resource(type_name, old))
    answer = await system.put(place, resource(type_name, new), headers=TOLD)
    assert answer.status_code in (200, 201)
    assert warnings(answer.json()) == ([f"{type_name}.status"] if doubtful else [])
    assert (await system.get(place)).json()["status"] == new


async def test_a_patch_a_conditional_update_and_an_entry_are_doubted_too(system: Caller) -> None:
    async def ended() -> None:
        assert (await system.put("Observation/doubt", resource("Observation", "final"))).is_success

    await ended()
    json_patch = {**TOLD, "content-type": "application/json-patch+json"}
    change = b'[{"op":"replace","path":"/status","value":"registered"}]'
    answer = await system("PATCH", "Observation/doubt", change, headers=json_patch)
    assert warnings(answer.json()) == ["Observation.status"]

    await ended()
    body = resource("Observation", "registered")
    answer = await system.put("Observation?_id=doubt", body, headers=TOLD)
    assert warnings(answer.json()) == ["Observation.status"]

    for kind in ("transaction", "batch"):
        await ended()
        request = {"method": "PUT", "url": "Observation/doubt"}
        bundle = {"resourceType": "Bundle", "type": kind}
        entry = [{"resource": body, "request": request}]
        answer = await system.post("", {**bundle, "entry": entry}, headers=TOLD)
        response = answer.json()["entry"][0]["response"]
        assert warnings(response["outcome"]) == ["Observation.status"]


async def test_a_deceased_patient_who_lives_again_is_doubted(system: Caller) -> None:
    gone = {"resourceType": "Patient", "id": "late", "deceasedDateTime": "2020-04-11"}
    await system.put("Patient/late", gone)
    answer = await system.put(
        "Patient/late", {"resourceType": "Patient", "id": "late"}, headers=TOLD
    )
    assert warnings(answer.json()) == ["Patient.deceased"]


async def test_those_who_may_not_read_learn_nothing_of_the_status(
    served: Served, system: Caller
) -> None:
    writer = await served.caller("system/Observation.u")
    await system.put("Observation/hidden", resource("Observation", "final", "hidden"))
    change = resource("Observation", "registered", "hidden")
    answer = await writer.put("Observation/hidden", change, headers=TOLD)
    assert answer.status_code == 200
    assert warnings(answer.json()) == []


async def test_a_new_life_after_a_delete_is_no_step(system: Caller) -> None:
    await system.put("Observation/again", resource("Observation", "final", "again"))
    assert (await system("DELETE", "Observation/again")).status_code == 204
    again = resource("Observation", "registered", "again")
    answer = await system.put("Observation/again", again, headers=TOLD)
    assert answer.status_code == 201
    assert warnings(answer.json()) == []
