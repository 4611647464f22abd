"""What two patients' records have to do with each other, in as many ways as R4 allows.

Ids begin with whose the resource is (`aaa-`, `bbb-`, `both-`, `shared-`, `nobody-`); every free
text of B's, and of what is nobody's, begins with `BBB-`, so that a scan of any answer finds it.
"""

from __future__ import annotations

from typing import Any

from resources.registry import REGISTRY
from tests.matrix.minimal import minimal
from tests.matrix.rules import HIDDEN, SUBJECTS, Resource

A, B = "aaa-patient", "bbb-patient"
SHARED = ("Organization", "Practitioner", "Location", "Medication", "PractitionerRole", "Slot")
NAMES = {
    "a": "AAA-",
    "b": "BBB-",
    "both": "ABAB-",
    "shared": "SSS-",
    "nobody": "BBB-",
}
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


def ref(place: str) -> Resource:
    return {"reference": place}


def made(type_name: str, name: str, whose: str, **more: Any) -> Resource:
    """A minimal resource `aaa-name`, `bbb-name`, … with these elements on top."""
    prefix = {"a": "aaa", "b": "bbb"}.get(whose, whose)
    patient = {"a": A, "b": B}.get(whose)
    logical_id = f"{prefix}-{name}"
    return {**minimal(type_name, logical_id, f"{NAMES[whose]}{name}", patient), **more}


def category(code: str) -> list[Resource]:
    return [{"coding": [{"system": CATEGORY, "code": code}]}]


def one_of_each() -> list[Resource]:
    """A's and B's of every type that can be somebody's, or is hidden."""
    return [
        made(type_name, type_name.lower(), whose)
        for type_name in REGISTRY.endpoints
        if type_name in SUBJECTS or type_name in HIDDEN
        for whose in ("a", "b")
    ]


def directory() -> list[Resource]:
    """Shared resources that both records use."""
    shared = [made(type_name, "main", "shared") for type_name in SHARED]
    slot = shared[-1]
    slot["schedule"] = ref("Schedule/bbb-schedule")
    return [
        *shared,
        made("Device", "device", "shared"),
        made("Schedule", "schedule", "shared", actor=[ref("Practitioner/shared-main")]),
        made("Endpoint", "endpoint", "shared"),
        made("Endpoint", "endpoint", "nobody", header=["Authorization: BBB-secret"]),
        made("Schedule", "schedule", "nobody", actor=[{"identifier": {"value": "BBB-who"}}]),
    ]


def _observations() -> list[Resource]:
    a, b = ref(f"Patient/{A}"), ref(f"Patient/{B}")
    return [
        made("Observation", "lab", "a", category=category("laboratory")),
        made("Observation", "lab", "b", category=category("laboratory")),
        made("Observation", "vital", "a", category=category("vital-signs")),
        made("Observation", "performed-by-b", "a", performer=[b]),
        made("Observation", "performed-by-a", "b", performer=[a]),
        _without_subject("performs-alone", "a", performer=[a]),
        _without_subject("performs-alone", "b", performer=[b]),
        _without_subject("nothing", "nobody"),
        _without_subject("of-a-group", "nobody", subject=ref("Group/nobody-group")),
        made("Observation", "points-at-b", "a", **_pointers("bbb")),
        made("Observation", "points-at-a", "b", **_pointers("aaa")),
        made(
            "Observation",
            "contains",
            "a",
            contained=[{"resourceType": "Patient", "id": "p", "name": [{"family": "Within"}]}],
            performer=[ref("#p")],
        ),
        made(
            "Observation",
            "contained-subject",
            "nobody",
            contained=[{"resourceType": "Patient", "id": A, "name": [{"family": "BBB-in"}]}],
            subject=ref(f"#{A}"),
        ),
        made("Observation", "versioned", "a", subject=ref(f"Patient/{A}/_history/1")),
        made("Observation", "elsewhere", "nobody", subject=ref(f"http://other.org/Patient/{A}")),
        made("Observation", "identified", "nobody", subject={"identifier": {"value": "AAA-x"}}),
        made("Observation", "upper-case", "nobody", subject=ref("Patient/AAA-patient")),
    ]


def _without_subject(name: str, whose: str, **more: Any) -> Resource:
    resource = made("Observation", name, whose, **more)
    if "subject" not in more:
        resource.pop("subject", None)
    return resource


def _pointers(prefix: str) -> dict[str, Any]:
    return {
        "basedOn": [ref(f"ServiceRequest/{prefix}-servicerequest")],
        "partOf": [ref(f"Procedure/{prefix}-procedure")],
        "focus": [ref(f"Patient/{prefix}-patient")],
        "encounter": ref(f"Encounter/{prefix}-encounter"),
        "specimen": ref(f"Specimen/{prefix}-specimen"),
        "device": ref(f"Device/{prefix}-device"),
        "hasMember": [ref(f"Observation/{prefix}-observation")],
        "derivedFrom": [ref(f"DocumentReference/{prefix}-documentreference")],
    }


