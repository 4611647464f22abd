"""Visits and what goes with them: appointments, encounters, messages, documents."""

from __future__ import annotations

import base64
from hashlib import sha1
from typing import Any, Final

from .chart import Chart
from .clinic import CLINIC, CLINIC_ROOM, OKAFOR, VIDEO_ROOM, VIDEO_VISIT, Member, later
from .elements import (
    LOINC,
    TERMINOLOGY,
    US_CORE,
    Element,
    at,
    coding,
    concept,
    day,
    hl7,
    identifier,
    reference,
    snomed,
)

_CARE: Final = hl7("service-category", "17", "General Practice")
_SPECIALIST: Final = hl7("service-category", "27", "Specialist Medical")


def appointment(
    chart: Chart,
    offset: int,
    clock: str,
    member: Member,
    reason: str,
    *,
    status: str = "booked",
    video: bool = False,
    slot: str | None = None,
    cancelled: tuple[str, str] | None = None,
    minutes: int = 30,
    **more: Any,
) -> str:
    place = VIDEO_ROOM if video else CLINIC_ROOM
    return chart.put(
        "Appointment",
        chart.number("appointment"),
        status=status,
        cancelationReason=hl7("appointment-cancellation-reason", *cancelled) if cancelled else None,
        serviceCategory=[_CARE if member.role[0] == "nurse" or member is OKAFOR else _SPECIALIST],
        serviceType=[VIDEO_VISIT] if video else None,
        specialty=[snomed(*member.specialty)],
        appointmentType=hl7("v2-0276", "FOLLOWUP", "A follow up visit"),
        reasonCode=[{"text": reason}],
        description=reason,
        start=at(offset, clock),
        end=at(offset, later(clock, minutes)),
        minutesDuration=minutes,
        slot=[reference(f"Slot/{slot}")] if slot else None,
        created=at(min(offset, 0) - 14, "10:00"),
        patientInstruction="Join from the portal ten minutes early." if video else None,
        participant=[
            _participant(chart.patient, status),
            _participant(member.ref, status),
            _participant(place, status),
        ],
        **more,
    )


def wished(chart: Chart, member: Member, reason: str, asked: int, first: int, last: int) -> str:
    """An appointment that the patient proposed: no time yet, a period that would suit."""
    return chart.put(
        "Appointment",
        chart.number("appointment"),
        status="proposed",
        specialty=[snomed(*member.specialty)],
        description=reason,
        reasonCode=[{"text": reason}],
        created=at(asked, "20:15"),
        comment="Mornings suit me best.",
        participant=[
            {"actor": chart.patient, "required": "required", "status": "accepted"},
            {"actor": member.ref, "required": "required", "status": "needs-action"},
        ],
        requestedPeriod=[{"start": day(first), "end": day(last)}],
    )


def _participant(actor: Element, status: str) -> Element:
    answer = "declined" if status == "cancelled" else "accepted"
    return {"actor": actor, "required": "required", "status": answer}


def encounter(
    chart: Chart,
    suffix: str,
    offset: int,
    reason: str,
    members: list[Member],
    *,
    days: int = 0,
    kind: str = "AMB",
    place: Element = CLINIC_ROOM,
    **more: Any,
) -> str:
    names = {
        "AMB": "ambulatory",
        "IMP": "inpatient encounter",
        "VR": "virtual",
        "EMER": "emergency",
    }
    codes = {
        "AMB": ("185349003", "Encounter for check up"),
        "IMP": ("32485007", "Hospital admission"),
        "VR": ("448337001", "Telemedicine consultation with patient"),
        "EMER": ("50849002", "Emergency room admission"),
    }
    return chart.put(
        "Encounter",
        suffix,
        meta={"profile": [f"{US_CORE}us-core-encounter"]},
        identifier=[identifier("encounter", f"{chart.patient_id}-{suffix}")],
        status="finished",
        **{"class": coding(f"{TERMINOLOGY}v3-ActCode", kind, names[kind])},
        type=[snomed(*codes[kind])],
        subject=chart.patient,
        participant=[
            {
                "type": [hl7("v3-ParticipationType", "PPRF", "primary performer")],
                "individual": member.ref,
            }
            for member in members
        ],
        period={
            "start": at(offset, "09:00"),
            "end": at(offset + days, "14:00" if days else "09:30"),
        },
        reasonCode=[{"text": reason}],
        location=[{"location": place}],
        serviceProvider=CLINIC,
        **more,
    )


