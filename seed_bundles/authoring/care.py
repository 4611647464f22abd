"""How the patient is cared for: team, goals, plan, referrals, and who vouches for the chart."""

from __future__ import annotations

from typing import Any, Final

from .chart import Chart
from .clinic import CLINIC, OKAFOR, Member
from .elements import (
    HOUSE,
    US_CORE,
    Element,
    at,
    coding,
    concept,
    day,
    hl7,
    period,
    reference,
    snomed,
)

_CARERS: Final = {
    "doctor": ("309343006", "Physician"),
    "nurse": ("106292003", "Professional nurse"),
    "pharmacist": ("46255001", "Pharmacist"),
}


def care_team(
    chart: Chart, members: dict[Member, str], family: tuple[str, Element] | None = None
) -> str:
    """Those who care for the patient; `family` is what a relative is to them, and the code."""
    participant: list[Element] = [
        {"role": [snomed(*_CARERS[member.role[0]], text=role)], "member": member.ref}
        for member, role in members.items()
    ]
    if family:
        participant.append({"role": [family[1]], "member": reference(family[0])})
    return chart.put(
        "CareTeam",
        "care-team",
        meta={"profile": [f"{US_CORE}us-core-careteam"]},
        status="active",
        name=f"Care team of {chart.patient_name}",
        subject=chart.patient,
        period=period(-300),
        participant=participant,
        managingOrganization=[CLINIC],
    )


def goal(
    chart: Chart,
    suffix: str,
    text: str,
    start: int,
    due: int,
    target: Element | None = None,
    status: str = "in-progress",
) -> str:
    return chart.put(
        "Goal",
        suffix,
        meta={"profile": [f"{US_CORE}us-core-goal"]},
        lifecycleStatus="active",
        achievementStatus=hl7("goal-achievement", status),
        description={
            "coding": [coding(f"{HOUSE}goal", suffix.removeprefix("goal-"))],
            "text": text,
        },
        subject=chart.patient,
        startDate=day(start),
        target=[{**(target or {}), "dueDate": day(due)}],
        expressedBy=chart.patient,
    )


def care_plan(
    chart: Chart,
    title: str,
    description: str,
    start: int,
    activities: list[str],
    *,
    addresses: list[str],
    goals: list[str],
    author: Member = OKAFOR,
) -> str:
    return chart.put(
        "CarePlan",
        "care-plan",
        meta={"profile": [f"{US_CORE}us-core-careplan"]},
        text={
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{title}</div>',
        },
        status="active",
        intent="plan",
        category=[
            concept(
                "http://hl7.org/fhir/us/core/CodeSystem/careplan-category",
                "assess-plan",
                "Assessment and Plan of Treatment",
            )
        ],
        title=title,
        description=description,
        subject=chart.patient,
        period=period(start, start + 365),
        created=day(start),
        author=author.ref,
        careTeam=[reference(f"CareTeam/{chart.patient_id}-care-team")],
        addresses=[reference(condition) for condition in addresses],
        goal=[reference(each) for each in goals],
        activity=[
            {"detail": {"status": "in-progress" if number else "scheduled", "description": text}}
            for number, text in enumerate(activities)
        ],
    )


def referral(
    chart: Chart, suffix: str, code: Element, written: str, by: Member, **more: Any
) -> str:
    return chart.put(
        "ServiceRequest",
        suffix,
        meta={"profile": [f"{US_CORE}us-core-servicerequest"]},
        status="active",
        intent="order",
        category=[snomed("306206005", "Referral to service", "Referral")],
        code=code,
        subject=chart.patient,
        authoredOn=written,
        requester=by.ref,
        **more,
    )


def provenance(chart: Chart, suffix: str, targets: list[str], offset: int, by: Member) -> None:
    """Who wrote the targets; the patient is one of them, or it would be in nobody's record."""
    chart.put(
        "Provenance",
        f"provenance-{suffix}",
        meta={"profile": [f"{US_CORE}us-core-provenance"]},
        target=[*(reference(target) for target in targets), chart.person],
        recorded=at(offset, "12:00"),
        agent=[
            {
                "type": hl7("provenance-participant-type", "author", "Author"),
                "who": by.ref,
                "onBehalfOf": CLINIC,
            },
            {
                "type": {
                    "coding": [
                        coding(
                            "http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type",
                            "transmitter",
                            "Transmitter",
                        )
                    ]
                },
                "who": CLINIC,
            },
        ],
    )


REVIEWED: Final = frozenset(
    (
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
        "MedicationDispense",
        "MedicationRequest",
        "Observation",
        "Procedure",
        "QuestionnaireResponse",
        "RelatedPerson",
        "ServiceRequest",
        "Specimen",
    )
)
"""The kinds of entry of which US Core's clients ask who vouches for them."""


def reviewed(chart: Chart, by: Member) -> None:
    """The chart review of the week before: who vouches for the newest entry of each kind."""
    newest = {
        resource["resourceType"]: f"{resource['resourceType']}/{resource['id']}"
        for resource in chart.bundle.resources
        if resource["resourceType"] in REVIEWED
    }
    provenance(chart, "review", sorted(newest.values()), 0, by)
