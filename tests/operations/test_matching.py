"""Whether two Patients are one person: what each field says, and what it comes to
(R4 operation-patient-match.html, valueset-match-grade.html; docs/match.md)."""

from __future__ import annotations

import re
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.interactions.matching.candidates import searches
from fhir_server.interactions.matching.comparing import WEIGHTS, compare
from fhir_server.interactions.matching.grading import CERTAIN, POSSIBLE, PROBABLE, judge
from fhir_server.interactions.matching.nicknames import stand_for_each_other
from fhir_server.interactions.matching.person import person
from fhir_server.interactions.matching.similarity import is_one_edit, jaro_winkler
from resources.validation import validate

Resource = dict[str, Any]
MRN = "urn:mrn"


def patient(
    family: str = "Keller",
    given: str = "Eva Maria",
    born: str | None = "1980-05-12",
    gender: str | None = "female",
    mrn: str = "",
    **more: Any,
) -> Resource:
    made: Resource = {"resourceType": "Patient", **more}
    if family or given:
        name = {"family": family} if family else {}
        made.setdefault("name", [{**name, **({"given": given.split()} if given else {})}])
    made |= {"birthDate": born} if born else {}
    made |= {"gender": gender} if gender else {}
    return made | ({"identifier": [{"system": MRN, "value": mrn}]} if mrn else {})


def home(line: str = "12 High Street", postal: str = "12345", city: str = "Springfield") -> Any:
    return [{"line": [line], "postalCode": postal, "city": city}]


def phone(value: str = "+49 30 1234567") -> Any:
    return [{"system": "phone", "value": value}]


def levels(one: Resource, other: Resource) -> dict[str, str]:
    return {each.field: each.level for each in compare(person(one), person(other))}


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        # Winkler's own examples, to three digits.
        ("martha", "marhta", 0.961),
        ("dixon", "dicksonx", 0.813),
        ("dwayne", "duane", 0.84),
        ("smith", "smyth", 0.893),
        ("a", "b", 0),
        ("", "", 1),
        ("", "a", 0),
        ("jon", "john", 0.933),
    ],
)
def test_how_alike_two_words_are(one: str, other: str, alike: float) -> None:
    assert jaro_winkler(one, other) == pytest.approx(alike, abs=5e-4)  # pyright: ignore[reportUnknownMemberType]


@given(st.text(max_size=8), st.text(max_size=8))
def test_likeness_is_from_0_to_1_and_1_for_the_same(one: str, other: str) -> None:
    assert 0 <= jaro_winkler(one, other) <= 1
    assert jaro_winkler(one, one) == 1


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("eva", "ewa", True),
        ("eva", "evan", True),
        ("evan", "van", True),
        ("eva", "eva", True),
        ("eva", "olga", False),
        ("eva", "evita", False),
        ("li", "lu", False),
    ],
)
def test_one_letter_apart(one: str, other: str, is_one: bool) -> None:
    assert is_one_edit(one, other) is is_one
    assert is_one_edit(other, one) is is_one


@pytest.mark.parametrize(
    ("one", "other", "known"),
    [
        ("bob", "robert", True),
        ("bob", "rob", True),
        ("peggy", "margaret", True),
        ("robert", "margaret", False),
        ("xyz", "xyz", False),
    ],
)
def test_names_that_stand_for_each_other(one: str, other: str, known: bool) -> None:
    assert stand_for_each_other(one, other) is known
    assert stand_for_each_other(other, one) is known


def name(family: str, *given: str, **more: Any) -> Resource:
    return {"resourceType": "Patient", "name": [{"family": family, "given": [*given], **more}]}


