"""search on a type, by GET and by POST (R4 `http.html#search`, `search.html` section 3.1.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from fhir_server.interactions.call import Call
from fhir_server.interactions.pages import bundle, outcome_entry, search_entries
from fhir_server.interactions.reply import Reply
from fhir_server.interactions.subset import Subset, split_subset
from fhir_server.outcome import Issue
from fhir_server.search.query import SearchQuery, parse_search
from fhir_server.store.paging import SearchPage

PAGE_PARAMETER = "_page"
"""Carries the opaque position of a page; it is bound to the query and to the caller."""

_COUNTING: Final = (("_count", "0"), ("_total", "accurate"))
"""What `_summary=count` comes to."""
_SAFE: Final = ":,|/$"
"""Legible in a link as they are (RFC 3986, "Query")."""
_PLAIN: Final = re.compile(rf"[\w.~{_SAFE}-]*", re.ASCII)


async def search_type(call: Call) -> Reply:
    """A searchset of one page, with links to the pages beside it."""
    query, subset = read_query(call)
    page = await call.store.search(query, cursor=position_of(call))
    return answer(call, query, page, subset, call.type_name)


def read_query(call: Call) -> tuple[SearchQuery, Subset]:
    """What the parameters ask of the type, and how much of each resource."""
    service = call.service
    filters, subset = read_subset(call, (call.type_name,))
    query = parse_search(
        call.store.catalogue,
        call.type_name,
        filters,
        strict=call.strict,
        default_count=service.default_count,
        max_count=service.max_count,
    )
    return with_subset(query, subset), subset


def read_subset(call: Call, types: Sequence[str]) -> tuple[list[tuple[str, str]], Subset]:
    """The parameters that are left to be read, and how much of each resource is wanted."""
    parameters, subset = split_subset(types, call.parameters)
    filters = [pair for pair in parameters if pair[0] != PAGE_PARAMETER]
    if subset.count_only:
        # R4 3.1.1.5.8: "just return a count of the matching resources".
        filters = [pair for pair in filters if pair[0] not in ("_count", "_total")]
        filters += _COUNTING
    return filters, subset


def with_subset(query: SearchQuery, subset: Subset) -> SearchQuery:
    """The query with what `_summary` and `_elements` add to the self link; a count says by itself
    that no entries and the total are asked for."""
    if not subset.applied:
        return query
    applied = query.applied
    if subset.count_only:
        applied = tuple(pair for pair in applied if pair not in _COUNTING)
    return replace(query, applied=(*applied, *subset.applied))


def position_of(call: Call) -> str | None:
    """The position of the page that was asked for; None of the first."""
    return next((value for name, value in call.parameters if name == PAGE_PARAMETER), None)


def answer(call: Call, query: SearchQuery, page: SearchPage, subset: Subset, address: str) -> Reply:
    """The page as a searchset, of the search at this address below the base."""
    base_url, position = call.service.base_url, position_of(call)
    entries = search_entries(base_url, page.matches, "match", subset)
    entries += search_entries(base_url, page.included, "include", subset)
    issues = [*query.warnings, *_cut(page)]
    if issues:
        entries.append(outcome_entry(issues))
    place = f"{base_url}/{address}" if address else base_url
    links = _links(place, query, page, position)
    total = _total(query, page, position)
    return Reply(200, bundle("searchset", links, entries, total, page.until))


def _total(query: SearchQuery, page: SearchPage, position: str | None) -> int | None:
    """The total that was asked for, or the one that a single page shows anyway."""
    if page.total is None and position is None and page.next_cursor is None and query.count:
        return len(page.matches) if query.total != "none" else None
    return page.total


def _cut(page: SearchPage) -> list[Issue]:
    if not page.capped:
        return []
    text = (
        "This search includes more resources than one answer carries; the rest was left out. "
        "Ask for fewer matches a page, or read what the matches refer to."
    )
    return [Issue("warning", "incomplete", text)]


def _links(
    base: str, query: SearchQuery, page: SearchPage, position: str | None
) -> list[tuple[str, str]]:
    """`self` shows what was applied (R4 3.1.1.4.1); the others add a position."""
    applied = query_string(query)

    def link(position: str | None) -> str:
        parts = [applied] if applied else []
        if position is not None:
            parts.append(f"{PAGE_PARAMETER}={_encoded(position)}")
        return f"{base}?{'&'.join(parts)}" if parts else base

    links = [("self", link(position))]
    if page.next_cursor is not None:
        links.append(("next", link(page.next_cursor)))
    if page.previous_cursor is not None:
        links.append(("previous", link(page.previous_cursor)))
    return links


def query_string(query: SearchQuery) -> str:
    """What was applied, as in an address."""
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in query.applied)


def _encoded(text: str) -> str:
    """Percent-encoded where there is anything to encode, which costs more than to look."""
    return text if _PLAIN.fullmatch(text) else quote(text, safe=_SAFE)
