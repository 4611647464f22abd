"""What was asked of the server and what it acknowledged, to hold it to afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

SYSTEM: Final = "urn:test:crash"
GROUP_SYSTEM: Final = "urn:test:crash:transaction"
OBSERVATIONS: Final = 5
"""Of a transaction, beside one Patient."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A version of which the server said that it is stored."""

    place: str
    """`Type/id/_history/version`."""
    mark: str
    """In the identifier of exactly this version."""


@dataclass(slots=True)
class Journal:
    """Grows over several loads and ends of the server."""

    acknowledged: list[Acknowledged] = field(default_factory=list[Acknowledged])
    unanswered_creates: list[str] = field(default_factory=list[str])
    """Marks of creates that no answer came to."""
    unanswered_transactions: list[str] = field(default_factory=list[str])
    """Group marks."""
    unanswered_updates: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Marks that a Patient may have got without an answer."""

    def acknowledge(self, location: str, mark: str) -> None:
        """By the Location that the server gave."""
        _, _, place = location.partition("/fhir/")
        self.acknowledged.append(Acknowledged(place, mark))


def new_mark() -> str:
    return str(uuid4())


def observation(mark: str, group: str | None = None, subject: str | None = None) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "resourceType": "Observation",
        "identifier": _identifiers(mark, group),
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "effectiveDateTime": "2024-02-03T10:11:12Z",
        "valueQuantity": {"value": 71.5, "unit": "/min"},
    }
    if subject is not None:
        resource["subject"] = {"reference": subject}
    return resource


def patient(mark: str, group: str | None = None) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "identifier": _identifiers(mark, group),
        "birthDate": "1970-01-01",
    }


def transaction(group: str, marks: list[str]) -> dict[str, Any]:
    """A Patient and Observations that refer to it."""
    urls = [f"urn:uuid:{uuid4()}" for _ in marks]
    resources = [patient(marks[0], group)]
    resources += [observation(mark, group, urls[0]) for mark in marks[1:]]
    entries = [
        {
            "fullUrl": url,
            "resource": resource,
            "request": {"method": "POST", "url": resource["resourceType"]},
        }
        for url, resource in zip(urls, resources, strict=True)
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def mark_of(resource: dict[str, Any]) -> str:
    """The mark that a stored resource carries."""
    (mark,) = [one["value"] for one in resource["identifier"] if one["system"] == SYSTEM]
    return str(mark)


def _identifiers(mark: str, group: str | None) -> list[dict[str, str]]:
    found = [{"system": SYSTEM, "value": mark}]
    return found if group is None else [*found, {"system": GROUP_SYSTEM, "value": group}]
