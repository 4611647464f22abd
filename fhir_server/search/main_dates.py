"""The date by which the resources of a type are listed, newest first, unless `_sort` says else.

It is stored as two plain fields, start and end, which every index carries; so each parameter here
takes its value from elements that do not repeat. A type without a row has no main date.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import cache
from typing import Final

from resources.registry import REGISTRY

MAIN_DATE: Final[dict[str, str]] = {
    "Account": "period",
    "ActivityDefinition": "date",
    "AdverseEvent": "date",
    "AllergyIntolerance": "date",
    "Appointment": "date",
    "AuditEvent": "date",
    "Basic": "created",
    "Bundle": "timestamp",
    "CapabilityStatement": "date",
    "CarePlan": "date",
    "CareTeam": "date",
    "ChargeItem": "occurrence",
    "ChargeItemDefinition": "date",
    "Claim": "created",
    "ClaimResponse": "created",
    "ClinicalImpression": "date",
    "CodeSystem": "date",
    "Communication": "sent",
    "CommunicationRequest": "authored",
    "CompartmentDefinition": "date",
    "Composition": "date",
    "ConceptMap": "date",
    "Condition": "recorded-date",
    "Consent": "date",
    "Contract": "issued",
    "CoverageEligibilityRequest": "created",
    "CoverageEligibilityResponse": "created",
    "DetectedIssue": "identified",
    "DeviceRequest": "authored-on",
    "DiagnosticReport": "date",
    "DocumentManifest": "created",
    "DocumentReference": "date",
    "EffectEvidenceSynthesis": "date",
    "Encounter": "date",
    "EpisodeOfCare": "date",
    "EventDefinition": "date",
    "Evidence": "date",
    "EvidenceVariable": "date",
    "ExampleScenario": "date",
    "ExplanationOfBenefit": "created",
    "FamilyMemberHistory": "date",
    "Flag": "date",
    "Goal": "start-date",
    "GraphDefinition": "date",
    "ImagingStudy": "started",
    "Immunization": "date",
    "ImmunizationEvaluation": "date",
    "ImmunizationRecommendation": "date",
    "ImplementationGuide": "date",
    "Invoice": "date",
    "Library": "date",
    "List": "date",
    "Measure": "date",
    "MeasureReport": "date",
    "Media": "created",
    "MedicationAdministration": "effective-time",
    "MedicationDispense": "whenhandedover",
    "MedicationRequest": "authoredon",
    "MedicationStatement": "effective",
    "MessageDefinition": "date",
    "NamingSystem": "date",
    "NutritionOrder": "datetime",
    "Observation": "date",
    "OperationDefinition": "date",
    "OrganizationAffiliation": "date",
    "Patient": "birthdate",
    "PaymentNotice": "created",
    "PaymentReconciliation": "created",
    "Person": "birthdate",
    "PlanDefinition": "date",
    "PractitionerRole": "date",
    "Procedure": "date",
    "Provenance": "recorded",
    "Questionnaire": "date",
    "QuestionnaireResponse": "authored",
    "RelatedPerson": "birthdate",
    "RequestGroup": "authored",
    "ResearchDefinition": "date",
    "ResearchElementDefinition": "date",
    "ResearchStudy": "date",
    "ResearchSubject": "date",
    "RiskAssessment": "date",
    "RiskEvidenceSynthesis": "date",
    "Schedule": "date",
    "SearchParameter": "date",
    "ServiceRequest": "authored",
    "Slot": "start",
    "Specimen": "collected",
    "StructureDefinition": "date",
    "StructureMap": "date",
    "SupplyRequest": "date",
    "Task": "authored-on",
    "TerminologyCapabilities": "date",
    "TestReport": "issued",
    "TestScript": "date",
    "ValueSet": "date",
    "VisionPrescription": "datewritten",
}

_PATH: Final = re.compile(r"([A-Z]\w*)\.([\w.]+)")


class Lasting(IntEnum):
    """How long the span of a date can be."""

    DAY = 0
    YEAR = 1
    """A dateTime may be a year alone."""
    ANY = 2
    """A Period or Timing."""


@cache
def lasting(type_name: str) -> Lasting:
    """How long the main dates of a type last at most, by the types of its elements."""
    parameter = REGISTRY.parameter(type_name, MAIN_DATE.get(type_name, ""))
    expression = (parameter.expression if parameter else None) or ""
    longest = Lasting.DAY
    for part in map(str.strip, expression.split("|")):
        path = _PATH.fullmatch(part)
        if path is not None and path[1] != type_name:
            continue
        element = REGISTRY.element(type_name, path[2]) if path else None
        if element is None:
            return Lasting.ANY
        longest = max(longest, *(_LASTING.get(of.name, Lasting.DAY) for of in element.types))
    return longest


_LASTING: Final = {
    "date": Lasting.YEAR,
    "dateTime": Lasting.YEAR,
    "Period": Lasting.ANY,
    "Timing": Lasting.ANY,
}
"""By type of element; an instant is a moment, and what is not here is no date."""