def _between() -> list[Resource]:
    a, b = ref(f"Patient/{A}"), ref(f"Patient/{B}")
    accepted = {"status": "accepted"}
    return [
        made(
            "Appointment",
            "group",
            "both",
            participant=[{"actor": a, **accepted}, {"actor": b, **accepted}],
        ),
        made("Communication", "message", "both", subject=a, sender=b),
        made("Communication", "to-b", "b", sender=ref("Practitioner/shared-main"), recipient=[b]),
        made("Coverage", "family", "both", policyHolder=a, beneficiary=b, payor=[a]),
        made("Person", "person", "both", link=[{"target": a}, {"target": b}]),
        made("Task", "asked-by-a", "both", **{"for": b, "requester": a}),
        made("Group", "group", "nobody", member=[{"entity": a}, {"entity": b}]),
        made("Group", "staff", "nobody", member=[{"entity": a}, {"entity": ref("Device/x")}]),
        made("Provenance", "both", "nobody", target=[a, b]),
        made("Provenance", "of-b", "nobody", target=[ref("Observation/bbb-observation")]),
        made("Provenance", "on-a", "b", target=[ref("Observation/aaa-observation"), b]),
        made("Provenance", "on-b", "a", target=[ref("Observation/bbb-observation"), a]),
        made("AuditEvent", "by-a", "b", agent=[{"who": a, "requestor": True}]),
        made("AuditEvent", "by-b", "a", agent=[{"who": b, "requestor": True}]),
        made("AuditEvent", "both", "nobody", entity=[{"what": a}, {"what": b}]),
    ]


def _documents() -> list[Resource]:
    a, b = ref(f"Patient/{A}"), ref(f"Patient/{B}")
    attached = [{"attachment": {"contentType": "text/plain", "url": "Binary/bbb-binary"}}]
    return [
        made("List", "of-bs", "a", entry=[{"item": b}, {"item": ref("Observation/bbb-lab")}]),
        made("List", "of-as", "a", entry=[{"item": ref("Observation/aaa-lab")}]),
        made("List", "of-as", "b", entry=[{"item": a}, {"item": ref("Observation/aaa-lab")}]),
        made("List", "by-a", "b", source=a),
        made(
            "Encounter",
            "with-b",
            "a",
            participant=[{"individual": ref("RelatedPerson/bbb-relatedperson")}],
        ),
        made("DocumentReference", "attaches-b", "a", content=attached, author=[b]),
        made(
            "Binary",
            "of-document",
            "nobody",
            securityContext=ref("DocumentReference/aaa-documentreference"),
        ),
        made("Condition", "asserted-by-a", "b", asserter=a),
        made("CareTeam", "with-a", "b", participant=[{"member": a}]),
        made("ExplanationOfBenefit", "paid-to-a", "b", payee={"type": {"text": "x"}, "party": a}),
        *(
            {
                key: value
                for key, value in made(
                    "MedicationRequest",
                    "of-shared",
                    whose,
                    medicationReference=ref("Medication/shared-main"),
                    requester=ref("Practitioner/shared-main"),
                ).items()
                if key != "medicationCodeableConcept"
            }
            for whose in ("a", "b")
        ),
    ]


def _linked(patient: Resource, other: str) -> Resource:
    """Each Patient names the other (`Patient.link`), and has demographics of its own."""
    mark = patient["text"]["div"].split(">")[1].split("-")[0]
    return {
        **patient,
        "name": [{"family": f"{mark}-family"}],
        "birthDate": "1971-02-03" if mark == "BBB" else "1982-03-04",
        "link": [{"other": ref(f"Patient/{other}"), "type": "seealso"}],
        "managingOrganization": ref("Organization/shared-main"),
        "generalPractitioner": [ref("Practitioner/shared-main")],
    }


def woven() -> list[Resource]:
    """Everything that is stored once; no two have the same type and id."""
    everything = [*one_of_each(), *directory(), *_observations(), *_between(), *_documents()]
    for index, resource in enumerate(everything):
        if resource["resourceType"] == "Patient":
            everything[index] = _linked(resource, B if resource["id"] == A else A)
    return everything


def changing_hands() -> list[list[Resource | None]]:
    """Successive versions of one resource; None deletes it."""

    def version(name: str, whose: str) -> Resource:
        resource = made("Observation", name, whose)
        return {**resource, "id": f"hand-{name}"}

    return [
        [version("b-then-a", "b"), version("b-then-a", "a")],
        [version("a-then-b", "a"), version("a-then-b", "b")],
        [version("a-b-a", "a"), version("a-b-a", "b"), version("a-b-a", "a")],
        [version("a-gone", "a"), None],
        [version("b-gone", "b"), None],
        [version("b-a-gone", "b"), version("b-a-gone", "a"), None],
        [version("a-b-gone", "a"), version("a-b-gone", "b"), None],
        [version("b-gone-a", "b"), None, version("b-gone-a", "a")],
        [version("a-gone-b", "a"), None, version("a-gone-b", "b")],
    ]


NOBODYS = {"Observation": "Location/shared-main", "Condition": "Group/nobody-group"}
"""Subjects that are no person."""


def about(type_name: str, logical_id: str, patients: tuple[str, ...], mark: str) -> Resource:
    """A resource of these patients: none, one, or two where the type can have two."""
    resource = minimal(type_name, logical_id, mark, patients[0] if patients else None)
    references = [ref(f"Patient/{patient}") for patient in patients]
    if type_name == "Appointment":
        actors = [{"actor": who, "status": "accepted"} for who in references]
        resource["participant"] = actors or [{"type": [{"text": "x"}], "status": "accepted"}]
    elif type_name == "Communication":
        resource.pop("subject", None)
        resource["recipient"] = references or [ref("Practitioner/shared-main")]
    elif not patients and type_name in NOBODYS:
        resource["subject"] = ref(NOBODYS[type_name])
    return resource
