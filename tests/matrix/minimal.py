"""The smallest valid resource of any type, made from the element tables, about one patient."""

from __future__ import annotations

from typing import Any

from resources.registry import REGISTRY, Element, ElementType
from tests.matrix.rules import SUBJECTS, Resource

_FIXED: dict[str, Any] = {
    "base64Binary": "QUFB",
    "boolean": True,
    "canonical": "http://example.org/canonical",
    "date": "2024-01-01",
    "dateTime": "2024-01-01T10:00:00Z",
    "decimal": 1,
    "id": "x",
    "instant": "2024-01-01T10:00:00Z",
    "integer": 1,
    "oid": "urn:oid:1.2.3",
    "positiveInt": 1,
    "unsignedInt": 1,
    "uri": "http://example.org/uri",
    "url": "http://example.org/url",
}
_DIRECTORY = ("Organization", "Practitioner", "Location")
TAGS = "urn:example:matrix"

_EXTRA: dict[str, dict[str, Any]] = {
    "AllergyIntolerance": {
        "clinicalStatus": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
                    "code": "active",
                }
            ]
        }
    },
    "Appointment": {
        "status": "proposed",
        "participant": [{"actor": {"reference": "Location/shared-main"}, "status": "accepted"}],
    },
    "CapabilityStatement": {
        "kind": "requirements",
        "description": "Matrix",
        "rest": [{"mode": "server"}],
    },
    "Consent": {"policyRule": {"text": "policy"}},
    "Endpoint": {"status": "active"},
    "Group": {"actual": True, "type": "person"},
    "ImmunizationRecommendation": {
        "recommendation": [
            {"vaccineCode": [{"text": "vaccine"}], "forecastStatus": {"text": "due"}}
        ]
    },
    "Linkage": {
        "item": [
            {"type": "source", "resource": {"reference": "Organization/shared-main"}},
            {"type": "alternate", "resource": {"reference": "Location/shared-main"}},
        ]
    },
    "AppointmentResponse": {"participantType": [{"text": "participant"}]},
    "SearchParameter": {
        "status": "draft",
        "base": ["Observation"],
        "code": "matrix",
        "type": "token",
        "expression": "Observation.code",
    },
    "OperationDefinition": {"name": "Matrix"},
    "StructureDefinition": {
        "name": "Matrix",
        "type": "Matrix",
        "differential": {"element": [{"id": "Matrix", "path": "Matrix"}]},
    },
    "TerminologyCapabilities": {"kind": "requirements", "description": "Matrix"},
}
"""What invariants ask for beyond the required elements."""


def minimal(type_name: str, logical_id: str, mark: str, patient: str | None) -> Resource:
    """A resource whose every free text is `mark`, of this patient where its type is anybody's."""
    resource: Resource = {
        "resourceType": type_name,
        "id": logical_id,
        "meta": {"tag": [{"system": TAGS, "code": mark}]},
        **_members(type_name, mark, logical_id.split("-")[0]),
        **_EXTRA.get(type_name, {}),
    }
    if REGISTRY.base(type_name) == "DomainResource":
        div = f'<div xmlns="http://www.w3.org/1999/xhtml">{mark}</div>'
        resource["text"] = {"status": "generated", "div": div}
    if "identifier" in REGISTRY.children(type_name):
        element = REGISTRY.children(type_name)["identifier"]
        identifier = {"system": "http://example.org/number", "value": mark}
        resource["identifier"] = [identifier] if element.repeats else identifier
    path = SUBJECTS.get(type_name, "").split(" ")[0]
    if path and patient is not None:
        put(resource, type_name, path, {"reference": f"Patient/{patient}"})
    return resource


def put(resource: Resource, type_name: str, path: str, reference: Resource) -> None:
    """The reference at a path, with whatever else the objects on the way need."""
    first, _, rest = path.partition(".")
    element = REGISTRY.children(type_name)[first]
    value: Resource = reference
    if rest:
        node = element.types[0].node
        value = _members(node, "part", "x")
        put(value, node, rest, reference)
    resource[first] = [value] if element.repeats else value


def _members(node: str, mark: str, prefix: str) -> Resource:
    made: Resource = {}
    for element in REGISTRY.children(node).values():
        if element.minimum:
            of = _choice(element)
            value = _value(element, of, mark, prefix)
            made[element.json_name(of)] = [value] if element.repeats else value
    return made


def _choice(element: Element) -> ElementType:
    """Text rather than a reference, wherever there is a choice."""
    return min(element.types, key=lambda of: of.name == "Reference")


def _value(element: Element, of: ElementType, mark: str, prefix: str) -> Any:
    codes = REGISTRY.codes(element.binding[1]) if element.binding else None
    required = element.binding is not None and element.binding[0] == "required"
    if of.name == "code":
        return _first_code(codes)[1] if codes and required else "text/plain"
    if of.name in _FIXED:
        return _FIXED[of.name]
    if of.name in ("string", "markdown"):
        return mark
    if of.name == "Reference":
        named = [name for name in of.targets if name in _DIRECTORY]
        target = named[0] if named else of.targets[0]
        target = "Organization" if target == "Resource" else target
        return {"reference": f"{target}/{_place(target, prefix)}"}
    return _complex(of, mark, prefix, _first_code(codes) if codes and required else None)


def _place(target: str, prefix: str) -> str:
    return "shared-main" if target in _DIRECTORY else f"{prefix}-{target.lower()}"


def _first_code(codes: Any) -> tuple[str, str]:
    system = min(codes)
    return system, min(codes[system])


def _complex(of: ElementType, mark: str, prefix: str, coded: tuple[str, str] | None) -> Any:
    match of.name:
        case "Coding":
            system, code = coded or ("http://example.org/code", mark)
            return {"system": system, "code": code, "display": mark}
        case "CodeableConcept":
            coding = {"coding": [{"system": coded[0], "code": coded[1]}]} if coded else {}
            return {"text": mark, **coding}
        case "Quantity" | "SimpleQuantity":
            return {"value": 1}
        case "Money":
            return {"value": 1, "currency": "EUR"}
        case "Period":
            return {"start": "2024-01-01", "end": "2024-01-02"}
        case "Attachment":
            return {"contentType": "text/plain", "title": mark}
        case "TriggerDefinition":
            return {"type": "named-event", "name": mark}
        case _:
            return _members(of.node, mark, prefix)
