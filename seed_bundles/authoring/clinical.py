"""What the chart says of the patient: person, kin, problems, allergies, vaccines, procedures."""

from __future__ import annotations

from typing import Any, Final

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
    ethnicity: tuple[str, str] = ("2186-5", "Not Hispanic or Latino"),
    **more: Any,
) -> None:
    given, family = chart.patient_name.split(" ")
    chart.bundle.put(
        "Patient",
        chart.patient_id,
        meta={"profile": [f"{US_CORE}us-core-patient"]},
        extension=[
            _heritage("us-core-race", *race),
            _heritage("us-core-ethnicity", *ethnicity),
            {"url": f"{US_CORE}us-core-birthsex", "valueCode": gender[0].upper()},
            {
                "url": f"{US_CORE}us-core-genderIdentity",
                "valueCodeableConcept": snomed(*_IDENTITIES[gender]),
            },
        ],
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


_IDENTITIES: Final = {
    "female": ("446141000124107", "Identifies as female gender"),
    "male": ("446151000124109", "Identifies as male gender"),
}


def _heritage(kind: str, code: str, display: str) -> Element:
    return {
        "url": US_CORE + kind,
        "extension": [
            {
                "url": "ombCategory",
                "valueCoding": coding("urn:oid:2.16.840.1.113883.6.238", code, display),
            },
            {"url": "text", "valueString": display},
        ],
    }


_ASSERTED: Final = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate"


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
    encounter: str | None = None,
) -> str:
    """A problem of the list, or what was found at an encounter."""
    profile = "encounter-diagnosis" if encounter else "problems-health-concerns"
    return chart.put(
        "Condition",
        suffix,
        meta={
            "profile": [f"{US_CORE}us-core-condition-{profile}"],
            **({"security": security} if security else {}),
        },
        extension=[{"url": _ASSERTED, "valueDateTime": day(onset)}],
        clinicalStatus=hl7("condition-clinical", "active" if ended is None else "resolved"),
        verificationStatus=hl7("condition-ver-status", "confirmed"),
        category=[
            hl7("condition-category", "encounter-diagnosis", "Encounter Diagnosis")
            if encounter
            else hl7("condition-category", "problem-list-item", "Problem List Item")
        ],
        code=snomed(*code, text),
        subject=chart.patient,
        encounter=reference(encounter) if encounter else None,
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


def relative(
    chart: Chart, suffix: str, kin: tuple[str, str], given: str, gender: str, phone: str, line: str
) -> str:
    """Somebody close to the patient, of the patient's family name."""
    family = chart.patient_name.split(" ")[1]
    return chart.put(
        "RelatedPerson",
        suffix,
        meta={"profile": [f"{US_CORE}us-core-relatedperson"]},
        identifier=[identifier("related-person", f"{chart.patient_id}-{suffix}")],
        active=True,
        patient=chart.patient,
        relationship=[hl7("v3-RoleCode", *kin)],
        name=[{"use": "official", "family": family, "given": [given]}],
        telecom=[{"system": "phone", "value": phone, "use": "mobile"}],
        gender=gender,
        address=[address(line)],
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