@pytest.mark.parametrize(
    ("one", "other", "family", "given"),
    [
        (name("Keller", "Eva"), name("KELLER", "éva"), "same", "same"),
        (name("Keller", "Eva", use="maiden"), name("Keller", "Eva"), "former", "same"),
        (
            name("Keller", "Eva", period={"end": "2001"}),
            name("Keller", "Eva"),
            "former",
            "same",
        ),
        (name("Keller-Meyer", "Eva"), name("Meyer", "Eva"), "part", "same"),
        (name("Smith", "Eva"), name("Smyth", "Eva"), "like", "same"),
        (name("Johnson", "Eva"), name("Jonhson", "Eva"), "near", "same"),
        (name("Keller", "Eva"), name("Brandt", "Eva"), "other", "same"),
        (name("Keller", "Maria", "Eva"), name("Keller", "Eva"), "same", "another"),
        (name("Keller", "Eva Maria"), name("Keller", "Eva", "Maria"), "same", "same"),
        (name("Keller", "William"), name("Keller", "Bill"), "same", "nickname"),
        (name("Keller", "E"), name("Keller", "Eva"), "same", "initial"),
        (name("Keller", "E"), name("Keller", "E."), "same", "initial"),
        (name("Keller", "Jon"), name("Keller", "John"), "same", "near"),
        (name("Keller", "John"), name("Keller", "Joan"), "same", "like"),
        (name("Keller", "Eva"), name("Keller", "Olga"), "same", "other"),
        (name("Eva", "Keller"), name("Keller", "Eva"), "swapped", "swapped"),
        (name("Thomas", "Thomas"), name("Thomas", "Thomas"), "same", "same"),
    ],
)
def test_names(one: Resource, other: Resource, family: str, given: str) -> None:
    found = levels(one, other)
    assert (found["family"], found["given"]) == (family, given)


@pytest.mark.parametrize(
    ("text", "family", "given"),
    [
        ("Eva Maria Keller", "keller", ("eva", "maria")),
        ("Keller, Eva Maria", "keller", ("eva", "maria")),
        ("Keller", "keller", ()),
    ],
)
def test_a_name_that_is_text_alone(text: str, family: str, given: tuple[str, ...]) -> None:
    (found,) = person({"name": [{"text": text}]}).names
    assert (found.family, found.given) == (family, given)


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("1980-05-12", "1980-05-12", "same"),
        ("1980-05-12", "1980-12-05", "swapped"),
        ("1980-05-12", "1981-05-12", "digit"),
        ("1980-05-12", "1908-05-12", "digit"),
        ("1980-05-12", "1980-05-21", "digit"),
        ("1980-05-12", "1980-05-25", "two"),
        ("1980-05-12", "1975-05-12", "two"),
        ("1980-05-12", "1975-06-12", "other"),
        ("1980-05", "1980-05-12", "month"),
        ("1980-05", "1980-05", "month"),
        ("1980", "1980-05-12", "year"),
        ("1981", "1980-05-12", "other"),
    ],
)
def test_dates_of_birth(one: str, other: str, level: str) -> None:
    assert levels({"birthDate": one}, {"birthDate": other}) == {"birthDate": level}


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ({"gender": "male"}, {"gender": "male"}, {"gender": "same"}),
        ({"gender": "male"}, {"gender": "female"}, {"gender": "other"}),
        ({"gender": "male"}, {"gender": "unknown"}, {}),
        ({"address": home()}, {"address": home()}, {"address": "same"}),
        ({"address": home("12 Hihg St.")}, {"address": home("12 High St")}, {"address": "same"}),
        ({"address": home()}, {"address": home("14 High Street")}, {"address": "postal code"}),
        ({"address": home()}, {"address": home("1 Elm", "9")}, {"address": "city"}),
        ({"address": home()}, {"address": home("1 Elm", "9", "Ulm")}, {"address": "other"}),
        ({"telecom": phone()}, {"telecom": phone("030/1234567")}, {"telecom": "same"}),
        ({"telecom": phone()}, {"telecom": phone("030/7654321")}, {"telecom": "other"}),
        ({"telecom": phone()}, {"telecom": [{"system": "email", "value": "a@b.c"}]}, {}),
        ({"address": [{"line": ["1 Elm"]}]}, {"address": [{"line": ["1 Elm"]}]}, {}),
        ({}, {"gender": "male"}, {}),
    ],
)
def test_other_fields(one: Resource, other: Resource, found: dict[str, str]) -> None:
    assert levels(one, other) == found


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ({"system": MRN, "value": "7"}, {"system": MRN, "value": "7"}, "same"),
        ({"system": MRN, "value": "7"}, {"system": MRN, "value": "8"}, "other"),
        ({"system": MRN, "value": "7"}, {"system": "urn:x", "value": "7"}, None),
        ({"system": MRN, "value": "7"}, {"value": "7"}, "doubtful"),
        ({"system": MRN, "value": "7", "use": "old"}, {"system": MRN, "value": "7"}, "doubtful"),
        (
            {"system": MRN, "value": "7", "period": {"end": "2001-03"}},
            {"system": MRN, "value": "7"},
            "doubtful",
        ),
        ({"system": MRN, "value": "7", "use": "temp"}, {"system": MRN, "value": "8"}, None),
        ({"system": MRN}, {"system": MRN, "value": "8"}, None),
    ],
)
def test_identifiers(one: Resource, other: Resource, level: str | None) -> None:
    found = levels({"identifier": [one]}, {"identifier": [other]})
    assert found.get("identifier") == level


