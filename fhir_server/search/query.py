"""What a search asks for, read from its parameters (R4 `search.html` section 3.1.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from fhir_server.outcome import Category, FhirError, Issue, error
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.criteria import UnknownParameter, criterion, parse_criteria
from fhir_server.search.expression import Expression, conjunction
from resources.registry import REGISTRY

__all__ = ["Include", "SearchQuery", "SortKey", "parse_criteria", "parse_search"]


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
    compartment: str = ""
    """`Patient/123`, where `where` holds to that compartment: who has to be within reach, and what
    pages are bound to."""


RESULT_PARAMETERS: Final = ("_count", "_sort", "_total", "_include", "_revinclude", "_contained")
TRANSPORT: Final = frozenset(("_format", "_pretty"))
"""Of every interaction; the HTTP layer reads them."""
TOTALS: Final = ("none", "estimate", "accurate")


def parse_search(
    catalogue: Catalogue,
    type_name: str,
    parameters: Sequence[tuple[str, str]],
    *,
    strict: bool,
    default_count: int,
    max_count: int,
) -> SearchQuery:
    """Reads the (name, value) pairs of a search.

    What is unknown, not supported or empty is an error; under lenient handling it is left out
    with a warning. A bad value or modifier is an error in either case (R4 3.1.1.3, 3.1.1.4.1).
    """
    reading = _Reading(catalogue, type_name, strict, max_count)
    for name, value in parameters:
        if name not in TRANSPORT:
            reading.take(name, value)
    return reading.query(default_count)


class _Reading:
    """A query while its parameters are read."""

    def __init__(self, catalogue: Catalogue, type_name: str, strict: bool, max_count: int) -> None:
        self.catalogue, self.type_name = catalogue, type_name
        self.strict, self.max_count = strict, max_count
        self.where: list[Expression] = []
        self.sort: list[SortKey] = []
        self.count: int | None = None
        self.total: str | None = None
        self.includes: list[Include] = []
        self.revincludes: list[Include] = []
        self.applied: list[tuple[str, str]] = []
        self.warnings: list[Issue] = []

    def take(self, name: str, value: str) -> None:
        try:
            self._read(name, value)
        except UnknownParameter as unknown:
            if self.strict:
                raise unknown.trouble from None
            text = f"{unknown} It was left out of this search."
            self.warnings.append(Issue("warning", unknown.trouble.category.code, text))
        else:
            self.applied.append((name, value))

    def _read(self, name: str, value: str) -> None:
        if not value:
            raise UnknownParameter(error(Category.INVALID, f"{name} has no value."))
        if name.partition(":")[0] in RESULT_PARAMETERS:
            self._result(name, value)
        else:
            self.where.append(criterion(self.catalogue, self.type_name, name, value))

    def query(self, default_count: int) -> SearchQuery:
        return SearchQuery(
            type_name=self.type_name,
            where=conjunction(*self.where),
            sort=tuple(self.sort),
            count=min(default_count if self.count is None else self.count, self.max_count),
            total=self.total,
            includes=tuple(self.includes),
            revincludes=tuple(self.revincludes),
            applied=tuple(self.applied),
            warnings=tuple(self.warnings),
        )

    def _result(self, name: str, value: str) -> None:
        match name:
            case "_count":
                self._once(name, self.count)
                self.count = _count(value)
            case "_total":
                self._once(name, self.total)
                self.total = _total(value)
            case "_sort":
                self._once(name, self.sort or None)
                self.sort = [
                    _sort_key(self.catalogue, self.type_name, rule) for rule in value.split(",")
                ]
            case "_include" | "_include:iterate":
                self.includes.append(_include(self.catalogue, self.type_name, name, value))
            case "_revinclude" | "_revinclude:iterate":
                self.revincludes.append(_revinclude(self.catalogue, self.type_name, name, value))
            case "_contained":
                _contained(value)
            case "_include:recurse" | "_revinclude:recurse":
                text = f"{name} was renamed before R4: it is {name.partition(':')[0]}:iterate."
                raise error(Category.NOT_SUPPORTED, text)
            case _:
                raise error(Category.NOT_SUPPORTED, f"{name}: the modifier is not supported.")

    def _once(self, name: str, known: object) -> None:
        if known is not None:
            raise error(Category.INVALID, f"{name} is given twice.")


def _count(value: str) -> int:
    if not value.isascii() or not value.isdigit():
        raise error(Category.INVALID, f"_count={value}: it is a number, 0 or more.")
    return int(value) if len(value) < 10 else 10**9


def _total(value: str) -> str:
    if value not in TOTALS:
        raise error(Category.INVALID, f"_total={value}: it is one of {', '.join(TOTALS)}.")
    return value


def _contained(value: str) -> None:
    """Contained resources are never matches themselves, which is the default (R4 3.1.1.5.5)."""
    if value in ("true", "both"):
        text = f"_contained={value} is not supported: only whole resources are matches."
        raise error(Category.NOT_SUPPORTED, text)
    if value != "false":
        raise error(Category.INVALID, f"_contained={value}: it is false, true or both.")


def _sort_key(catalogue: Catalogue, type_name: str, rule: str) -> SortKey:
    """A parameter, with a `-` in front for descending (R4 3.1.1.5.1)."""
    name = rule.removeprefix("-")
    field = catalogue.fields(type_name).get(name)
    if field is None or not field.sortable:
        known = [each.name for each in catalogue.fields(type_name).values() if each.sortable]
        near = get_close_matches(name, known, n=3) or known
        text = f"_sort={rule}: {type_name} is not sorted by {name!r}, but by {', '.join(near)}."
        raise error(Category.INVALID, text)
    return SortKey(name, rule.startswith("-"))


def _include(catalogue: Catalogue, type_name: str, name: str, value: str) -> Include:
    """`Observation:subject`, `Observation:subject:Patient`, `Observation:*` or `*` (R4 3.1.1.5.4).

    With `:iterate` it may begin at any type, as it is followed from what was included too.
    """
    found = _parts(name, value)
    source = found.source
    if source != "*":
        if source in REGISTRY.endpoints and not found.iterate and source != type_name:
            raise _not_followed(name, value, catalogue.includes(type_name))
        known = catalogue.includes(source) if _known(source) else ()
        _check_way(name, value, found, known)
    _check_target(catalogue, name, value, found)
    return found


def _revinclude(catalogue: Catalogue, type_name: str, name: str, value: str) -> Include:
    """`Provenance:target`, `Provenance:*` or `*`: what refers to the matches (R4 3.1.1.5.4)."""
    found = _parts(name, value)
    if found.source != "*":
        known = catalogue.revincludes(type_name)
        if found.iterate and _known(found.source):
            known = catalogue.includes(found.source)
        _check_way(name, value, found, known)
    _check_target(catalogue, name, value, found)
    if found.target not in (None, type_name) and not found.iterate:
        text = f"{name}={value}: what it refers to is {type_name} in this search."
        raise error(Category.INVALID, text)
    return found


def _parts(name: str, value: str) -> Include:
    """Source, parameter and type of the target; `*` alone is any of any."""
    iterate = name.endswith(":iterate")
    if value == "*":
        return Include("*", "*", None, iterate)
    source, parameter, target = (*value.split(":"), "", "")[:3]
    if value.count(":") > 2 or source == "*" or value.endswith(":"):
        text = f"{name}={value}: it is written Type:parameter, Type:parameter:Target, Type:* or *."
        raise error(Category.INVALID, text)
    return Include(source, parameter, target or None, iterate)


def _known(source: str) -> bool:
    return source in REGISTRY.endpoints


def _check_way(name: str, value: str, found: Include, known: tuple[str, ...]) -> None:
    way = f"{found.source}:{found.parameter}"
    if way in known:
        return
    if found.parameter != "*" or not any(one.startswith(f"{found.source}:") for one in known):
        raise _not_followed(name, value, known)


def _not_followed(name: str, value: str, known: tuple[str, ...]) -> FhirError:
    near = get_close_matches(":".join(value.split(":")[:2]), known, n=3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return error(Category.INVALID, f"{name}={value}: not a reference to follow here.{hint}")


def _check_target(catalogue: Catalogue, name: str, value: str, found: Include) -> None:
    if found.target is None:
        return
    if found.parameter == "*":
        if _known(found.target):
            return
        raise error(Category.INVALID, f"{name}={value}: {found.target!r:.60} is no resource type.")
    targets = catalogue.fields(found.source)[found.parameter].targets
    if found.target not in targets:
        text = f"{name}={value}: {found.parameter} refers to {', '.join(targets)}."
        raise error(Category.INVALID, text)
