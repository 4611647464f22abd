"""What of a FHIR REST API stands in an address or a header, as OpenAPI describes parameters
(OpenAPI 3.1 section 4.8.12)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from fhir_server.interactions.operations.operation import Operation
from fhir_server.interactions.subset import SUMMARIES
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.described import looks_at, modifiers_in_words
from fhir_server.search.mixed import TYPE
from fhir_server.search.query import TOTALS
from fhir_server.search.specials import LISTED
from resources.registry import REGISTRY

Json = dict[str, Any]

_PREFIX: Final = "(eq|ne|gt|lt|ge|le|sa|eb|ap)?"
_DATE: Final = r"\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?)?)?"
_NUMBER: Final = r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?"
_TEXT: Final = {"type": "string", "minLength": 1}
_LITERAL_TYPES: Final = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "positiveInt": {"type": "integer", "minimum": 1},
    "unsignedInt": {"type": "integer", "minimum": 0},
    "decimal": {"type": "number"},
}


def _repeated(pattern: str) -> str:
    return f"^{_PREFIX}{pattern}(,{_PREFIX}{pattern})*$"


SEARCH_SCHEMAS: Final[dict[str, Json]] = {
    "Search-number": {
        "type": "string",
        "pattern": _repeated(_NUMBER),
        "description": "A number, with a prefix or without; several with commas between.",
    },
    "Search-date": {
        "type": "string",
        "pattern": _repeated(_DATE),
        "description": "A date or a time, with a prefix or without; several with commas between.",
    },
    "Search-string": {**_TEXT, "description": "How the text begins, in any case, accents aside."},
    "Search-token": {
        **_TEXT,
        "description": "A code alone, or with its system: `system|code`, `|code`, `system|`.",
    },
    "Search-reference": {
        **_TEXT,
        "description": "An id, `Type/id` or an absolute address.",
    },
    "Search-composite": {**_TEXT, "description": "The values of its parts with `$` between."},
    "Search-quantity": {
        **_TEXT,
        "description": "A number with a prefix or without, or `number|system|unit`.",
    },
    "Search-uri": {**_TEXT, "description": "An address, whole and in its own case."},
    "Search-special": {**_TEXT, "description": "As the parameter's definition says."},
}
"""A value of each search type (R4 3.1.1.4.2)."""


def _header(name: str, description: str) -> Json:
    return {"name": name, "in": "header", "description": description, "schema": _TEXT}


def _query(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _path(name: str, description: str, schema: Json) -> Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
    }


def _several(item: Json) -> Json:
    """A parameter that may be given several times, which all have to hold."""
    return {"type": "array", "items": item}


_ID_SCHEMA: Final = {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"}

PARAMETERS: Final[dict[str, Json]] = {
    "type": _path("type", "The resource type.", {"$ref": "#/components/schemas/ResourceType"}),
    "id": _path("id", "The logical id.", _ID_SCHEMA),
    "version": _path("version", "The version id.", _ID_SCHEMA),
    "If-Match": _header(
        "If-Match", 'The version to change, as `W/"3"`, a list, or `*`; else it is a 412.'
    ),
    "If-None-Match": _header("If-None-Match", "The versions that need not be sent again."),
    "If-Modified-Since": _header("If-Modified-Since", "Send it only if it changed since."),
    "If-None-Exist": _header("If-None-Exist", "Criteria: create only what none matches."),
    "Prefer-return": _header(
        "Prefer", "`return=minimal`, `return=representation` or `return=OperationOutcome`."
    ),
    "Prefer-handling": _header(
        "Prefer", "`handling=strict` refuses unknown parameters, `handling=lenient` ignores them."
    ),
    "_format": _query("_format", "Wins over `Accept`.", {"enum": ["json", "xml"]}),
    "_pretty": _query("_pretty", "With line breaks and indentation.", {"type": "boolean"}),
    "_summary": _query("_summary", "How much of each resource.", {"enum": list(SUMMARIES)}),
    "_elements": _query("_elements", "The elements to send, with commas between.", _TEXT),
    "_count": _query("_count", "Most matches on a page.", {"type": "integer", "minimum": 0}),
    "_sort": _query("_sort", "Parameters with commas between; `-` in front: descending.", _TEXT),
    "_total": _query("_total", "Whether to count all matches.", {"enum": list(TOTALS)}),
    "_contained": _query("_contained", "Contained resources are no matches.", {"enum": ["false"]}),
    "_include": _query(
        "_include", "`Type:parameter`: send what this refers to as well.", _several(_TEXT)
    ),
    "_revinclude": _query(
        "_revinclude", "`Type:parameter`: send what refers to it as well.", _several(_TEXT)
    ),
    "_since": _query("_since", "Versions of this instant or later.", {"type": "string"}),
    "_at": _query(
        "_at",
        "Versions that were current then: at some point of a day, month or year.",
        {"type": "string"},
    ),
    TYPE: _query(TYPE, "The types to search, with commas between.", _TEXT),
    **{name: _query(name, text, _several(_TEXT)) for name, text in LISTED.items()},
    "criteria": {
        "name": "criteria",
        "in": "query",
        "description": "Any search parameters that the type has; the CapabilityStatement lists "
        "them. Modifiers, chains and `_has` are part of a parameter's name.",
        "schema": {"type": "object", "additionalProperties": {"type": "string"}},
        "style": "form",
        "explode": True,
    },
}
"""Those that several addresses share, by the name under which they are referred to."""


def shared(*names: str) -> list[Json]:
    """References to these."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def search_parameters(catalogue: Catalogue, type_name: str) -> list[Json]:
    """Every parameter that one type can be searched by, typed and described."""
    return [
        _query(
            parameter.name,
            f"Looks at {looks_at(parameter, type_name)}."
            + (f" Modifiers: {modifiers_in_words(modifiers)}." if modifiers else ""),
            _several({"$ref": f"#/components/schemas/Search-{parameter.type}"}),
        )
        for parameter, modifiers in catalogue.supported_parameters(type_name)
    ]


def includes(catalogue: Catalogue, type_name: str) -> list[Json]:
    """`_include` and `_revinclude` with all that they take on a type."""
    return [
        _query(
            name,
            f"{PARAMETERS[name]['description']} With `:iterate`, of what was included too.",
            _several({"enum": ["*", *values]}),
        )
        for name, values in (
            ("_include", (f"{type_name}:*", *catalogue.includes(type_name))),
            ("_revinclude", catalogue.revincludes(type_name)),
        )
    ]


def operation_parameters(operation: Operation) -> list[Json]:
    """What of an operation's input stands in an address: what is primitive."""
    return [
        {
            **_query(one.name, f"Of type {one.type}.", _of_operation(one.type, one.maximum)),
            "required": one.minimum > 0,
        }
        for one in operation.definition.inputs
        if one.is_simple
    ]


def _of_operation(fhir_type: str, maximum: int | None) -> Json:
    schema = _LITERAL_TYPES.get(fhir_type, {"type": "string"})
    return schema if maximum == 1 else _several(schema)


def type_names() -> Json:
    """All types that have an address."""
    return {"type": "string", "enum": list(REGISTRY.endpoints)}


def distinct(parameters: Iterable[Json]) -> list[Json]:
    """Of several with one name and place the first (OpenAPI 3.1 section 4.8.10)."""
    found: dict[object, Json] = {}
    for each in parameters:
        key = each.get("$ref") or (each["name"], each["in"])
        found.setdefault(key, each)
    return list(found.values())
