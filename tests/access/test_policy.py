"""What a reach comes to for each kind of row, and the rule said plainly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.access.context import Interaction
from fhir_server.access.policy import Nobody, Reach, Records, Whole, decide
from fhir_server.access.system import SystemAccess
from fhir_server.search.expression import Everything, Nothing
from fhir_server.search.matching import matches
from resources.access_table import ROWS, UNKNOWN, Kind
from resources.registry import REGISTRY
from tests.access.world import entry, label

READS = {Interaction.READ, Interaction.SEARCH, Interaction.INCLUDE}
WRITES = set(Interaction) - READS
MINE = Records(frozenset({"a"}), "me")

# kind, members of the resource, may A read it, may A write it
CASES = [
    ("Observation", {"a"}, True, True),
    ("Observation", {"b"}, False, False),
    ("Observation", set[str](), False, False),
    ("Appointment", {"a", "b"}, True, False),
    ("Patient", {"a"}, True, True),
    ("Patient", {"b"}, False, False),
    ("Group", set[str](), False, False),
    ("Task", {"a"}, True, True),
    ("AuditEvent", {"a"}, True, False),
    ("Organization", set[str](), True, False),
    ("Medication", set[str](), True, False),
    ("Slot", set[str](), True, False),
    ("Schedule", set[str](), True, False),
    ("Schedule", {"a"}, True, True),
    ("Schedule", {"b"}, False, False),
    ("Schedule", {UNKNOWN}, False, False),
    ("Schedule", {"a", UNKNOWN}, True, False),
    ("Device", {"b"}, False, False),
    ("Endpoint", {UNKNOWN}, False, False),
    ("Subscription", set[str](), False, False),
    ("Bundle", set[str](), False, False),
]


@pytest.mark.parametrize(("type_name", "members", "reads", "writes"), CASES, ids=label)
def test_what_a_patient_reaches(
    type_name: str, members: set[str], reads: bool, writes: bool
) -> None:
    for interaction in Interaction:
        reached = matches(decide(MINE, interaction, type_name).expression, entry(members))
        assert reached is (reads if interaction in READS else writes), interaction


def plainly(reach: Reach, interaction: Interaction, type_name: str, members: set[str]) -> bool:
    """The rules as docs/access.md says them."""
    row = ROWS[type_name]
    if not isinstance(reach, Records):
        return isinstance(reach, Whole)
    if interaction in WRITES:
        if type_name == "AuditEvent" or row.kind in (Kind.SHARED, Kind.HIDDEN):
            return False
        return bool(members) and all(member in reach.patients for member in members)
    if row.kind is Kind.SHARED:
        return True
    if row.kind is Kind.MIXED and not members:
        return True
    return row.kind is not Kind.HIDDEN and any(member in reach.patients for member in members)


people = st.sets(st.sampled_from(["a", "b", "c"]))
reaches: st.SearchStrategy[Reach] = st.one_of(
    st.just(Whole("staff")),
    st.just(Nobody("nobody")),
    people.map(lambda patients: Records(frozenset(patients), "some")),
)
interactions = st.sampled_from(list(Interaction))
types = st.sampled_from(REGISTRY.types)
members_of_one = st.sets(st.sampled_from(["a", "b", "c", UNKNOWN]))


@given(reaches, interactions, types, members_of_one)
def test_the_policy_is_the_rule(
    reach: Reach, interaction: Interaction, type_name: str, members: set[str]
) -> None:
    decision = decide(reach, interaction, type_name)
    reached = matches(decision.expression, entry(members))
    assert reached is plainly(reach, interaction, type_name, members)
    assert decision.reason


@given(people, interactions, types, members_of_one)
def test_nobody_in_sight_reaches_no_record(
    patients: set[str], interaction: Interaction, type_name: str, members: set[str]
) -> None:
    """An empty set of patients is not "no limit"."""
    strangers = Records(frozenset(patients) - members, "strangers")
    reached = matches(decide(strangers, interaction, type_name).expression, entry(members))
    assert not (reached and members and ROWS[type_name].kind is not Kind.SHARED)


@given(people, people, interactions, types, members_of_one)
def test_more_patients_reach_more(
    some: set[str], others: set[str], interaction: Interaction, type_name: str, members: set[str]
) -> None:
    def reached(patients: set[str]) -> bool:
        reach = Records(frozenset(patients), "x")
        return matches(decide(reach, interaction, type_name).expression, entry(members))

    assert reached(some) <= reached(some | others)


@pytest.mark.parametrize("type_name", REGISTRY.types)
def test_everything_and_nothing_are_values(type_name: str) -> None:
    for interaction in Interaction:
        assert decide(Whole("x"), interaction, type_name).expression == Everything()
        assert decide(Nobody("x"), interaction, type_name).expression == Nothing()
        assert SystemAccess("seed").policy(interaction, type_name) == Everything()


def test_system_access_says_what_it_is_for() -> None:
    system = SystemAccess("seeding the demo record")
    assert system.caller == "system/seeding the demo record"
    assert system.covers(Interaction.DELETE, "Patient")
    assert system.explain(Interaction.DELETE, "Patient") == "seeding the demo record"
