"""Which scopes can be granted, and how they read to a patient."""

from __future__ import annotations

import pytest

from fhir_server.access.scope_rules import AccessScopeRules
from resources.registry import REGISTRY
from smart_auth.directory import ScopeRules
from tests.access.world import CATALOGUE

RULES = AccessScopeRules(lambda: CATALOGUE)
SYSTEM = "http://terminology.hl7.org/CodeSystem/observation-category"


def test_they_are_what_the_authorization_server_asks_for() -> None:
    rules: ScopeRules = RULES
    assert rules.enforceable("patient/Observation.rs")


@pytest.mark.parametrize(
    "scope",
    [
        "patient/*.rs",
        "patient/*.read",
        "patient/*.*",
        "patient/Observation.cruds",
        "patient/Organization.rs",
        "patient/Organization.*",
        "patient/Schedule.rs",
        "patient/Binary.r",
        "user/*.cruds",
        "user/Bundle.r",
        "system/*.rs",
        "system/Group.r",
        f"patient/Observation.rs?category={SYSTEM}|laboratory",
        f"patient/Observation.rs?category={SYSTEM}|laboratory&status=final",
        "patient/Observation.rs?category=laboratory,vital-signs",
        "patient/Condition.rs?category=problem-list-item",
        "patient/*.rs?_lastUpdated=gt2020",
        "user/*.rs?category=laboratory",
    ],
)
def test_what_can_be_granted(scope: str) -> None:
    """G1: as it was asked for."""
    assert RULES.enforceable(scope)


@pytest.mark.parametrize(
    "scope",
    [
        "openid",
        "launch/patient",
        "patient/Observation.sr",
        "patient/Nonsense.rs",
        "patient/Resource.rs",
        "patient/DomainResource.rs",
        "patient/Parameters.rs",
        "system/Parameters.rs",
        "patient/Bundle.rs",
        "patient/Subscription.cruds",
        "patient/Organization.cud",
        "patient/AuditEvent.c",
        "patient/Observation.rs?",
        "patient/Observation.rs?&",
        "patient/Observation.rs?category",
        "patient/Observation.rs?category=",
        "patient/Observation.rs?category=laboratory&status=",
        "patient/Observation.rs?category=laboratory&nonsense=1",
        "patient/Observation.rs?nonsense=1",
        "patient/Observation.rs?category:nonsense=laboratory",
        "patient/Observation.rs?_count=5",
        "patient/Observation.rs?_sort=date",
        "patient/Observation.rs?_include=Observation:subject",
        "patient/Observation.rs?category=laboratory&_summary=count",
        "patient/Observation.rs?date=yesterday",
        "patient/*.rs?nonsense=1",
        "patient/Observation.rs?_id:missing=false",
    ],
)
def test_what_cannot_be_held_to_is_not_granted(scope: str) -> None:
    """G5: never widened; and nothing that would mislead who approves it."""
    assert not RULES.enforceable(scope)


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ("patient/AllergyIntolerance.rs", "See your allergies"),
        ("patient/AllergyIntolerance.read", "See your allergies"),
        ("patient/Appointment.cruds", "See, add, change and delete your appointments"),
        ("patient/Appointment.rus", "See and change your appointments"),
        ("patient/Communication.c", "Add your messages"),
        ("patient/Goal.write", "Add, change and delete your health goals"),
        ("patient/Organization.rs", "See hospitals, practices and other organizations"),
        ("patient/VisionPrescription.r", "See your vision prescription entries"),
        ("patient/*.rs", "See everything in your health record"),
        ("patient/*.c", "Add entries in your health record"),
        (
            "patient/*.cruds",
            "See everything in your health record, and add, change and delete entries in it",
        ),
        ("user/Condition.rs", "See health conditions in records you may open"),
        ("user/*.rs", "See everything in every health record that you may open"),
        ("system/Patient.rs", None),
        ("patient/Observation.rs?category=laboratory", "See your laboratory results"),
        (
            f"patient/Observation.rs?category={SYSTEM}|laboratory,{SYSTEM}|survey",
            "See your laboratory results and answers to surveys and screenings",
        ),
        ("patient/Condition.rs?category=problem-list-item", "See your health problems"),
        (
            "patient/Condition.rs?code=44054006&category=other",
            "See your health conditions, only where code is 44054006 and category is other",
        ),
        (
            "patient/*.rs?_tag=a,b",
            "See everything in your health record, only where _tag is a or b",
        ),
        ("openid", None),
        ("patient/Nonsense.rs", None),
    ],
)
def test_a_scope_in_plain_words(scope: str, words: str | None) -> None:
    if scope.startswith("system/"):
        words = "See personal details, such as name, birth date and address of everybody"
    assert RULES.describe(scope) == words


@pytest.mark.parametrize("type_name", REGISTRY.types)
def test_every_type_has_words(type_name: str) -> None:
    words = RULES.describe(f"patient/{type_name}.cruds")
    assert words is not None
    assert words.startswith("See, add, change and delete ")
    assert type_name not in words or type_name.lower() == type_name
