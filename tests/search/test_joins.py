"""How chained and reverse chained parameters are read (R4 3.1.1.4.13, 3.1.1.4.14)."""

from __future__ import annotations

import pytest

from fhir_server.outcome import Category, FhirError
from fhir_server.search.expression import Chain, Expression, Ids, Key, KeyAmong, Or, Reverse
from fhir_server.search.joins import has_joins, one_of
from fhir_server.search.matching import matches
from tests.search.finding import parsed
from tests.search.world import world

MALE = Key("gender\x1fc\x1fmale")
NAMED = Key("name\x1fx\x1fX")
CODED = Or((Key("code\x1fc\x1fa"), Key("code\x1fc\x1fb")))


@pytest.mark.parametrize(
    ("search", "read"),
    [
        ("Observation?subject:Patient.gender=male", Chain("subject", "Patient", MALE)),
        ("Observation?patient.gender=male", Chain("patient", "Patient", MALE)),
        (
            "Observation?subject.name:exact=X",
            Or((Chain("subject", "Location", NAMED), Chain("subject", "Patient", NAMED))),
        ),
        (
            "DiagnosticReport?result.subject:Patient.gender=male",
            Chain("result", "Observation", Chain("subject", "Patient", MALE)),
        ),
        (
            "Observation?patient.organization.name:exact=X",
            Chain("patient", "Patient", Chain("organization", "Organization", NAMED)),
        ),
        (
            "Patient?_has:Observation:patient:code=a,b",
            Reverse("Observation", "patient", CODED),
        ),
        (
            "Encounter?patient._has:Group:member:_id=102",
            Chain("patient", "Patient", Reverse("Group", "member", Ids(frozenset({"102"})))),
        ),
        (
            "Organization?_has:Patient:organization:_has:Observation:patient:code=a,b",
            Reverse("Patient", "organization", Reverse("Observation", "patient", CODED)),
        ),
        (
            "Practitioner?_has:Observation:performer:patient.gender=male",
            Reverse("Observation", "performer", Chain("patient", "Patient", MALE)),
        ),
    ],
)
def test_q6_a_join_is_read_step_by_step(search: str, read: Expression) -> None:
    query = parsed(search)
    assert query.where == read
    assert has_joins(query.where)
    name, _, value = search.partition("?")[2].partition("=")
    assert query.applied == ((name, value),)


@pytest.mark.parametrize(
    ("search", "says"),
    [
        ("Observation?subjct.name=x", "Did you mean subject"),
        ("Observation?code.name=x", "code is a token"),
        ("Observation?subject:Practitioner.name=x", "subject refers to"),
        ("Observation?subject:Patient.nme=x", "Did you mean name"),
        ("Observation?subject.nonsense=x", "nothing that subject refers to"),
        ("Observation?subject:Patient._count=3", "no search parameter _count"),
        ("Observation?subject:Patient.=x", "no search parameter"),
        ("Observation?patient.birthdate=x", "birthdate"),
        ("Patient?_has:Observation:pat:code=x", "Did you mean _has:Observation:patient"),
        ("Patient?_has:Observation:code:code=x", "no reference to Patient"),
        ("Patient?_has:Obs:patient:code=x", "no reference to Patient"),
        ("Patient?_has:Observation:patient:cod=x", "Did you mean code"),
        ("Patient?_has:Observation:patient=x", "written _has:Type:reference:parameter"),
        ("Patient?_has:Observation:patient:=x", "written _has:Type:reference:parameter"),
        ("Patient?_has:::=x", "written _has:Type:reference:parameter"),
    ],
)
def test_f13_what_is_wrong_in_a_join_is_said(search: str, says: str) -> None:
    with pytest.raises(FhirError, match=says) as caught:
        parsed(search)
    assert caught.value.category is Category.INVALID


@pytest.mark.parametrize(
    "search",
    [
        "Observation?patient.link.link.link.link.link.gender=male",
        "Patient?" + "_has:Patient:link:" * 6 + "gender=male",
        "Provenance?target._id=x",
    ],
)
def test_a_join_is_bounded(search: str) -> None:
    with pytest.raises(FhirError) as caught:
        parsed(search)
    assert caught.value.category is Category.TOO_COSTLY


def test_a_bad_value_is_an_error_under_lenient_handling_too() -> None:
    for search in ("patient.birthdate=x", "subject:Patient.gender:bogus=x"):
        with pytest.raises(FhirError):
            parsed(f"Observation?{search}", strict=False)
    query = parsed("Observation?patient.nonsense=x&code=a", strict=False)
    assert query.applied == (("code", "a"),)


def test_one_of_many_keys_says_the_same_as_each() -> None:
    few, many = one_of("ab"), one_of(f"k{number}" for number in range(500))
    assert few == Or((Key("a"), Key("b")))
    assert isinstance(many, KeyAmong)
    entry = next(iter(WORLD.entries))
    some = sorted(entry.keys)[:1]
    assert matches(one_of([*some, *(f"k{number}" for number in range(500))]), entry)
    assert not matches(many, entry)


WORLD = world("Observation", 1, 1)


def test_an_untyped_chain_skips_targets_that_cannot_have_the_value() -> None:
    """`type` is a code of a Group and a boolean of an OperationDefinition."""
    read = parsed("QuestionnaireResponse?subject.type=person").where
    assert isinstance(read, Or)
    targets = {one.target for one in read.parts if isinstance(one, Chain)}
    assert "Group" in targets
    assert "OperationDefinition" not in targets
    with pytest.raises(FhirError, match="true or false"):
        parsed("Observation?subject.active=perhaps")
