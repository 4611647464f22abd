"""The entries of a transaction or batch as frozen values (R4 `bundle.html`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final, cast
from urllib.parse import unquote

from fhir_server.interactions.call import Conditions, Service
from fhir_server.interactions.checked import raise_problems
from fhir_server.interactions.queries import query_pairs
from fhir_server.outcome import Category, FhirError, Issue, error
from resources.fhir_json import Resource
from resources.validation import validate

_METHODS: Final = ("DELETE", "POST", "PUT", "PATCH", "GET", "HEAD")
"""In processing order (R4 3.1.0.11.2)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One `Bundle.entry` with its request taken apart."""

    index: int
    method: str
    segments: tuple[str, ...]
    """Of the address below the base."""
    parameters: tuple[tuple[str, str], ...]
    query: str
    full_url: str | None
    resource: Resource | None
    conditions: Conditions

    @property
    def is_conditional(self) -> bool:
        """Whether it names what it writes by criteria in its address."""
        return bool(self.query) and self.method in ("PUT", "PATCH", "DELETE")

    @property
    def criteria(self) -> str | None:
        """By which it finds what it is about, if it does so."""
        if self.method == "POST":
            return self.conditions.if_none_exist
        return self.query if self.is_conditional else None

    @property
    def asks(self) -> bool:
        """Whether it has something looked for, rather than written as it comes."""
        return self.method in ("GET", "HEAD") or self.is_operation or self.criteria is not None

    @property
    def path(self) -> str:
        """Where the entry stands, for an outcome's expression."""
        return f"Bundle.entry[{self.index}]"

    @property
    def type_name(self) -> str:
        return self.segments[0] if self.segments else ""

    @property
    def is_operation(self) -> bool:
        return _asks_operation(self.segments)

    @property
    def rank(self) -> int:
        """Position of the method in the order of processing."""
        return _METHODS.index(self.method)


def parse_entries(bundle: Resource, service: Service) -> list[Entry | FhirError]:
    """All entries; in the place of one that asks for nothing that can be done, what is wrong.

    Raises INVALID where the envelope is not R4, TOO_COSTLY for too many.
    """
    raw = bundle.get("entry", [])
    if isinstance(raw, list) and len(cast(list[Any], raw)) > service.max_entries:
        raise error(
            Category.TOO_COSTLY,
            f"A bundle may have {service.max_entries} entries here; split this one.",
            "Bundle.entry",
        )
    _check_envelope(bundle)
    return [_read(index, item, service) for index, item in enumerate(cast(list[Resource], raw))]


def readable(parsed: Sequence[Entry | FhirError]) -> list[Entry]:
    """All of them. Raises what is wrong with the first that asks for nothing that can be done."""
    entries: list[Entry] = []
    for each in parsed:
        if isinstance(each, FhirError):
            raise each
        entries.append(each)
    return entries


def _check_envelope(bundle: Resource) -> None:
    """Everything of the bundle but the resources in it, which are judged entry by entry."""
    envelope = dict(bundle)
    items = bundle.get("entry")
    if isinstance(items, list):
        envelope["entry"] = [
            {name: value for name, value in cast(Resource, item).items() if name != "resource"}
            if isinstance(item, dict)
            else item
            for item in cast(list[Any], items)
        ]
    raise_problems(validate(envelope))


def _read(index: int, item: Resource, service: Service) -> Entry | FhirError:
    try:
        return _entry(index, item, service)
    except FhirError as problem:
        return problem


def _entry(index: int, item: Resource, service: Service) -> Entry:
    request: Resource = item.get("request") or {}
    method = cast(str, request.get("method", ""))
    place = f"Bundle.entry[{index}].request"
    if method not in _METHODS:
        raise error(
            Category.NOT_SUPPORTED,
            f"The method {method!r} is not offered in a bundle; {', '.join(_METHODS)} are.",
            f"{place}.method",
        )
    url = cast(str, request.get("url", ""))
    if len(url) > service.max_url:
        raise error(
            Category.URL_TOO_LONG,
            f"The address is longer than the {service.max_url} bytes that are taken.",
            f"{place}.url",
        )
    address, _, query = url.partition("?")
    segments = _segments(address, service.base_url)
    resource = item.get("resource")
    needs = method == "PUT" or (method == "POST" and not _asks_operation(segments))
    if needs and not isinstance(resource, dict):
        raise error(
            Category.INVALID, f"A {method} needs a resource.", f"Bundle.entry[{index}].resource"
        )
    return Entry(
        index=index,
        method=method,
        segments=segments,
        parameters=query_pairs(query, service.max_parameters, f"{place}.url"),
        query=query,
        full_url=item.get("fullUrl"),
        resource=cast("Resource | None", resource),
        conditions=Conditions(
            if_match=request.get("ifMatch"),
            if_none_match=request.get("ifNoneMatch"),
            if_modified_since=_http_date(request.get("ifModifiedSince")),
            if_none_exist=request.get("ifNoneExist"),
        ),
    )


def _http_date(instant: str | None) -> str | None:
    """As the header has it: an entry says it as an instant (R4 `bundle.html`)."""
    try:
        moment = None if instant is None else datetime.fromisoformat(instant).astimezone(UTC)
    except (ValueError, OverflowError):  # a leap second, the edge of time: as if not said
        return None
    return None if moment is None else format_datetime(moment, usegmt=True)


def _asks_operation(segments: tuple[str, ...]) -> bool:
    return bool(segments) and segments[-1].startswith("$")


def _segments(address: str, base_url: str) -> tuple[str, ...]:
    """`Patient/1`, `/Patient/1` and the absolute form are the same address."""
    relative = (f"{address}/").removeprefix(f"{base_url}/").strip("/")
    return tuple(unquote(part) for part in relative.split("/")) if relative else ()


def at_entry(problem: FhirError, entry: Entry) -> FhirError:
    """The same problem, told of the entry: expressions begin with `Bundle.entry[i]`."""
    issues = tuple(issue_at_entry(issue, entry) for issue in problem.issues)
    return FhirError(problem.category, issues, problem.headers, problem.reason)


def issue_at_entry(issue: Issue, entry: Entry) -> Issue:
    """One issue of it."""
    return replace(issue, expression=_below(entry, issue.expression))


def _below(entry: Entry, expression: str | None) -> str:
    if expression is None:
        return entry.path
    if expression.startswith("Bundle.entry["):
        return expression
    _, _, rest = expression.partition(".")
    return f"{entry.path}.resource.{rest}" if rest else f"{entry.path}.resource"
