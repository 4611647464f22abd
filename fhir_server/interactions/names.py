"""Telling a caller who misspelt a name which one was meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from fhir_server.outcome import Category, error
from resources.registry import REGISTRY

_ENDPOINTS: Final = frozenset(REGISTRY.endpoints)


def check_type(name: str) -> None:
    """404 for what is no resource type of R4 with an endpoint, naming the nearest ones."""
    if name in _ENDPOINTS:
        return
    near = get_close_matches(name, REGISTRY.endpoints, n=3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise error(Category.UNKNOWN_ROUTE, f"{name[:60]!r} is no resource type of FHIR R4.{hint}")
