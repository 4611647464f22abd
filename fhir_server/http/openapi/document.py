"""The whole document (OpenAPI 3.1 section 4.8.1): every row of the interaction table, what anybody
may read, and the search of each core type with all that it takes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

import msgspec

from fhir_server.http.openapi.bodies import REFUSALS, SCHEMAS, answer, refused
from fhir_server.http.openapi.paths import operation_of
from fhir_server.http.openapi.values import PARAMETERS, shared
from fhir_server.interactions.table import TABLE
from fhir_server.search.catalogue import Catalogue

Json = dict[str, Any]

CORE_TYPES: Final = ("Appointment", "Communication", "MedicationRequest", "Observation", "Patient")
"""Each has addresses of its own in the document, with all its search parameters; to describe those
of all types would make it too large to be looked at."""

PUBLISHED: Final = {
    "/metadata": ("What this server can do (CapabilityStatement)", "Resource"),
    "/.well-known/smart-configuration": ("Where apps begin (SMART configuration)", ""),
}
_ABOUT: Final = (
    "FHIR R4 (4.0.1) with SMART App Launch 2.2. Where an address has `{type}`, it is the same for "
    "all types; the five core types are also listed by themselves, with all their search "
    "parameters. Whatever answers GET answers HEAD. Every refusal is an OperationOutcome."
)


def openapi_document(catalogue: Catalogue, smart: Mapping[str, Any], *, organization: str) -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": f"{organization}: FHIR R4",
                "version": version("fhir-server"),
                "description": _ABOUT,
            },
            "servers": [{"url": catalogue.base_url}],
            "security": [{"smart": []}],
            "tags": [
                {"name": name}
                for name in ("Discovery", "Read", "Search", "Write", "Bundles", "Operations")
            ],
            "paths": {**_published(), **_core_types(catalogue), **_table(catalogue)},
            "components": {
                "schemas": SCHEMAS,
                "parameters": PARAMETERS,
                "responses": REFUSALS,
                "securitySchemes": {"smart": _security(smart)},
            },
        }
    )


def _published() -> dict[str, Json]:
    return {path: {"get": _published_operation(path)} for path in PUBLISHED}


def _published_operation(path: str) -> Json:
    summary, schema = PUBLISHED[path]
    json = {"description": "Done.", "content": {"application/json": {"schema": {"type": "object"}}}}
    described: Json = {
        "operationId": f"get_{path.rpartition('/')[2].replace('-', '_')}",
        "tags": ["Discovery"],
        "summary": summary,
        "security": [],
        "parameters": [],
        "responses": {"200": json},
    }
    if schema:
        names = ("If-None-Match", "_summary", "_elements", "_format", "_pretty")
        known = {"description": "It is as the caller knows it."}
        described["parameters"] = shared(*names)
        described["responses"] = {
            "200": answer("Done.", schema),
            "304": known,
            **refused((400, 406, 414)),
        }
    return described


def _table(catalogue: Catalogue) -> dict[str, Json]:
    paths: dict[str, Json] = {}
    for row in TABLE:
        operation = operation_of(row, catalogue)
        paths.setdefault(row.path or "/", {})[row.method.lower()] = operation
    return paths


def _core_types(catalogue: Catalogue) -> dict[str, Json]:
    """A path without a placeholder wins over one that has it (OpenAPI 3.1 section 4.8.8), so that
    everything of it has to be there."""
    rows = [row for row in TABLE if row.shape == ("{type}",)]
    return {
        f"/{type_name}": {
            row.method.lower(): operation_of(row, catalogue, type_name) for row in rows
        }
        for type_name in CORE_TYPES
    }


def _security(smart: Mapping[str, Any]) -> Json:
    """SMART App Launch as OAuth 2.0 (OpenAPI 3.1 section 4.8.27)."""
    scopes = {scope: scope for scope in smart["scopes_supported"]}
    for_systems = {scope: scope for scope in scopes if scope.startswith("system/")}
    token = smart["token_endpoint"]
    return {
        "type": "oauth2",
        "description": "SMART App Launch 2.2 with PKCE; backend services with a signed assertion.",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": smart["authorization_endpoint"],
                "tokenUrl": token,
                "refreshUrl": token,
                "scopes": {one: one for one in scopes if one not in for_systems},
            },
            "clientCredentials": {"tokenUrl": token, "scopes": for_systems},
        },
    }
