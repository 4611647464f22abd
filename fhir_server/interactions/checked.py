"""A resource is checked before it may be written; all problems are told at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from fhir_server.outcome import Category, FhirError, Issue, Severity, error
from fhir_server.search.additional import is_active, read_parameter
from resources.fhir_json import Resource
from resources.references import Link, parse_reference, references
from resources.registry import REGISTRY
from resources.validation import Problem, validate


def checked(resource: Resource, type_name: str) -> Resource:
    """The resource, valid R4 of this type, which keeps the rules of this server as well."""
    valid(resource, type_name)
    if type_name == "SearchParameter":
        _check_definition(resource)
    return resource


def valid(resource: Resource, type_name: str) -> Resource:
    """The resource, valid R4 of this type. Raises INVALID with every problem found.

    `validate` brings what has several spellings into the one form that is stored, in place.
    """
    declared = resource.get("resourceType")
    if declared != type_name:
        said = f"is {declared!r:.80}" if "resourceType" in resource else "is missing"
        raise error(
            Category.INVALID,
            f"This is an address of {type_name}, but the body's resourceType {said}.",
            "resourceType",
        )
    raise_problems(validate(resource))
    return resource


def _check_definition(resource: Resource) -> None:
    """A SearchParameter that is active has to be one that can be searched by after a `$reindex`.

    As a draft it is a document like any other; so is a copy of a standard one.
    """
    if is_active(resource) and resource["url"] not in REGISTRY.search_parameters:
        read_parameter(resource)


def with_local_references(resource: Resource, base_url: str) -> None:
    """Write references to this server's own resources relative, in place, as HAPI does.

    So there is one form to search and to judge access by, and a server may move.
    """
    localise(references(resource), base_url)


def localise(links: Iterable[Link], base_url: str) -> None:
    """The same for references that were found already."""
    prefix = f"{base_url}/"
    for link in links:
        if link.text.startswith(prefix) and parse_reference(link.text).is_local(base_url):
            link.replace(link.text.removeprefix(prefix))


def raise_problems(problems: Sequence[Problem]) -> None:
    """INVALID with all of the problems, if one of them is an error."""
    if any(problem.severity in ("error", "fatal") for problem in problems):
        issues = tuple(
            Issue(cast(Severity, problem.severity), problem.code, problem.message, problem.path)
            for problem in problems
        )
        raise FhirError(Category.INVALID, issues)


def without_server_elements(resource: Resource) -> Resource:
    """The resource without what the server sets: `id`, `meta.versionId`, `meta.lastUpdated`.

    R4 `http.html#create`: "If an id is provided, the server SHALL ignore it."
    """
    kept = {name: value for name, value in resource.items() if name != "id"}
    meta = kept.get("meta")
    if isinstance(meta, dict):
        own = {
            name: value
            for name, value in cast(Resource, meta).items()
            if name.lstrip("_") not in ("versionId", "lastUpdated")
        }
        if own:
            kept["meta"] = own
        else:
            del kept["meta"]
    return kept
