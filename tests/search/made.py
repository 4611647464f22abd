"""Random resources of few values, so that they meet what is asked for often."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

Resource = dict[str, Any]
Resources = st.SearchStrategy[Resource]

UCUM = "http://unitsofmeasure.org"
MOMENTS = (
    "2012", "2013", "2012-12", "2013-01", "2013-02", "2013-01-14", "2013-01-15", "2012-12-31",
    "2013-01-14T00:00:00Z", "2013-01-14T10:00:00Z", "2013-01-14T10:00:00.5Z",
    "2013-01-14T10:00:00.500Z", "2013-01-14T10:00:01Z", "2013-01-15T00:00:00Z",
    "2013-01-14T23:59:59.999999Z", "2013-01-15T01:00:00+02:00", "2013-01-13T22:30:00-05:00",
    "2013-12-31T23:59:59Z", "2016-02-29", "2016-02",
)  # fmt: skip
DAYS = tuple(each for each in MOMENTS if "T" not in each)
CODES = ("a", "b", "A", "a b", "1-2")
SYSTEMS = ("urn:s", "urn:t")
WORDS = ("Growth", "growth, benign", "Séverely dry", "dry")
NAMES = ("Ann", "Anna", "ANN", "Ânn", "O'Neil", "Carreño Quiñones", "van der Berg", "Nann", "Q.")
LITERALS = (
    "Patient/1", "Patient/2", "Group/1", "Practitioner/1", "http://localhost/fhir/Patient/1",
    "Patient/1/_history/3",
)  # fmt: skip
AMOUNTS = ("0", "5", "5.0", "5.4", "5.40", "5.45", "0.0054", "5400", "-5", "0.0045", "4.5", "5.5")
COMPARATORS = ("<", "<=", ">", ">=")
URLS = (
    "http://a.org", "http://a.org/", "http://a.org/x", "http://a.org/x/", "http://a.org/x/y",
    "http://a.org/xy", "http://a.org/X", "urn:oid:1.2", "urn:oid:1.2.3",
)  # fmt: skip
POSITIONS = (("51.5", "-0.1"), ("51.6", "-0.1"), ("48.9", "2.4"), ("-17.7", "179.9"), ("90", "0"))
TYPES = (("urn:v2", "MR"), ("urn:v2", "SS"), ("urn:v3", "MR"))

moment = st.sampled_from(MOMENTS)
_system, _display = st.sampled_from(SYSTEMS), st.sampled_from(WORDS)
coding = st.one_of(
    st.fixed_dictionaries(
        {"code": st.sampled_from(CODES)}, optional={"system": _system, "display": _display}
    ),
    st.fixed_dictionaries(
        {"system": _system}, optional={"code": st.sampled_from(CODES), "display": _display}
    ),
)
concept = st.fixed_dictionaries(
    {"coding": st.lists(coding, min_size=1, max_size=2)},
    optional={"text": st.sampled_from(WORDS)},
)
kind = st.builds(
    lambda of, text: {"coding": [{"system": of[0], "code": of[1]}], **text},
    st.sampled_from(TYPES),
    st.fixed_dictionaries({}, optional={"text": st.sampled_from(WORDS)}),
)
identifier = st.fixed_dictionaries(
    {"value": st.sampled_from(CODES)},
    optional={"system": st.sampled_from(SYSTEMS), "type": kind},
)
identifiers = st.lists(identifier, min_size=1, max_size=2)
literal = st.builds(lambda text: {"reference": text}, st.sampled_from(LITERALS))
logical = st.builds(lambda one: {"identifier": one}, identifier)
subject = st.one_of(
    literal.filter(lambda each: "Practitioner" not in each["reference"]),
    logical,
    st.builds(lambda one, other: {**one, **other}, st.just({"reference": "Patient/1"}), logical),
)
performer = literal.filter(lambda each: "Group" not in each["reference"])
period = st.fixed_dictionaries({}, optional={"start": moment, "end": moment}).filter(bool)
timing = st.builds(lambda events: {"event": events}, st.lists(moment, min_size=1, max_size=3))
effective = st.one_of(
    st.builds(lambda at: {"effectiveDateTime": at}, moment),
    st.builds(lambda at: {"effectivePeriod": at}, period),
    st.builds(lambda at: {"effectiveTiming": at}, timing),
    st.just({}),
)
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
value = st.one_of(
    st.builds(lambda one: {"valueQuantity": one}, quantity),
    st.builds(lambda one: {"valueQuantity": one}, quantity),
    st.builds(lambda one: {"valueCodeableConcept": one}, concept),
    st.builds(lambda one: {"valueString": one}, st.sampled_from(WORDS)),
    st.builds(lambda one: {"valueDateTime": one}, moment),
    st.just({}),
)
component = st.builds(
    lambda of, one: {"code": of, "valueQuantity": one}, concept, quantity
)  # fmt: skip
observation = st.builds(
    lambda given, when, of: {"resourceType": "Observation", "id": "x", **given, **when, **of},
    st.fixed_dictionaries(
        {"status": st.sampled_from(("final", "amended"))},
        optional={
            "code": concept,
            "category": st.lists(concept, min_size=1, max_size=2),
            "identifier": identifiers,
            "subject": subject,
            "performer": st.lists(performer, min_size=1, max_size=2),
            "component": st.lists(component, min_size=1, max_size=2),
        },
    ),
    effective,
    value,
)
name = st.fixed_dictionaries(
    {},
    optional={
        "family": st.sampled_from(NAMES),
        "given": st.lists(st.sampled_from(NAMES), min_size=1, max_size=2),
        "text": st.sampled_from(NAMES),
    },
).filter(bool)
telecom = st.fixed_dictionaries({"value": st.sampled_from(CODES), "system": st.just("phone")})


def _made(type_name: str, **elements: st.SearchStrategy[Any]) -> Resources:
    """A resource of the type with some of the elements."""
    return st.builds(
        lambda given: {"resourceType": type_name, "id": "x", **given},
        st.fixed_dictionaries({}, optional=elements),
    )


def _some(of: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(of, min_size=1, max_size=2)


TOLD = ("Bone metastases", "<b>LIVER</b>, bone", "Ödème-aigu", "cyst_liver", "growth")
narrative = st.builds(
    lambda some: {
        "status": "additional",
        "div": f"<div>{' '.join(f'<p>{e}</p>' for e in some)}</div>",
    },
    _some(st.sampled_from(TOLD)),
)
note = st.builds(lambda text: {"text": text}, st.sampled_from(("no liver", "a bone", "...")))
canonical = st.sampled_from((*URLS, "http://a.org/x|1", "http://a.org/x|2"))
relation = st.builds(
    lambda code, to: {"code": code, "target": {"reference": f"DocumentReference/{to}"}},
    st.sampled_from(("replaces", "appends")),
    st.sampled_from("12"),
)
sequence = st.builds(
    lambda code, start, end: {
        "chromosome": {"coding": [{"system": "urn:s", "code": code}]},
        "windowStart": start,
        "windowEnd": end,
    },
    st.sampled_from("ab"),
    st.integers(1, 4),
    st.integers(3, 7),
)
position = st.sampled_from(POSITIONS).map(
    lambda at: {"latitude": Decimal(at[0]), "longitude": Decimal(at[1])}
)
MADE: dict[str, Resources] = {
    "Observation": observation,
    "Patient": _made(
        "Patient",
        gender=st.sampled_from(("male", "female")),
        active=st.booleans(),
        birthDate=st.sampled_from(DAYS),
        identifier=identifiers,
        telecom=_some(telecom),
        name=_some(name),
    ),
    "Condition": _made("Condition", text=narrative, code=concept, note=_some(note)),
    "RiskAssessment": _made(
        "RiskAssessment",
        prediction=_some(st.builds(lambda one: {"probabilityDecimal": one}, amount)),
    ),
    "ValueSet": _made(
        "ValueSet", url=st.sampled_from(URLS), meta=st.builds(lambda of: {"profile": of},
                                                             _some(canonical)),
    ),
    "QuestionnaireResponse": _made("QuestionnaireResponse", questionnaire=canonical),
    "Location": _made("Location", position=position),
    "DocumentReference": _made("DocumentReference", relatesTo=_some(relation)),
    "MolecularSequence": _made("MolecularSequence", referenceSeq=sequence),
}  # fmt: skip
