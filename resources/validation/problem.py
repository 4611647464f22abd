"""A problem of a resource, and the run that collects them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from resources.fhir_json import Resource

MOST_PROBLEMS: Final = 100
"""Enough for a person to work on; more would only make an attack worth its while."""
MOST_HINTS: Final = 10
"""Problems that come with a guess at what was meant."""
DEEPEST: Final = 64
"""How deeply elements may nest. R4 sets no bound; the deepest published example has 13."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a resource."""

    path: str
    """FHIRPath of the element: `Patient.name[0].given[1]`."""
    code: str
    """Of the value set issue-type: structure, required, value, invariant, code-invalid …"""
    message: str
    severity: str = "error"


class EnoughProblems(Exception):
    """The report is full."""


class Run:
    """One validation: what was found so far, and which resource is being looked at."""

    __slots__ = (
        "advises",
        "bundled",
        "contained",
        "contained_in",
        "container",
        "depth",
        "problems",
        "resource",
        "warnings",
    )

    def __init__(self, resource: Resource, *, advises: bool = False) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.advises = advises
        """Whether warnings are looked for, which a write has no use for."""
        self.bundled = resource.get("resourceType") == "Bundle"
        """Whether references may be to a `fullUrl` beside them, of whatever form."""
        self.resource = resource
        """FHIRPath's `%resource`."""
        self.container = resource
        """FHIRPath's `%rootResource`: what holds a contained resource, else the resource."""
        self.depth = 0
        self.contained: dict[str, str | None] = {}
        """Id and type of what is contained in `contained_in`; see `linkage`."""
        self.contained_in: Resource | None = None

    def add(self, path: str, code: str, message: str) -> None:
        self.problems.append(Problem(path, code, message))
        if len(self.problems) >= MOST_PROBLEMS:
            raise EnoughProblems

    def advise(self, path: str, code: str, message: str) -> None:
        """A warning. There is room for as many again, so that none hides an error."""
        if len(self.warnings) < MOST_PROBLEMS:
            self.warnings.append(Problem(path, code, message, "warning"))
