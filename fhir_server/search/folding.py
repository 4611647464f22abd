"""Which keys of which types are stored behind the patients they belong to, and as what pairs.

The writer of keys and the planner read the same tables, so that a plan never looks for a key
that was not written.
"""

from __future__ import annotations

from typing import Final

from resources.access_table import Kind, visibility

FOLD_LIMIT: Final = 20
"""Members beyond which a document of a type not in `NARROW` is stored behind `MANY`."""

NARROW: Final = frozenset(
    (
        "AllergyIntolerance",
        "CarePlan",
        "CareTeam",
        "Claim",
        "ClinicalImpression",
        "Communication",
        "Condition",
        "Coverage",
        "DiagnosticReport",
        "DocumentReference",
        "Encounter",
        "EpisodeOfCare",
        "ExplanationOfBenefit",
        "FamilyMemberHistory",
        "Goal",
        "ImagingStudy",
        "Immunization",
        "MedicationAdministration",
        "MedicationDispense",
        "MedicationRequest",
        "MedicationStatement",
        "Observation",
        "Patient",
        "Procedure",
        "QuestionnaireResponse",
        "RelatedPerson",
        "ServiceRequest",
        "Specimen",
        "Task",
    )
)
"""Types of which a resource belongs to few patients: always folded, so that their plans need not
look behind `MANY` too."""

PAIRS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "CarePlan": (("category", "status"),),
    "Condition": (("category", "clinical-status"),),
    "DiagnosticReport": (("category", "code"),),
    "DocumentReference": (("category", "type"),),
    "MedicationRequest": (("intent", "status"),),
    "Observation": (("category", "code"),),
    "Patient": (("family", "given"),),
    "ServiceRequest": (("category", "code"),),
    "Slot": (("schedule", "status"),),
}
"""Parameters that are asked for together: MongoDB bounds an index by one key alone."""


def folds(type_name: str, members: int) -> bool:
    """Whether the keys of a resource that belongs to so many records stand behind each of them.

    What belongs to nobody's record has its keys behind `NOBODY` where its type is mixed.
    """
    if not members:
        return shares(type_name)
    return type_name in NARROW or members <= FOLD_LIMIT


def shares(type_name: str) -> bool:
    """Whether one patient's search of this type meets what is nobody's too."""
    return visibility(type_name).kind is Kind.MIXED


def implies_member(type_name: str, parameter: str) -> bool:
    """Whether what refers to a patient by this parameter is part of that patient's record."""
    row = visibility(type_name)
    subjects = {link.parameter for link in row.subjects}
    if row.single:
        return False
    return parameter in subjects or (parameter == "patient" and "subject" in subjects)
