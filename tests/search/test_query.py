"""Reading searches: what is refused, what is ignored, and what an error teaches."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.outcome import Category, FhirError
from fhir_server.search.expression import Everything, Key, conjunction
from fhir_server.search.indexing import index_entry
from fhir_server.search.main_dates import MAIN_DATE
from fhir_server.search.query import Include, SortKey, parse_criteria, parse_search
from fhir_server.search.values import split
from resources.registry import REGISTRY
from tests.search.finding import CATALOGUE, parsed


@pytest.mark.parametrize(
    ("search", "says"),
    [
        ("Observation?cod=a", "Did you mean code"),
        ("Patient?birthDate=2000", "Did you mean birthdate"),
        ("Patient?nonsense-that-is-nothing=1", "no search parameter"),
        ("Observation?$where=1", "no search parameter"),
        ("Observation?code[$ne]=1", "no search parameter"),
        ("Observation?code=", "has no value"),
        ("Observation?code=a,", "empty value"),
        ("Observation?code=,a", "empty value"),
        ("Observation?_list=,a", "empty value"),
        ("Observation?_content=a,", "empty value"),
        ("Observation?_content=...", "no letter or digit"),
        ("Observation?_content=()", "no word to search for"),
        ("Observation?_content=(a", "not closed"),
        ("Observation?_content=a)", "closed that was not opened"),
        ("Observation?_content=a and", "in front of a word"),
        ("Observation?_content=or a", "no word to search for"),
        ("Observation?_text=not", "in front of a word"),
        ('Observation?_text="bone marrow"', "phrase in quotation marks is not supported"),
        ("Observation?_text=" + "a " * 33, "more than 32 words"),
        ("Observation?_text=" + "(" * 9 + "a" + ")" * 9, "more than 8 parentheses"),
        ("Observation?_contained=perhaps", "false, true or both"),
        ("Observation?code=|", "give a system, a code, or both"),
        ("Observation?date=2013-13", "not a date"),
        ("Observation?date=2013-02-30", "not a date"),
        ("Observation?date=13-01-01", "not a date"),
        ("Observation?date=2013-01-14T10", "not a date"),
        ("Observation?date=2013-01-14T25:00", "not a date"),
        ("Observation?date=2013-01-14T10:00:00%2B99:00", "not a date"),
        ("Observation?date=0000", "not a date"),
        ("Observation?date=xx2013", "none of eq, ne"),
        ("Observation?date=%D9%A2%D9%A0%D9%A1%D9%A3", "not a date"),
        ("Observation?_lastUpdated=yesterday", "not a date"),
        ("RiskAssessment?probability=high", "not a number such as"),
        ("RiskAssessment?probability=xx0.8", "none of eq, ne"),
        ("RiskAssessment?probability=.8", "not a number such as"),
        ("RiskAssessment?probability=NaN", "not a number such as"),
        ("RiskAssessment?probability=1e99999", "not a number such as"),
        ("RiskAssessment?probability=%D9%A2", "not a number such as"),
        ("Observation?value-quantity=5|mg", "number.*system.*code"),
        ("Observation?value-quantity=5|http://unitsofmeasure.org|", "there is no unit"),
        ("Observation?value-quantity=5.4||", "there is no unit"),
        ("Patient?name=.%2B", "no letter or digit"),
        ("Observation?value-quantity=|http://unitsofmeasure.org|mg", "not a number such as"),
        ("ValueSet?url:below=urn:oid:1.2", "it is for URLs"),
        ("ValueSet?url:above=urn:oid:1.2", "it is for URLs"),
        ("ValueSet?url:above=http://a.org" + "/a" * 200, "more than 100 parts"),
        ("Observation?code-value-quantity=a", r"\[code\]\$\[value-quantity\]"),
        ("Observation?code-value-quantity=a$1$2", r"\[code\]\$\[value-quantity\]"),
        ("Observation?code-value-quantity=a$", r"\[code\]\$\[value-quantity\]"),
        ("Observation?code-value-quantity=a$b", "not a number such as"),
        ("Observation?identifier:of-type=a|b", "all three"),
        ("Observation?identifier:of-type=a||c", "all three"),
        ("Observation?code:text=-", "no letter or digit"),
        ("Observation?subject:identifier=|", "give a system, a code, or both"),
        ("Location?near=1", "latitude"),
        ("Location?near=1|2|3|km|x", "latitude"),
        ("Location?near=1|2|lt3", "no prefix"),
        ("Location?near=91|0", "latitude"),
        ("Location?near=0|181", "latitude"),
        ("Location?near=a|b", "not a number such as"),
        ("Location?near=1|2|-3", "latitude"),
        ("Location?near=1|2|3|kg", "no unit of length"),
        ("Patient?active=yes", "true or false"),
        ("Patient?phone=tel|1", "no system"),
        ("Patient?active=urn:x|true", "no system"),
        ("Patient?name:missing=maybe", "true or false"),
        ("Patient?name=-", "no letter or digit"),
        ("Observation?subject=a%20b", "not an id"),
        ("Observation?subject=Patient/", "not an id"),
        ("Observation?subject:Practitioner=1", "does not refer to Practitioner"),
        ("Observation?_count=-1", "a number"),
        ("Observation?_count=ten", "a number"),
        ("Observation?_count=%C2%B2", "a number"),
        ("Observation?_count=1&_count=2", "given twice"),
        ("Observation?_total=exact", "one of none, estimate, accurate"),
        ("Observation?_sort=subject", "not sorted by 'subject'"),
        ("Observation?_sort=dat", "date"),
        ("Observation?_sort=--date", "not sorted"),
        ("Observation?_sort=date,", "not sorted"),
        ("Observation?_include=Observation:subjekt", "Did you mean Observation:subject"),
        ("Observation?_include=Patient:organization", "not a reference to follow here"),
        ("Observation?_include=Observation:subject:Practitioner", "refers to"),
        ("Observation?_include=Observation", "not a reference to follow here"),
        ("Observation?_include=Patient:*", "not a reference to follow here"),
        ("Observation?_include=*:subject", "it is written"),
        ("Observation?_include=Observation:subject:", "it is written"),
        ("Observation?_include=Observation:subject:Patient:x", "it is written"),
        ("Observation?_include=Observation:*:Nothing", "no resource type"),
        ("Observation?_include:iterate=Nothing:*", "not a reference to follow here"),
        ("Observation?_include:iterate=Patient:organisation", "Patient:organization"),
        ("Patient?_revinclude=Observation:code", "not a reference to follow here"),
        ("Patient?_revinclude=Observation:subject:Group", "is Patient in this search"),
        ("Observation?code=" + "x" * 5000, "at most 4000 characters"),
    ],
)
def test_what_is_wrong_is_said(search: str, says: str) -> None:
    """F13: under strict handling a 400 that names the parameter and what would be right."""
    with pytest.raises(FhirError, match=says) as caught:
        parsed(search)
    assert caught.value.category is Category.INVALID


@pytest.mark.parametrize(
    "search",
    [
        "Observation?code-value-quantity:missing=true",
        "Patient?_content:exact=a",
        "Patient?_text:contains=a",
        "Patient?_filter:missing=true",
        "Patient?_list:not=1",
        "Patient?_list=$current-allergies",
        "Patient?_contained=true",
        "Patient?_contained=both",
        "Patient?_containedType=contained",
        "Patient?_query=current",
        "Patient?organization._type=Organization",
        "Patient?_summary=true",
        "Patient?_elements=name",
        "Observation?code:in=http://a.org",
        "Observation?_include:recurse=Observation:subject",
        "Patient?_revinclude:recurse=Observation:subject",
        "Observation?_include:missing=true",
        "Observation?code:not-in=http://a.org",
        "Observation?code:above=a",
        "Observation?code:below=a",
        "Observation?code:of-type=a|b|c",
        "Observation?status:text=a",
        "Patient?name:text=a",
        "Patient?birthdate:exact=2000",
    ],
)
def test_what_is_not_offered_is_refused(search: str) -> None:
    """Known to R4 and not offered here: refused, never left out silently."""
    with pytest.raises(FhirError) as caught:
        parsed(search)
    assert caught.value.category is Category.NOT_SUPPORTED


@pytest.mark.parametrize("name", ["nonsense", "_containedType", "subject.nonsense"])
def test_lenient_handling_leaves_out_and_warns(name: str) -> None:
    """F13: what counted is in `applied`, what did not is a warning."""
    query = parsed(f"Observation?{name}=1&code=a", strict=False)
    assert query.where == Key("code\x1fc\x1fa")
    assert query.applied == (("code", "a"),)
    assert [issue.severity for issue in query.warnings] == ["warning"]
    assert name in query.warnings[0].diagnostics


@pytest.mark.parametrize(
    "search",
    [
        "date=x",
        "code:bogus=a",
        "_count=-1",
        "_sort=nothing",
        "_contained=true",
        "_query=current",
        "_filter=nonsense eq 1",
        "_filter=code eq",
        "_list=$current-problems",
    ],
)
def test_lenient_handling_forgives_no_bad_value_or_modifier(search: str) -> None:
    """R4 3.1.1.4.5: a modifier that is not supported is rejected."""
    with pytest.raises(FhirError):
        parsed(f"Observation?{search}", strict=False)


def test_results() -> None:
    """`_count`, `_sort`, `_total`, `_include` and `_revinclude`."""
    query = parsed(
        "Observation?_count=5000&_sort=-date,_lastUpdated&_total=accurate&_format=json&_pretty=true"
        "&_include=Observation:subject:Patient&_include=Observation:encounter"
        "&_revinclude=Provenance:target"
    )
    assert query.count == 100
    assert query.sort == (SortKey("date", True), SortKey("_lastUpdated", False))
    assert query.total == "accurate"
    assert query.includes == (
        Include("Observation", "subject", "Patient"),
        Include("Observation", "encounter", None),
    )
    assert query.revincludes == (Include("Provenance", "target", None),)
    assert isinstance(query.where, Everything)
    assert parsed("Observation?_count=0").count == 0
    assert parsed("Observation").count == 50


def test_criteria_are_strict_and_only_filters() -> None:
    """Conditional interactions and granular scopes (contract: always strict)."""
    where = parse_criteria(CATALOGUE, "Observation", "category=a%7Cb&status=final,amended")
    both = parse_search(
        CATALOGUE,
        "Observation",
        [("category", "a|b"), ("status", "final,amended")],
        strict=True,
        default_count=1,
        max_count=1,
    )
    assert where == both.where
    for criteria in ("", "_sort=date", "_count=1", "nonsense=1", "code=", "_include=a"):
        with pytest.raises(FhirError):
            parse_criteria(CATALOGUE, "Observation", criteria)


@given(st.lists(st.text(st.sampled_from("a,|$\\"), min_size=1), min_size=1))
def test_escapes_come_back(parts: list[str]) -> None:
    """Q1e (R4 3.1.1.4.2): an escaped separator separates nothing."""
    escaped = ["".join(f"\\{each}" if each in ",|$\\" else each for each in part) for part in parts]
    assert split(",".join(escaped), ",") == escaped


@given(
    st.sampled_from(("Observation", "Patient", "Slot", "ValueSet")).flatmap(
        lambda name: st.tuples(
            st.just(name),
            st.sampled_from((*REGISTRY.parameters(name), "_sort", "_count", "_include", "x.y")),
            st.sampled_from(("", ":missing", ":not", ":exact", ":contains", ":Patient", ":x")),
            st.one_of(st.text(), st.text(st.sampled_from("0123456789-:TZ+.,|\\$aeqgt/"))),
        )
    ),
    st.booleans(),
)
@settings(deadline=None, max_examples=300)
def test_no_value_breaks_the_parser(pair: tuple[str, str, str, str], strict: bool) -> None:
    """F12, O2: any text is a query or a clear refusal."""
    type_name, name, modifier, value = pair
    try:
        parse_search(
            CATALOGUE,
            type_name,
            [(name + modifier, value)],
            strict=strict,
            default_count=10,
            max_count=10,
        )
    except FhirError as refused:
        assert refused.category.status == 400  # noqa: PT017 - either outcome is right


def test_every_listed_parameter_and_modifier_is_accepted() -> None:
    """D18: what the CapabilityStatement lists works; what it does not list is refused."""
    values = {"date": "2020", "token": "a", "string": "a", "reference": "a"}
    values |= {"number": "1.5", "quantity": "1.5||mg", "special": "1|2|3", "uri": "http://a.org/b"}
    for type_name in REGISTRY.types:
        listed = CATALOGUE.supported_parameters(type_name)
        for parameter, modifiers in listed:
            plain = CATALOGUE.fields(type_name)[parameter.name].plain
            value = "true" if plain == {"boolean"} else values.get(parameter.type, "")
            if components := CATALOGUE.fields(type_name)[parameter.name].components:
                value = "$".join(values[each.whole.type] for each in components)
            for modifier in ("", *modifiers):
                name = f"{parameter.name}:{modifier}" if modifier else parameter.name
                given = {"missing": "true", "of-type": "a|b|c"}.get(modifier, value)
                parse_criteria(CATALOGUE, type_name, f"{name}={given}")
        for name in REGISTRY.parameters(type_name).keys() - {p.name for p, _ in listed}:
            with pytest.raises(FhirError):
                parse_criteria(CATALOGUE, type_name, f"{name}=1")


def test_every_listed_include_is_accepted() -> None:
    """D18, Q9."""
    for type_name in ("Observation", "Patient", "Provenance", "Slot", "Group", "List"):
        for each in CATALOGUE.includes(type_name):
            assert parsed(f"{type_name}?_include={each}").includes
        for each in CATALOGUE.revincludes(type_name):
            assert parsed(f"{type_name}?_revinclude={each}").revincludes


def test_main_dates_are_dates_of_which_there_is_one() -> None:
    """They are stored as one start and one end, so their elements must not repeat."""
    for type_name, name in MAIN_DATE.items():
        field = CATALOGUE.fields(type_name)[name]
        assert field.type == "date", (type_name, name)
        paths = re.findall(rf"\b{type_name}\.([\w.]+)", field.definition.expression or "")
        assert paths, (type_name, name)
        for path in paths:
            steps = path.split(".")
            for end in range(1, len(steps) + 1):
                element = REGISTRY.element(type_name, ".".join(steps[:end]))
                assert element is not None
                assert not element.repeats, (type_name, path)


def test_a_resource_with_too_many_pairs_is_refused() -> None:
    """A document's index entries are bounded, and nothing is left out of the index."""
    many = [{"coding": [{"code": str(each)} for each in range(100)]}]
    observation = {
        "resourceType": "Observation",
        "id": "a",
        "category": many,
        "code": many[0],
    }
    with pytest.raises(FhirError) as caught:
        index_entry(CATALOGUE, observation, frozenset())
    assert caught.value.category is Category.TOO_LONG


def test_conjunction_of_nothing_is_everything() -> None:
    assert parsed("Patient").where == conjunction()


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("_include=*", Include("*", "*", None)),
        ("_include=Observation:*", Include("Observation", "*", None)),
        ("_include=Observation:*:Patient", Include("Observation", "*", "Patient")),
        ("_include:iterate=*", Include("*", "*", None, iterate=True)),
        ("_include:iterate=Patient:link", Include("Patient", "link", None, iterate=True)),
        ("_revinclude=*", Include("*", "*", None)),
        ("_revinclude=Observation:*", Include("Observation", "*", None)),
        (
            "_revinclude:iterate=AuditEvent:entity:Patient",
            Include("AuditEvent", "entity", "Patient", iterate=True),
        ),
    ],
)
def test_q9_wildcards_and_iterate(given: str, read: Include) -> None:
    query = parsed(f"Observation?{given}")
    assert (query.includes or query.revincludes) == (read,)
