"""Good and bad examples of the five core resources, against R4's own definitions of them."""

# ruff: noqa: E501 - a table reads best with a row a line

from __future__ import annotations

import copy
from typing import Any

import pytest

from resources.registry import packed_table
from resources.validation import validate

Resource = dict[str, Any]
ANN = {"reference": "Patient/ann"}
DOC = {"reference": "Practitioner/doc"}
CODE = {"coding": [{"system": "http://loinc.org", "code": "8302-2"}]}
MOMENT = "2026-11-16T09:00:00-07:00"

MINIMAL: dict[str, Resource] = {
    "Patient": {},
    "Observation": {"status": "final", "code": CODE},
    "MedicationRequest": {
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": "Metformin"},
        "subject": ANN,
    },
    "Appointment": {"status": "proposed", "participant": [{"actor": ANN, "status": "accepted"}]},
    "Communication": {"status": "completed"},
}

GOOD: list[tuple[str, Resource]] = [
    *((name, {}) for name in MINIMAL),
    ("Patient", {"name": [{"family": "Keller", "given": ["Ann", "Eva"]}, {"text": "Ann"}]}),
    ("Patient", {"deceasedDateTime": "2020", "birthDate": "1950-02", "multipleBirthInteger": 2}),
    ("Patient", {"contact": [{"organization": {"reference": "Organization/o"}}, {"name": {"text": "Eva"}}]}),
    ("Patient", {"link": [{"other": {"reference": "Patient/old"}, "type": "replaces"}]}),
    ("Patient", {"communication": [{"language": {"text": "Nahuatl"}, "preferred": True}]}),
    ("Observation", {"valueQuantity": {"value": 1, "comparator": "<", "unit": "mg"}}),
    ("Observation", {"dataAbsentReason": {"text": "not asked"}}),
    ("Observation", {"effectivePeriod": {"start": "2026-01", "end": "2026-02-03"}}),
    ("Observation", {"valueString": "seen"}),
    ("Observation", {"referenceRange": [{"text": "below 5"}, {"low": {"value": 1}}, {"high": {"value": 1}}]}),
    ("Observation", {"component": [{"code": {"text": "a"}, "valueInteger": 3}, {"code": CODE}]}),
    ("Observation", {"valueQuantity": {"value": 1}, "component": [{"code": {"text": "other"}}]}),
    ("MedicationRequest", {"medicationCodeableConcept": None, "medicationReference": {"reference": "Medication/m"}}),
    ("MedicationRequest", {"intent": "proposal", "status": "draft", "priorPrescription": {"reference": "MedicationRequest/1"}}),
    ("MedicationRequest", {"dosageInstruction": [{"asNeededBoolean": True, "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}}]}),
    ("MedicationRequest", {"dispenseRequest": {"numberOfRepeatsAllowed": 0, "performer": {"reference": "Organization/o"}}}),
    ("MedicationRequest", {"substitution": {"allowedBoolean": False}, "requester": {"reference": "Device/d"}}),
    ("Appointment", {"status": "booked", "start": MOMENT, "end": MOMENT}),
    ("Appointment", {"status": "cancelled", "cancelationReason": {"text": "ill"}}),
    ("Appointment", {"status": "noshow", "start": MOMENT, "end": MOMENT, "cancelationReason": {"text": "ill"}}),
    ("Appointment", {"status": "waitlist", "requestedPeriod": [{"start": "2026-12-01", "end": "2026-12-31"}]}),
    ("Appointment", {"participant": [{"type": [{"text": "translator"}], "required": "optional", "status": "needs-action"}]}),
    ("Communication", {"payload": [{"contentString": "Hello"}, {"contentReference": {"reference": "DocumentReference/d"}}]}),
    ("Communication", {"inResponseTo": [{"reference": "Communication/1"}], "topic": {"text": "Iron"}}),
    ("Communication", {"status": "not-done", "statusReason": {"text": "no address"}}),
    ("Communication", {"recipient": [{"reference": "CareTeam/t"}, ANN], "sender": DOC, "sent": MOMENT}),
]  # fmt: skip

BAD: list[tuple[str, Resource, str, str]] = [
    ("Patient", {"gender": "f"}, "Patient.gender", "code-invalid"),
    ("Patient", {"birthDate": "1970-02-30"}, "Patient.birthDate", "value"),
    ("Patient", {"birthDate": "1970-01-01T00:00:00Z"}, "Patient.birthDate", "value"),
    ("Patient", {"deceasedBoolean": True, "deceasedDateTime": "2020"}, "Patient.deceased", "structure"),
    ("Patient", {"contact": [{"relationship": [{"text": "aunt"}]}]}, "Patient.contact[0]", "invariant"),
    ("Patient", {"link": [{"other": ANN, "type": "sameas"}]}, "Patient.link[0].type", "code-invalid"),
    ("Patient", {"link": [{"other": DOC, "type": "seealso"}]}, "Patient.link[0].other", "value"),
    ("Patient", {"communication": [{"preferred": True}]}, "Patient.communication[0].language", "required"),
    ("Patient", {"generalPractitioner": [ANN]}, "Patient.generalPractitioner[0]", "value"),
    ("Patient", {"telecom": [{"value": "555"}]}, "Patient.telecom[0]", "invariant"),
    ("Patient", {"name": [{"period": {"start": "2026", "end": "2025"}}]}, "Patient.name[0].period", "invariant"),
    ("Observation", {"status": "done"}, "Observation.status", "code-invalid"),
    ("Observation", {"status": None}, "Observation.status", "required"),
    ("Observation", {"code": None}, "Observation.code", "required"),
    ("Observation", {"valueQuantity": {"value": "1"}}, "Observation.value.ofType(Quantity).value", "value"),
    ("Observation", {"valueQuantity": {"value": 1, "code": "mg"}}, "Observation.value.ofType(Quantity)", "invariant"),
    ("Observation", {"valueString": "a", "dataAbsentReason": {"text": "b"}}, "Observation", "invariant"),
    ("Observation", {"valueString": "a", "component": [{"code": CODE}]}, "Observation", "invariant"),
    ("Observation", {"referenceRange": [{"appliesTo": [{"text": "x"}]}]}, "Observation.referenceRange[0]", "invariant"),
    ("Observation", {"valueString": "a", "valueInteger": 1}, "Observation.value", "structure"),
    ("Observation", {"valueMoney": {"value": 1}}, "Observation.valueMoney", "structure"),
    ("Observation", {"subject": {"reference": "Encounter/e"}}, "Observation.subject", "value"),
    ("Observation", {"effectiveDateTime": "2026-13"}, "Observation.effective.ofType(dateTime)", "value"),
    ("MedicationRequest", {"status": "ordered"}, "MedicationRequest.status", "code-invalid"),
    ("MedicationRequest", {"intent": None}, "MedicationRequest.intent", "required"),
    ("MedicationRequest", {"intent": "request"}, "MedicationRequest.intent", "code-invalid"),
    ("MedicationRequest", {"medicationCodeableConcept": None}, "MedicationRequest.medication", "required"),
    ("MedicationRequest", {"medicationReference": {"reference": "Medication/m"}}, "MedicationRequest.medication", "structure"),
    ("MedicationRequest", {"subject": None}, "MedicationRequest.subject", "required"),
    ("MedicationRequest", {"priority": "now"}, "MedicationRequest.priority", "code-invalid"),
    ("MedicationRequest", {"priorPrescription": {"reference": "MedicationDispense/d"}}, "MedicationRequest.priorPrescription", "value"),
    ("MedicationRequest", {"dispenseRequest": {"numberOfRepeatsAllowed": -1}}, "MedicationRequest.dispenseRequest.numberOfRepeatsAllowed", "value"),
    ("MedicationRequest", {"dosageInstruction": [{"timing": {"repeat": {"period": 1}}}]}, "MedicationRequest.dosageInstruction[0].timing.repeat", "invariant"),
    ("MedicationRequest", {"substitution": {"reason": {"text": "x"}}}, "MedicationRequest.substitution.allowed", "required"),
    ("Appointment", {"status": "open", "start": MOMENT, "end": MOMENT}, "Appointment.status", "code-invalid"),
    ("Appointment", {"participant": None}, "Appointment.participant", "required"),
    ("Appointment", {"participant": [{"status": "accepted"}]}, "Appointment.participant[0]", "invariant"),
    ("Appointment", {"participant": [{"actor": ANN}]}, "Appointment.participant[0].status", "required"),
    ("Appointment", {"participant": [{"actor": ANN, "status": "maybe"}]}, "Appointment.participant[0].status", "code-invalid"),
    ("Appointment", {"start": MOMENT}, "Appointment", "invariant"),
    ("Appointment", {"status": "booked"}, "Appointment", "invariant"),
    ("Appointment", {"cancelationReason": {"text": "ill"}}, "Appointment", "invariant"),
    ("Appointment", {"start": "2026-11-16", "end": MOMENT}, "Appointment.start", "value"),
    ("Appointment", {"minutesDuration": 0}, "Appointment.minutesDuration", "value"),
    ("Appointment", {"slot": [{"reference": "Schedule/s"}]}, "Appointment.slot[0]", "value"),
    ("Communication", {"status": "sent"}, "Communication.status", "code-invalid"),
    ("Communication", {"status": None}, "Communication.status", "required"),
    ("Communication", {"payload": [{"contentString": "a", "contentAttachment": {"url": "b"}}]}, "Communication.payload[0].content", "structure"),
    ("Communication", {"payload": [{"id": "a"}]}, "Communication.payload[0].content", "required"),
    ("Communication", {"inResponseTo": [ANN]}, "Communication.inResponseTo[0]", "value"),
    ("Communication", {"subject": DOC}, "Communication.subject", "value"),
    ("Communication", {"sent": "yesterday"}, "Communication.sent", "value"),
    ("Communication", {"recipient": ANN}, "Communication.recipient", "structure"),
    ("Communication", {"priority": "high"}, "Communication.priority", "code-invalid"),
]  # fmt: skip


def made(type_name: str, changes: Resource) -> Resource:
    """The least of a type with these changes; None takes an element away."""
    content = {"resourceType": type_name, **copy.deepcopy(MINIMAL[type_name]), **changes}
    return {name: value for name, value in content.items() if value is not None}


@pytest.mark.parametrize(("type_name", "changes"), GOOD, ids=str)
def test_good_example(type_name: str, changes: Resource) -> None:
    assert validate(made(type_name, changes)) == []


@pytest.mark.parametrize(
    ("type_name", "changes", "path", "code"), BAD, ids=[f"{row[2]}-{row[3]}" for row in BAD]
)
def test_bad_example(type_name: str, changes: Resource, path: str, code: str) -> None:
    """That one thing is wrong, it is told where, and how bad it is."""
    problems = validate(made(type_name, changes))
    assert [(each.path, each.code, each.severity) for each in problems] == [(path, code, "error")]
    assert len(problems[0].message) > 10


def test_every_invariant_of_the_core_resources_has_its_bad_example() -> None:
    broken = {
        problem.message.rpartition("(")[2].rstrip(")")
        for type_name, changes, _, code in BAD
        if code == "invariant"
        for problem in validate(made(type_name, changes))
    }
    own = {
        key
        for node, (keys, _) in packed_table("elements")["nodes"].items()
        if node.partition(".")[0] in MINIMAL
        for key in keys
    }
    assert len(own) == 8
    assert own <= broken
