"""What requests carry and answers hold, as OpenAPI describes them: FHIR JSON and XML, JSON Patch,
and refusals, which are OperationOutcomes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from fhir_server.http.negotiation import JSON_PATCH, Format
from fhir_server.http.openapi.values import SEARCH_SCHEMAS, type_names
from fhir_server.interactions.row import Body, Row
from fhir_server.outcome import Category

Json = dict[str, Any]

_FORM: Final = "application/x-www-form-urlencoded"
_UNSAID: Final = frozenset((Category.INTERNAL,))
"""No request can make it so."""


def _reference(schema: str) -> Json:
    return {"$ref": f"#/components/schemas/{schema}"}


def _typed(*required: str, **properties: Json) -> Json:
    return {"type": "object", "required": ["resourceType", *required], "properties": properties}


SCHEMAS: Final[dict[str, Json]] = {
    **SEARCH_SCHEMAS,
    "ResourceType": type_names(),
    "Resource": {
        **_typed(
            resourceType=_reference("ResourceType"),
            id={"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"},
            meta={"type": "object"},
        ),
        "description": "A resource of FHIR R4 (4.0.1); its definition says what it holds.",
    },
    "Bundle": _typed(
        "type",
        resourceType={"const": "Bundle"},
        type={"type": "string"},
        total={"type": "integer", "minimum": 0},
        link={"type": "array", "items": {"type": "object"}},
        entry={
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "fullUrl": {"type": "string"},
                    "resource": {"type": "object"},
                    "search": {"type": "object"},
                    "request": {"type": "object"},
                    "response": {"type": "object"},
                },
            },
        },
    ),
    "Batch": {
        "allOf": [
            _reference("Bundle"),
            {"type": "object", "properties": {"type": {"enum": ["transaction", "batch"]}}},
        ]
    },
    "Parameters": _typed(
        resourceType={"const": "Parameters"},
        parameter={
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}},
            },
        },
    ),
    "Result": {"anyOf": [_reference("Resource"), _reference("Parameters")]},
    "OperationOutcome": _typed(
        "issue",
        resourceType={"const": "OperationOutcome"},
        issue={
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["severity", "code"],
                "properties": {
                    "severity": {"enum": ["fatal", "error", "warning", "information"]},
                    "code": {"type": "string"},
                    "diagnostics": {"type": "string"},
                    "expression": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    ),
    "JsonPatch": {
        "type": "array",
        "description": "RFC 6902.",
        "items": {
            "type": "object",
            "required": ["op", "path"],
            "properties": {
                "op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]},
                "path": {"type": "string"},
                "from": {"type": "string"},
                "value": {},
            },
        },
    },
}


def _in_each_format(schema: str) -> Json:
    """In XML it is the same resource; a schema is for JSON alone."""
    return {
        Format.JSON.value: {"schema": _reference(schema)},
        Format.XML.value: {"schema": {"type": "string"}},
    }


NATIVE: Final[Json] = {"*/*": {"schema": {"description": "The content of a Binary, as it is."}}}
"""R4 `binary.html#rest`."""


def answer(description: str, schema: str) -> Json:
    """A response with a resource in it."""
    return {"description": description, "content": _in_each_format(schema)}


def _refusals() -> dict[str, Json]:
    said: dict[int, list[str]] = {}
    for category in Category:
        if category not in _UNSAID:
            said.setdefault(category.status, []).append(category.when)
    return {
        f"Refusal-{status}": answer(" ".join(texts), "OperationOutcome")
        for status, texts in said.items()
    }


REFUSALS: Final = _refusals()
"""By status, from the one table of what can go wrong."""


def refused(statuses: Iterable[int]) -> dict[str, Json]:
    """References to these refusals."""
    return {
        str(status): {"$ref": f"#/components/responses/Refusal-{status}"} for status in statuses
    }


def request_body(row: Row) -> Json | None:
    """What this interaction takes in its body; None: nothing."""
    match row.body:
        case Body.NONE:
            return None
        case Body.RESOURCE:
            native = NATIVE if row.native else {}
            return {"required": True, "content": {**_in_each_format("Resource"), **native}}
        case Body.BUNDLE:
            return {"required": True, "content": _in_each_format("Batch")}
        case Body.FORM:
            return {"required": True, "content": _FORM_CONTENT}
        case Body.PATCH:
            patch = {JSON_PATCH: {"schema": _reference("JsonPatch")}}
            return {"required": True, "content": {**patch, **_in_each_format("Parameters")}}
        case Body.PARAMETERS:
            return {
                "required": False,
                "content": {**_in_each_format("Parameters"), **_FORM_CONTENT},
            }


_FORM_CONTENT: Final[Json] = {
    _FORM: {
        "schema": {
            "type": "object",
            "description": "The parameters that could stand in the address.",
            "additionalProperties": {"type": "string"},
        }
    }
}
