"""Which form of documents a store holds, and whether this program may work on it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

NUMBER: Final = 1
"""Rises when stored truth changes its form; derived fields are told apart by the hash."""

DOCUMENT_ID: Final = "schema"


_DERIVING: Final = (
    "resources",
    "resources.definitions",
    "resources.access_table",
    "resources.ucum",
    "fhir_server.search",
    "fhir_server.search.types",
)


class StoreRefused(Exception):
    """This program must not work on that MongoDB; the message says why, in one sentence."""


@cache
def tables_hash() -> str:
    """What the derived fields depend on: the compiled definitions and the code around them."""
    digest = sha256()
    for package in _DERIVING:
        for entry in sorted(files(package).iterdir(), key=lambda found: found.name):
            if entry.name.endswith((".gz", ".py")):
                digest.update(entry.name.encode())
                digest.update(entry.read_bytes())
    own = files("resources.definitions").joinpath("own")
    for entry in sorted(own.iterdir(), key=lambda found: found.name):
        if entry.name.startswith("SearchParameter-"):
            digest.update(entry.read_bytes())
    return digest.hexdigest()


def current() -> dict[str, object]:
    """What this program writes down about a store that it has (re)indexed."""
    return {"number": NUMBER, "tables": tables_hash()}


def check(recorded: Mapping[str, Any]) -> str | None:
    """Why the store wants a `reindex`, or None. Raises `StoreRefused` for a newer store."""
    number = recorded["number"]
    if number > NUMBER:
        raise StoreRefused(
            f"The store has schema {number}, and this version knows schemas up to {NUMBER}; "
            "use the version that wrote it, or a newer one."
        )
    if number < NUMBER:
        return f"The store has schema {number}, older than {NUMBER}; run `fhir-server reindex`."
    if recorded["tables"] != tables_hash():
        return (
            "The rules of search have changed since the store was indexed; "
            "run `fhir-server reindex`, or some searches miss what is there."
        )
    return None
