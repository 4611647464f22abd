"""US Core 7: which searches a server SHALL and SHOULD support, and what each parameter looks at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Search:
    """A combination of parameters that clients may count on."""

    type_name: str
    names: tuple[str, ...]
    requirement: str
    """H1: US Core says SHALL, H2: SHOULD (or MAY, by its own parameters), H3: of the directory."""

    def __str__(self) -> str:
        return f"{self.requirement}-{self.type_name}-{'+'.join(self.names)}"


_SHALL = """
AllergyIntolerance patient
CarePlan patient+category
CareTeam patient+status
Condition patient | patient+category
Coverage patient
Device patient
DiagnosticReport patient | patient+category | patient+code | patient+category+date
DocumentReference patient | _id | patient+type | patient+category | patient+category+date
Encounter patient | _id | patient+date
Goal patient
Immunization patient
MedicationDispense patient
MedicationRequest patient+intent | patient+intent+status
Observation patient+code | patient+category | patient+category+date
Patient _id | identifier | name | birthdate+name | gender+name
Procedure patient | patient+date
QuestionnaireResponse patient | _id
RelatedPerson _id
ServiceRequest patient | _id | patient+code | patient+category | patient+category+authored
Specimen _id
"""
_SHOULD = """
AllergyIntolerance patient+clinical-status
CarePlan patient+category+status | patient+category+status+date | patient+category+date
Condition patient+clinical-status | patient+category+clinical-status | patient+category+encounter
Condition patient+abatement-date | patient+onset-date | patient+recorded-date | patient+code
Condition patient+_lastUpdated
Device patient+type | patient+status
DiagnosticReport patient+status | patient+code+date | patient+category+_lastUpdated
DocumentReference patient+status | patient+type+period
Encounter patient+status | patient+type | patient+class | patient+location | identifier
Encounter patient+_lastUpdated
Goal patient+lifecycle-status | patient+target-date
Immunization patient+status | patient+date
MedicationDispense patient+status | patient+status+type
MedicationRequest patient+intent+authoredon | patient+intent+encounter
Observation patient+code+date | patient+category+status | patient+category+_lastUpdated
Patient birthdate+family | death-date+family | family+gender
Procedure patient+status | patient+code+date
QuestionnaireResponse patient+status | patient+authored | patient+questionnaire
RelatedPerson patient | name | patient+name
ServiceRequest patient+status | patient+code+authored
Specimen patient
"""
_OF_THE_GUIDE = """
CareTeam patient+role
Condition patient+asserted-date
Encounter patient+discharge-disposition
Goal patient+description
Patient race | ethnicity | gender-identity
"""
_DIRECTORY = """
Practitioner _id | name | identifier
PractitionerRole practitioner | specialty
Organization name | address
Location name | address | address-city | address-state | address-postalcode
"""


def _searches(text: str, requirement: str) -> list[Search]:
    return [
        Search(type_name, tuple(names.strip().split("+")), requirement)
        for type_name, _, rest in (line.partition(" ") for line in text.split("\n") if line)
        for names in rest.split("|")
    ]


SEARCHES = [
    *_searches(_SHALL, "H1"),
    *_searches(_SHOULD, "H2"),
    *_searches(_OF_THE_GUIDE, "H2-ig"),
    *_searches(_DIRECTORY, "H3"),
]

# The type of each parameter and the path of its elements; `[x]` is any type of a choice,
# and what follows a colon the end of an extension's url.
ELEMENTS = {
    "_id": "token id",
    "_lastUpdated": "date meta.lastUpdated",
    "AllergyIntolerance.clinical-status": "token clinicalStatus",
    "AllergyIntolerance.patient": "reference patient",
    "CarePlan.category": "token category",
    "CarePlan.date": "date period",
    "CarePlan.status": "token status",
    "CareTeam.role": "token participant.role",
    "CareTeam.status": "token status",
    "Condition.abatement-date": "date abatement[x]",
    "Condition.asserted-date": "date extension:condition-assertedDate.valueDateTime",
    "Condition.category": "token category",
    "Condition.clinical-status": "token clinicalStatus",
    "Condition.code": "token code",
    "Condition.encounter": "reference encounter",
    "Condition.onset-date": "date onset[x]",
    "Condition.recorded-date": "date recordedDate",
    "Coverage.patient": "reference beneficiary",
    "Device.patient": "reference patient",
    "Device.status": "token status",
    "Device.type": "token type",
    "DiagnosticReport.category": "token category",
    "DiagnosticReport.code": "token code",
    "DiagnosticReport.date": "date effective[x]",
    "DiagnosticReport.status": "token status",
    "DocumentReference.category": "token category",
    "DocumentReference.date": "date date",
    "DocumentReference.period": "date context.period",
    "DocumentReference.status": "token status",
    "DocumentReference.type": "token type",
    "Encounter.class": "token class",
    "Encounter.date": "date period",
    "Encounter.discharge-disposition": "token hospitalization.dischargeDisposition",
    "Encounter.identifier": "token identifier",
    "Encounter.location": "reference location.location",
    "Encounter.status": "token status",
    "Encounter.type": "token type",
    "Goal.description": "token description",
    "Goal.lifecycle-status": "token lifecycleStatus",
    "Goal.target-date": "date target.due[x]",
    "Immunization.date": "date occurrence[x]",
    "Immunization.patient": "reference patient",
    "Immunization.status": "token status",
    "Location.address": "string address",
    "Location.address-city": "string address.city",
    "Location.address-postalcode": "string address.postalCode",
    "Location.address-state": "string address.state",
    "Location.name": "string name",
    "MedicationDispense.status": "token status",
    "MedicationDispense.type": "token type",
    "MedicationRequest.authoredon": "date authoredOn",
    "MedicationRequest.encounter": "reference encounter",
    "MedicationRequest.intent": "token intent",
    "MedicationRequest.status": "token status",
    "Observation.category": "token category",
    "Observation.code": "token code",
    "Observation.date": "date effective[x]",
    "Observation.status": "token status",
    "Organization.address": "string address",
    "Organization.name": "string name",
    "Patient.birthdate": "date birthDate",
    "Patient.death-date": "date deceasedDateTime",
    "Patient.ethnicity": "token extension:us-core-ethnicity.extension.valueCoding.code",
    "Patient.family": "string name.family",
    "Patient.gender": "token gender",
    "Patient.gender-identity": "token extension:us-core-genderIdentity.value[x].coding.code",
    "Patient.identifier": "token identifier",
    "Patient.name": "string name",
    "Patient.race": "token extension:us-core-race.extension.valueCoding.code",
    "Practitioner.identifier": "token identifier",
    "Practitioner.name": "string name",
    "PractitionerRole.practitioner": "reference practitioner",
    "PractitionerRole.specialty": "token specialty",
    "Procedure.code": "token code",
    "Procedure.date": "date performed[x]",
    "Procedure.status": "token status",
    "QuestionnaireResponse.authored": "date authored",
    "QuestionnaireResponse.questionnaire": "canonical questionnaire",
    "QuestionnaireResponse.status": "token status",
    "RelatedPerson.name": "string name",
    "RelatedPerson.patient": "reference patient",
    "ServiceRequest.authored": "date authoredOn",
    "ServiceRequest.category": "token category",
    "ServiceRequest.code": "token code",
    "ServiceRequest.status": "token status",
    "patient": "reference subject",
}


def element_of(type_name: str, name: str) -> tuple[str, str]:
    """Type and path of a parameter; `patient` is the subject where the type has no other row."""
    row = ELEMENTS.get(f"{type_name}.{name}") or ELEMENTS[name]
    kind, path = row.split(" ")
    return kind, path
