"""Good and bad resources, a row each: the tables of `test_validation`."""
# ruff: noqa: E501 - a table reads best with a row a line

from __future__ import annotations

from decimal import Decimal
from typing import Any

LOINC = "http://loinc.org"
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">'
TERMS = "http://terminology.hl7.org/CodeSystem/"

PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "1", "active": True}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": LOINC, "code": "8302-2"}]},
    "subject": {"reference": "Patient/1"},
    "effectiveDateTime": "2020-02-29T10:00:00+01:00",
    "valueQuantity": {
        "value": Decimal("1.80"),
        "unit": "m",
        "system": "http://unitsofmeasure.org",
        "code": "m",
    },
}
APPOINTMENT: dict[str, Any] = {
    "resourceType": "Appointment",
    "status": "booked",
    "start": "2020-01-01T10:00:00Z",
    "end": "2020-01-01T10:30:00Z",
    "participant": [{"actor": {"reference": "Patient/1"}, "status": "accepted"}],
}
CONDITION: dict[str, Any] = {
    "resourceType": "Condition",
    "subject": {"reference": "Patient/1"},
    "clinicalStatus": {"coding": [{"system": TERMS + "condition-clinical", "code": "active"}]},
}
ALLERGY: dict[str, Any] = {
    "resourceType": "AllergyIntolerance",
    "patient": {"reference": "Patient/1"},
    "clinicalStatus": {
        "coding": [{"system": TERMS + "allergyintolerance-clinical", "code": "active"}]
    },
}
MEDICATION: dict[str, Any] = {
    "resourceType": "MedicationRequest",
    "status": "active",
    "intent": "order",
    "medicationCodeableConcept": {"text": "x"},
    "subject": {"reference": "Patient/1"},
}
BUNDLE: dict[str, Any] = {"resourceType": "Bundle", "type": "collection"}
IN_ERROR = {"code": "entered-in-error"}


def timing(**repeat: Any) -> dict[str, Any]:
    return MEDICATION | {"dosageInstruction": [{"timing": {"repeat": repeat}}]}


UCUM = "http://unitsofmeasure.org"
EXTENDED = "Patient.extension[0].value.ofType("


def extended(**value: Any) -> dict[str, Any]:
    """Any data type can stand in an extension."""
    return PATIENT | {"extension": [{"url": "u:x", **value}]}


TIMING = "MedicationRequest.dosageInstruction[0].timing.repeat"


def bundle(kind: str, *entries: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries), **members}


def questionnaire(**item: Any) -> dict[str, Any]:
    return {"resourceType": "QuestionnaireResponse", "status": "completed", "item": [item]}


GOOD: list[dict[str, Any]] = [
    PATIENT,
    OBSERVATION,
    APPOINTMENT,
    CONDITION,
    ALLERGY,
    MEDICATION,
    BUNDLE,
    {"resourceType": "Parameters", "parameter": [{"name": "x", "resource": PATIENT}]},
    PATIENT | {"birthDate": "1970", "_birthDate": {"extension": [{"url": "u:x", "valueCode": "y"}]}},
    PATIENT | {"_birthDate": {"extension": [{"url": "u:x", "valueDateTime": "1970-03-30"}]}},
    PATIENT | {"name": [{"given": ["a", None], "_given": [None, {"id": "x"}]}]},
    PATIENT | {"name": [{"_given": [{"id": "x"}]}]},
    PATIENT | {"name": [{"family": "x\n\t\u00a0y"}]},
    PATIENT | {"text": {"status": "generated", "div": DIV + "<p>x &amp; y<br/></p></div>"}},
    PATIENT | {"text": {"status": "generated", "div": DIV + '<img src="#i"/></div>'}},
    PATIENT | {"photo": [{"contentType": "image/png", "data": "AAAA\r\nBBB="}]},
    PATIENT
    | {
        "contained": [{"resourceType": "Organization", "id": "o", "name": "x"}],
        "managingOrganization": {"reference": "#o"},
    },
    PATIENT
    | {
        "contained": [
            {"resourceType": "Observation", "subject": {"reference": "#"}, "status": "final",
             "code": {"text": "x"}}
        ]
    },
    OBSERVATION | {"effectiveDateTime": "2016-12-31T23:59:60Z"},
    OBSERVATION | {"subject": {"reference": "urn:uuid:4e3c", "type": "Patient"}},
    OBSERVATION | {"subject": {"reference": "Patient?identifier=x"}},
    OBSERVATION | {"subject": {"reference": "http://a.org/other/9"}},
    OBSERVATION | {"focus": [{"reference": "Basic/1"}]},
    OBSERVATION | {"subject": {"type": "Patient", "identifier": {"value": "x"}}},
    OBSERVATION | {"subject": {"reference": "Patient/1/_history/2"}},
    bundle("collection", {"fullUrl": "p", "resource": PATIENT}, {"resource": OBSERVATION | {"subject": {"reference": "p"}}}),
    questionnaire(linkId="1") | {"contained": [{"resourceType": "Questionnaire", "id": "q", "status": "draft"}], "questionnaire": "#q"},
    PATIENT | {"photo": [{"contentType": "text/plain; charset=utf-8"}, {"contentType": "image/svg+xml"}]},
    {"resourceType": "CapabilityStatement", "status": "draft", "date": "2020", "kind": "requirements", "description": "x", "fhirVersion": "4.0.1", "format": ["json"], "rest": [{"mode": "server"}]},
    CONDITION | {"onsetPeriod": {"start": "2020-01-02", "end": "2020"}},
    CONDITION | {"onsetPeriod": {"start": "2020-01-01T01:00:00+02:00", "end": "2019-12-31"}},
    timing(duration=Decimal(1), durationUnit="h"),
    timing(when=["AC"], offset=30),
    APPOINTMENT | {"status": "noshow", "cancelationReason": {"text": "no one came"}},
    bundle("transaction", {"request": {"method": "DELETE", "url": "Patient/1"}}),
    bundle("searchset", {"resource": PATIENT, "search": {"mode": "match"}}, total=1),
]  # fmt: skip

