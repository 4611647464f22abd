"""From the scopes of a grant to policies, without constraints: Z1, Z2, Z4, V1 to V4, E5."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.access.context import Interaction
from fhir_server.access.policy import Nobody, Reach, Records, Whole, decide
from fhir_server.outcome import Category, FhirError
from fhir_server.search.expression import Everything, Member, Nothing
from fhir_server.search.matching import matches
from resources.registry import REGISTRY
from tests.access.world import access, entry

LETTERS = {
    "c": {Interaction.CREATE},
    "r": {Interaction.READ, Interaction.INCLUDE},
    "u": {Interaction.UPDATE},
    "d": {Interaction.DELETE},
    "s": {Interaction.SEARCH, Interaction.INCLUDE},
}
V1 = {"read": "rs", "write": "cud", "*": "cruds"}
CONTEXTS = ["patient", "user", "system"]


def covered(*scopes: str, type_name: str = "Observation") -> set[Interaction]:
    context = access(*scopes)
    return {one for one in Interaction if context.covers(one, type_name)}


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("letters", ["c", "r", "u", "d", "s", "rs", "cud", "crus", "cruds"])
@pytest.mark.parametrize("type_name", ["Observation", "*"])
def test_a_letter_allows_its_interactions_alone(context: str, letters: str, type_name: str) -> None:
    """Z1, Z2"""
    expected = set[Interaction]().union(*(LETTERS[letter] for letter in letters))
    assert covered(f"{context}/{type_name}.{letters}") == expected


@pytest.mark.parametrize(("old", "new"), V1.items())
def test_version_1_means_the_same(old: str, new: str) -> None:
    """N3"""
    for type_name in ("Observation", "*"):
        before, after = access(f"patient/{type_name}.{old}"), access(f"patient/{type_name}.{new}")
        assert covered(f"patient/{type_name}.{old}") == covered(f"patient/{type_name}.{new}")
        for interaction in covered(f"patient/{type_name}.{old}"):
            assert before.policy(interaction, "Goal" if type_name == "*" else type_name) == (
                after.policy(interaction, "Goal" if type_name == "*" else type_name)
            )


@pytest.mark.parametrize(
    "scope",
    [
        "openid",
        "fhirUser",
        "launch",
        "launch/patient",
        "offline_access",
        "online_access",
        "profile",
        "patient/Observation",
        "patient/Observation.",
        "patient/Observation.sr",
        "patient/Observation.rs ",
        "patient/Observation.read?category=x",
        "patient/observation.rs",
        "Patient/Observation.rs",
        "patient/*.rsc",
        "patient/**.rs",
        "admin/*.cruds",
        "*/*.rs",
        "*/*.*",
        "",
    ],
)
def test_a_scope_that_is_none_gives_nothing(scope: str) -> None:
    """V4: identity and launch scopes open no data; A5: nor do undefined ones."""
    assert covered(scope) == set()


@pytest.mark.parametrize("interaction", Interaction)
def test_a_type_without_scope_is_forbidden_and_told(interaction: Interaction) -> None:
    """Z4"""
    with pytest.raises(FhirError) as caught:
        access("patient/Condition.cruds", "openid").policy(interaction, "Observation")
    assert caught.value.category is Category.FORBIDDEN
    assert f"patient/Observation.{interaction.value}" in str(caught.value)


@pytest.mark.parametrize(
    ("scopes", "named"),
    [
        (("user/Patient.rs",), "user/Goal.s"),
        (("system/Patient.rs",), "system/Goal.s"),
        ((), "patient/Goal.s"),
    ],
)
def test_the_scope_that_would_do_is_of_the_callers_kind(
    scopes: tuple[str, ...], named: str
) -> None:
    assert f" {named}." in access(*scopes).explain(Interaction.SEARCH, "Goal")


# ---- contexts ------------------------------------------------------------------------------------

A, B = Member(frozenset({"a"})), Member(frozenset({"b"}))


@pytest.mark.parametrize(
    ("scope", "patient", "fhir_user", "expected"),
    [
        ("patient/*.rs", "a", "Patient/a", A),
        ("patient/*.rs", "b", "Patient/a", B),
        ("patient/*.rs", "b", "Practitioner/d", B),
        ("patient/*.rs", "b", None, B),
        ("patient/*.rs", None, "Patient/a", Nothing()),
        ("patient/*.rs", None, "Practitioner/d", Nothing()),
        ("user/*.rs", "a", "Patient/a", A),
        ("user/*.rs", "b", "Patient/a", A),
        ("user/*.rs", None, "Patient/a", A),
        ("user/*.rs", "b", "Practitioner/d", Everything()),
        ("user/*.rs", None, "Practitioner/d", Everything()),
        ("user/*.rs", "b", "RelatedPerson/r", B),
        ("user/*.rs", None, "RelatedPerson/r", Nothing()),
        ("user/*.rs", "b", None, Nothing()),
        ("user/*.rs", "b", "Person/p", Nothing()),
        ("user/*.rs", "b", "Device/d", Nothing()),
        ("user/*.rs", "b", "Patient/", Nothing()),
        ("user/*.rs", "b", "Practitioner", Nothing()),
        ("system/*.rs", None, None, Everything()),
    ],
)
def test_the_reach_of_a_context(
    scope: str, patient: str | None, fhir_user: str | None, expected: object
) -> None:
    """V1, V4, E5"""
    context = access(scope, patient=patient, fhir_user=fhir_user)
    assert context.policy(Interaction.SEARCH, "Observation") == expected


@pytest.mark.parametrize("type_name", ["Organization", "Schedule"])
def test_without_a_patient_in_context_not_even_what_is_shared(type_name: str) -> None:
    context = access("patient/*.cruds", patient=None)
    assert context.policy(Interaction.SEARCH, type_name) == Nothing()


def test_a_patient_scope_binds_beside_a_wider_context() -> None:
    """E5: what a practitioner's app holds for the patient in context stays with that patient."""
    context = access("patient/Observation.rs", "user/Goal.rs", fhir_user="Practitioner/d")
    assert context.policy(Interaction.READ, "Observation") == A
    assert context.policy(Interaction.READ, "Goal") == Everything()


