"""Whose each resource is, said once more in the plainest way and with nothing of the server's.

The reference of this folder: element paths written by hand from R4's CompartmentDefinition and from
the decisions of `docs/access.md`, and three functions that apply them to one JSON resource.
"""

from __future__ import annotations

from typing import Any, cast

Resource = dict[str, Any]

SUBJECTS = {
    "Account": "subject",
    "AdverseEvent": "subject",
    "AllergyIntolerance": "patient",
    "Appointment": "participant.actor",
    "AppointmentResponse": "actor",
    "AuditEvent": "entity.what",
    "Basic": "subject",
    "Binary": "securityContext",
    "BodyStructure": "patient",
    "CarePlan": "subject",
    "CareTeam": "subject",
    "ChargeItem": "subject",
    "Claim": "patient",
    "ClaimResponse": "patient",
    "ClinicalImpression": "subject",
    "Communication": "subject sender recipient",
    "CommunicationRequest": "subject sender recipient requester",
    "Composition": "subject",
    "Condition": "subject",
    "Consent": "patient",
    "Contract": "subject",
    "Coverage": "policyHolder subscriber beneficiary payor",
    "CoverageEligibilityRequest": "patient",
    "CoverageEligibilityResponse": "patient",
    "DetectedIssue": "patient",
    "Device": "patient",
    "DeviceRequest": "subject",
    "DeviceUseStatement": "subject",
    "DiagnosticReport": "subject",
    "DocumentManifest": "subject",
    "DocumentReference": "subject",
    "Encounter": "subject",
    "EnrollmentRequest": "candidate",
    "EpisodeOfCare": "patient",
    "ExplanationOfBenefit": "patient",
    "FamilyMemberHistory": "patient",
    "Flag": "subject",
    "Goal": "subject",
    "Group": "member.entity",
    "GuidanceResponse": "subject",
    "ImagingStudy": "subject",
    "Immunization": "patient",
    "ImmunizationEvaluation": "patient",
    "ImmunizationRecommendation": "patient",
    "Invoice": "subject recipient",
    "List": "subject",
    "MeasureReport": "subject",
    "Media": "subject",
    "MedicationAdministration": "subject",
    "MedicationDispense": "subject",
    "MedicationRequest": "subject",
    "MedicationStatement": "subject",
    "MolecularSequence": "patient",
    "NutritionOrder": "patient",
    "Observation": "subject",
    "Patient": "",
    "Person": "link.target",
    "Procedure": "subject",
    "Provenance": "target",
    "QuestionnaireResponse": "subject",
    "RelatedPerson": "patient",
    "RequestGroup": "subject",
    "ResearchSubject": "individual",
    "RiskAssessment": "subject",
    "Schedule": "actor",
    "ServiceRequest": "subject",
    "Specimen": "subject",
    "SupplyDelivery": "patient",
    "SupplyRequest": "deliverTo",
    "Task": "for requester owner",
    "VisionPrescription": "patient",
}
"""Types that are somebody's, and the elements that always say whose."""

ROLES = {
    "AllergyIntolerance": "recorder asserter",
    "AuditEvent": "agent.who",
    "Basic": "author",
    "CarePlan": "activity.detail.performer",
    "CareTeam": "participant.member",
    "Claim": "payee.party",
    "Composition": "author attester.party",
    "Condition": "asserter",
    "DeviceRequest": "performer",
    "DocumentManifest": "author recipient",
    "DocumentReference": "author",
    "ExplanationOfBenefit": "payee.party",
    "List": "source",
    "MedicationAdministration": "performer.actor",
    "MedicationDispense": "receiver",
    "Observation": "performer",
    "Procedure": "performer.actor",
    "QuestionnaireResponse": "author",
    "RequestGroup": "action.participant",
    "ServiceRequest": "performer",
}
"""Elements that say whose where the subject names no person."""

MIXED = {"Device", "Endpoint", "Schedule"}
"""Shared where they name no person."""
READ_ONLY = {"AuditEvent"}
HIDDEN = frozenset(
    (
        "BiologicallyDerivedProduct",
        "Bundle",
        "DeviceMetric",
        "EnrollmentResponse",
        "Linkage",
        "MessageHeader",
        "OperationOutcome",
        "PaymentNotice",
        "PaymentReconciliation",
        "Subscription",
        "TestReport",
        "VerificationResult",
    )
)
PERSONS = ("Patient/", "Person/", "RelatedPerson/")
SOMEBODY = "somebody"
"""A person of whom the reference does not tell which patient it is."""


def walk(resource: Any, path: str) -> list[Any]:
    """All that stands at a dotted path, through lists."""
    found: list[Any] = [resource]
    for name in path.split("."):
        found = [one for value in found for one in _listed(value.get(name, []))]
    return found


def _listed(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def persons(resource: Resource, paths: str) -> set[str]:
    """Ids of the patients that the elements name, and `SOMEBODY` for anybody else."""
    found: set[str] = set()
    for path in paths.split():
        for reference in walk(resource, path):
            literal = reference.get("reference")
            if literal is None:
                found.add(SOMEBODY)  # an identifier alone
            elif literal.startswith("Patient/"):
                found.add(literal.split("/")[1])
            elif literal.startswith(PERSONS) or "/" not in literal or ":" in literal:
                found.add(SOMEBODY)
    return found


def owners(resource: Resource) -> set[str]:
    """The patients whose record this is part of."""
    name = resource["resourceType"]
    if name == "Patient":
        return {resource["id"]}
    if name == "Group":
        named = [one["entity"].get("reference", "") for one in resource.get("member", [])]
        one_patient = len(set(named)) == 1 and named[0].startswith("Patient/")
        return {named[0].split("/")[1]} if one_patient else set()
    named = persons(resource, SUBJECTS.get(name, ""))
    if not named:
        named = persons(resource, ROLES.get(name, ""))
    if name in ("Provenance", "AuditEvent") and len(named) > 1:
        return set()
    return named - {SOMEBODY}


def readable(resource: Resource, patient: str) -> bool:
    """What one patient reads: their own, and what is nobody's and shared."""
    name = resource["resourceType"]
    if patient in owners(resource):
        return True
    if name in MIXED:
        return not persons(resource, SUBJECTS.get(name, "")) and "header" not in resource
    return name not in SUBJECTS and name not in HIDDEN


def writable(resource: Resource, patient: str) -> bool:
    """What one patient writes: what is theirs and nobody else's."""
    name = resource["resourceType"]
    others = owners(resource) - {patient}
    if name in MIXED and SOMEBODY in persons(resource, SUBJECTS.get(name, "")):
        return False
    return name not in READ_ONLY and patient in owners(resource) and not others
