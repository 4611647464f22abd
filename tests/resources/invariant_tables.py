"""Members that keep and that break each invariant which is decided by its published expression.

A row: the key, the type or path, good members, bad ones. Of a whole resource they are the resource.
"""
# ruff: noqa: E501 - a table reads best with a row a line

from __future__ import annotations

from typing import Any

CODE = {"text": "x"}
AN_ELEMENT = {
    "id": "A",
    "path": "A",
    "min": 0,
    "max": "1",
    "definition": "x",
    "base": {"path": "A"},
}
BELOW = AN_ELEMENT | {"id": "A.b", "path": "A.b"}
TYPED = {"type": [{"code": "string"}]}
ACTION, ASSERT = {"operation": {"encodeRequestUrl": True}}, {"assert": {"warningOnly": True}}
OPERATION = {"encodeRequestUrl": True}


def concepts(*codes: str) -> list[dict[str, Any]]:
    return [{"code": code} for code in codes]


def snapshot(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"snapshot": {"element": list(elements)}}


def differential(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"differential": {"element": list(elements)}}


BY_EXPRESSION: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("cmd-1", "ConceptMap.group.element.target", {"equivalence": "narrower", "comment": "x"}, {"equivalence": "inexact"}),
    ("cmd-2", "ConceptMap.group.unmapped", {"mode": "fixed", "code": "x"}, {"mode": "fixed"}),
    ("cmd-3", "ConceptMap.group.unmapped", {"mode": "other-map", "url": "u:x"}, {"mode": "other-map"}),
    ("cpb-1", "CapabilityStatement", {"document": [{"mode": "producer"}]}, {"kind": "instance"}),
    ("cpb-2", "CapabilityStatement", {"description": "x"}, {"kind": "instance"}),
    ("cpb-3", "CapabilityStatement", {"kind": "instance", "messaging": [{"endpoint": [{"address": "u:x"}]}]}, {"kind": "capability", "messaging": [{"endpoint": [{"address": "u:x"}]}]}),
    ("cpb-7", "CapabilityStatement", {"document": [{"mode": "producer", "profile": "u:x"}, {"mode": "consumer", "profile": "u:x"}]}, {"document": [{"mode": "producer", "profile": "u:x"}] * 2}),
    ("cpb-9", "CapabilityStatement.rest", {"resource": [{"type": "Patient"}, {"type": "Basic"}]}, {"resource": [{"type": "Patient"}] * 2}),
    ("cpb-12", "CapabilityStatement.rest.resource", {"searchParam": [{"name": "a"}, {"name": "b"}]}, {"searchParam": [{"name": "a"}] * 2}),
    ("cpb-14", "CapabilityStatement", {"kind": "instance", "implementation": {"description": "x"}}, {"kind": "instance"}),
    ("cpb-15", "CapabilityStatement", {"kind": "capability", "software": {"name": "x"}}, {"kind": "capability", "software": {"name": "x"}, "implementation": {"description": "x"}}),
    ("cpb-16", "CapabilityStatement", {"kind": "requirements"}, {"kind": "requirements", "software": {"name": "x"}}),
    ("csd-1", "CodeSystem", {"concept": concepts("a", "b")}, {"concept": [{"code": "a", "concept": concepts("b", "a")}]}),
    ("eld-1", "ElementDefinition.slicing", {"description": "x"}, {"rules": "open"}),
    ("eld-2", "ElementDefinition", {"min": 1, "max": "1"}, {"min": 2, "max": "1"}),
    ("eld-4", "ElementDefinition.type", {"code": "Reference", "aggregation": ["bundled"]}, {"code": "string", "aggregation": ["bundled"]}),
    ("eld-5", "ElementDefinition", {"contentReference": "#x"}, {"contentReference": "#x", "fixedString": "y"}),
    ("eld-6", "ElementDefinition", {"fixedString": "x", **TYPED}, {"fixedString": "x", "type": [{"code": "string"}, {"code": "code"}]}),
    ("eld-7", "ElementDefinition", {"patternString": "x", **TYPED}, {"patternString": "x", "type": [{"code": "string"}, {"code": "code"}]}),
    ("eld-8", "ElementDefinition", {"fixedString": "x"}, {"fixedString": "x", "patternString": "x"}),
    ("eld-12", "ElementDefinition.binding", {"valueSet": "http://x.org/v"}, {"valueSet": "x"}),
    ("eld-13", "ElementDefinition", {"type": [{"code": "a"}, {"code": "b"}]}, {"type": [{"code": "a"}, {"code": "a"}]}),
    ("eld-14", "ElementDefinition", {"constraint": [{"key": "a"}, {"key": "b"}]}, {"constraint": [{"key": "a"}, {"key": "a"}]}),
    ("eld-15", "ElementDefinition", {"meaningWhenMissing": "x"}, {"meaningWhenMissing": "x", "defaultValueString": "y"}),
    ("eld-16", "ElementDefinition", {"sliceName": "a/b[x]"}, {"sliceName": "a b"}),
    ("eld-17", "ElementDefinition.type", {"code": "canonical", "targetProfile": ["u:x"]}, {"code": "string", "targetProfile": ["u:x"]}),
    ("eld-18", "ElementDefinition", {"isModifier": True, "isModifierReason": "x"}, {"isModifier": True}),
    ("eld-21", "ElementDefinition.constraint", {"expression": "true"}, {"key": "x"}),
    ("eld-22", "ElementDefinition", {"sliceName": "x", "sliceIsConstraining": True}, {"sliceIsConstraining": True}),
    ("ig-1", "ImplementationGuide.definition", {"grouping": [{"id": "a"}, {"id": "b"}], "resource": [{"groupingId": "b"}]}, {"grouping": [{"id": "a"}], "resource": [{"groupingId": "b"}]}),
    ("ig-2", "ImplementationGuide", {"fhirVersion": ["4.0.1"], "definition": {"resource": [{"fhirVersion": ["4.0.1"]}]}}, {"fhirVersion": ["4.0.1"], "definition": {"resource": [{"fhirVersion": ["3.0.2"]}]}}),
    ("inv-1", "Parameters.parameter", {"name": "x", "valueCode": "y"}, {"name": "x", "valueCode": "y", "resource": {"resourceType": "Patient"}}),
    ("inv-1", "TestReport.setup.action", ACTION, ACTION | ASSERT),
    ("inv-2", "TestReport.test.action", ASSERT, {"id": "x"}),
    ("mea-1", "Measure", {"group": [{"stratifier": [{"code": CODE}, {"component": [{"code": CODE}]}]}]}, {"group": [{"stratifier": [{"code": CODE, "component": [{"code": CODE}]}]}]}),
    ("mqty-1", "MoneyQuantity", {"value": 1, "code": "EUR", "system": "urn:iso:std:iso:4217"}, {"value": 1, "code": "EUR", "system": "urn:x"}),
    ("mrp-1", "MeasureReport", {"type": "data-collection"}, {"type": "data-collection", "group": [{"code": CODE}]}),
    ("mrp-2", "MeasureReport", {"group": [{"stratifier": [{"stratum": [{"value": CODE}]}]}]}, {"group": [{"stratifier": [{"stratum": [{"id": "x"}]}]}]}),
    ("msq-3", "MolecularSequence", {"coordinateSystem": 1}, {"coordinateSystem": 2}),
    ("msq-5", "MolecularSequence.referenceSeq", {"chromosome": CODE, "genomeBuild": "x"}, {"chromosome": CODE}),
    ("msq-6", "MolecularSequence.referenceSeq", {"referenceSeqString": "x"}, {"referenceSeqString": "x", "genomeBuild": "y"}),
    ("nsd-1", "NamingSystem", {"kind": "root", "uniqueId": [{"type": "oid"}]}, {"kind": "root", "uniqueId": [{"type": "uuid"}]}),
    ("nsd-2", "NamingSystem", {"uniqueId": [{"type": "oid", "preferred": True}, {"type": "oid"}]}, {"uniqueId": [{"type": "oid", "preferred": True}] * 2}),
    ("opd-1", "OperationDefinition.parameter", {"type": "string"}, {"name": "x"}),
    ("opd-2", "OperationDefinition.parameter", {"type": "string", "searchType": "token"}, {"type": "code", "searchType": "token"}),
    ("opd-3", "OperationDefinition.parameter", {"type": "Reference", "targetProfile": ["u:x"]}, {"type": "string", "targetProfile": ["u:x"]}),
    *((key, "Consent", {"patient": {"display": "x"}}, {"scope": {"coding": [{"system": "something", "code": code}]}}) for key, code in (("ppc-2", "patient-privacy"), ("ppc-3", "research"), ("ppc-4", "adr"), ("ppc-5", "treatment"))),
    ("que-1", "Questionnaire.item", {"type": "group", "item": [{"linkId": "x"}]}, {"type": "display", "item": [{"linkId": "x"}]}),
    ("que-2", "Questionnaire", {"item": [{"linkId": "1"}, {"linkId": "2"}]}, {"item": [{"linkId": "1", "item": [{"linkId": "1"}]}]}),
    ("que-3", "Questionnaire.item", {"type": "string", "code": [{"code": "x"}]}, {"type": "display", "code": [{"code": "x"}]}),
    ("que-4", "Questionnaire.item", {"answerValueSet": "u:x"}, {"answerValueSet": "u:x", "answerOption": [{"valueString": "x"}]}),
    ("que-5", "Questionnaire.item", {"type": "choice", "answerValueSet": "u:x"}, {"type": "boolean", "answerValueSet": "u:x"}),
    ("que-6", "Questionnaire.item", {"type": "display"}, {"type": "display", "required": False}),
    ("que-7", "Questionnaire.item.enableWhen", {"operator": "exists", "answerBoolean": False}, {"operator": "exists", "answerString": "x"}),
    ("que-8", "Questionnaire.item", {"type": "string", "initial": [{"valueString": "x"}]}, {"type": "group", "initial": [{"valueString": "x"}]}),
    ("que-9", "Questionnaire.item", {"type": "string", "readOnly": True}, {"type": "display", "readOnly": True}),
    ("que-10", "Questionnaire.item", {"type": "text", "maxLength": 5}, {"type": "date", "maxLength": 5}),
    ("que-11", "Questionnaire.item", {"initial": [{"valueString": "x"}]}, {"initial": [{"valueString": "x"}], "answerOption": [{"valueString": "x"}]}),
    ("que-12", "Questionnaire.item", {"enableWhen": [{"question": "1"}] * 3, "enableBehavior": "all"}, {"enableWhen": [{"question": "1"}] * 3}),
    ("que-13", "Questionnaire.item", {"repeats": True, "initial": [{"valueString": "x"}] * 2}, {"initial": [{"valueString": "x"}] * 2}),
    ("ras-1", "Range", {"low": {"code": "%", "system": "http://unitsofmeasure.org"}}, {"low": {"code": "1", "system": "http://unitsofmeasure.org"}}),
    ("sdf-1", "StructureDefinition", snapshot(AN_ELEMENT, BELOW), snapshot(AN_ELEMENT, AN_ELEMENT)),
    ("sdf-2", "StructureDefinition.mapping", {"uri": "u:x"}, {"identity": "x"}),
    ("sdf-3", "StructureDefinition.snapshot", {"element": [AN_ELEMENT]}, {"element": [{"path": "A"}]}),
    ("sdf-4", "StructureDefinition", {"abstract": True}, {"abstract": False}),
    ("sdf-5", "StructureDefinition", {"type": "Extension", "context": [{"type": "element", "expression": "A"}]}, {"type": "Extension", "derivation": "constraint"}),
    ("sdf-6", "StructureDefinition", snapshot(AN_ELEMENT), {"name": "x"}),
    ("sdf-8", "StructureDefinition.snapshot", {"element": [AN_ELEMENT, BELOW]}, {"element": [AN_ELEMENT, BELOW | {"path": "B.c"}]}),
    ("sdf-8a", "StructureDefinition.differential", {"element": [AN_ELEMENT, BELOW]}, {"element": [AN_ELEMENT, BELOW | {"path": "B.c"}]}),
    ("sdf-8b", "StructureDefinition.snapshot", {"element": [AN_ELEMENT]}, {"element": [{"path": "A"}]}),
    ("sdf-9", "StructureDefinition", snapshot(AN_ELEMENT, BELOW | {"label": "x"}), snapshot(AN_ELEMENT | {"label": "x"})),
    ("sdf-10", "ElementDefinition", {"binding": {"description": "x"}}, {"binding": {"strength": "example"}}),
    ("sdf-11", "StructureDefinition", {"kind": "resource", "type": "A", **snapshot(AN_ELEMENT)}, {"kind": "resource", "type": "B", **snapshot(AN_ELEMENT)}),
    ("sdf-14", "StructureDefinition", snapshot(AN_ELEMENT), snapshot({"path": "A"})),
    ("sdf-15", "StructureDefinition", {"kind": "resource", **snapshot(AN_ELEMENT)}, {"kind": "resource", **snapshot(AN_ELEMENT | TYPED)}),
    ("sdf-15a", "StructureDefinition", {"kind": "resource", **differential(AN_ELEMENT)}, {"kind": "resource", **differential(AN_ELEMENT | TYPED)}),
    ("sdf-16", "StructureDefinition", snapshot(AN_ELEMENT, BELOW), snapshot(AN_ELEMENT, AN_ELEMENT)),
    ("sdf-17", "StructureDefinition", differential(AN_ELEMENT, BELOW), differential(AN_ELEMENT, AN_ELEMENT)),
    ("sdf-18", "StructureDefinition", {"type": "Extension", "contextInvariant": ["true"]}, {"type": "Patient", "contextInvariant": ["true"]}),
    ("sdf-19", "StructureDefinition", {"url": "http://hl7.org/fhir/StructureDefinition/A", **snapshot(BELOW | TYPED)}, {"url": "http://hl7.org/fhir/StructureDefinition/A", **snapshot(BELOW | {"type": [{"code": "http://x.org/A"}]})}),
    ("sdf-20", "StructureDefinition.differential", {"element": [AN_ELEMENT, BELOW | {"slicing": {"rules": "open"}}]}, {"element": [AN_ELEMENT | {"slicing": {"rules": "open"}}]}),
    ("sdf-21", "StructureDefinition", {"derivation": "specialization", **differential(BELOW | {"defaultValueCode": "x"})}, {"derivation": "constraint", **differential(BELOW | {"defaultValueCode": "x"})}),
    ("sdf-22", "StructureDefinition", {"url": "http://x.org/A", **snapshot(BELOW | {"defaultValueCode": "x"})}, {"url": "http://hl7.org/fhir/StructureDefinition/A", **snapshot(BELOW | {"defaultValueCode": "x"})}),
    ("sdf-23", "StructureDefinition", snapshot(AN_ELEMENT, BELOW | {"sliceName": "x"}), snapshot(AN_ELEMENT | {"sliceName": "x"})),
    ("smp-1", "StructureMap.group.rule.target", {"element": "x", "context": "y"}, {"element": "x"}),
    ("smp-2", "StructureMap.group.rule.target", {"context": "x", "contextType": "variable"}, {"context": "x"}),
    ("spd-1", "SearchParameter", {"xpath": "x", "xpathUsage": "normal"}, {"xpath": "x"}),
    ("spd-2", "SearchParameter", {"type": "reference", "chain": ["x"]}, {"type": "token", "chain": ["x"]}),
    ("tcp-1", "TerminologyCapabilities.codeSystem", {"version": [{"code": "1"}, {"code": "2"}]}, {"version": [{"code": "1"}, {"isDefault": True}]}),
    ("tcp-2", "TerminologyCapabilities", {"software": {"name": "x"}}, {"kind": "instance"}),
    ("tcp-3", "TerminologyCapabilities", {"kind": "instance", "implementation": {"description": "x"}}, {"kind": "instance"}),
    ("tcp-4", "TerminologyCapabilities", {"kind": "capability", "software": {"name": "x"}}, {"kind": "capability"}),
    ("tcp-5", "TerminologyCapabilities", {"kind": "requirements"}, {"kind": "requirements", "software": {"name": "x"}}),
    ("trd-3", "TriggerDefinition", {"type": "data-added", "data": [{"type": "Patient"}]}, {"type": "named-event"}),
    ("tst-1", "TestScript.setup.action", ACTION, ACTION | ASSERT),
    ("tst-2", "TestScript.test.action", ASSERT, {"id": "x"}),
    ("tst-3", "TestScript.variable", {"expression": "x", "path": "y"}, {"expression": "x", "path": "y", "headerField": "z"}),
    ("tst-4", "TestScript.metadata", {"capability": [{"required": True}]}, {"capability": [{"description": "x"}]}),
    ("tst-5", "TestScript.setup.action.assert", {"path": "x"}, {"path": "x", "resource": "Patient"}),
    ("tst-6", "TestScript.setup.action.assert", {"path": "x"}, {"path": "x", "resource": "Patient"}),
    *((key, "TestScript.setup.action.operation", {"url": "x"}, {"url": "x", "targetId": "y"}) for key in ("tst-7", "tst-8", "tst-9")),
    *((key, "TestScript.setup.action.assert", {"compareToSourceId": "x", "compareToSourcePath": "y"}, {"compareToSourceId": "x"}) for key in ("tst-10", "tst-11")),
    *((key, "TestScript.setup.action.assert", {"direction": "response", "response": "okay"}, {"direction": "request", "response": "okay"}) for key in ("tst-12", "tst-13")),
    ("vsd-2", "ValueSet.compose.include", {"concept": [{"code": "x"}], "system": "u:x"}, {"concept": [{"code": "x"}], "valueSet": ["u:x"]}),
    ("vsd-9", "ValueSet.expansion.contains", {"abstract": True, "display": "x"}, {"display": "x"}),
]  # fmt: skip
