"""Which change of a status is doubtful: back to an earlier stage, or on after the end.

The stages are those of R4's state machines: `request.html#statemachine` for MedicationRequest,
`event.html#statemachine` for Communication, the definitions of the codes for Appointment
(`valueset-appointmentstatus.html`) and Observation (`valueset-observation-status.html`). R4 forbids
no change, and records do get corrected: a doubt is told and nothing is refused.
"""

from __future__ import annotations

from typing import Final

from resources.fhir_json import Resource

_STAGES: Final[dict[str, tuple[frozenset[str], ...]]] = {
    "Appointment": (
        frozenset(("proposed", "waitlist")),
        frozenset(("pending", "booked")),
        frozenset(("arrived",)),
        frozenset(("checked-in",)),
        frozenset(("fulfilled",)),
    ),
    "Communication": (
        frozenset(("preparation",)),
        frozenset(("in-progress", "on-hold")),
        frozenset(("completed",)),
    ),
    "MedicationRequest": (
        frozenset(("draft",)),
        frozenset(("active", "on-hold")),
        frozenset(("completed",)),
    ),
    "Observation": (
        frozenset(("registered",)),
        frozenset(("preliminary",)),
        frozenset(("final",)),
        frozenset(("amended", "corrected")),
    ),
}
"""In their order; those of one stage may follow each other."""
_ENDS: Final[dict[str, frozenset[str]]] = {
    "Appointment": frozenset(("fulfilled", "cancelled", "noshow")),
    "Communication": frozenset(("completed", "stopped", "not-done")),
    "MedicationRequest": frozenset(("completed", "stopped", "cancelled")),
    "Observation": frozenset(("cancelled",)),
}
"""After these nothing more is expected."""
_BEFORE_RESULTS: Final = frozenset(("registered", "preliminary"))
_WRONG: Final = "entered-in-error"
_UNKNOWN: Final = "unknown"


def has_stages(type_name: str) -> bool:
    """Whether a change of a resource of this type could be doubtful."""
    return type_name in _STAGES or type_name == "Patient"


def doubt(before: Resource, after: Resource) -> tuple[str, str] | None:
    """The element and what is doubtful about its change, of two versions of one resource."""
    type_name = str(after.get("resourceType"))
    if type_name == "Patient":
        return _revived(before, after)
    old, new = before.get("status"), after.get("status")
    if not isinstance(old, str) or not isinstance(new, str):
        return None
    reason = _reason(type_name, old, new)
    if reason is None:
        return None
    return f"{type_name}.status", f"The status goes from {old} to {new}: {reason}."


def _reason(type_name: str, old: str, new: str) -> str | None:
    if type_name not in _STAGES or old in (new, _UNKNOWN) or new in (_WRONG, _UNKNOWN):
        return None
    if old == _WRONG:
        return "what was entered in error is usually entered anew"
    if old in _ENDS[type_name]:
        return f"after {old} nothing more is expected"
    if type_name == "Observation" and new == "cancelled" and old not in _BEFORE_RESULTS:
        return "a result that was released is corrected or entered in error"
    if type_name == "Communication" and new == "not-done" and old != "preparation":
        return "what has begun is stopped, not left undone"
    first, then = _stage(type_name, old), _stage(type_name, new)
    if first is not None and then is not None and then < first:
        return f"{new} comes before {old}"
    return None


def _stage(type_name: str, status: str) -> int | None:
    stages = _STAGES[type_name]
    return next((number for number, codes in enumerate(stages) if status in codes), None)


def _revived(before: Resource, after: Resource) -> tuple[str, str] | None:
    if not _is_deceased(before) or _is_deceased(after):
        return None
    return "Patient.deceased", "The Patient was deceased and is not any more."


def _is_deceased(patient: Resource) -> bool:
    return patient.get("deceasedBoolean") is True or "deceasedDateTime" in patient
