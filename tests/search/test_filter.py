"""`_filter` (R4 `search_filter.html`): its grammar, what is refused, and what it comes to."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.outcome import Category, FhirError
from fhir_server.search.expression import And, Chain, Expression, Not, Or, Reverse
from fhir_server.search.filter_grammar import (
    MAX_COMPARISONS,
    MAX_DEPTH,
    All,
    Comparison,
    Filter,
    No,
    Some,
    Step,
    parse_filter,
)
from fhir_server.search.indexing import index_entry
from fhir_server.search.matching import matches
from tests.search.finding import CATALOGUE, parsed

Resource = dict[str, Any]


def where(search: str) -> Expression:
    return parsed(search).where


def filtered(text: str, type_name: str = "Observation") -> Expression:
    return where(f"{type_name}?_filter={quote(text)}")


def _shape(tree: Filter) -> str:
    """The tree with all of its parentheses."""
    match tree:
        case All(parts):
            return "(" + " and ".join(map(_shape, parts)) + ")"
        case Some(parts):
            return "(" + " or ".join(map(_shape, parts)) + ")"
        case No(part):
            return f"not {_shape(part)}"
        case Comparison(path, operator, value):
            names = (
                step.name + (f"[{_shape(step.within)}]" if step.within else "") for step in path
            )
            return f"{'.'.join(names)} {operator} {value}"


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("a eq 1", "a eq 1"),
        ("a eq 1 and b eq 2 and c eq 3", "(a eq 1 and b eq 2 and c eq 3)"),
        ("a eq 1 or b eq 2 and c eq 3", "((a eq 1 or b eq 2) and c eq 3)"),
        ("a eq 1 and b eq 2 or c eq 3", "((a eq 1 and b eq 2) or c eq 3)"),
        ("a eq 1 or (b eq 2 and c eq 3)", "(a eq 1 or (b eq 2 and c eq 3))"),
        ("not (a eq 1) or b eq 2", "(not a eq 1 or b eq 2)"),
        ("not(not(a eq 1))", "not not a eq 1"),
        ("not eq 1", "not eq 1"),
        ("and eq or or or eq and", "(and eq or or or eq and)"),
        ('a eq "x and (y] \\" \\u00e9"', 'a eq x and (y] " é'),
        ("a eq http://s.org/x|y(z", "a eq http://s.org/x|y(z"),
        ("a[b eq 1].c.d-e_f pr true", "a[b eq 1].c.d-e_f pr true"),
        ("a[(b eq 1) or c eq 2 ].d eq 3", "a[(b eq 1 or c eq 2)].d eq 3"),
        ("(a eq 1)and(b eq 2)", "(a eq 1 and b eq 2)"),
        ("_id eq 2020-01-01T10:00:00.5+02:00", "_id eq 2020-01-01T10:00:00.5+02:00"),
    ],
)
def test_how_a_filter_is_read(text: str, shape: str) -> None:
    """Left to right, "with no precedence between and and or"."""
    assert _shape(parse_filter(text)) == shape


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a", r"at character 2, the end: expected a space and an operator"),
        ("a eq", r"at character 5, the end: expected a space and a value"),
        ("a eq ", r"at character 6, the end: expected a value"),
        ("a is 1", r'at character 3, "is 1": expected one of eq, ne'),
        ("a EQ 1", "expected one of eq"),
        ("a eq 1 b eq 2", r'at character 8, "b eq 2": expected "and", "or" or the end'),
        ("a eq 1 and", "at character 11, the end: expected the name of a search parameter"),
        ("(a eq 1", r'at character 8, the end: expected "\)"'),
        ("a eq 1)", r'at character 7, "\)": expected "and", "or" or the end'),
        ("not a eq 1", r'at character 5, "a eq 1": expected one of'),
        ('a eq "x', "a string that ends with a quotation mark"),
        ('a eq "\\x"', "a string as JSON writes them"),
        ("a[b eq 1 eq 2", r'expected "\]"'),
        ("a[b eq 1] eq 2", r'expected "\."'),
        ("a:Patient eq 2", r'expected "\."'),
        ("a..b eq 2", "the name of a search parameter"),
        ("1a eq 2", "the name of a search parameter"),
        ("a=b", "a space and an operator"),
        ("(" * (MAX_DEPTH + 1) + "a eq 1" + ")" * (MAX_DEPTH + 1), "16 parentheses"),
        (" and ".join(["a eq 1"] * (MAX_COMPARISONS + 1)), "more than 64 comparisons"),
    ],
)
def test_an_error_says_where_and_what(text: str, says: str) -> None:
    """F13: the position in the text, and what was expected there."""
    with pytest.raises(FhirError, match=says) as caught:
        parse_filter(text)
    assert caught.value.category is Category.INVALID


@pytest.mark.parametrize(
    ("text", "category", "says"),
    [
        ("cod eq a", Category.INVALID, "Did you mean code"),
        ("subject.nme eq a", Category.INVALID, "nothing that subject refers to"),
        ("subject:Patient.nme eq a", Category.INVALID, "Did you mean name"),
        ("subject:Practitioner.name eq a", Category.INVALID, "subject refers to"),
        ("code.name eq a", Category.INVALID, "code is a token"),
        ("code gt a", Category.INVALID, "code .token. is compared by eq, ne, co, sw, ew, pr"),
        ("date co 2020", Category.INVALID, "date .date. is compared by"),
        ("subject sw a", Category.INVALID, "compared by eq, ne, re, pr"),
        ("date gt ge2020", Category.INVALID, "the operator stands before the value"),
        ("date eq x1", Category.INVALID, "the operator stands before the value"),
        ("date eq 20-20", Category.INVALID, "not a date"),
        ("value-quantity gt 5|mg", Category.INVALID, "number"),
        ("status pr perhaps", Category.INVALID, "true or false"),
        ("code-value-quantity pr true", Category.INVALID, "compared by eq, not by pr"),
        ("code-value-quantity[date eq 1].code eq a", Category.INVALID, "has code and"),
        ("code-value-quantity.code.x eq a", Category.INVALID, "nothing beyond"),
        ("code-value-quantity.value-quantity eq a", Category.INVALID, "stands before the value"),
        ("code co http://a.org|", Category.INVALID, "there is no code"),
        ("subject ne Patient/1/_history/2", Category.INVALID, "goes with no version"),
        ("_list co 1", Category.INVALID, "_list is compared by eq"),
        ("_list._id eq 1", Category.INVALID, "_list is compared by eq"),
        ("_list eq $current-problems", Category.NOT_SUPPORTED, "lists by their function"),
        ("value-string co -", Category.INVALID, "no letter or digit"),
        ("code ss http://a.org|b", Category.NOT_SUPPORTED, "terminology"),
        ("code sb http://a.org|b", Category.NOT_SUPPORTED, "terminology"),
        ("code in http://a.org", Category.NOT_SUPPORTED, "terminology"),
        ("code ni http://a.org", Category.NOT_SUPPORTED, "terminology"),
        ("has-member" + ".has-member" * 6 + " pr true", Category.TOO_COSTLY, "more than 5"),
        ("focus._id eq 1", Category.TOO_COSTLY, "too many types"),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_what_is_refused(text: str, category: Category, says: str, strict: bool) -> None:
    """F13: under lenient handling too, for no part of a value can be left out."""
    with pytest.raises(FhirError, match=says) as caught:
        parsed(f"Observation?_filter={quote(text)}", strict=strict)
    assert caught.value.category is category


def test_a_long_filter_is_refused() -> None:
    with pytest.raises(FhirError, match="at most 4000 characters"):
        filtered("code eq " + "x" * 4000)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("code eq a", "code=a"),
        ("code eq http://s.org|a and date ge 2020", "code=http://s.org|a&date=ge2020"),
        ("(code eq a or code eq b) and status eq final", "code=a,b&status=final"),
        ("not (code eq a)", "code:not=a"),
        ("subject pr false", "subject:missing=true"),
        ("value-string sw ab", "value-string=ab"),
        ("value-string co ab", "value-string:contains=ab"),
        ("value-quantity lt 5.4|http://unitsofmeasure.org|mg",
         "value-quantity=lt5.4|http://unitsofmeasure.org|mg"),
        ("subject.name sw x", "subject.name=x"),
        ("subject:Patient.gender eq male", "subject:Patient.gender=male"),
        ("encounter.subject:Patient._id eq 1", "encounter.subject:Patient._id=1"),
        ("code-value-quantity eq a$gt5", "code-value-quantity=a$gt5"),
        ("_lastUpdated gt 2020", "_lastUpdated=gt2020"),
        ("_content co liver", "_content=liver"),
        ("subject re Patient/1", "subject=Patient/1"),
        ('value-string sw "a\\\\,b"', "value-string=a\\,b"),
    ],
)  # fmt: skip
def test_it_reads_as_ordinary_parameters_do(text: str, same: str) -> None:
    """The same condition, and so the same index, policy and answer."""
    assert filtered(text) == where(f"Observation?{same}")
    assert parsed(f"Observation?_filter={quote(text)}&_count=1").applied[0] == ("_filter", text)


def test_brackets_are_about_the_same_target() -> None:
    """`subject[x].y`: one Patient for both, which two chains are not."""
    male, named = where("Patient?gender=male"), where("Patient?family=x")
    read = filtered("subject:Patient[gender eq male].family sw x")
    assert read == Chain("subject", "Patient", And((male, named)))
    apart = filtered("subject:Patient.gender eq male and subject:Patient.family sw x")
    assert isinstance(apart, And)
    deep = filtered(
        "encounter[status eq finished].subject:Patient[not (gender eq male)].family pr true"
    )
    assert isinstance(deep, Chain)
    assert isinstance(deep.inner, And)
    untyped = filtered("subject[name sw x]._id pr true")
    assert isinstance(untyped, Or)


def test_it_stands_in_other_parameters() -> None:
    """One Observation that meets both, of which `_has` alone cannot speak."""
    read = where("Patient?_has:Observation:patient:_filter=code eq a and date gt 2020")
    assert read == Reverse("Observation", "patient", where("Observation?code=a&date=gt2020"))
    read = where("Observation?subject:Patient._filter=gender eq male or family sw x")
    assert read == Chain(
        "subject", "Patient", Or((where("Patient?gender=male"), where("Patient?family=x")))
    )


# ---- against a plain evaluation ----------------------------------------------------------------

CODES, WORDS = ("a", "b", "c"), ("ann", "anna", "bo", "nan")
RESOURCES: list[Resource] = [
    {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": ("final", "amended")[number % 2],
        "code": {"coding": [{"code": CODES[number % 3]}, {"code": CODES[number // 3 % 3]}]},
        **({"valueString": WORDS[number % 4]} if number % 5 else {}),
        **({"effectiveDateTime": f"20{10 + number % 4}"} if number % 7 else {}),
    }
    for number in range(36)
]


def _codes(one: Resource) -> list[str]:
    return [coding["code"] for coding in one["code"]["coding"]]


def _strings(one: Resource) -> list[str]:
    return [one["valueString"]] if "valueString" in one else []


def _years(one: Resource) -> list[str]:
    return [one["effectiveDateTime"]] if "effectiveDateTime" in one else []


_VALUES = {"code": _codes, "value-string": _strings, "date": _years}
_HOLDS = {
    "eq": lambda each, asked: each == asked,
    "ne": lambda each, asked: each != asked,
    "co": lambda each, asked: asked in each,
    "sw": lambda each, asked: each.startswith(asked),
    "ew": lambda each, asked: each.endswith(asked),
    "gt": lambda each, asked: each > asked,
    "lt": lambda each, asked: each < asked,
    "ge": lambda each, asked: each >= asked,
    "le": lambda each, asked: each <= asked,
}

Asked = tuple[str, frozenset[str]]
"""A filter, and the ids that it selects."""
ENTRIES = [index_entry(CATALOGUE, one, frozenset()) for one in RESOURCES]
ALL_IDS = frozenset(one["id"] for one in RESOURCES)


def _comparison(name: str, operator: str, value: str) -> Asked:
    if operator == "pr":
        value = "true" if value < "b" else "false"
        ids = (one["id"] for one in RESOURCES if bool(_VALUES[name](one)) == (value == "true"))
    else:
        holds = _HOLDS[operator]
        ids = (one["id"] for one in RESOURCES if any(holds(v, value) for v in _VALUES[name](one)))
    return f"{name} {operator} {value}", frozenset(ids)


_text_operators = st.sampled_from(("eq", "ne", "co", "sw", "ew", "pr"))
comparisons = st.one_of(
    st.builds(_comparison, st.just("code"), _text_operators, st.sampled_from((*CODES, "d"))),
    st.builds(
        _comparison,
        st.just("value-string"),
        _text_operators,
        st.sampled_from((*WORDS, "a", "n", "an")),
    ),
    st.builds(
        _comparison,
        st.just("date"),
        st.sampled_from(("eq", "ne", "gt", "lt", "ge", "le", "pr")),
        st.sampled_from(("2009", "2010", "2011", "2012", "2013", "2014")),
    ),
)


def _joined(first: Asked, rest: list[tuple[str, Asked]]) -> Asked:
    text, ids = first
    for word, (more, others) in rest:
        text, ids = f"{text} {word} {more}", ids & others if word == "and" else ids | others
    return text, ids


def _in_parentheses(of: Asked) -> Asked:
    return f"({of[0]})", of[1]


def _negated(of: Asked) -> Asked:
    return f"not ({of[0]})", ALL_IDS - of[1]


def _combined(inner: st.SearchStrategy[Asked]) -> st.SearchStrategy[Asked]:
    whole = st.one_of(comparisons, inner.map(_in_parentheses), inner.map(_negated))
    more = st.lists(st.tuples(st.sampled_from(("and", "or")), whole), max_size=3)
    return st.builds(_joined, whole, more)


@given(_combined(_combined(_combined(comparisons))))
@settings(max_examples=150)
def test_a_filter_is_what_its_sets_are(asked: Asked) -> None:
    """Random filters: "evaluated left to right", and each comparison against the set of values."""
    text, ids = asked
    condition = filtered(text)
    assert {one.logical_id for one in ENTRIES if matches(condition, one)} == ids, text


@given(st.text(), st.text(st.sampled_from('ab ()[]."\\:|-not andoreq1')))
@settings(max_examples=300)
def test_no_text_breaks_the_parser(some: str, close: str) -> None:
    """F12, O2: any text is a filter or a clear refusal."""
    for text in (some, close, f"code eq {some}", f'code eq "{some}" and {close}'):
        try:
            parsed(f"Observation?_filter={quote(text, errors='surrogatepass')}")
        except FhirError as refused:
            assert refused.category.status in (400, 422)  # noqa: PT017 - either outcome is right


def test_a_step_is_what_it_is() -> None:
    tree = parse_filter("a:B.c eq 1")
    assert tree == Comparison((Step("a", "B", None), Step("c", None, None)), "eq", "1", 1)
    assert isinstance(filtered("not (status eq final)"), Not)
