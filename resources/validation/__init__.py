"""Validation of a resource against FHIR R4 itself (`validation.html`), without profiles.

Structure, cardinality, types, real dates, bindings, reference targets, contained resources,
narratives, and the invariants listed in `invariants`. `docs/validation.md` says what is checked.
"""

from __future__ import annotations

from contextlib import suppress

from resources.fhir_json import Resource
from resources.validation.problem import EnoughProblems, Problem, Run
from resources.validation.structure import walk_resource

__all__ = ["Problem", "validate"]


def validate(resource: Resource, *, warnings: bool = False) -> list[Problem]:
    """Everything that is wrong with a resource, up to a hundred problems, and what is doubtful
    where `warnings` are asked for, up to a hundred more.

    In place, an `int` at an element of type decimal becomes a `Decimal`, so that a decimal has
    one form wherever it is kept. Any JSON object may be given; none makes this raise.
    """
    run = Run(resource, advises=warnings)
    name = resource.get("resourceType")
    with suppress(EnoughProblems):
        walk_resource(resource, name if isinstance(name, str) else "Resource", run)
    return run.problems + run.warnings
