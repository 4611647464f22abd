"""What a search asks for, read from its parameters (R4 `search.html` section 3.1.1)."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.outcome import Issue
from fhir_server.search.expression import Expression


@dataclass(frozen=True, slots=True)
class SortKey:
    """One rule of `_sort`."""

    parameter: str
    """`_id`, `_lastUpdated` or a search parameter."""
    descending: bool


@dataclass(frozen=True, slots=True)
class Include:
    """One `_include` or `_revinclude`, as given; `*` stands for any."""

    source: str
    parameter: str
    target: str | None
    iterate: bool = False


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A search, understood and checked."""

    type_name: str
    where: Expression
    sort: tuple[SortKey, ...] = ()
    count: int = 50
    total: str | None = None
    """`none`, `accurate` or `estimate`, as asked."""
    includes: tuple[Include, ...] = ()
    revincludes: tuple[Include, ...] = ()
    applied: tuple[tuple[str, str], ...] = ()
    """The parameters that counted, as given, for the self link."""
    warnings: tuple[Issue, ...] = ()
    """What was ignored under lenient handling."""
