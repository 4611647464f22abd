"""One probe for each interaction of the table: it asks for every target and judges each answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from fhir_server.interactions.table import TABLE
from resources.registry import REGISTRY
from tests.matrix.probes.bundles import bundles
from tests.matrix.probes.compartments import INSIDE, in_compartment, throughout, throughout_by_post
from tests.matrix.probes.conditional import (
    conditional_delete,
    conditional_patch,
    conditional_update,
    patch,
)
from tests.matrix.probes.histories import history_of_system, history_of_type
from tests.matrix.probes.operations import (
    explain,
    jobs,
    labels,
    meta,
    meta_of_version,
    reindex,
    versions,
)
from tests.matrix.probes.probe import Probe
from tests.matrix.probes.reading import history, read, vread
from tests.matrix.probes.records import everything_of, lastn, match, stats
from tests.matrix.probes.searching import (
    search,
    search_by_post,
    search_everywhere,
    search_everywhere_by_post,
)
from tests.matrix.probes.validating import validate, validate_instance
from tests.matrix.probes.writing import create, delete, update


class OperationProbe(Protocol):
    async def __call__(self, probe: Probe, *, method: str) -> None: ...


OPERATION_PROBES: dict[str, OperationProbe] = {
    "/$reindex": partial(reindex, path="$reindex"),
    "/Encounter/{id}/$everything": partial(everything_of, name="Encounter"),
    "/Observation/$lastn": lastn,
    "/Observation/$stats": stats,
    "/Patient/$match": match,
    "/Patient/{id}/$everything": partial(everything_of, name="Patient"),
    "/$versions": versions,
    "/SearchParameter/{id}/$reindex": partial(reindex, path="SearchParameter/none/$reindex"),
    "/_job/{id}": jobs,
    "/{type}/$explain": explain,
    "/{type}/{id}/$meta": meta,
    "/{type}/{id}/_history/{version}/$meta": meta_of_version,
    "/{type}/{id}/$meta-add": partial(labels, name="$meta-add"),
    "/{type}/{id}/$meta-delete": partial(labels, name="$meta-delete"),
    "/{type}/$validate": validate,
    "/{type}/{id}/$validate": validate_instance,
}
"""By path of the row; each is asked by all the methods that the row has."""

PROBES: dict[tuple[str, str, str], Callable[[Probe], Awaitable[None]]] = {
    ("read", "GET", "/{type}/{id}"): read,
    ("vread", "GET", "/{type}/{id}/_history/{version}"): vread,
    ("history-instance", "GET", "/{type}/{id}/_history"): history,
    ("history-type", "GET", "/{type}/_history"): history_of_type,
    ("history-system", "GET", "/_history"): history_of_system,
    ("search-type", "GET", "/{type}"): search,
    ("search-type", "POST", "/{type}/_search"): search_by_post,
    **{
        ("search-type", "GET", f"/{name}/{{id}}/{{type}}"): in_compartment(name)
        for name, _ in INSIDE
    },
    **{
        ("search-type", "POST", f"/{name}/{{id}}/{{type}}/_search"): in_compartment(
            name, by_post=True
        )
        for name, _ in INSIDE
    },
    ("search-system", "GET", ""): search_everywhere,
    ("search-system", "POST", "/_search"): search_everywhere_by_post,
    **{
        ("search-system", "GET", f"/{name}/{{id}}/*"): throughout(name)
        for name in REGISTRY.compartments
    },
    **{
        ("search-system", "POST", f"/{name}/{{id}}/*/_search"): throughout_by_post(name)
        for name in REGISTRY.compartments
    },
    ("create", "POST", "/{type}"): create,
    ("update", "PUT", "/{type}/{id}"): update,
    ("delete", "DELETE", "/{type}/{id}"): delete,
    ("patch", "PATCH", "/{type}/{id}"): patch,
    ("patch", "PATCH", "/{type}"): conditional_patch,
    ("update", "PUT", "/{type}"): conditional_update,
    ("delete", "DELETE", "/{type}"): conditional_delete,
    ("transaction", "POST", ""): bundles,
    **{
        (row.code, row.method, row.path): partial(OPERATION_PROBES[row.path], method=row.method)
        for row in TABLE
        if row.code == "operation" and row.path in OPERATION_PROBES
    },
}
"""By code, method and path of the row."""
