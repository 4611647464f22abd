"""Doubtful changes of the core resources: every pair of statuses, and those that matter by name."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import pytest

from resources.registry import REGISTRY
from resources.transitions import doubt, has_stages

VALUE_SETS = {
    "Appointment": "appointmentstatus",
    "Communication": "event-status",
    "MedicationRequest": "medicationrequest-status",
    "Observation": "observation-status",
}


def codes(type_name: str) -> list[str]:
    found = REGISTRY.codes(f"http://hl7.org/fhir/ValueSet/{VALUE_SETS[type_name]}") or {}
    return sorted(code for some in found.values() for code in some)


def step(type_name: str, old: str, new: str) -> tuple[str, str] | None:
    return doubt(
        {"resourceType": type_name, "status": old}, {"resourceType": type_name, "status": new}
    )


FINE = [
    "Appointment proposed pending booked arrived checked-in fulfilled",
    "Appointment waitlist booked pending booked cancelled entered-in-error",
    "Appointment booked noshow",
    "Appointment proposed cancelled",
    "Communication preparation in-progress on-hold in-progress completed",
    "Communication preparation not-done",
    "Communication in-progress stopped entered-in-error",
    "MedicationRequest draft active on-hold active completed",
    "MedicationRequest draft cancelled",
    "MedicationRequest active stopped unknown active",
    "Observation registered preliminary final amended corrected amended",
    "Observation registered final corrected entered-in-error",
    "Observation preliminary cancelled",
]
DOUBTFUL = [
    "Appointment fulfilled proposed",
    "Appointment fulfilled booked",
    "Appointment cancelled booked",
    "Appointment noshow fulfilled",
    "Appointment booked proposed",
    "Appointment arrived booked",
    "Appointment entered-in-error booked",
    "Communication completed in-progress",
    "Communication completed preparation",
    "Communication stopped in-progress",
    "Communication in-progress preparation",
    "Communication in-progress not-done",
    "MedicationRequest completed active",
    "MedicationRequest stopped active",
    "MedicationRequest cancelled draft",
    "MedicationRequest active draft",
    "Observation final preliminary",
    "Observation final registered",
    "Observation final cancelled",
    "Observation amended final",
    "Observation cancelled final",
    "Observation entered-in-error final",
]


@pytest.mark.parametrize("course", FINE)
def test_a_usual_course_raises_no_doubt(course: str) -> None:
    type_name, *steps = course.split()
    for old, new in pairwise(steps):
        assert step(type_name, old, new) is None, (old, new)


@pytest.mark.parametrize("change", DOUBTFUL)
def test_a_doubtful_step_says_from_what_to_what(change: str) -> None:
    type_name, old, new = change.split()
    found = step(type_name, old, new)
    assert found is not None
    assert found[0] == f"{type_name}.status"
    assert f"from {old} to {new}: " in found[1]


@pytest.mark.parametrize("type_name", VALUE_SETS)
def test_every_status_has_its_place(type_name: str) -> None:
    """Staying, a mistake owned up to, and what nobody knows are never doubted; and of any two other
    statuses at most one way is without doubt, unless they are of one stage."""
    known = codes(type_name)
    assert len(known) >= 8
    for old, new in product(known, known):
        if old == new or "unknown" in (old, new) or new == "entered-in-error":
            assert step(type_name, old, new) is None
        elif old == "entered-in-error":
            assert step(type_name, old, new) is not None
        elif step(type_name, old, new) is None and step(type_name, new, old) is None:
            assert {old, new} in (
                {"proposed", "waitlist"},
                {"pending", "booked"},
                {"active", "on-hold"},
                {"in-progress", "on-hold"},
                {"amended", "corrected"},
            )


LIVING: dict[str, Any] = {"resourceType": "Patient"}


@pytest.mark.parametrize(
    ("before", "after", "doubtful"),
    [
        ({}, {"deceasedBoolean": True}, False),
        ({"deceasedBoolean": True}, {"deceasedDateTime": "2020-04-11"}, False),
        ({"deceasedDateTime": "2020-04-11"}, {"deceasedDateTime": "2020-04-12"}, False),
        ({"deceasedDateTime": "2020-04-11"}, {"deceasedBoolean": False}, True),
        ({"deceasedBoolean": True}, {}, True),
        ({"deceasedBoolean": False}, {}, False),
    ],
)
def test_nobody_comes_back(before: dict[str, Any], after: dict[str, Any], doubtful: bool) -> None:
    assert (doubt(LIVING | before, LIVING | after) is not None) is doubtful


def test_other_types_have_no_stages() -> None:
    assert not has_stages("Encounter")
    assert step("Encounter", "finished", "planned") is None


@pytest.mark.parametrize("status", [None, 5, [], {}])
def test_what_is_no_status_raises_no_doubt(status: Any) -> None:
    assert doubt({"status": status}, {"resourceType": "Observation", "status": "final"}) is None
