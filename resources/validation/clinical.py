"""Invariants of clinical, scheduling and list resources, each by its key in `invariants`."""

from __future__ import annotations

from typing import Final

from resources.fhir_json import Resource
from resources.validation.linkage import target_type
from resources.validation.members import child, children, has, has_coding, number, presence, text
from resources.validation.problem import Run
from resources.validation.times import surely_after

_TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem/"
_ALLERGY_VERIFICATION: Final = _TERMINOLOGY + "allergyintolerance-verification"
_CONDITION_VERIFICATION: Final = _TERMINOLOGY + "condition-ver-status"
_CONDITION_CLINICAL: Final = _TERMINOLOGY + "condition-clinical"
_CONDITION_CATEGORY: Final = _TERMINOLOGY + "condition-category"

_has_value: Final = presence("value[x]")
_has_abatement: Final = presence("abatement[x]")


def _is_allergy_in_error(members: Resource) -> bool:
    status = child(members, "verificationStatus")
    return has_coding(status, _ALLERGY_VERIFICATION, "entered-in-error")


def allergy_has_status(members: Resource, _: Run) -> bool:
    return has(members, "clinicalStatus") or _is_allergy_in_error(members)


def allergy_in_error(members: Resource, _: Run) -> bool:
    return not (has(members, "clinicalStatus") and _is_allergy_in_error(members))


def condition_abated(members: Resource, _: Run) -> bool:
    status = child(members, "clinicalStatus")
    return not _has_abatement(members) or has_coding(
        status, _CONDITION_CLINICAL, "resolved", "remission", "inactive"
    )


def condition_in_error(members: Resource, _: Run) -> bool:
    status = child(members, "verificationStatus")
    in_error = has_coding(status, _CONDITION_VERIFICATION, "entered-in-error")
    return not (in_error and has(members, "clinicalStatus"))


def problem_has_status(members: Resource, _: Run) -> bool:
    """By its words: the published expression compares a concept with a text, which never holds."""
    listed = any(
        has_coding(one, _CONDITION_CATEGORY, "problem-list-item")
        for one in children(members, "category")
    )
    status = child(members, "verificationStatus")
    in_error = has_coding(status, _CONDITION_VERIFICATION, "entered-in-error")
    return not listed or in_error or has(members, "clinicalStatus")


def dispense_order(members: Resource, _: Run) -> bool:
    prepared, handed = text(members, "whenPrepared"), text(members, "whenHandedOver")
    return prepared is None or handed is None or not surely_after(prepared, handed)


def task_order(members: Resource, _: Run) -> bool:
    authored, modified = text(members, "authoredOn"), text(members, "lastModified")
    return authored is None or modified is None or not surely_after(authored, modified)


def care_team_behalf(members: Resource, run: Run) -> bool:
    """By what its reference says of the member, as far as it does."""
    if not has(members, "onBehalfOf"):
        return True
    return target_type(child(members, "member"), run) in (None, "Practitioner")


def observation_components(members: Resource, _: Run) -> bool:
    if "component" not in members or not _has_value(members):
        return True
    own = _codings(members)
    return all(own.isdisjoint(_codings(component)) for component in children(members, "component"))


def _codings(members: Resource) -> set[str]:
    """The codings of `code`, spelt so that equal ones are equal."""
    codings = children(child(members, "code"), "coding")
    return {repr(sorted(coding.items())) for coding in codings}


def probability(members: Resource, _: Run) -> bool:
    value = number(members, "probabilityDecimal")
    return value is None or value <= 100


def appointment_span(members: Resource, _: Run) -> bool:
    return has(members, "start") == has(members, "end")


def appointment_time(members: Resource, _: Run) -> bool:
    if has(members, "start") and has(members, "end"):
        return True
    return members.get("status") in ("proposed", "cancelled", "waitlist")


def appointment_cancelled(members: Resource, _: Run) -> bool:
    if not has(members, "cancelationReason"):
        return True
    return members.get("status") in ("noshow", "cancelled")


def group_members(members: Resource, _: Run) -> bool:
    return not has(members, "member") or members.get("actual") is True


def linkage_items(members: Resource, _: Run) -> bool:
    return len(children(members, "item")) > 1


def list_deleted(members: Resource, _: Run) -> bool:
    if members.get("mode") == "changes":
        return True
    return not any(has(entry, "deleted") for entry in children(members, "entry"))


def list_dates(members: Resource, _: Run) -> bool:
    if members.get("mode") == "working":
        return True
    return not any(has(entry, "date") for entry in children(members, "entry"))