# ---- many scopes at once -------------------------------------------------------------------------

scopes = st.builds(
    lambda context, type_name, letters: f"{context}/{type_name}.{letters}",
    st.sampled_from(CONTEXTS),
    st.sampled_from(["*", "Observation", "Organization", "Schedule", "Bundle", "Appointment"]),
    st.sampled_from(["c", "r", "u", "d", "s", "rs", "cu", "read", "write", "*"]),
)
users = st.sampled_from(["Patient/a", "Practitioner/d", "RelatedPerson/r", None])
launches = st.sampled_from(["a", "b", None])
types = st.sampled_from(["Observation", "Organization", "Schedule", "Bundle", "Appointment"])
people = st.sets(st.sampled_from(["a", "b", "c"]))
interactions = st.sampled_from(list(Interaction))


def reach(context: str, patient: str | None, fhir_user: str | None) -> Reach:
    launched = Records(frozenset({patient}), "") if patient else Nobody("")
    users = {
        "Patient/a": Records(frozenset({"a"}), ""),
        "Practitioner/d": Whole(""),
        "RelatedPerson/r": launched,
        None: Nobody(""),
    }
    return {"patient": launched, "user": users[fhir_user], "system": Whole("")}[context]


@given(st.lists(scopes), launches, users, interactions, types, people)
def test_a_grant_is_the_union_of_its_scopes(
    granted: list[str],
    patient: str | None,
    fhir_user: str | None,
    interaction: Interaction,
    type_name: str,
    members: set[str],
) -> None:
    speaking: list[str] = []
    for text in granted:
        context, _, rest = text.partition("/")
        named, _, letters = rest.partition(".")
        allowed = set[Interaction]().union(*(LETTERS[one] for one in V1.get(letters, letters)))
        if named in ("*", type_name) and interaction in allowed:
            speaking.append(context)
    caller = access(*granted, patient=patient, fhir_user=fhir_user)
    assert caller.covers(interaction, type_name) is bool(speaking)
    if speaking:
        reached = matches(caller.policy(interaction, type_name), entry(members))
        assert reached is any(
            matches(
                decide(reach(context, patient, fhir_user), interaction, type_name).expression,
                entry(members),
            )
            for context in speaking
        )


@given(st.lists(scopes), st.lists(scopes), launches, users, interactions, types, people)
def test_more_scopes_never_take_away(
    some: list[str],
    others: list[str],
    patient: str | None,
    fhir_user: str | None,
    interaction: Interaction,
    type_name: str,
    members: set[str],
) -> None:
    def reached(granted: list[str]) -> bool:
        caller = access(*granted, patient=patient, fhir_user=fhir_user)
        return caller.covers(interaction, type_name) and matches(
            caller.policy(interaction, type_name), entry(members)
        )

    assert reached(some) <= reached(some + others)
    assert reached(some + others) is reached(others + some)


@pytest.mark.parametrize("type_name", REGISTRY.types)
def test_a_patient_reaches_no_more_than_a_system(type_name: str) -> None:
    """A policy answers for every type, and is the same value when asked again."""
    context = access("patient/*.cruds")
    for interaction in Interaction:
        policy = context.policy(interaction, type_name)
        assert context.policy(interaction, type_name) is policy
        assert context.explain(interaction, type_name).startswith("patient/*.cruds: ")


def test_the_callers_name_and_reasons_hold_no_patient() -> None:
    context = access("patient/Observation.rs", patient="secret", fhir_user="Patient/secret")
    told = context.caller + context.explain(Interaction.READ, "Observation")
    assert context.caller == "app/sub"
    assert "secret" not in told + context.explain(Interaction.READ, "Goal")