EVA = patient()
AT_HOME = {"address": home(), "telecom": phone()}


@pytest.mark.parametrize(
    ("query", "stored", "grade"),
    [
        (EVA, EVA, "certain"),
        (patient(gender=None), EVA, "certain"),
        (patient(mrn="7"), patient(mrn="7"), "certain"),
        # An identifier may have been mistyped: one thing more has to agree.
        (patient("", "", None, None, mrn="7"), patient(mrn="7"), "probable"),
        (patient("", "", "1980-05-12", None, mrn="7"), patient(mrn="7"), "certain"),
        (patient("Brandt", "Olga", "1955-01-31", "male", "7"), patient(mrn="7"), "certainly-not"),
        (patient(given="Olga", mrn="7"), patient(mrn="7"), "probable"),
        # Two numbers of one system are what duplicates have, and what two people have.
        (patient(mrn="7"), patient(mrn="8"), "probable"),
        # One thing mistyped is for somebody to look at, however much else agrees.
        (patient("Kelker"), EVA, "probable"),
        (patient(given="Ewa", **AT_HOME), patient(**AT_HOME), "probable"),
        (patient(born="1980-12-05"), EVA, "probable"),
        (patient(born="1980-05-13", **AT_HOME), patient(**AT_HOME), "probable"),
        (patient(born=None, **AT_HOME), patient(**AT_HOME), "probable"),
        (patient("Eva", "Keller"), EVA, "probable"),
        # Twins, and a father and son, by whatever they share.
        (patient(given="Olga", **AT_HOME), patient(**AT_HOME), "possible"),
        (patient(born="1950-11-30", **AT_HOME), patient(**AT_HOME), "possible"),
        (patient(given="Anna", **AT_HOME), patient(given="Hanna", **AT_HOME), "probable"),
        # A name alone, of a million people.
        (patient(born=None, gender=None), EVA, "possible"),
        (patient("Brandt"), EVA, "possible"),
        (patient("Brandt", "Olga"), EVA, "certainly-not"),
        (patient(born="1955-01-31"), EVA, "certainly-not"),
        (patient(gender="male", born=None), EVA, "certainly-not"),
    ],
)
def test_grades(query: Resource, stored: Resource, grade: str) -> None:
    verdict = judge(person(query), person(stored))
    assert verdict.grade == grade, [str(each) for each in verdict.evidence]


# ---- whatever is given -------------------------------------------------------------------------

_WORDS = st.sampled_from(("Eva", "Keller", "Smith", "Smyth", "Bob", "Robert", "E", "Ünal-Öz", "李"))
_TEXT = st.one_of(_WORDS, st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1))
_USE = st.sampled_from(("usual", "official", "old", "temp"))
_PERIOD = st.sampled_from(({"end": "2001"}, {"start": "2001-05-01", "end": "2099-01-01"}))
_ABSENT = {"extension": [{"url": "urn:absent", "valueCode": "unknown"}]}


def _some(required: dict[str, Any] | None = None, **optional: Any) -> st.SearchStrategy[Any]:
    made = st.fixed_dictionaries(required or {}, optional=optional)
    return made.filter(bool)


