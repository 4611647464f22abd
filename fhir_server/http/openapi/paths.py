"""One row of the interaction table as an OpenAPI operation (OpenAPI 3.1 section 4.8.10)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from fhir_server.http.openapi.bodies import NATIVE, answer, refused, request_body
from fhir_server.http.openapi.values import (
    distinct,
    includes,
    operation_parameters,
    search_parameters,
    shared,
)
from fhir_server.interactions.history import (
    HISTORY_PARAMETERS,
    SYSTEM_HISTORY_PARAMETERS,
)
from fhir_server.interactions.operations import OPERATIONS
from fhir_server.interactions.operations.operation import OPERATION
from fhir_server.interactions.row import Body, Row
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.mixed import TYPE
from fhir_server.search.query import RESULT_PARAMETERS
from fhir_server.search.specials import LISTED

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Said:
    """What there is to say of an interaction, by its code."""

    tag: str
    summary: str
    content: str
    """The schema of what is answered; empty: nothing."""
    parameters: tuple[str, ...] = ()
    creates: bool = False


_RESULT: Final = (*RESULT_PARAMETERS, "_summary", "_elements", "Prefer-handling")
_SAID: Final[dict[str, _Said]] = {
    "read": _Said(
        "Read",
        "Read a resource",
        "Resource",
        ("If-None-Match", "If-Modified-Since", "_summary", "_elements"),
    ),
    "vread": _Said(
        "Read",
        "Read one version",
        "Resource",
        ("If-None-Match", "If-Modified-Since", "_summary", "_elements"),
    ),
    "history-instance": _Said("Read", "The versions of a resource", "Bundle", HISTORY_PARAMETERS),
    "history-type": _Said("Read", "The versions of a type", "Bundle", HISTORY_PARAMETERS),
    "history-system": _Said("Read", "All versions", "Bundle", SYSTEM_HISTORY_PARAMETERS),
    "search-type": _Said("Search", "Search in a type", "Bundle", (*LISTED, *_RESULT)),
    "search-system": _Said(
        "Search", "Search in several types", "Bundle", (TYPE, *LISTED, *_RESULT)
    ),
    "create": _Said(
        "Write", "Create", "Resource", ("If-None-Exist", "Prefer-return"), creates=True
    ),
    "update": _Said("Write", "Update", "Resource", ("If-Match", "Prefer-return"), creates=True),
    "patch": _Said("Write", "Change a part", "Resource", ("If-Match", "Prefer-return")),
    "delete": _Said("Write", "Delete", "", ("If-Match", "Prefer-return")),
    "transaction": _Said("Bundles", "Transaction or batch", "Bundle", ("Prefer-return",)),
    OPERATION: _Said("Operations", "Operation", "Result"),
}
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_JOBS: Final = "_job"


def operation_of(row: Row, catalogue: Catalogue, type_name: str | None = None) -> Json:
    """The operation; with a type, as it is on that type alone."""
    said = _SAID[row.code]
    described: Json = {
        "operationId": _operation_id(row, type_name),
        "tags": [said.tag],
        "summary": _summary(row, said, type_name),
        "parameters": _parameters(row, said, catalogue, type_name),
        "responses": _responses(row, said),
    }
    if body := request_body(row):
        described["requestBody"] = body
    return described


def _operation_id(row: Row, type_name: str | None) -> str:
    words = re.findall(r"\w+", row.path.replace("*", "all"))
    if type_name is not None:
        words = [type_name]
    return "_".join([row.method.lower(), *words]) if words else f"{row.method.lower()}_system"


def _summary(row: Row, said: _Said, type_name: str | None) -> str:
    if row.code == OPERATION:
        if row.shape[0] == _JOBS:
            return "How far a long operation is" if row.method == "GET" else "Give it up"
        return row.shape[-1]
    if row.code == "search-type" and type_name is not None:
        return f"Search in {type_name}"
    if row.code.startswith("search") and "{id}" in row.shape:
        return f"{said.summary}, within the compartment of one {row.shape[0]}"
    if _is_conditional(row):
        return f"{said.summary} what the criteria select"
    return said.summary


def _is_conditional(row: Row) -> bool:
    """R4 3.1.0.4.3, 3.1.0.7.1: the criteria stand where the id would."""
    return row.method in ("PUT", "PATCH", "DELETE") and row.shape == ("{type}",)


def _parameters(row: Row, said: _Said, catalogue: Catalogue, type_name: str | None) -> list[Json]:
    names = [name for name in _PLACEHOLDER.findall(row.path) if type_name is None or name != "type"]
    found = shared(*names)
    if row.code == OPERATION:
        return [*found, *_of_operation(row), *shared("_format", "_pretty")]
    if row.code.startswith("search") and row.method == "POST":
        # What narrows the search stands in the form, where no log of addresses shows it.
        return [*found, *shared("Prefer-handling", "_format", "_pretty")]
    if row.code == "search-type" and type_name is not None:
        found += includes(catalogue, type_name)
        found += search_parameters(catalogue, type_name)
        kept = [name for name in said.parameters if name not in ("_include", "_revinclude")]
        return distinct([*found, *shared(*kept, "_format", "_pretty")])
    found += shared(*said.parameters, "_format", "_pretty")
    if row.code.startswith("search") or _is_conditional(row):
        found += shared("criteria")
    return found


def _of_operation(row: Row) -> list[Json]:
    if row.method != "GET":
        return []
    for operation in OPERATIONS:
        definition = operation.definition
        of_type = definition.for_every_type or row.type_name in ("", *definition.types)
        if f"${definition.code}" == row.shape[-1] and of_type:
            more = shared("criteria") if operation.searches else []
            more += shared("_summary", "_elements") if operation.pages else []
            return [*operation_parameters(operation), *more]
    return []


def _responses(row: Row, said: _Said) -> dict[str, Json]:
    done: dict[str, Json] = {}
    if said.content:
        done["200"] = answer("Done.", said.content)
    else:
        done["204"] = {"description": "Done; there is nothing to send."}
        done["200"] = answer("Done, where an OperationOutcome is preferred.", "OperationOutcome")
    if said.creates:
        done["201"] = answer("Created; `Location` says where.", said.content)
    if row.native and row.body is Body.NONE:
        done["200"] = {**done["200"], "content": {**done["200"]["content"], **NATIVE}}
        done["206"] = {"description": "Of a Binary, the part that `Range` asks for."}
        done["206"]["content"] = NATIVE
    if row.code in ("read", "vread"):
        done["304"] = {"description": "It is as the caller knows it."}
    if row.code == OPERATION:
        done["202"] = {"description": "Begun; `Content-Location` or this address tells how far."}
    return {**done, **refused(_refusals(row))}


def _refusals(row: Row) -> list[int]:
    statuses = {400, 401, 403, 404, 406, 414, 422, 503}
    if row.body is not Body.NONE:
        statuses |= {413, 415}
    if row.method in ("PUT", "PATCH", "DELETE") or row.code in ("create", "transaction"):
        statuses |= {409, 412}
    if row.path.startswith("/{type}/{id}"):
        statuses.add(410)
    if row.native and row.body is Body.NONE:
        statuses.add(416)
    return sorted(statuses)
