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
    """What kind of trouble it is: (HTTP status, code of the issue-type value set, when)."""

    INVALID = (400, "invalid", "It is not valid R4, or a parameter is unknown or bad.")
    STRUCTURE = (400, "structure", "It cannot be parsed: broken JSON, XML or gzip.")
    NOT_SUPPORTED = (400, "not-supported", "The specification has it, and it is not offered here.")
    LOGIN = (401, "login", "There is no bearer token, or it is no good.")
    FORBIDDEN = (
        403,
        "forbidden",
        "No scope was given for this type and interaction, or what may be read may not be written.",
    )
    NOT_FOUND = (404, "not-found", "It is absent, or out of the caller's reach: the same answer.")
    UNKNOWN_ROUTE = (404, "not-supported", "There is no such type, operation or address.")
    METHOD = (405, "not-supported", "The address does not take this method; `Allow` says which.")
    NOT_ACCEPTABLE = (406, "not-supported", "`Accept` or `_format` allows neither JSON nor XML.")
    CONFLICT = (
        409,
        "conflict",
        "Others changed it meanwhile, or refer to it; an id is taken; the test of a patch failed.",
    )
    GONE = (410, "deleted", "It was deleted, and the caller could have seen it.")
    PRECONDITION = (
        412,
        "conflict",
        "`If-Match` does not name the current version, or `If-None-Match` does.",
    )
    MULTIPLE_MATCHES = (412, "multiple-matches", "Criteria that have to select one match several.")
    TOO_LONG = (413, "too-long", "The body or the resource is larger than what is taken.")
    URL_TOO_LONG = (
        414,
        "too-long",
        "The address is longer than what is taken; a search can be sent by POST.",
    )
    MEDIA_TYPE = (415, "not-supported", "`Content-Type` or `Content-Encoding` is not taken.")
    RANGE = (416, "value", "`Range` asks for bytes of a Binary that it does not have.")
    BUSINESS_RULE = (422, "business-rule", "It is valid R4 and breaks a rule beyond that.")
    TOO_COSTLY = (
        422,
        "too-costly",
        "It would cost more than one request may; the text says what helps.",
    )
    INTERNAL = (
        500,
        "exception",
        "A fault of the server, which its log tells of. No content causes it.",
    )
    BUSY = (
        503,
        "throttled",
        "Others are sending large bodies; try again after `Retry-After` seconds.",
    )
    UNAVAILABLE = (503, "transient", "MongoDB is away; try again after `Retry-After` seconds.")

    @property
    def status(self) -> int:
        return self.value[0]

    @property
    def code(self) -> str:
        return self.value[1]

    @property
    def when(self) -> str:
        """In one sentence, for `docs/errors.md`."""
        return self.value[2]


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
