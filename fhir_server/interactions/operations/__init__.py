"""Operations (R4 `operations.html`): each an OperationDefinition, a module, and a line below."""

from __future__ import annotations

from typing import Final

from fhir_server.interactions.operations.everything import everything
from fhir_server.interactions.operations.explain import explain
from fhir_server.interactions.operations.lastn import lastn
from fhir_server.interactions.operations.match import match
from fhir_server.interactions.operations.meta import meta, meta_add, meta_delete
from fhir_server.interactions.operations.operation import Operation, rows
from fhir_server.interactions.operations.reindex import reindex
from fhir_server.interactions.operations.stats import stats
from fhir_server.interactions.operations.validate import validate
from fhir_server.interactions.operations.versions import versions
from resources.operations import Level, operation_definitions

_DEFINED: Final = operation_definitions()

OPERATIONS: Final = (
    Operation(_DEFINED["CapabilityStatement-versions"], versions),
    Operation(_DEFINED["Encounter-everything"], everything, pages=True),
    # Of the type it would be all records that one reaches: R4 lets a server leave that to exports.
    Operation(
        _DEFINED["Patient-everything"], everything, pages=True, only=frozenset({Level.INSTANCE})
    ),
    Operation(_DEFINED["explain"], explain, searches=True),
    Operation(_DEFINED["Observation-lastn"], lastn, searches=True),
    Operation(_DEFINED["Observation-stats"], stats),
    Operation(_DEFINED["Patient-match"], match, judges="resource"),
    Operation(_DEFINED["reindex"], reindex),
    # Of a type or of all, R4 leaves it to the server: all labels in use would tell of others' data.
    Operation(_DEFINED["Resource-meta"], meta, only=frozenset({Level.INSTANCE}), of_versions=True),
    Operation(_DEFINED["Resource-meta-add"], meta_add),
    Operation(_DEFINED["Resource-meta-delete"], meta_delete),
    Operation(_DEFINED["Resource-validate"], validate, judges="resource"),
)
"""Routes, the CapabilityStatement's entries and the rows of the access matrix derive from this."""

OPERATION_ROWS: Final = tuple(row for operation in OPERATIONS for row in rows(operation))
