"""SMART scopes: which texts mean what, and which covers which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smart_auth.scopes import ResourceScope, covers, needs_patient, parse_scope, split_scopes

DEFINED = [
    ("patient/Observation.rs", "patient", "Observation", "rs", None),
    ("user/*.cruds", "user", "*", "cruds", None),
    ("system/Patient.r", "system", "Patient", "r", None),
    ("patient/*.read", "patient", "*", "rs", None),
    ("patient/*.write", "patient", "*", "cud", None),
    ("user/Patient.*", "user", "Patient", "cruds", None),
    ("patient/Observation.rs?category=a|b&x=y", "patient", "Observation", "rs", "category=a|b&x=y"),
    ("patient/Observation.s?code=http://loinc.org|8302-2", "patient", "Observation", "s", None),
]


@pytest.mark.parametrize(("text", "context", "type_name", "letters", "constraint"), DEFINED)
def test_a5_z1_defined_scopes(
    text: str, context: str, type_name: str, letters: str, constraint: str | None
) -> None:
    constraint = text.partition("?")[2] or None
    parsed = parse_scope(text)
    assert parsed == ResourceScope(context, type_name, frozenset(letters), constraint, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "patient/Observation",
        "patient/Observation.",
        "patient/Observation.sr",
        "patient/Observation.rr",
        "patient/Observation.rx",
        "patient/Observation.RS",
        "patient/observation.rs",
        "patient/Observation.rs?",
        "patient/Observation.read?category=a",
        "patient/*.*?a=b",
        "patient/.rs",
        "patients/Observation.rs",
        "Patient/Observation.rs",
        "patient/Observation.rs patient/Condition.rs",
        "patient/Observation.rs\n",
        'patient/Observation.rs?a="',
        "patient/Observation.rs?a=\u00e9",
        "openid",
        "launch/patient",
        "patient/Observation.rs?a=" + "b" * 600,
    ],
)
def test_a5_undefined_scopes(text: str) -> None:
    assert parse_scope(text) is None


@pytest.mark.parametrize(
    ("held", "asked", "covered"),
    [
        ("patient/*.rs", "patient/Observation.rs", True),
        ("patient/*.rs", "patient/Observation.read", True),
        ("patient/*.read", "patient/Observation.s", True),
        ("patient/*.cruds", "patient/*.*", True),
        ("patient/*.rs", "patient/Observation.rs?category=x", True),
        ("patient/Observation.r patient/*.s", "patient/Observation.rs", True),
        ("patient/Observation.rs?category=x", "patient/Observation.rs?category=x", True),
        ("patient/Observation.rs?category=x", "patient/Observation.rs?category=x&code=y", True),
        ("patient/Observation.rs?category=x", "patient/Observation.rs", False),
        ("patient/Observation.rs?category=x", "patient/Observation.rs?category=y", False),
        ("patient/Observation.rs", "patient/*.rs", False),
        ("patient/*.rs", "user/*.rs", False),
        ("patient/*.rs", "patient/Observation.rus", False),
        ("patient/*.rs", "patient/Observation.cruds", False),
        ("openid", "openid", True),
        ("openid", "fhirUser", False),
        ("launch", "launch", False),
        ("profile", "profile", False),
        ("", "patient/*.rs", False),
    ],
)
def test_a5_l3_coverage(held: str, asked: str, covered: bool) -> None:
    assert covers(held.split(), asked) == covered


_letters = st.sets(st.sampled_from("cruds"), min_size=1).map(
    lambda chosen: "".join(letter for letter in "cruds" if letter in chosen)
)
_scopes = st.tuples(
    st.sampled_from(["patient/", "user/"]),
    st.sampled_from(["*.", "Aa.", "Bb."]),
    _letters,
    st.sampled_from(["", "?a=1", "?a=2", "?a=1&b=1"]),
).map("".join)


def _accesses(scope: str) -> set[tuple[str, str, str, str, str]]:
    """The reference: every (context, type, letter, a, b) of a small universe that it allows."""
    parsed = parse_scope(scope)
    assert parsed
    types = ["Aa", "Bb", "Cc"] if parsed.type_name == "*" else [parsed.type_name]
    criteria = dict(parsed.criteria)
    return {
        (parsed.context, type_name, letter, a, b)
        for type_name in types
        for letter in parsed.letters
        for a in "123"
        for b in "12"
        if criteria.get("a", a) == a and criteria.get("b", b) == b
    }


@given(st.lists(_scopes, max_size=4), _scopes)
def test_l3_what_is_covered_allows_nothing_more(held: list[str], asked: str) -> None:
    allowed: set[tuple[str, str, str, str, str]] = set()
    for scope in held:
        allowed |= _accesses(scope)
    if covers(held, asked):
        assert _accesses(asked) <= allowed
    if asked in held:
        assert covers(held, asked)


@given(st.text(max_size=60))
def test_any_text_is_a_scope_or_none(text: str) -> None:
    parsed = parse_scope(text)
    assert parsed is None or parsed.text == text


def test_split_and_context() -> None:
    assert split_scopes("  a b  a ") == ("a", "b")
    assert needs_patient(["launch/patient"])
    assert needs_patient(["openid", "patient/*.rs"])
    assert not needs_patient(["openid", "user/Patient.rs"])
