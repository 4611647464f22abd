"""What the chart says of the patient: person, problems, allergies, vaccines, procedures, plans."""

from __future__ import annotations

from typing import Any

from .chart import Chart
from .clinic import CLINIC, CLINIC_ROOM, LINDQVIST, OKAFOR, Member, address
from .elements import (
    CVX,
    HOUSE,
    RXNORM,
    TERMINOLOGY,
    US_CORE,
    Element,
    at,
    coding,
    concept,
    day,
    hl7,
    identifier,
    period,
    reference,
    snomed,
)


def person(
    chart: Chart,
    gender: str,
    birth_date: str,
    line: str,
    phone: str,
    race: tuple[str, str],
    **more: Any,
) -> None:
    given, family = chart.patient_name.split(" ")
    chart.bundle.put(
        "Patient",
        chart.patient_id,
        meta={"profile": [f"{US_CORE}us-core-patient"]},
        extension=[_race(*race)],
        identifier=[
            {
                "use": "usual",
                "type": hl7("v2-0203", "MR", "Medical record number"),
                **identifier("mrn", f"CM-{phone[-4:]}{birth_date[2:4]}"),
            }
        ],
        active=True,
        name=[{"use": "official", "text": chart.patient_name, "family": family, "given": [given]}],
        telecom=[
            {"system": "phone", "value": phone, "use": "mobile"},
            {"system": "email", "value": f"{chart.patient_id}@mail.example.org", "use": "home"},
        ],
        gender=gender,
        birthDate=birth_date,
        address=[address(line)],
        communication=[
            {"language": concept("urn:ietf:bcp:47", "en-US", "English"), "preferred": True}
        ],
        generalPractitioner=[OKAFOR.ref],
        managingOrganization=CLINIC,
        **more,
    )


def _race(code: str, display: str) -> Element:
    return {
        "url": f"{US_CORE}us-core-race",
        "extension": [
            {
                "url": "ombCategory",
                "valueCoding": coding("urn:oid:2.16.840.1.113883.6.238", code, display),
            },
            {"url": "text", "valueString": display},
        ],
    }


def condition(
    chart: Chart,
    suffix: str,
    code: tuple[str, str],
    onset: int,
    *,
    text: str | None = None,
    ended: int | None = None,
    security: list[Element] | None = None,
    by: Member = OKAFOR,
    note: str | None = None,
) -> str:
    return chart.put(
        "Condition",
        suffix,
        meta={
            "profile": [f"{US_CORE}us-core-condition-problems-health-concerns"],
            **({"security": security} if security else {}),
        },
        clinicalStatus=hl7("condition-clinical", "active" if ended is None else "resolved"),
        verificationStatus=hl7("condition-ver-status", "confirmed"),
        category=[hl7("condition-category", "problem-list-item", "Problem List Item")],
        code=snomed(*code, text),
        subject=chart.patient,
        onsetDateTime=day(onset),
        abatementDateTime=None if ended is None else day(ended),
        recordedDate=day(onset),
        recorder=by.ref,
        note=[{"text": note}] if note else None,
    )


def allergy(
    chart: Chart,
    suffix: str,
    substance: tuple[str, str, str],
    reaction: tuple[str, str],
    onset: int,
    *,
    kind: str = "medication",
    criticality: str = "low",
    severity: str = "mild",
) -> str:
    return chart.put(
        "AllergyIntolerance",
        suffix,
        meta={"profile": [f"{US_CORE}us-core-allergyintolerance"]},
        clinicalStatus=hl7("allergyintolerance-clinical", "active"),
        verificationStatus=hl7("allergyintolerance-verification", "confirmed"),
        type="allergy",
        category=[kind],
        criticality=criticality,
        code=concept(*substance),
        patient=chart.patient,
        recordedDate=day(onset),
        recorder=OKAFOR.ref,
        reaction=[{"manifestation": [snomed(*reaction)], "severity": severity}],
    )


PENICILLIN = (RXNORM, "7980", "Penicillin G")
PEANUT = ("http://snomed.info/sct", "762952008", "Peanut")


def vaccine(chart: Chart, offset: int, cvx: str, display: str) -> None:
    chart.put(
        "Immunization",
        chart.number("vaccine"),
        meta={"profile": [f"{US_CORE}us-core-immunization"]},
        status="completed",
        vaccineCode=concept(CVX, cvx, display),
        patient=chart.patient,
        occurrenceDateTime=day(offset),
        primarySource=True,
        location=CLINIC_ROOM,
        lotNumber=f"L{cvx}-{abs(offset) % 997:03}",
        performer=[{"actor": LINDQVIST.ref}],
    )


def procedure(
    chart: Chart, suffix: str, code: tuple[str, str], offset: int, by: Member, **more: Any
) -> str:
    return chart.put(
        "Procedure",
        suffix,
        meta={"profile": [f"{US_CORE}us-core-procedure"]},
        status="completed",
        code=snomed(*code),
        subject=chart.patient,
        performedDateTime=at(offset, "10:30"),
        performer=[{"actor": by.ref}],
        **more,
    )


def family_history(chart: Chart, suffix: str, kin: tuple[str, str], code: tuple[str, str]) -> None:
    chart.put(
        "FamilyMemberHistory",
        suffix,
        status="completed",
        patient=chart.patient,
        date=day(-400),
        relationship=hl7("v3-RoleCode", *kin),
        condition=[{"code": snomed(*code)}],
    )


def care_team(chart: Chart, members: dict[Member, str]) -> str:
    return chart.put(
        "CareTeam",
        "care-team",
        meta={"profile": [f"{US_CORE}us-core-careteam"]},
        status="active",
        name=f"Care team of {chart.patient_name}",
        subject=chart.patient,
        period=period(-300),
        participant=[
            {"role": [{"text": role}], "member": member.ref} for member, role in members.items()
        ],
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
        description={"text": text},
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


def consent(chart: Chart, suffix: str, text: str, offset: int) -> None:
    chart.put(
        "Consent",
        suffix,
        status="active",
        scope=hl7("consentscope", "patient-privacy", "Privacy Consent"),
        category=[concept(LOINC_PRIVACY[0], LOINC_PRIVACY[1], "Patient Consent")],
        patient=chart.patient,
        dateTime=at(offset, "08:50"),
        performer=[chart.patient],
        organization=[CLINIC],
        policyRule=hl7("v3-ActCode", "OPTIN", "opt-in"),
        provision={
            "type": "permit",
            "purpose": [{"system": f"{TERMINOLOGY}v3-ActReason", "code": "TREAT"}],
        },
        policy=[{"uri": f"{HOUSE}consent/{text}"}],
    )


LOINC_PRIVACY = ("http://loinc.org", "59284-0")


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
            }
        ],
    )
