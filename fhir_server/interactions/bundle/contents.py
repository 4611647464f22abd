"""The large contents of a bundle, which are put away before any of its entries is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fhir_server.access.context import Interaction
from fhir_server.interactions.bundle.entries import Entry
from fhir_server.interactions.call import Call
from resources.registry import REGISTRY

_WRITING: Final = {
    "POST": Interaction.CREATE,
    "PUT": Interaction.UPDATE,
    "PATCH": Interaction.UPDATE,
}


async def hold(call: Call, entries: Sequence[Entry]) -> None:
    """For a caller who may write some of it; without a scope for any, all entries fail anyway."""
    covers = call.store.access.covers
    if call.parcels and any(
        entry.method in _WRITING and covers(_WRITING[entry.method], entry.type_name)
        for entry in entries
        if REGISTRY.is_type(entry.type_name)
    ):
        await call.hold()