_GIVEN = st.lists(_TEXT, min_size=1, max_size=3)
_PATIENTS = _some(
    {"resourceType": st.just("Patient")},
    identifier=st.lists(
        _some(system=st.sampled_from((MRN, "urn:x")), value=_TEXT, use=_USE, period=_PERIOD),
        min_size=1,
        max_size=3,
    ),
    name=st.lists(
        st.one_of(
            _some(family=_TEXT, given=_GIVEN, text=_TEXT, period=_PERIOD),
            st.just({"given": [None, "Eva"], "_given": [_ABSENT, None], "_family": _ABSENT}),
        ),
        min_size=1,
        max_size=3,
    ),
    birthDate=st.one_of(
        st.dates().map(str), st.sampled_from(("1980", "1980-05", "1980-05-12", "1980-12-05"))
    ),
    gender=st.sampled_from(("male", "female", "other", "unknown")),
    telecom=st.lists(
        _some({"system": st.sampled_from(("phone", "email", "url"))}, value=_TEXT),
        min_size=1,
        max_size=2,
    ),
    address=st.lists(
        _some(line=_GIVEN, city=_TEXT, postalCode=_TEXT, period=_PERIOD), min_size=1, max_size=2
    ),
    active=st.booleans(),
    deceasedBoolean=st.booleans(),
)


@settings(max_examples=150)
@given(_PATIENTS, _PATIENTS)
def test_any_two_patients_are_weighed(one: Resource, other: Resource) -> None:
    """Symmetric, from 0 to 1, and with a grade that follows from the weight."""
    before = deepcopy(one)
    verdict = judge(person(one), person(other))
    assert 0 <= verdict.score <= 1
    back = judge(person(other), person(one))
    assert (verdict.weight, verdict.evidence) == (back.weight, back.evidence)
    steps = {"certain": CERTAIN, "probable": PROBABLE, "possible": POSSIBLE}
    assert verdict.weight >= steps.get(verdict.grade, verdict.weight)
    searches(one)
    assert one == before


@settings(max_examples=100)
@given(_PATIENTS)
def test_a_patient_is_themselves(one: Resource) -> None:
    """Nothing of an equal Patient speaks against it. With name and day of birth it is certain."""
    verdict = judge(person(one), person(one))
    assert all(each.weight > 0 for each in verdict.evidence)
    assert verdict.score == judge(person(one), person(deepcopy(one))).score
    known = person(one)
    named = any(
        name.family and not name.former and name.given and len(name.given[0]) > 1
        for name in known.names
    )
    if named and len(known.born) == len("2000-01-31"):
        assert verdict.grade == "certain"


def test_the_strategy_makes_patients() -> None:
    @settings(max_examples=30, database=None)
    @given(_PATIENTS)
    def valid(one: Resource) -> None:
        one = {**one, "id": "x"}
        problems = [each for each in validate(deepcopy(one)) if each.code != "value"]
        assert problems == []

    valid()


def test_a_thousand_of_everything_is_no_more_work_than_twenty() -> None:
    """Two are compared each with each, so that only so many count."""
    many: Resource = {
        "resourceType": "Patient",
        "name": [{"family": f"Family{at}" * 50, "given": ["Eva"] * 50} for at in range(1000)],
        "address": home() * 1000,
        "identifier": [{"system": MRN, "value": str(at)} for at in range(1000)],
    }
    known = person(many)
    assert max(map(len, (known.names, known.homes, known.numbers))) == 20
    assert judge(known, known).score <= 1


def test_the_page_says_every_weight_and_threshold() -> None:
    page = Path("docs/match.md").read_text("utf-8")
    for field, levels in WEIGHTS.items():
        (row,) = re.findall(rf"^\| `{field}` \|.*$", page, re.MULTILINE)
        told = {level: int(weight) for level, weight in re.findall(r"\*([\w ]+)\* ([+-]\d+)", row)}
        assert told == levels, field
    for grade, least in (("certain", CERTAIN), ("probable", PROBABLE), ("possible", POSSIBLE)):
        (row,) = re.findall(rf"^\| `{grade}` \|.*$", page, re.MULTILINE)
        odds = Decimal(2) ** least
        score = (odds / (odds + 1)).quantize(Decimal("0.001"))
        assert f"| {least} |" in row
        assert str(score) in row