BAD: list[tuple[str, dict[str, Any], str, str]] = [
    # structure
    ("no type", {}, "Resource.resourceType", "structure"),
    ("type of another kind", {"resourceType": 5}, "Resource.resourceType", "structure"),
    ("unknown type", {"resourceType": "Pateint"}, "Pateint.resourceType", "structure"),
    ("data type", {"resourceType": "HumanName"}, "HumanName.resourceType", "structure"),
    ("unknown element", PATIENT | {"brithDate": "1970"}, "Patient.brithDate", "structure"),
    ("dollar", PATIENT | {"$where": "x"}, "Patient", "structure"),
    ("dot", PATIENT | {"name.family": "x"}, "Patient", "structure"),
    ("comments", PATIENT | {"fhir_comments": ["x"]}, "Patient.fhir_comments", "structure"),
    ("choice without its type", OBSERVATION | {"value": "x"}, "Observation.value", "structure"),
    ("type that a choice lacks", OBSERVATION | {"valueMoney": {}}, "Observation.valueMoney", "structure"),
    ("resourceType inside", PATIENT | {"name": [{"resourceType": "x"}]}, "Patient.name[0].resourceType", "structure"),
    ("deeper unknown", PATIENT | {"name": [{"famly": "x"}]}, "Patient.name[0].famly", "structure"),
    ("object for array", PATIENT | {"name": {"family": "x"}}, "Patient.name", "structure"),
    ("array for object", OBSERVATION | {"code": [{"text": "x"}]}, "Observation.code", "structure"),
    ("string for object", OBSERVATION | {"code": "x"}, "Observation.code", "structure"),
    ("string in array of objects", PATIENT | {"name": ["x"]}, "Patient.name[0]", "structure"),
    ("null in array of objects", PATIENT | {"name": [None]}, "Patient.name[0]", "structure"),
    ("empty array", PATIENT | {"name": []}, "Patient.name", "structure"),
    ("empty array of primitives", PATIENT | {"name": [{"given": []}]}, "Patient.name[0].given", "structure"),
    ("empty object (ele-1)", PATIENT | {"name": [{}]}, "Patient.name[0]", "structure"),
    ("null", PATIENT | {"active": None}, "Patient.active", "structure"),
    ("array for primitive", PATIENT | {"gender": ["male"]}, "Patient.gender", "structure"),
    ("primitive for array", PATIENT | {"name": [{"given": "x"}]}, "Patient.name[0].given", "structure"),
    ("null alone", PATIENT | {"name": [{"given": [None]}]}, "Patient.name[0].given[0]", "structure"),
    (
        "both null",
        PATIENT | {"name": [{"given": ["a", None], "_given": [{"id": "x"}, None]}]},
        "Patient.name[0].given[1]",
        "structure",
    ),
    (
        "arrays of unequal length",
        PATIENT | {"name": [{"given": ["a"], "_given": [None, {"id": "x"}]}]},
        "Patient.name[0].given",
        "structure",
    ),
    ("_given with null alone", PATIENT | {"name": [{"_given": [None]}]}, "Patient.name[0].given[0]", "structure"),
    ("_active no object", PATIENT | {"_active": 5}, "Patient.active", "structure"),
    ("_active empty", PATIENT | {"_active": {}}, "Patient.active", "structure"),
    ("_active with more", PATIENT | {"_active": {"value": 1}}, "Patient.active.value", "structure"),
    ("_name of an object", PATIENT | {"_name": [{"id": "x"}]}, "Patient._name", "structure"),
    ("two types", OBSERVATION | {"valueString": "x"}, "Observation.value", "structure"),
    (
        "comparator of a SimpleQuantity",
        OBSERVATION | {"referenceRange": [{"low": {"value": Decimal(1), "comparator": "<"}}]},
        "Observation.referenceRange[0].low.comparator",
        "structure",
    ),
    # cardinality
    ("missing code", {"resourceType": "Observation", "status": "final"}, "Observation.code", "required"),
    ("missing below", PATIENT | {"link": [{"type": "refer"}]}, "Patient.link[0].other", "required"),
    (
        "missing choice",
        {k: v for k, v in MEDICATION.items() if k != "medicationCodeableConcept"},
        "MedicationRequest.medication",
        "required",
    ),
    # primitives
    ("id", PATIENT | {"id": "a b"}, "Patient.id", "value"),
    ("long id", PATIENT | {"id": "a" * 65}, "Patient.id", "value"),
    ("element id", PATIENT | {"name": [{"id": "a b", "family": "x"}]}, "Patient.name[0].id", "value"),
    ("id with line feed", PATIENT | {"id": "a\n"}, "Patient.id", "value"),
    ("empty string", PATIENT | {"name": [{"family": ""}]}, "Patient.name[0].family", "value"),
    ("NUL", PATIENT | {"name": [{"family": "a\0"}]}, "Patient.name[0].family", "value"),
    ("surrogate", PATIENT | {"name": [{"family": "\ud800"}]}, "Patient.name[0].family", "value"),
    ("1 MB", PATIENT | {"name": [{"family": "a" * 1048577}]}, "Patient.name[0].family", "value"),
    ("number for string", PATIENT | {"name": [{"family": 5}]}, "Patient.name[0].family", "value"),
    ("boolean in quotes", PATIENT | {"active": "true"}, "Patient.active", "value"),
    ("0 for boolean", PATIENT | {"active": 0}, "Patient.active", "value"),
    ("boolean for integer", PATIENT | {"multipleBirthInteger": True}, "Patient.multipleBirth.ofType(integer)", "value"),
    ("integer too large", PATIENT | {"multipleBirthInteger": 2**31}, "Patient.multipleBirth.ofType(integer)", "value"),
    ("decimal for integer", PATIENT | {"multipleBirthInteger": Decimal("1.0")}, "Patient.multipleBirth.ofType(integer)", "value"),
    ("zero positiveInt", timing(frequency=0), TIMING + ".frequency", "value"),
    ("negative unsignedInt", timing(when=["AC"], offset=-1), TIMING + ".offset", "value"),
    ("decimal in quotes", OBSERVATION | {"valueQuantity": {"value": "1"}}, "Observation.value.ofType(Quantity).value", "value"),
    ("decimal huge", OBSERVATION | {"valueQuantity": {"value": Decimal("1e999999")}}, "Observation.value.ofType(Quantity).value", "value"),
    ("decimal NaN", OBSERVATION | {"valueQuantity": {"value": Decimal("NaN")}}, "Observation.value.ofType(Quantity).value", "value"),
    ("no such day", PATIENT | {"birthDate": "2021-02-30"}, "Patient.birthDate", "value"),
    ("no leap year", PATIENT | {"birthDate": "1900-02-29"}, "Patient.birthDate", "value"),
    ("year 0", PATIENT | {"birthDate": "0000"}, "Patient.birthDate", "value"),
    ("month 13", PATIENT | {"birthDate": "2020-13"}, "Patient.birthDate", "value"),
    ("date with time", PATIENT | {"birthDate": "2020-01-01T00:00:00Z"}, "Patient.birthDate", "value"),
    ("digits of another script", PATIENT | {"birthDate": "२०२०"}, "Patient.birthDate", "value"),
    ("no zone", OBSERVATION | {"effectiveDateTime": "2020-01-01T00:00:00"}, "Observation.effective.ofType(dateTime)", "value"),
    ("no seconds", OBSERVATION | {"effectiveDateTime": "2020-01-01T00:00Z"}, "Observation.effective.ofType(dateTime)", "value"),
    ("24 hours", OBSERVATION | {"effectiveDateTime": "2020-01-01T24:00:00Z"}, "Observation.effective.ofType(dateTime)", "value"),
    ("zone of 15 hours", OBSERVATION | {"effectiveDateTime": "2020-01-01T00:00:00+15:00"}, "Observation.effective.ofType(dateTime)", "value"),
    ("instant without time", OBSERVATION | {"issued": "2020-01-01"}, "Observation.issued", "value"),
    ("time with zone", OBSERVATION | {"valueTime": "10:00:00Z", "valueQuantity": None}, "Observation.value.ofType(time)", "value"),
    ("space in uri", PATIENT | {"implicitRules": "a b"}, "Patient.implicitRules", "value"),
    ("space after code", PATIENT | {"gender": "male "}, "Patient.gender", "value"),
    ("no base64", PATIENT | {"photo": [{"contentType": "a/b", "data": "A"}]}, "Patient.photo[0].data", "value"),
    ("oid", PATIENT | {"extension": [{"url": "u:x", "valueOid": "1.2"}]}, "Patient.extension[0].value.ofType(oid)", "value"),
    ("uuid", PATIENT | {"extension": [{"url": "u:x", "valueUuid": "urn:uuid:1"}]}, "Patient.extension[0].value.ofType(uuid)", "value"),
    # bindings
    ("code", PATIENT | {"gender": "man"}, "Patient.gender", "code-invalid"),
    ("code in a bundle", bundle("collection", {"resource": PATIENT | {"gender": "x"}}), "Bundle.entry[0].resource.gender", "code-invalid"),
    ("media type", PATIENT | {"photo": [{"contentType": "image"}]}, "Patient.photo[0].contentType", "code-invalid"),
    ("media type of a Binary", {"resourceType": "Binary", "contentType": "a/b/c"}, "Binary.contentType", "code-invalid"),
    ("currency", extended(valueMoney={"value": Decimal(1), "currency": "eur"}), EXTENDED + "Money).currency", "code-invalid"),
    ("concept", CONDITION | {"clinicalStatus": {"coding": [{"system": "x", "code": "active"}]}}, "Condition.clinicalStatus", "code-invalid"),
    ("concept in words", CONDITION | {"clinicalStatus": {"text": "active"}}, "Condition.clinicalStatus", "code-invalid"),
    # references
    ("target", OBSERVATION | {"subject": {"reference": "Medication/1"}}, "Observation.subject", "value"),
    ("absolute target", OBSERVATION | {"subject": {"reference": "http://a.org/f/Medication/1"}}, "Observation.subject", "value"),
    ("conditional target", OBSERVATION | {"subject": {"reference": "Medication?x=y"}}, "Observation.subject", "value"),
    ("two minds about a type", OBSERVATION | {"subject": {"reference": "Patient/1", "type": "Group"}}, "Observation.subject", "value"),
    ("logical target", OBSERVATION | {"subject": {"type": "Medication", "identifier": {"value": "x"}}}, "Observation.subject", "value"),
    *((f"reference {text!r:.20}", OBSERVATION | {"subject": {"reference": text}}, "Observation.subject.reference", "value") for text in ("1", "Patient/", "patient/1", "Pateint/1", "Patient/a_b", "Patient/" + "a" * 65, "Patient/1 ", "Patient/a:b", "/Patient/1", "http://a.org/f/Patient/ 1", "Pateint?x=y")),
    ("canonical fragment", MEDICATION | {"instantiatesCanonical": ["#x"]}, "MedicationRequest.instantiatesCanonical[0]", "value"),
    (
        "canonical of another type",
        questionnaire(linkId="1") | {"contained": [{"resourceType": "Basic", "id": "b", "code": {"text": "x"}}], "questionnaire": "#b"},
        "QuestionnaireResponse.questionnaire",
        "value",
    ),
    ("ref-1", OBSERVATION | {"subject": {"reference": "#p"}}, "Observation.subject", "invariant"),
    (
        "target in contained",
        OBSERVATION | {"contained": [{"resourceType": "Basic", "id": "b", "code": {"text": "x"}}], "subject": {"reference": "#b"}},
        "Observation.subject",
        "value",
    ),
    # contained
    (
        "dom-2",
        PATIENT | {"contained": [{"resourceType": "Organization", "id": "o", "name": "x", "contained": [{"resourceType": "Patient"}]}], "managingOrganization": {"reference": "#o"}},
        "Patient.contained[0].contained",
        "invariant",
    ),
    ("dom-3", PATIENT | {"contained": [{"resourceType": "Organization", "id": "o", "name": "x"}]}, "Patient.contained[0]", "invariant"),
    (
        "dom-4",
        PATIENT | {"contained": [{"resourceType": "Organization", "id": "o", "name": "x", "meta": {"versionId": "1"}}], "managingOrganization": {"reference": "#o"}},
        "Patient.contained[0].meta",
        "invariant",
    ),
    (
        "dom-5",
        PATIENT | {"contained": [{"resourceType": "Organization", "id": "o", "name": "x", "meta": {"security": [{"code": "x"}]}}], "managingOrganization": {"reference": "#o"}},
        "Patient.contained[0].meta.security",
        "invariant",
    ),
    (
        "contained twice",
        PATIENT | {"contained": [{"resourceType": "Organization", "id": "o", "name": "x"}] * 2, "managingOrganization": {"reference": "#o"}},
        "Patient.contained[1].id",
        "value",
    ),
    ("contained of no type", PATIENT | {"contained": [{"id": "o"}]}, "Patient.contained[0].resourceType", "structure"),
    # invariants
    ("ext-1 neither", PATIENT | {"extension": [{"url": "u:x"}]}, "Patient.extension[0]", "invariant"),
    ("ext-1 both", PATIENT | {"extension": [{"url": "u:x", "valueCode": "x", "extension": [{"url": "u:y", "valueCode": "z"}]}]}, "Patient.extension[0]", "invariant"),
    ("att-1", PATIENT | {"photo": [{"data": "AAAA"}]}, "Patient.photo[0]", "invariant"),
    ("age-1", CONDITION | {"onsetAge": {"value": Decimal(-1), "code": "a", "system": "http://unitsofmeasure.org"}}, "Condition.onset.ofType(Age)", "invariant"),
    ("cpt-2", PATIENT | {"telecom": [{"value": "1"}]}, "Patient.telecom[0]", "invariant"),
    ("per-1", CONDITION | {"onsetPeriod": {"start": "2020-02", "end": "2020-01-31"}}, "Condition.onset.ofType(Period)", "invariant"),
    ("per-1 zones", CONDITION | {"onsetPeriod": {"start": "2020-01-01T00:00:00-01:00", "end": "2020-01-01T00:30:00Z"}}, "Condition.onset.ofType(Period)", "invariant"),
    ("qty-3", OBSERVATION | {"valueQuantity": {"value": Decimal(1), "code": "m"}}, "Observation.value.ofType(Quantity)", "invariant"),
    ("qty-3 of SimpleQuantity", OBSERVATION | {"referenceRange": [{"low": {"value": Decimal(1), "code": "m"}}]}, "Observation.referenceRange[0].low", "invariant"),
    ("rat-1", OBSERVATION | {"valueQuantity": None, "valueRatio": {"numerator": {"value": Decimal(1)}}}, "Observation.value.ofType(Ratio)", "invariant"),
    ("rng-2", CONDITION | {"onsetRange": {"low": {"value": Decimal(2)}, "high": {"value": Decimal(1)}}}, "Condition.onset.ofType(Range)", "invariant"),
    ("tim-1", timing(duration=Decimal(1)), TIMING, "invariant"),
    ("tim-2", timing(period=Decimal(1)), TIMING, "invariant"),
    ("tim-4", timing(duration=Decimal(-1), durationUnit="h"), TIMING, "invariant"),
    ("tim-5", timing(period=Decimal(-1), periodUnit="h"), TIMING, "invariant"),
    ("tim-6", timing(periodMax=Decimal(1)), TIMING, "invariant"),
    ("tim-7", timing(durationMax=Decimal(1)), TIMING, "invariant"),
    ("tim-8", timing(countMax=1), TIMING, "invariant"),
    ("tim-9", timing(offset=1, when=["C"]), TIMING, "invariant"),
    ("tim-10", timing(timeOfDay=["10:00:00"], when=["AC"]), TIMING, "invariant"),
    ("obs-3", OBSERVATION | {"referenceRange": [{"type": {"text": "x"}}]}, "Observation.referenceRange[0]", "invariant"),
    ("obs-3 in a component", OBSERVATION | {"component": [{"code": {"text": "x"}, "referenceRange": [{"type": {"text": "x"}}]}]}, "Observation.component[0].referenceRange[0]", "invariant"),
    ("obs-6", OBSERVATION | {"dataAbsentReason": {"text": "x"}}, "Observation", "invariant"),
    ("obs-7", OBSERVATION | {"component": [{"code": OBSERVATION["code"]}]}, "Observation", "invariant"),
    ("obs-7 in another order", OBSERVATION | {"component": [{"code": {"coding": [{"code": "8302-2", "system": LOINC}]}}]}, "Observation", "invariant"),
    ("pat-1", PATIENT | {"contact": [{"gender": "male"}]}, "Patient.contact[0]", "invariant"),
    ("app-1", APPOINTMENT | {"participant": [{"status": "accepted"}]}, "Appointment.participant[0]", "invariant"),
    ("app-2", {k: v for k, v in APPOINTMENT.items() if k != "end"} | {"status": "proposed"}, "Appointment", "invariant"),
    ("app-3", {k: v for k, v in APPOINTMENT.items() if k not in ("start", "end")}, "Appointment", "invariant"),
    ("app-4", APPOINTMENT | {"cancelationReason": {"text": "x"}}, "Appointment", "invariant"),
    ("con-1", CONDITION | {"stage": [{"type": {"text": "x"}}]}, "Condition.stage[0]", "invariant"),
    ("con-4", CONDITION | {"abatementString": "x"}, "Condition", "invariant"),
    ("con-5", CONDITION | {"verificationStatus": {"coding": [IN_ERROR | {"system": TERMS + "condition-ver-status"}]}}, "Condition", "invariant"),
    ("ait-1", {k: v for k, v in ALLERGY.items() if k != "clinicalStatus"}, "AllergyIntolerance", "invariant"),
    ("ait-2", ALLERGY | {"verificationStatus": {"coding": [IN_ERROR | {"system": TERMS + "allergyintolerance-verification"}]}}, "AllergyIntolerance", "invariant"),
    ("org-1", {"resourceType": "Organization", "active": True}, "Organization", "invariant"),
    ("org-2", {"resourceType": "Organization", "name": "x", "address": [{"use": "home"}]}, "Organization.address[0]", "invariant"),
    ("org-3", {"resourceType": "Organization", "name": "x", "telecom": [{"use": "home"}]}, "Organization.telecom[0]", "invariant"),
    ("qrs-1", questionnaire(linkId="1", item=[{"linkId": "2"}], answer=[{"valueString": "x"}]), "QuestionnaireResponse.item[0]", "invariant"),
    ("grp-1", {"resourceType": "Group", "type": "person", "actual": False, "member": [{"entity": {"reference": "Patient/1"}}]}, "Group", "invariant"),
    ("lst-1", {"resourceType": "List", "status": "current", "mode": "working", "emptyReason": {"text": "x"}, "entry": [{"item": {"display": "x"}}]}, "List", "invariant"),
    ("lst-2", {"resourceType": "List", "status": "current", "mode": "working", "entry": [{"deleted": True, "item": {"display": "x"}}]}, "List", "invariant"),
    ("lst-3", {"resourceType": "List", "status": "current", "mode": "snapshot", "entry": [{"date": "2020", "item": {"display": "x"}}]}, "List", "invariant"),
    ("bdl-1", BUNDLE | {"total": 1}, "Bundle", "invariant"),
    ("bdl-2", bundle("collection", {"resource": PATIENT, "search": {"mode": "match"}}), "Bundle", "invariant"),
    ("bdl-3 without", bundle("transaction", {"resource": PATIENT}), "Bundle", "invariant"),
    ("bdl-3 with", bundle("collection", {"request": {"method": "GET", "url": "x"}}), "Bundle", "invariant"),
    ("bdl-4", bundle("collection", {"response": {"status": "200"}}), "Bundle", "invariant"),
    ("bdl-5", bundle("collection", {"fullUrl": "urn:x"}), "Bundle.entry[0]", "invariant"),
    ("bdl-7", bundle("collection", *[{"fullUrl": "urn:x", "resource": PATIENT}] * 2), "Bundle", "invariant"),
    ("bdl-8", bundle("collection", {"fullUrl": "http://a/Patient/1/_history/1", "resource": PATIENT}), "Bundle.entry[0]", "invariant"),
    ("bdl-9", bundle("document", timestamp="2020-01-01T00:00:00Z"), "Bundle", "invariant"),
    ("bdl-10", bundle("document", identifier={"system": "x", "value": "y"}), "Bundle", "invariant"),
    ("bdl-11", bundle("document", {"resource": PATIENT}, identifier={"system": "x", "value": "y"}, timestamp="2020-01-01T00:00:00Z"), "Bundle", "invariant"),
    ("bdl-12", bundle("message", {"resource": PATIENT}), "Bundle", "invariant"),
    # invariants of other types
    ("cnt-3", extended(valueCount={"value": Decimal("1.5"), "code": "1", "system": UCUM}), EXTENDED + "Count)", "invariant"),
    ("dis-1", extended(valueDistance={"value": Decimal(1)}), EXTENDED + "Distance)", "invariant"),
    ("drt-1", extended(valueDuration={"code": "h", "system": UCUM}), EXTENDED + "Duration)", "invariant"),
    ("drq-1", extended(valueDataRequirement={"type": "Patient", "codeFilter": [{"valueSet": "urn:x"}]}), EXTENDED + "DataRequirement).codeFilter[0]", "invariant"),
    ("drq-2", extended(valueDataRequirement={"type": "Patient", "dateFilter": [{"path": "x", "searchParam": "y"}]}), EXTENDED + "DataRequirement).dateFilter[0]", "invariant"),
    ("exp-1", extended(valueExpression={"language": "text/cql"}), EXTENDED + "Expression)", "invariant"),
    ("trd-1", extended(valueTriggerDefinition={"type": "periodic", "data": [{"type": "Patient"}], "timingDate": "2020"}), EXTENDED + "TriggerDefinition)", "invariant"),
    ("trd-2", extended(valueTriggerDefinition={"type": "periodic", "condition": {"language": "text/cql", "expression": "x"}}), EXTENDED + "TriggerDefinition)", "invariant"),
    ("ipn-1", {"resourceType": "InsurancePlan", "status": "active"}, "InsurancePlan", "invariant"),
    ("con-2", CONDITION | {"evidence": [{"id": "x"}]}, "Condition.evidence[0]", "invariant"),
    ("cpl-3", {"resourceType": "CarePlan", "activity": [{"detail": {"status": "x"}, "reference": {"display": "x"}}]}, "CarePlan.activity[0]", "invariant"),
    ("fhs-1", {"resourceType": "FamilyMemberHistory", "ageString": "x", "bornString": "y"}, "FamilyMemberHistory", "invariant"),
    ("fhs-2", {"resourceType": "FamilyMemberHistory", "estimatedAge": True}, "FamilyMemberHistory", "invariant"),
    ("gol-1", {"resourceType": "Goal", "target": [{"detailString": "x"}]}, "Goal.target[0]", "invariant"),
    ("imm-1", {"resourceType": "Immunization", "education": [{"publicationDate": "2020"}]}, "Immunization.education[0]", "invariant"),
    ("imr-1", {"resourceType": "ImmunizationRecommendation", "recommendation": [{"series": "x"}]}, "ImmunizationRecommendation.recommendation[0]", "invariant"),
    ("mad-1", {"resourceType": "MedicationAdministration", "dosage": {"text": "x"}}, "MedicationAdministration.dosage", "invariant"),
    ("mdd-1", {"resourceType": "MedicationDispense", "whenPrepared": "2020-02", "whenHandedOver": "2020-01"}, "MedicationDispense", "invariant"),
    ("prr-1", {"resourceType": "ServiceRequest", "orderDetail": [{"text": "x"}]}, "ServiceRequest", "invariant"),
    ("ras-2", {"resourceType": "RiskAssessment", "prediction": [{"probabilityDecimal": Decimal(101)}]}, "RiskAssessment.prediction[0]", "invariant"),
    ("apr-1", {"resourceType": "AppointmentResponse", "participantStatus": "accepted"}, "AppointmentResponse", "invariant"),
    ("lnk-1", {"resourceType": "Linkage", "item": [{"type": "source", "resource": {"display": "x"}}]}, "Linkage", "invariant"),
    ("md-1", {"resourceType": "MessageDefinition", "focus": [{"code": "Patient", "max": "0"}]}, "MessageDefinition.focus[0]", "invariant"),
    ("inv-1", {"resourceType": "Task", "authoredOn": "2020-02", "lastModified": "2020-01-31"}, "Task", "invariant"),
    ("inv-1 of another type", {"resourceType": "Parameters", "parameter": [{"name": "x"}]}, "Parameters.parameter[0]", "invariant"),
    ("ctm-1", {"resourceType": "CareTeam", "participant": [{"member": {"reference": "Patient/1"}, "onBehalfOf": {"display": "x"}}]}, "CareTeam.participant[0]", "invariant"),
    ("eld-3", extended(valueCode="x") | {"resourceType": "StructureDefinition", "snapshot": {"element": [{"path": "A", "max": "many"}]}}, "StructureDefinition.snapshot.element[0].max", "invariant"),
    ("eld-19", {"resourceType": "StructureDefinition", "snapshot": {"element": [{"path": "A.b c"}]}}, "StructureDefinition.snapshot.element[0]", "invariant"),
    ("rqg-1", {"resourceType": "RequestGroup", "action": [{"title": "x"}]}, "RequestGroup.action[0]", "invariant"),
    ("cmp-1", {"resourceType": "Composition", "section": [{"title": "x"}]}, "Composition.section[0]", "invariant"),
    ("cmp-2", {"resourceType": "Composition", "section": [{"emptyReason": {"text": "x"}, "entry": [{"display": "x"}]}]}, "Composition.section[0]", "invariant"),
    ("ppc-1", {"resourceType": "Consent", "status": "active"}, "Consent", "invariant"),
    ("sev-1", {"resourceType": "AuditEvent", "entity": [{"name": "x", "query": "AAAA"}]}, "AuditEvent.entity[0]", "invariant"),
    ("ces-1", {"resourceType": "CoverageEligibilityResponse", "insurance": [{"item": [{"name": "x"}]}]}, "CoverageEligibilityResponse.insurance[0].item[0]", "invariant"),
    ("vsd-1", {"resourceType": "ValueSet", "compose": {"include": [{"version": "1"}]}}, "ValueSet.compose.include[0]", "invariant"),
    ("vsd-1 excluded", {"resourceType": "ValueSet", "compose": {"exclude": [{"version": "1"}]}}, "ValueSet.compose.exclude[0]", "invariant"),
    ("vsd-3", {"resourceType": "ValueSet", "compose": {"include": [{"concept": [{"code": "x"}], "filter": [{"value": "x"}]}]}}, "ValueSet.compose.include[0]", "invariant"),
    ("vsd-6", {"resourceType": "ValueSet", "expansion": {"contains": [{"version": "x"}]}}, "ValueSet.expansion.contains[0]", "invariant"),
    ("vsd-10", {"resourceType": "ValueSet", "expansion": {"contains": [{"code": "x"}]}}, "ValueSet.expansion.contains[0]", "invariant"),
]  # fmt: skip

