"""The access table: one row for each of the 146 types, and why it departs where it departs.

It starts from R4's CompartmentDefinition "Patient" (`compartmentdefinition-patient.html`). A type
is hidden unless a row says otherwise. The rows are data; `membership` makes functions of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from resources.access_table.model import Kind, Link, Row

_AUTHOR = (
    "Who wrote down or vouches for something about another person does not see it by that: a "
    "parent or partner who is a patient too would get another's findings with their own token."
)
_PERFORMER = (
    "Who takes part in another person's care (a parent giving the medicine, a partner on the "
    "care team) does not get that person's record by it."
)
_PAYEE = "Who is paid for another person's treatment does not get the diagnoses and items by it."

_CATALOG = "Knowledge or definition, about no person."
_CONFORMANCE = "Conformance or terminology, about no person."
_DIRECTORY = "Directory of those who give care; every patient's data refers to it."
_PRODUCT = "Describes a product or substance, about no person; patients' data refers to it."


def _links(text: str) -> tuple[Link, ...]:
    """`"patient=subject performer"`: a parameter and its element, or one word for both."""
    pairs = (word.partition("=") for word in text.split())
    return tuple(Link(parameter, path or parameter) for parameter, _, path in pairs)


def _in(types: str, subjects: str, roles: str = "", reason: str = "") -> Iterator[Row]:
    for name in types.split():
        yield Row(name, Kind.COMPARTMENT, _links(subjects), _links(roles), reason=reason)


def _all(types: str, kind: Kind, reason: str) -> Iterator[Row]:
    for name in types.split():
        yield Row(name, kind, reason=reason)


def _compartment() -> Iterator[Row]:
    """Types of the Patient compartment whose patients are CompartmentDefinition's."""
    yield from _in(
        "Account AdverseEvent ChargeItem ClinicalImpression DeviceUseStatement DiagnosticReport "
        "Media MedicationRequest MedicationStatement RiskAssessment Specimen",
        "subject",
    )
    yield from _in(
        "BodyStructure ClaimResponse Consent CoverageEligibilityRequest "
        "CoverageEligibilityResponse DetectedIssue EpisodeOfCare FamilyMemberHistory Immunization "
        "ImmunizationEvaluation ImmunizationRecommendation MolecularSequence NutritionOrder "
        "RelatedPerson SupplyDelivery VisionPrescription",
        "patient",
    )
    yield from _in("Encounter Flag Goal ImagingStudy MeasureReport", "patient=subject")
    yield from _in("EnrollmentRequest", "subject=candidate")
    yield from _in("Person", "patient=link.target")
    yield from _in("ResearchSubject", "individual")
    yield from _in("SupplyRequest", "subject=deliverTo")
    yield from _in("Appointment", "actor=participant.actor")
    yield from _in("AppointmentResponse", "actor")
    yield from _in("Communication", "subject sender recipient")
    yield from _in("CommunicationRequest", "subject sender recipient requester")
    yield from _in("Coverage", "policy-holder=policyHolder subscriber beneficiary payor")
    yield from _in("Invoice", "subject patient=subject recipient")


def _compartment_by_role() -> Iterator[Row]:
    """Types of the compartment where a role counts only beside nobody else's subject."""
    yield from _in("AllergyIntolerance", "patient", "recorder asserter", _AUTHOR)
    yield from _in("Basic", "patient=subject", "author", _AUTHOR)
    yield from _in("Composition", "subject", "author attester=attester.party", _AUTHOR)
    yield from _in("Condition", "patient=subject", "asserter", _AUTHOR)
    yield from _in("DocumentManifest", "subject", "author recipient", _AUTHOR)
    yield from _in("DocumentReference", "subject", "author", _AUTHOR)
    yield from _in("List", "subject", "source", _AUTHOR)
    yield from _in("QuestionnaireResponse", "subject", "author", _AUTHOR)

    yield from _in("CarePlan", "patient=subject", "performer=activity.detail.performer", _PERFORMER)
    yield from _in("CareTeam", "patient=subject", "participant=participant.member", _PERFORMER)
    yield from _in("DeviceRequest ServiceRequest Observation", "subject", "performer", _PERFORMER)
    yield from _in(
        "MedicationAdministration",
        "subject patient=subject",
        "performer=performer.actor",
        _PERFORMER,
    )
    yield from _in("MedicationDispense", "subject patient=subject", "receiver", _PERFORMER)
    yield from _in("Procedure", "patient=subject", "performer=performer.actor", _PERFORMER)
    yield from _in("RequestGroup", "subject", "participant=action.participant", _PERFORMER)

    yield from _in("Claim ExplanationOfBenefit", "patient", "payee=payee.party", _PAYEE)


