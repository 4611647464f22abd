"""Operations (R4 `operations.html`): each an OperationDefinition, a module, and a line below."""

from __future__ import annotations

from typing import Final

from fhir_server.interactions.operations.explain import explain
from fhir_server.interactions.operations.operation import Operation, rows
from fhir_server.interactions.operations.reindex import reindex
from fhir_server.interactions.operations.versions import versions
from resources.operations import operation_definitions

_DEFINED: Final = operation_definitions()

OPERATIONS: Final = (
    Operation(_DEFINED["CapabilityStatement-versions"], versions),
    Operation(_DEFINED["explain"], explain, searches=True),
    Operation(_DEFINED["reindex"], reindex),
)
"""Routes, the CapabilityStatement's entries and the rows of the access matrix derive from this."""

OPERATION_ROWS: Final = tuple(row for operation in OPERATIONS for row in rows(operation))