NARRATED = {"text": {"status": "generated", "div": DIV + "x</div>"}}
MARRIED = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"

# name, resource, path, code
ADVISED: list[tuple[str, dict[str, Any], str, str]] = [
    ("dom-6", {"resourceType": "Patient"}, "Patient", "invariant"),
    ("dom-6 in a bundle", bundle("collection", {"resource": PATIENT}), "Bundle.entry[0].resource", "invariant"),
    ("con-3", {k: v for k, v in CONDITION.items() if k != "clinicalStatus"} | NARRATED | {"category": [{"coding": [{"system": TERMS + "condition-category", "code": "problem-list-item"}]}]}, "Condition", "invariant"),
    ("nor-1", {"resourceType": "NutritionOrder", "status": "active", "intent": "order", "patient": {"display": "x"}, "dateTime": "2020"} | NARRATED, "NutritionOrder", "invariant"),
    ("vsd-0", {"resourceType": "ValueSet", "status": "draft", "name": "two words"} | NARRATED, "ValueSet", "invariant"),
    ("nsd-0", {"resourceType": "NamingSystem", "name": "x", "status": "draft", "kind": "root", "date": "2020", "uniqueId": [{"type": "oid", "value": "x"}]} | NARRATED, "NamingSystem", "invariant"),
    ("blank string", PATIENT | NARRATED | {"name": [{"family": " \n"}]}, "Patient.name[0].family", "value"),
    ("blank strings", PATIENT | NARRATED | {"name": [{"given": ["x", " "]}]}, "Patient.name[0].given[1]", "value"),
    ("div of no namespace", PATIENT | {"text": {"status": "generated", "div": "<div>x</div>"}}, "Patient.text.div", "value"),
    ("fullUrl", bundle("collection", {"fullUrl": "http://a.org/Patient/2", "resource": PATIENT | NARRATED}), "Bundle.entry[0].fullUrl", "value"),
    ("urn:uuid", PATIENT | NARRATED | {"identifier": [{"system": "urn:uuid:1"}]}, "Patient.identifier[0].system", "value"),
    ("urn:oid", PATIENT | NARRATED | {"identifier": [{"system": "urn:oid:9.9"}]}, "Patient.identifier[0].system", "value"),
    ("extension url", PATIENT | NARRATED | {"extension": [{"url": "x", "valueCode": "y"}]}, "Patient.extension[0].url", "value"),
    ("modifier extension", PATIENT | NARRATED | {"modifierExtension": [{"url": "u:x", "valueCode": "y"}]}, "Patient.modifierExtension[0]", "extension"),
    ("extensible uri", OBSERVATION | NARRATED | {"subject": {"type": "Human", "display": "x"}}, "Observation.subject.type", "code-invalid"),
    ("extensible plain code", PATIENT | NARRATED | {"extension": [{"url": "u:x", "valueExpression": {"language": "basic", "expression": "x"}}]}, EXTENDED + "Expression).language", "code-invalid"),
    ("eld-20", {"resourceType": "StructureDefinition", "url": "u:x", "name": "X", "status": "draft", "kind": "logical", "abstract": True, "type": "u:x", "derivation": "specialization", "differential": {"element": [{"id": "a", "path": "a-b"}]}} | NARRATED, "StructureDefinition.differential.element[0]", "invariant"),
    ("extensible concept", PATIENT | NARRATED | {"maritalStatus": {"coding": [{"system": "urn:x", "code": "M"}]}}, "Patient.maritalStatus", "code-invalid"),
    ("extensible code", PATIENT | NARRATED | {"maritalStatus": {"coding": [{"system": MARRIED, "code": "m"}]}}, "Patient.maritalStatus", "code-invalid"),
    ("extensible Coding", {"resourceType": "Endpoint", "status": "active", "connectionType": {"system": "urn:x", "code": "y"}, "payloadType": [{"text": "x"}], "address": "http://x.org"} | NARRATED, "Endpoint.connectionType", "code-invalid"),
]  # fmt: skip
