"""The one error type, and the one table from its category to HTTP status and FHIR issue code.

Everything that goes wrong for a reason that the caller can act on is raised as a `FhirError`;
the HTTP layer turns it into an `OperationOutcome` (R4 `operationoutcome.html`,
`http.html#Status-Codes`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

Severity = Literal["fatal", "error", "warning", "information"]


class Category(Enum):
    """What kind of trouble it is: (HTTP status, code of the issue-type value set)."""

    INVALID = (400, "invalid")
    """Cannot be parsed, is not valid R4, a bad or unknown parameter."""
    STRUCTURE = (400, "structure")
    """Malformed JSON, unknown element, wrong JSON type."""
    NOT_SUPPORTED = (400, "not-supported")
    """Known to the specification, not offered here."""
    LOGIN = (401, "login")
    """No token, or a bad one."""
    FORBIDDEN = (403, "forbidden")
    """A type or interaction for which no scope was given."""
    NOT_FOUND = (404, "not-found")
    """Absent, or outside the caller's reach: the same answer."""
    UNKNOWN_ROUTE = (404, "not-supported")
    """No such type, operation or address."""
    METHOD = (405, "not-supported")
    NOT_ACCEPTABLE = (406, "not-supported")
    CONFLICT = (409, "conflict")
    """A concurrent change, or a delete that would break integrity."""
    GONE = (410, "deleted")
    PRECONDITION = (412, "conflict")
    """`If-Match` does not match."""
    MULTIPLE_MATCHES = (412, "multiple-matches")
    TOO_LONG = (413, "too-long")
    MEDIA_TYPE = (415, "not-supported")
    BUSINESS_RULE = (422, "business-rule")
    TOO_COSTLY = (422, "too-costly")
    THROTTLED = (429, "throttled")
    INTERNAL = (500, "exception")
    UNAVAILABLE = (503, "transient")

    @property
    def status(self) -> int:
        return self.value[0]

    @property
    def code(self) -> str:
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Issue:
    """One `OperationOutcome.issue`; `expression` is FHIRPath (`Patient.name[0].given[1]`)."""

    severity: Severity
    code: str
    diagnostics: str
    expression: str | None = None

    def to_fhir(self) -> dict[str, object]:
        issue: dict[str, object] = {
            "severity": self.severity,
            "code": self.code,
            "diagnostics": self.diagnostics,
        }
        if self.expression is not None:
            issue["expression"] = [self.expression]
        return issue


def operation_outcome(issues: Sequence[Issue]) -> dict[str, object]:
    """The `OperationOutcome` resource that carries these issues (at least one)."""
    return {"resourceType": "OperationOutcome", "issue": [issue.to_fhir() for issue in issues]}


@dataclass(eq=False)
class FhirError(Exception):
    """Trouble that the caller can act on.

    `issues` are all the problems found; `headers` go on the HTTP answer (`WWW-Authenticate`,
    `Retry-After`). `reason` is for the log alone, never for the client.
    """

    category: Category
    issues: tuple[Issue, ...]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    reason: str | None = None

    def __str__(self) -> str:
        return "; ".join(issue.diagnostics for issue in self.issues)

    @property
    def outcome(self) -> dict[str, object]:
        return operation_outcome(self.issues)


def error(
    category: Category,
    diagnostics: str,
    expression: str | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    reason: str | None = None,
) -> FhirError:
    """A `FhirError` with one issue, for `raise error(Category.NOT_FOUND, "…")`."""
    issue = Issue("error", category.code, diagnostics, expression)
    return FhirError(category, (issue,), headers or {}, reason)


def not_found(type_name: str, logical_id: str) -> FhirError:
    """The one answer for what is absent and for what is out of the caller's reach."""
    return error(Category.NOT_FOUND, f"{type_name}/{logical_id} is not known here.")
