"""transaction and batch (R4 `http.html#transaction`)."""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.interactions.bundle.batch import process_batch
from fhir_server.interactions.bundle.entries import parse_entries, readable
from fhir_server.interactions.bundle.transaction import process_transaction
from fhir_server.interactions.call import Call
from fhir_server.interactions.reply import Reply
from fhir_server.interactions.row import Row
from fhir_server.outcome import Category, error

__all__ = ["process_bundle"]


async def process_bundle(call: Call, rows: Sequence[Row]) -> Reply:
    """Process a Bundle of type transaction or batch; any other type is refused."""
    call.without_parameters()
    bundle = call.resource()
    if bundle.get("resourceType") != "Bundle":
        raise error(
            Category.INVALID, "The base takes a Bundle; a single resource goes to its type."
        )
    kind = bundle.get("type")
    if kind not in ("transaction", "batch"):
        raise error(
            Category.INVALID,
            f"A Bundle of type transaction or batch is processed here, not of type {kind!r:.60}.",
            "Bundle.type",
        )
    parsed = parse_entries(bundle, call.service)
    if kind == "batch":
        return await process_batch(call, parsed, rows)
    return await process_transaction(call, readable(parsed), rows)