def _own() -> Iterator[Row]:
    """Types that belong to a patient by a rule of ours."""
    yield Row(
        "Patient",
        Kind.OWN,
        reason="A patient's own is the Patient with their id, that alone. CompartmentDefinition's "
        "`link` would open the other Patient to whoever is named in it; general "
        "practitioners and managing organizations are no members.",
    )
    yield Row(
        "Group",
        Kind.OWN,
        _links("member=member.entity"),
        single=True,
        reason="A Group never shows its other members: it belongs to a patient only where that "
        "patient is its one and only member. CompartmentDefinition gives it to each member.",
    )
    yield Row(
        "AuditEvent",
        Kind.OWN,
        _links("entity=entity.what"),
        _links("agent=agent.who"),
        single=True,
        read_only=True,
        reason="An event belongs to the one patient whose data it is about, or, where it is about "
        "nobody's data, to the patient who acted. One about several patients belongs to none, "
        "or each would learn of the others. A patient cannot write the trail.",
    )
    yield Row(
        "Provenance",
        Kind.OWN,
        _links("patient=target"),
        single=True,
        reason="Belongs to the one Patient among its targets. With several it belongs to none, or "
        "each would learn of the others. Targets of other types do not say whose they are.",
    )
    yield Row(
        "Task",
        Kind.OWN,
        _links("patient=for requester owner"),
        reason="R4 has it in no compartment, yet a patient's refill and scheduling requests are "
        "Tasks: theirs is what is for them, what they asked for and what they have to do.",
    )
    yield Row(
        "GuidanceResponse",
        Kind.OWN,
        _links("patient=subject"),
        reason="R4 has it in no compartment, yet it holds advice about its subject.",
    )
    yield Row(
        "Contract",
        Kind.OWN,
        _links("subject"),
        reason="R4 has it in no compartment, yet its subject is a party to it.",
    )
    yield Row(
        "Binary",
        Kind.OWN,
        _links("security-context=securityContext"),
        reason="R4 has it in no compartment. `securityContext` says whose it is; where that is not "
        "a Patient, or is missing, it cannot be told and belongs to nobody.",
    )


def _mixed() -> Iterator[Row]:
    yield Row(
        "Schedule",
        Kind.MIXED,
        _links("actor"),
        reason="Without the schedules of clinicians and places nobody could book; one whose actor "
        "is a patient is that patient's. CompartmentDefinition has the latter only.",
    )
    yield Row(
        "Device",
        Kind.MIXED,
        _links("patient"),
        reason="R4 has it in no compartment. A device with a `patient` (an implant, a home "
        "monitor) is that patient's; one without is equipment or software that results refer to.",
    )
    yield Row(
        "Endpoint",
        Kind.MIXED,
        reason="Directory; but one with `header` is nobody's, as headers may hold credentials.",
    )


def _shared() -> Iterator[Row]:
    yield from _all(
        "HealthcareService InsurancePlan Location Organization OrganizationAffiliation "
        "Practitioner PractitionerRole",
        Kind.SHARED,
        _DIRECTORY,
    )
    yield from _all(
        "Slot",
        Kind.SHARED,
        "Says when, not who: without free times nobody could book.",
    )
    yield from _all(
        "DeviceDefinition Medication MedicationKnowledge MedicinalProduct "
        "MedicinalProductAuthorization MedicinalProductContraindication "
        "MedicinalProductIndication MedicinalProductIngredient MedicinalProductInteraction "
        "MedicinalProductManufactured MedicinalProductPackaged MedicinalProductPharmaceutical "
        "MedicinalProductUndesirableEffect Substance SubstanceNucleicAcid SubstancePolymer "
        "SubstanceProtein SubstanceReferenceInformation SubstanceSourceMaterial "
        "SubstanceSpecification",
        Kind.SHARED,
        _PRODUCT,
    )
    yield from _all(
        "ActivityDefinition CatalogEntry ChargeItemDefinition EffectEvidenceSynthesis "
        "EventDefinition Evidence EvidenceVariable Library Measure ObservationDefinition "
        "PlanDefinition Questionnaire ResearchDefinition ResearchElementDefinition ResearchStudy "
        "RiskEvidenceSynthesis SpecimenDefinition",
        Kind.SHARED,
        _CATALOG,
    )
    yield from _all(
        "CapabilityStatement CodeSystem CompartmentDefinition ConceptMap ExampleScenario "
        "GraphDefinition ImplementationGuide MessageDefinition NamingSystem OperationDefinition "
        "SearchParameter StructureDefinition StructureMap TerminologyCapabilities TestScript "
        "ValueSet",
        Kind.SHARED,
        _CONFORMANCE,
    )


def _hidden() -> Iterator[Row]:
    reasons = {
        "BiologicallyDerivedProduct": "Names its donor, whose record it is not part of.",
        "Bundle": "A stored bundle may hold anybody's resources, unseen by the rules of each.",
        "DeviceMetric": "Tells the state of a device in use and not of whom.",
        "EnrollmentResponse": "Answers a request and does not say whose.",
        "Linkage": "Ties records together, other people's among them.",
        "MessageHeader": "Traffic between systems, about anybody.",
        "OperationOutcome": "A stored outcome quotes anybody's request.",
        "Parameters": "Has no address of its own; could hold anything.",
        "PaymentNotice": "Settles a claim and does not say whose.",
        "PaymentReconciliation": "One payment settles many people's claims.",
        "Subscription": "Its channel headers hold credentials, its criteria name patients.",
        "TestReport": "For those who run the tests.",
        "VerificationResult": "For those who keep the directory.",
    }
    for name, reason in reasons.items():
        yield Row(name, Kind.HIDDEN, reason=reason)


def _table() -> dict[str, Row]:
    table: dict[str, Row] = {}
    groups = (_compartment, _compartment_by_role, _own, _mixed, _shared, _hidden)
    for row in (row for group in groups for row in group()):
        if row.type_name in table:
            raise ValueError(f"two rows for {row.type_name}")
        table[row.type_name] = row
    return dict(sorted(table.items()))


ROWS = _table()
"""By type name, sorted."""
