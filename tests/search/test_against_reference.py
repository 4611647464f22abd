"""Random resources and queries: the server decides as the specification's words do."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.search import reference
from tests.search.finding import found

Resource = dict[str, Any]

MOMENTS = (
    "2012", "2013", "2012-12", "2013-01", "2013-02", "2013-01-14", "2013-01-15", "2012-12-31",
    "2013-01-14T00:00:00Z", "2013-01-14T10:00:00Z", "2013-01-14T10:00:00.5Z",
    "2013-01-14T10:00:00.500Z", "2013-01-14T10:00:01Z", "2013-01-15T00:00:00Z",
    "2013-01-14T23:59:59.999999Z", "2013-01-15T01:00:00+02:00", "2013-01-13T22:30:00-05:00",
    "2013-12-31T23:59:59Z", "2016-02-29", "2016-02",
)  # fmt: skip
ASKED = (*MOMENTS, "2013-01-14T10:00", "2013-01-14T10:00Z")
PREFIXES = ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")
CODES = ("a", "b", "A", "a b", "1-2")
SYSTEMS = ("urn:s", "urn:t")
NAMES = ("Ann", "Anna", "ANN", "Ânn", "O'Neil", "Carreño Quiñones", "van der Berg", "Nann", "Q.")
LITERALS = (
    "Patient/1", "Patient/2", "Group/1", "Practitioner/1", "http://localhost/fhir/Patient/1",
    "Patient/1/_history/3",
)  # fmt: skip

moment = st.sampled_from(MOMENTS)
coding = st.fixed_dictionaries(
    {"code": st.sampled_from(CODES)}, optional={"system": st.sampled_from(SYSTEMS)}
)
concept = st.builds(lambda codings: {"coding": codings}, st.lists(coding, min_size=1, max_size=2))
identifier = st.fixed_dictionaries(
    {"value": st.sampled_from(CODES)}, optional={"system": st.sampled_from(SYSTEMS)}
)
literal = st.builds(lambda text: {"reference": text}, st.sampled_from(LITERALS))
subject = literal.filter(lambda each: "Practitioner" not in each["reference"])
performer = literal.filter(lambda each: "Group" not in each["reference"])
period = st.fixed_dictionaries({}, optional={"start": moment, "end": moment}).filter(bool)
timing = st.builds(lambda events: {"event": events}, st.lists(moment, min_size=1, max_size=3))
effective = st.one_of(
    st.builds(lambda at: {"effectiveDateTime": at}, moment),
    st.builds(lambda at: {"effectivePeriod": at}, period),
    st.builds(lambda at: {"effectiveTiming": at}, timing),
    st.just({}),
)
AMOUNTS = ("0", "5", "5.0", "5.4", "5.40", "5.45", "0.0054", "5400", "-5", "0.0045", "4.5", "5.5")
COMPARATORS = ("<", "<=", ">", ">=")
UCUM = "http://unitsofmeasure.org"
amount = st.sampled_from(AMOUNTS).map(Decimal)
unit = st.one_of(
    st.sampled_from(("mg", "g", "kg")).map(
        lambda code: {"system": UCUM, "code": code, "unit": code}
    ),
    st.sampled_from(("mg", "milligram")).map(lambda unit: {"unit": unit}),
    st.just({"system": "urn:units", "code": "mg", "unit": "milligram"}),
    st.just({}),
)
quantity = st.builds(
    lambda value, unit, comparator: {**value, **unit, **comparator},
    st.fixed_dictionaries({"value": amount}),
    unit,
    st.fixed_dictionaries({}, optional={"comparator": st.sampled_from(COMPARATORS)}),
)
assessment = st.builds(
    lambda values: {
        "resourceType": "RiskAssessment",
        "id": "x",
        "prediction": [{"probabilityDecimal": each} for each in values],
    },
    st.lists(amount, min_size=1, max_size=2),
)
observation = st.builds(
    lambda given, when: {"resourceType": "Observation", "id": "x", **given, **when},
    st.fixed_dictionaries(
        {"status": st.sampled_from(("final", "amended"))},
        optional={
            "code": concept,
            "category": st.lists(concept, min_size=1, max_size=2),
            "identifier": st.lists(identifier, min_size=1, max_size=2),
            "subject": subject,
            "valueQuantity": quantity,
            "performer": st.lists(performer, min_size=1, max_size=2),
        },
    ),
    effective,
)
name = st.fixed_dictionaries(
    {},
    optional={
        "family": st.sampled_from(NAMES),
        "given": st.lists(st.sampled_from(NAMES), min_size=1, max_size=2),
        "text": st.sampled_from(NAMES),
    },
).filter(bool)
patient = st.builds(
    lambda given: {"resourceType": "Patient", "id": "x", **given},
    st.fixed_dictionaries(
        {},
        optional={
            "gender": st.sampled_from(("male", "female")),
            "active": st.booleans(),
            "birthDate": st.sampled_from([each for each in MOMENTS if "T" not in each]),
            "identifier": st.lists(identifier, min_size=1, max_size=2),
            "telecom": st.lists(
                st.fixed_dictionaries(
                    {"value": st.sampled_from(CODES), "system": st.just("phone")}
                ),
                min_size=1,
                max_size=2,
            ),
            "name": st.lists(name, min_size=1, max_size=2),
        },
    ),
)

Asked = tuple[str, str, str]


def _tokens(parameter: str, codes: tuple[str, ...]) -> st.SearchStrategy[Asked]:
    code = st.sampled_from(codes)
    systems = (*SYSTEMS, reference.SYSTEMS.get(parameter, "urn:u"))
    value = st.one_of(
        code,
        st.builds(lambda s, c: f"{s}|{c}", st.sampled_from(("", *systems)), code),
        st.builds(lambda s: f"{s}|", st.sampled_from(systems)),
    )
    return st.tuples(st.just(parameter), st.sampled_from(("", "not")), value)


def _strings(parameter: str) -> st.SearchStrategy[Asked]:
    value = st.sampled_from((*NAMES, "a", "n", "an", "berg", "der", "quinones", "one"))
    return st.tuples(st.just(parameter), st.sampled_from(("", "exact", "contains")), value)


def _references(parameter: str) -> st.SearchStrategy[Asked]:
    value = st.sampled_from(("1", "2", *LITERALS[:5]))
    types = ("", "Patient") if parameter != "patient" else ("",)
    return st.tuples(st.just(parameter), st.sampled_from(types), value)


_number = st.builds(
    lambda prefix, number: prefix + number,
    st.sampled_from((*PREFIXES, "ap")),
    st.sampled_from(AMOUNTS),
)


def _dates(parameter: str) -> st.SearchStrategy[Asked]:
    value = st.builds(lambda p, m: p + m, st.sampled_from(PREFIXES), st.sampled_from(ASKED))
    return st.tuples(st.just(parameter), st.just(""), value)


def _numbers(parameter: str) -> st.SearchStrategy[Asked]:
    return st.tuples(st.just(parameter), st.just(""), _number)


def _quantities(parameter: str) -> st.SearchStrategy[Asked]:
    units = ("", "||mg", "||milligram", f"|{UCUM}|mg", f"|{UCUM}|g", f"|{UCUM}|kg", "|urn:units|mg")
    value = st.builds(lambda number, unit: number + unit, _number, st.sampled_from(units))
    return st.tuples(st.just(parameter), st.just(""), value)


def _missing(*names: str) -> st.SearchStrategy[Asked]:
    return st.tuples(st.sampled_from(names), st.just("missing"), st.sampled_from(("true", "false")))


of_observation = st.one_of(
    _tokens("code", CODES),
    _tokens("category", CODES),
    _tokens("identifier", CODES),
    _tokens("status", ("final", "amended")),
    _references("subject"),
    _references("performer"),
    _references("patient"),
    _dates("date"),
    _quantities("value-quantity"),
    _quantities("value-quantity"),
    _missing(
        "value-quantity",
        "code",
        "subject",
        "patient",
        "performer",
        "date",
        "category",
        "identifier",
    ),
)
of_patient = st.one_of(
    _tokens("gender", ("male", "female")),
    _tokens("identifier", CODES),
    st.tuples(st.just("active"), st.sampled_from(("", "not")), st.sampled_from(("true", "false"))),
    st.tuples(st.just("telecom"), st.sampled_from(("", "not")), st.sampled_from(CODES)),
    _strings("name"),
    _strings("family"),
    _strings("given"),
    _dates("birthdate"),
    _missing("name", "family", "given", "gender", "active", "birthdate", "telecom"),
)


def _same(resource: Resource, asked: Asked) -> None:
    parameter, modifier, value = asked
    name = f"{parameter}:{modifier}" if modifier else parameter
    search = f"{resource['resourceType']}?{name}={quote(value, safe='')}"
    assert bool(found(search, [resource])) is reference.decide(resource, *asked), search


@given(observation, st.lists(of_observation, min_size=4, max_size=8))
@settings(deadline=None, max_examples=200)
def test_observations(resource: Resource, asked: list[Asked]) -> None:
    """Q2, Q3, Q5."""
    for each in asked:
        _same(resource, each)


@given(patient, st.lists(of_patient, min_size=4, max_size=8))
@settings(deadline=None, max_examples=200)
def test_patients(resource: Resource, asked: list[Asked]) -> None:
    """Q1, Q2, Q3."""
    for each in asked:
        _same(resource, each)


@given(assessment, st.lists(_numbers("probability"), min_size=4, max_size=8))
@settings(deadline=None, max_examples=100)
def test_assessments(resource: Resource, asked: list[Asked]) -> None:
    """Q4."""
    for each in asked:
        _same(resource, each)