def message(
    chart: Chart,
    suffix: str,
    offset: int,
    clock: str,
    sender: Element,
    recipient: Element,
    text: str,
    *,
    topic: str,
    answers: str | None = None,
    read: bool = True,
    about: list[str] | None = None,
    security: list[Element] | None = None,
) -> str:
    """A portal message. Nobody has opened it as long as it has no `received`."""
    return chart.put(
        "Communication",
        suffix,
        meta={"security": security} if security else None,
        inResponseTo=[reference(answers)] if answers else None,
        status="completed" if read else "in-progress",
        category=[hl7("communication-category", "notification", "Notification")],
        priority="routine",
        medium=[hl7("v3-ParticipationMode", "ELECTRONIC", "electronic data")],
        subject=chart.patient,
        topic={"text": topic},
        about=[reference(each) for each in about or []],
        sent=at(offset, clock),
        received=at(offset + 1, "07:45") if read else None,
        recipient=[recipient],
        sender=sender,
        payload=[{"contentString": text}],
    )


def document(
    chart: Chart,
    suffix: str,
    offset: int,
    code: tuple[str, str],
    author: Member,
    text: str,
    *,
    encounter: str | None = None,
    security: list[Element] | None = None,
) -> str:
    """A clinical note."""
    attached = attachment(chart, suffix, offset, code[1], text, security)
    return chart.put(
        "DocumentReference",
        suffix,
        meta={
            "profile": [f"{US_CORE}us-core-documentreference"],
            **({"security": security} if security else {}),
        },
        identifier=[identifier("document", f"{chart.patient_id}-{suffix}")],
        status="current",
        type=concept(LOINC, *code),
        category=[
            concept(
                "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
                "clinical-note",
                "Clinical Note",
            )
        ],
        subject=chart.patient,
        date=at(offset, "16:00"),
        author=[author.ref],
        custodian=CLINIC,
        content=[{"attachment": attached, "format": _PLAIN_TEXT}],
        context={
            **({"encounter": [reference(encounter)]} if encounter else {}),
            "period": {"start": at(offset, "09:00"), "end": at(offset, "16:00")},
        },
    )


_PLAIN_TEXT: Final = coding(
    "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",
    "urn:ihe:iti:xds:2017:mimeTypeSufficient",
    "mimeType Sufficient",
)


def attachment(
    chart: Chart,
    suffix: str,
    offset: int,
    title: str,
    text: str,
    security: list[Element] | None = None,
) -> Element:
    """A text that is a Binary whose security context is the patient."""
    content = text.encode()
    binary = chart.put(
        "Binary",
        suffix,
        meta={"security": security} if security else None,
        contentType="text/plain; charset=utf-8",
        securityContext=chart.person,
        data=base64.b64encode(content).decode(),
    )
    return {
        "contentType": "text/plain; charset=utf-8",
        "url": binary,
        "size": len(content),
        "hash": base64.b64encode(sha1(content, usedforsecurity=False).digest()).decode(),
        "title": title,
        "creation": at(offset, "16:00"),
    }


def written_report(
    chart: Chart,
    suffix: str,
    offset: int,
    category: Element,
    code: tuple[str, str],
    author: Member,
    text: str,
    encounter: str,
) -> str:
    """A report that is a text (US Core DiagnosticReport for report and note exchange)."""
    return chart.put(
        "DiagnosticReport",
        suffix,
        meta={"profile": [f"{US_CORE}us-core-diagnosticreport-note"]},
        status="final",
        category=[category],
        code=concept(LOINC, *code),
        subject=chart.patient,
        encounter=reference(encounter),
        effectiveDateTime=at(offset, "10:00"),
        issued=at(offset, "16:00"),
        performer=[author.ref],
        presentedForm=[attachment(chart, suffix, offset, code[1], text)],
    )
