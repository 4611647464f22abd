"""Every interaction that this server has, once.

Routes, the entries of a batch, the CapabilityStatement and the access matrix of the tests derive
from this table.
"""

from __future__ import annotations

from typing import Final

from fhir_server.interactions.bundle import process_bundle
from fhir_server.interactions.call import Call
from fhir_server.interactions.compartment import search_compartment, search_whole_compartment
from fhir_server.interactions.conditional import (
    conditional_delete,
    conditional_patch,
    conditional_update,
)
from fhir_server.interactions.history import (
    history_instance,
    history_system,
    history_type,
)
from fhir_server.interactions.operations import OPERATION_ROWS
from fhir_server.interactions.operations.long import JOB_ROWS
from fhir_server.interactions.patch import patch
from fhir_server.interactions.read import read, vread
from fhir_server.interactions.reply import Reply
from fhir_server.interactions.row import Body, Row
from fhir_server.interactions.search import search_type
from fhir_server.interactions.system import search_system
from fhir_server.interactions.write import create, delete, update
from resources.registry import REGISTRY

ENTRY_ROWS: Final = (
    Row("read", "GET", ("{type}", "{id}"), read, native=True),
    Row("update", "PUT", ("{type}", "{id}"), update, Body.RESOURCE, native=True),
    Row("delete", "DELETE", ("{type}", "{id}"), delete),
    Row("search-type", "GET", ("{type}",), search_type),
    Row("create", "POST", ("{type}",), create, Body.RESOURCE, native=True),
    Row("patch", "PATCH", ("{type}", "{id}"), patch, Body.PATCH),
    Row("update", "PUT", ("{type}",), conditional_update, Body.RESOURCE, native=True),
    Row("patch", "PATCH", ("{type}",), conditional_patch, Body.PATCH),
    Row("delete", "DELETE", ("{type}",), conditional_delete),
    Row("history-instance", "GET", ("{type}", "{id}", "_history"), history_instance),
    Row("history-type", "GET", ("{type}", "_history"), history_type),
    Row("vread", "GET", ("{type}", "{id}", "_history", "{version}"), vread, native=True),
    *(
        Row("search-type", "GET", (name, "{id}", "{type}"), search_compartment(name))
        for name in REGISTRY.compartments
    ),
    *(
        Row("search-system", "GET", (name, "{id}", "*"), search_whole_compartment(name))
        for name in REGISTRY.compartments
    ),
    Row("search-system", "GET", (), search_system),
    Row("history-system", "GET", ("_history",), history_system),
)
"""What may also stand in a batch or transaction; the hot ones first: routes are tried in this
order."""


_BATCH_ROWS: Final = (*ENTRY_ROWS, *OPERATION_ROWS)


async def _process_bundle(call: Call) -> Reply:
    return await process_bundle(call, _BATCH_ROWS)


TABLE: Final = (
    *ENTRY_ROWS,
    Row("search-type", "POST", ("{type}", "_search"), search_type, Body.FORM),
    *(
        Row(
            "search-type",
            "POST",
            (name, "{id}", "{type}", "_search"),
            search_compartment(name),
            Body.FORM,
        )
        for name in REGISTRY.compartments
    ),
    *(
        Row(
            "search-system",
            "POST",
            (name, "{id}", "*", "_search"),
            search_whole_compartment(name),
            Body.FORM,
        )
        for name in REGISTRY.compartments
    ),
    Row("search-system", "POST", ("_search",), search_system, Body.FORM),
    Row("transaction", "POST", (), _process_bundle, Body.BUNDLE),
    *OPERATION_ROWS,
    *JOB_ROWS,
)
