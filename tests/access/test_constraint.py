"""Granular scopes, G1 to G6: a policy against the constraint said plainly about the resource."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.access.context import Interaction
from fhir_server.outcome import FhirError
from fhir_server.search.expression import And
from fhir_server.search.indexing import index_entry
from fhir_server.search.matching import matches
from resources.access_table import members
from tests.access.world import CATALOGUE, access

SYSTEM = "http://terminology.hl7.org/CodeSystem/observation-category"
CATEGORIES = ["laboratory", "vital-signs", "survey"]
STATUSES = ["final", "amended"]


def observation(patient: str, categories: list[str], status: str = "final") -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": "x",
        "meta": {"versionId": "1", "lastUpdated": "2026-01-02T03:04:05.678Z"},
        "status": status,
        "category": [{"coding": [{"system": SYSTEM, "code": code}]} for code in categories],
        "code": {"text": "something measured"},
        "subject": {"reference": f"Patient/{patient}"},
    }


def reaches(scopes: list[str], interaction: Interaction, resource: dict[str, Any]) -> bool:
    context = access(*scopes)
    type_name = resource["resourceType"]
    if not context.covers(interaction, type_name):
        return False
    return matches(
        context.policy(interaction, type_name), index_entry(CATALOGUE, resource, members(resource))
    )


@pytest.mark.parametrize("interaction", [Interaction.READ, Interaction.SEARCH, Interaction.INCLUDE])
@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        ([f"patient/Observation.rs?category={SYSTEM}|laboratory"], True),
        ([f"patient/Observation.rs?category={SYSTEM}|vital-signs"], False),
        (["patient/Observation.rs?category=https://other.example|laboratory"], False),
        (["patient/Observation.rs?category=vital-signs,laboratory"], True),
        (["patient/Observation.rs?category=laboratory&status=final"], True),
        (["patient/Observation.rs?category=laboratory&status=amended"], False),
        (["patient/Observation.rs?category=survey", "patient/Observation.rs?status=final"], True),
        (["patient/Observation.rs?category=survey", "patient/Condition.rs"], False),
        (["patient/Observation.rs?category=survey", "patient/*.rs"], True),
        (["patient/*.rs?category=laboratory"], True),
        (["patient/*.rs?category=survey"], False),
        (["user/Observation.rs?category=laboratory"], True),
        (["patient/Observation.rs?category=laboratory&nonsense=1"], False),
        (["patient/Observation.rs?category="], False),
        (["patient/Observation.rs?"], False),
    ],
    ids=str,
)
def test_a_laboratory_result_of_the_patient(
    scopes: list[str], expected: bool, interaction: Interaction
) -> None:
    """G2 to G5"""
    assert reaches(scopes, interaction, observation("a", ["laboratory"])) is expected
    assert not reaches(scopes, interaction, observation("b", ["laboratory"]))


@pytest.mark.parametrize(
    "interaction", [Interaction.CREATE, Interaction.UPDATE, Interaction.DELETE]
)
def test_a_write_stays_within_the_constraint(interaction: Interaction) -> None:
    """G6: the policy judges the stored version and the proposed one alike."""
    scopes = ["patient/Observation.cruds?category=survey"]
    assert reaches(scopes, interaction, observation("a", ["survey"]))
    assert not reaches(scopes, interaction, observation("a", ["laboratory"]))
    assert not reaches(scopes, interaction, observation("b", ["survey"]))


def test_a_wildcard_with_a_constraint_speaks_for_types_that_have_the_parameter() -> None:
    context = access("patient/*.rs?category=laboratory")
    assert context.covers(Interaction.SEARCH, "Observation")
    assert not context.covers(Interaction.SEARCH, "Immunization")


def test_a_constraint_that_cannot_be_held_to_leaves_the_type_without_scope() -> None:
    """G5: even in a token that has it, it never means "no filter"."""
    context = access("patient/Observation.rs?nonsense=1")
    assert not context.covers(Interaction.SEARCH, "Observation")
    with pytest.raises(FhirError):
        context.policy(Interaction.SEARCH, "Observation")


def test_the_reason_does_not_repeat_the_constraint() -> None:
    context = access("patient/Observation.rs?identifier=mrn|12345")
    assert "12345" not in context.explain(Interaction.READ, "Observation")


def test_scopes_of_one_reach_are_joined_behind_it() -> None:
    """G4, in the form in which one walk of the patient's index entries answers it."""
    two = [f"patient/Observation.rs?category={one}" for one in ("laboratory", "survey")]
    policy = access(*two).policy(Interaction.SEARCH, "Observation")
    alone = access("patient/Observation.rs").policy(Interaction.SEARCH, "Observation")
    assert isinstance(policy, And)
    assert policy.parts[0] == alone
    wider = access(*two, "patient/*.rs", "user/*.rs")
    assert wider.policy(Interaction.SEARCH, "Observation") == alone


# ---- random granular scopes ----------------------------------------------------------------------

constraints = st.tuples(
    st.sets(st.sampled_from(CATEGORIES), min_size=1), st.none() | st.sampled_from(STATUSES)
)
resources = st.builds(
    observation,
    st.sampled_from(["a", "b"]),
    st.lists(st.sampled_from(CATEGORIES), unique=True),
    st.sampled_from(STATUSES),
)


def written(constraint: tuple[set[str], str | None]) -> str:
    categories, status = constraint
    text = f"category={','.join(f'{SYSTEM}|{code}' for code in sorted(categories))}"
    return text if status is None else f"{text}&status={status}"


def allows(constraint: tuple[set[str], str | None], resource: dict[str, Any]) -> bool:
    categories, status = constraint
    has = {category["coding"][0]["code"] for category in resource["category"]}
    return bool(has & categories) and status in (None, resource["status"])


@given(
    st.lists(st.tuples(constraints, st.sampled_from(["patient", "user", "system"]))),
    resources,
    st.sampled_from(list(Interaction)),
)
def test_scopes_add_up_and_each_is_reach_and_constraint(
    granted: list[tuple[tuple[set[str], str | None], str]],
    resource: dict[str, Any],
    interaction: Interaction,
) -> None:
    scopes = [f"{context}/Observation.cruds?{written(one)}" for one, context in granted]
    mine = resource["subject"]["reference"] == "Patient/a"
    expected = any(allows(one, resource) and (mine or to == "system") for one, to in granted)
    assert reaches(scopes, interaction, resource) is expected
    assert expected <= reaches([*scopes, "system/Observation.cruds"], interaction, resource)
