"""Deciding a query for resources in memory: parse, index, match."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_plus

from fhir_server.search.catalogue import Catalogue
from fhir_server.search.indexing import index_entry
from fhir_server.search.matching import matches
from fhir_server.search.query import SearchQuery, parse_search
from resources.access_table import members

BASE = "http://localhost/fhir"
CATALOGUE = Catalogue(BASE)
Resource = dict[str, Any]


def parsed(search: str, *, strict: bool = True) -> SearchQuery:
    """`Observation?code=a&_count=3`, percent-encoded like a URL."""
    type_name, _, rest = search.partition("?")
    pairs: list[tuple[str, str]] = []
    for pair in rest.split("&") if rest else ():
        name, _, value = pair.partition("=")
        pairs.append((unquote_plus(name), unquote_plus(value)))
    return parse_search(CATALOGUE, type_name, pairs, strict=strict, default_count=50, max_count=100)


def found(search: str, resources: Iterable[Resource]) -> str:
    """The ids of the matches, in order, as one string."""
    query = parsed(search)
    entries = (
        index_entry(CATALOGUE, each, members(each))
        for each in resources
        if each["resourceType"] == query.type_name
    )
    return " ".join(sorted(entry.logical_id for entry in entries if matches(query.where, entry)))
