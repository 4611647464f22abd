"""Tables of (query, expected ids) over small sets that straddle the boundaries."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fhir_server.outcome import FhirError
from tests.search.finding import BASE, Resource, found


def _observation(name: str, /, **elements: object) -> Resource:
    return {"resourceType": "Observation", "id": name, "status": "final", **elements}


def _dated(name: str, text: str) -> Resource:
    return _observation(name, effectiveDateTime=text)


DATES = [
    _dated("year", "2013"),
    _dated("month", "2013-01"),
    _dated("day", "2013-01-14"),
    _dated("before", "2013-01-13T23:59:59.999999Z"),
    _dated("first", "2013-01-14T00:00:00Z"),
    _dated("ten", "2013-01-14T10:00:00Z"),
    _dated("last", "2013-01-14T23:59:59.999999Z"),
    _dated("next", "2013-01-15T00:00:00Z"),
    _dated("zoned", "2013-01-15T01:00:00+02:00"),
    _observation("instant", effectiveInstant="2013-01-14T10:00:00Z"),
    _observation("inside", effectivePeriod={"start": "2013-01-14T09:00:00Z", "end": "2013-01-14"}),
    _observation("across", effectivePeriod={"start": "2013-01-01", "end": "2013-02-01"}),
    _observation("onwards", effectivePeriod={"start": "2013-01-10"}),
    _observation("until", effectivePeriod={"end": "2013-01-20"}),
    _observation(
        "timing", effectiveTiming={"event": ["2013-01-14T08:00:00Z", "2013-01-14T12:00:00Z"]}
    ),
    _observation("none"),
]
IN_DAY = "day first inside instant last ten timing zoned"
SPANNING = "across day inside month onwards timing until year"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("date=2013-01-14", IN_DAY),
        ("date=eq2013-01-14", IN_DAY),
        ("date=2013", f"across before month next year {IN_DAY}"),
        ("date=2013-01-14T10:00", "instant ten"),
        ("date=2013-01-14T10:00:00Z", "instant ten"),
        ("date=2013-01-14T12:00:00%2B02:00", "instant ten"),
        ("date=2013-01-14T12:00:00+02:00", "instant ten"),
        ("date=ne2013-01-14", "across before month next onwards until year"),
        ("date=gt2013-01-14", "across month next onwards until year"),
        ("date=lt2013-01-14", "across before month onwards until year"),
        ("date=ge2013-01-14", f"across month next onwards until year {IN_DAY}"),
        ("date=le2013-01-14", f"across before month onwards until year {IN_DAY}"),
        ("date=gt2013-01-14T10:00:00Z", f"{SPANNING} last next zoned"),
        ("date=lt2013-01-14T10:00:00Z", f"{SPANNING} before first"),
        ("date=sa2013-01-14", "next"),
        ("date=sa2013-01-13", f"next {IN_DAY}"),
        ("date=eb2013-01-14", "before"),
        ("date=eb2013-01-15", f"before {IN_DAY}"),
        ("date=sa2012-12", f"across before month next onwards year {IN_DAY}"),
        ("date=eb2013-02-02", f"across before month next until {IN_DAY}"),
        ("date=sa9999", ""),
        ("date=ge2013-01-14&date=lt2013-01-15", f"across month onwards until year {IN_DAY}"),
        ("date=2012,2013-01-15", "next"),
        ("date:missing=true", "none"),
        ("date=1300-01-01", ""),
    ],
)
def test_dates(query: str, expected: str) -> None:
    """Q3 (R4 3.1.1.4.7)."""
    assert found(f"Observation?{query}", DATES) == " ".join(sorted(expected.split()))


def test_ap_reaches_a_tenth_of_the_way_to_now() -> None:
    """R4 `search.html#prefix` recommends a tenth of the gap between now and the date."""
    near = [_dated("near", "2012-06"), _dated("far", "1990"), _dated("same", "2013-01-14")]
    assert found("Observation?date=ap2013-01-14", near) == "near same"


def _patient(name: str, /, **elements: object) -> Resource:
    return {"resourceType": "Patient", "id": name, **elements}


PATIENTS = [
    _patient("eve", name=[{"given": ["Eve"], "family": "Carreño Quiñones"}], gender="female"),
    _patient("evelyn", name=[{"given": ["Mary", "Evelyn"], "family": "O'Neil"}], active=True),
    _patient("severine", name=[{"given": ["Séverine"], "prefix": ["Dr."]}], gender="male"),
    _patient("text", name=[{"text": "Eve van der Berg"}], active=False),
    _patient("mueller", name=[{"family": "Müller-Lüdenscheidt"}], birthDate="1970-01-01"),
    _patient("strasse", address=[{"line": ["Große Straße 1"], "city": "Köln", "country": "DE"}]),
    _patient("comma", name=[{"family": "A,B|C$D\\E"}]),
    _patient(
        "tel",
        telecom=[
            {"system": "phone", "value": "+1 555 0100"},
            {"system": "email", "value": "Tel@Example.org", "use": "home"},
        ],
        deceasedDateTime="2020",
    ),
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("given=eve", "eve evelyn"),
        ("given=EVE", "eve evelyn"),
        ("given:contains=eve", "eve evelyn severine"),
        ("given:exact=Eve", "eve"),
        ("given:exact=eve", ""),
        ("given=severine", "severine"),
        ("given:exact=S%C3%A9verine", "severine"),
        ("given:exact=Severine", ""),
        ("name=eve", "eve evelyn text"),
        ("name=dr", "severine"),
        ("name=quinones", "eve"),
        ("name=Carreno", "eve"),
        ("name=eno", ""),
        ("family=Qui%C3%B1ones", "eve"),
        ("family=oneil", "evelyn"),
        ("family=O%27Neil", "evelyn"),
        ("family=m%C3%BCller", "mueller"),
        ("family=mullerlu", "mueller"),
        ("family:contains=denscheid", "mueller"),
        ("phonetic=eve", "eve evelyn text"),
        ("name=eve&gender=female", "eve"),
        ("name=mary&name=evelyn", "evelyn"),
        ("name=quinones,oneil", "eve evelyn"),
        ("family=A\\,B", "comma"),
        ("family:exact=A\\,B\\|C\\$D\\\\E", "comma"),
        ("family:exact=A\\,B\\|C\\$D", ""),
        ("name=.%2B", None),
        ("address=grosse", "strasse"),
        ("address-city=koln", "strasse"),
        ("address-city:exact=K%C3%B6ln", "strasse"),
        ("address=DE", "strasse"),
        ("name:missing=true", "strasse tel"),
        ("name:missing=false", "comma eve evelyn mueller severine text"),
        ("gender=male", "severine"),
        ("gender=http://hl7.org/fhir/administrative-gender|male", "severine"),
        ("gender=other|male", ""),
        ("gender=MALE", ""),
        ("gender:not=male", "comma eve evelyn mueller strasse tel text"),
        ("gender:not=male,female", "comma evelyn mueller strasse tel text"),
        ("gender:missing=false", "eve severine"),
        ("active=true", "evelyn"),
        ("active=false", "text"),
        ("active:missing=true", "comma eve mueller severine strasse tel"),
        ("deceased=true", "tel"),
        ("deceased=false", "comma eve evelyn mueller severine strasse text"),
        ("telecom=tel@example.org", "tel"),
        ("email=tel@example.ORG", "tel"),
        ("phone=tel@example.org", ""),
        ("phone=%2B1 555 0100", "tel"),
        ("birthdate=1970", "mueller"),
        ("birthdate=lt1970", ""),
        ("_id=eve,tel,nobody", "eve tel"),
        ("_id:not=eve", "comma evelyn mueller severine strasse tel text"),
        ("_id=EVE", ""),
    ],
)
def test_people(query: str, expected: str | None) -> None:
    """Q1, Q2 (R4 3.1.1.4.8, 3.1.1.4.10)."""
    if expected is None:
        with pytest.raises(Exception, match="no letter or digit"):
            found(f"Patient?{query}", PATIENTS)
    else:
        assert found(f"Patient?{query}", PATIENTS) == expected


def _coded(name: str, *codings: dict[str, str]) -> Resource:
    return _observation(name, code={"coding": list(codings), "text": "a"})


CODED = [
    _coded("loinc", {"system": "http://loinc.org", "code": "8302-2"}),
    _coded("local", {"system": "urn:local", "code": "8302-2"}),
    _coded("bare", {"code": "8302-2"}),
    _coded("other", {"system": "http://loinc.org", "code": "8302-20"}),
    _coded(
        "two", {"system": "urn:local", "code": "x"}, {"system": "http://loinc.org", "code": "y"}
    ),
    _coded("codeless", {"system": "urn:codeless"}),
    _coded("bar", {"system": "urn:a|b", "code": "c,d"}),
    {
        **_observation("component"),
        "component": [{"code": {"coding": [{"system": "http://loinc.org", "code": "8302-2"}]}}],
    },
    {
        **_observation("identified"),
        "identifier": [{"system": "urn:mrn", "value": "1"}, {"value": "2"}],
        "meta": {"tag": [{"system": "urn:tags", "code": "t"}], "security": [{"code": "R"}]},
    },
]

WITHOUT = "bar codeless component identified other two"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("code=8302-2", "bare loinc local"),
        ("code=http://loinc.org|8302-2", "loinc"),
        ("code=|8302-2", "bare"),
        ("code=http://loinc.org|", "loinc other two"),
        ("code=urn:codeless|", "codeless"),
        ("code=urn:local|y", ""),
        ("code=urn:local|x,urn:local|8302-2", "local two"),
        ("code=x&code=y", "two"),
        ("code=urn:a\\|b|c\\,d", "bar"),
        ("code=c\\,d", "bar"),
        ("code:not=8302-2", WITHOUT),
        ("code:not=http://loinc.org|8302-2", f"bare local {WITHOUT}"),
        ("code:missing=true", "component identified"),
        ("combo-code=8302-2", "bare component loinc local"),
        ("component-code=http://loinc.org|8302-2", "component"),
        ("combo-code:missing=true", "identified"),
        ("identifier=1", "identified"),
        ("identifier=urn:mrn|1", "identified"),
        ("identifier=|1", ""),
        ("identifier=|2", "identified"),
        ("identifier=urn:mrn|", "identified"),
        ("_tag=t", "identified"),
        ("_tag=urn:tags|t", "identified"),
        ("_security=R", "identified"),
        ("_tag:missing=true", "bar bare codeless component loinc local other two"),
        ("status=final", "bar bare codeless component identified loinc local other two"),
        ("status=http://hl7.org/fhir/observation-status|final&code=x", "two"),
    ],
)
def test_codes(query: str, expected: str) -> None:
    """Q2 (R4 3.1.1.4.10)."""
    assert found(f"Observation?{query}", CODED) == " ".join(sorted(expected.split()))


REFERRING = [
    _observation("relative", subject={"reference": "Patient/1"}),
    _observation("absolute", subject={"reference": f"{BASE}/Patient/1"}),
    _observation("foreign", subject={"reference": "http://other.org/Patient/1"}),
    _observation("versioned", subject={"reference": "Patient/1/_history/2"}),
    _observation("group", subject={"reference": "Group/1"}),
    _observation("two", subject={"reference": "Patient/2"}),
    _observation("urn", subject={"reference": "urn:uuid:0c0d1f3e-0000-4000-8000-000000000000"}),
    _observation("logical", subject={"identifier": {"value": "1"}}),
    {
        **_observation("inner", subject={"reference": "#1"}),
        "contained": [{"resourceType": "Patient", "id": "1"}],
    },
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("subject=1", "absolute group relative versioned"),
        ("subject=Patient/1", "absolute relative versioned"),
        ("subject:Patient=1", "absolute relative versioned"),
        ("subject:Group=1", "group"),
        ("subject:Patient=Group/1", ""),
        ("subject:Patient=Patient/1", "absolute relative versioned"),
        (f"subject={BASE}/Patient/1", "absolute relative versioned"),
        ("subject=http://other.org/Patient/1", "foreign"),
        ("subject=Patient/1/_history/2", "versioned"),
        ("subject=Patient/1/_history/3", ""),
        ("subject=urn:uuid:0c0d1f3e-0000-4000-8000-000000000000", "urn"),
        ("patient=1", "absolute relative versioned"),
        ("patient=Patient/2,Patient/3", "two"),
        ("patient=Group/1", ""),
        ("subject=Device/1", ""),
        (
            "subject:missing=false",
            "absolute foreign group inner logical relative two urn versioned",
        ),
    ],
)
def test_references(query: str, expected: str) -> None:
    """Q5 (R4 3.1.1.4.12)."""
    assert found(f"Observation?{query}", REFERRING) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("questionnaire=http://q.org/Q", "one two"),
        ("questionnaire=http://q.org/Q|1", "one"),
        ("questionnaire=http://q.org/Q|3", ""),
        ("questionnaire=http://q.org", ""),
    ],
)
def test_canonicals(query: str, expected: str) -> None:
    answers = [
        {"resourceType": "QuestionnaireResponse", "id": "one", "questionnaire": "http://q.org/Q|1"},
        {"resourceType": "QuestionnaireResponse", "id": "two", "questionnaire": "http://q.org/Q"},
    ]
    assert found(f"QuestionnaireResponse?{query}", answers) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("_lastUpdated=2024-01-01", "b c"),
        ("_lastUpdated=gt2024-01-01", "d"),
        ("_lastUpdated=ge2024-01-01T00:00:00Z", "b c d"),
        ("_lastUpdated=lt2024-01-01", "a"),
        ("_lastUpdated=2024-01-01T00:00:00.000Z", "b"),
        ("_lastUpdated=ne2024-01-01T00:00:00.000Z", "a c d"),
        ("_lastUpdated:missing=true", ""),
    ],
)
def test_last_updated(query: str, expected: str) -> None:
    moments = {
        "a": "2023-12-31T23:59:59.999Z",
        "b": "2024-01-01T00:00:00.000Z",
        "c": "2024-01-01T23:59:59.999Z",
        "d": "2024-01-02T00:00:00.000Z",
    }
    resources = [_patient(name, meta={"lastUpdated": moment}) for name, moment in moments.items()]
    assert found(f"Patient?{query}", resources) == expected


def _probable(name: str, *probabilities: object) -> Resource:
    prediction = [{"probabilityDecimal": each} for each in probabilities]
    return {"resourceType": "RiskAssessment", "id": name, "prediction": prediction}


NUMBERS = [
    _probable("low", Decimal("99.49")),
    _probable("from", Decimal("99.5")),
    _probable("whole", 100),
    _probable("exact", Decimal("100.00")),
    _probable("above", Decimal("100.001")),
    _probable("until", Decimal("100.5")),
    _probable("ninety", 95),
    _probable("hundred5", 105),
    _probable("negative", Decimal(-100)),
    _probable("small", Decimal("0.0054")),
    _probable("long", Decimal("0.12345678901234567890123456789")),
    _probable("several", 1, 1000),
    _probable("zero", Decimal("0.0")),
    {"resourceType": "RiskAssessment", "id": "none"},
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("100", "above exact from whole"),
        ("eq100", "above exact from whole"),
        ("100.00", "above exact whole"),
        ("100.000", "exact whole"),
        ("100.001", "above"),
        ("1e2", "above exact from low ninety until whole"),
        ("1.00e2", "above exact from whole"),
        ("1.00E%2B2", "above exact from whole"),
        ("1.00e+2", "above exact from whole"),
        ("-100", "negative"),
        ("0.0054", "small"),
        ("5.4e-3", "small"),
        ("0.12345678901234567890123456789", "long"),
        ("0.12345678901234567890123456788", ""),
        ("gt0.12345678901234567890123456788&probability=lt1", "long"),
        ("0", "long small zero"),
        ("0.0", "small zero"),
        ("ne100", "hundred5 long low negative ninety several small until zero"),
        ("gt100", "above hundred5 several until"),
        ("ge100", "above exact hundred5 several until whole"),
        ("lt100", "from long low negative ninety several small zero"),
        ("le100", "exact from long low negative ninety several small whole zero"),
        ("sa100", "above hundred5 several until"),
        ("eb100", "from long low negative ninety several small zero"),
        ("sa1000", ""),
        ("eb-100", ""),
        ("le-100", "negative"),
        ("ap100", "above exact from hundred5 low ninety until whole"),
        ("ap-100", "negative"),
        ("ap105", "above exact from hundred5 low ninety until whole"),
        ("ap105.6", "above exact from hundred5 low until whole"),
        ("1,1000", "several"),
        ("gt1&probability=lt1000", "above exact from hundred5 low ninety several until whole"),
    ],
)
def test_numbers(query: str, expected: str) -> None:
    """Q4 (R4 3.1.1.4.6): implicit precision, and every prefix."""
    assert found(f"RiskAssessment?probability={query}", NUMBERS) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [("sa0.1", "range"), ("sa0.2", ""), ("gt0.2", "range"), ("0.3", ""), ("ap0.3", "range")],
)
def test_a_range_is_a_number_from_end_to_end(query: str, expected: str) -> None:
    ends = {"low": {"value": Decimal("0.2")}, "high": {"value": Decimal("0.4")}}
    prediction = [{"probabilityRange": ends}]
    risks = [{"resourceType": "RiskAssessment", "id": "range", "prediction": prediction}]
    assert found(f"RiskAssessment?probability={query}", risks) == expected


def test_missing_numbers() -> None:
    assert found("RiskAssessment?probability:missing=true", NUMBERS) == "none"


UCUM = "http://unitsofmeasure.org"


def _measured(name: str, value: object, code: str | None = None, /, **more: str) -> Resource:
    quantity = {"value": value, **more}
    if code:
        quantity |= {"system": UCUM, "code": code, "unit": more.get("unit", code)}
    return _observation(name, valueQuantity=quantity)


QUANTITIES = [
    _measured("mg", Decimal("5.4"), "mg"),
    _measured("precise", Decimal("5.40"), "mg"),
    _measured("edge", Decimal("5.45"), "mg"),
    _measured("g", Decimal("0.0054"), "g"),
    _measured("ug", 5400, "ug"),
    _measured("named", Decimal("5.4"), "mg", unit="milligrams"),
    _measured("unit", Decimal("5.4"), unit="mg"),
    _measured("bare", Decimal("5.4")),
    _measured("local", Decimal("5.4"), system="urn:units", code="mg"),
    _measured("litre", Decimal("5.4"), "mL"),
    _measured("below", 5, "mg", comparator="<"),
    _measured("until", 5, "mg", comparator="<="),
    _measured("beyond", 6, "mg", comparator=">"),
    _measured("from", 6, "mg", comparator=">="),
    _measured("fever", Decimal("100.4"), "[degF]"),
    _measured("celsius", Decimal("38.0"), "Cel"),
    _measured("misspelt", 120, "mmHg"),
    _observation("valueless", valueQuantity={"unit": "mg"}),
    _observation(
        "sampled",
        valueSampledData={
            "origin": {"value": 10, "system": UCUM, "code": "mm"},
            "factor": 2,
            "data": "1 5 E 20",
        },
    ),
    _observation(
        "undetected",
        valueSampledData={
            "origin": {"value": 0, "system": UCUM, "code": "mm"},
            "data": "L 30",
        },
    ),
    _observation("component", component=[{"valueQuantity": {"value": 7, "unit": "mg"}}]),
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"5.4|{UCUM}|mg", "g mg named precise ug"),
        (f"5.4e-3|{UCUM}|g", "g mg named precise ug"),
        (f"0.00540|{UCUM}|g", "g mg named precise ug"),
        (f"5400|{UCUM}|ug", "g mg named precise ug"),
        (f"5.5|{UCUM}|mg", "edge"),
        (f"5.4|{UCUM}|kg", ""),
        ("5.4||mg", "local mg named precise unit"),
        ("5.4||milligrams", "named"),
        ("5.4||Mg", ""),
        ("5.4|urn:units|mg", "local"),
        ("5.4|urn:other|mg", ""),
        ("5.4", "bare litre local mg named precise unit"),
        ("5.4||", None),
        (f"gt5.4|{UCUM}|mg", "beyond edge from"),
        (f"ge5.4|{UCUM}|mg", "beyond edge from g mg named precise ug"),
        (f"lt5.4|{UCUM}|mg", "below until"),
        (f"le5.4|{UCUM}|mg", "below g mg named precise ug until"),
        (f"lt5|{UCUM}|mg", "below until"),
        (f"gt6|{UCUM}|mg", "beyond from"),
        (f"sa6|{UCUM}|mg", "beyond"),
        (f"ge6|{UCUM}|mg", "beyond from"),
        (f"eb5|{UCUM}|mg", "below"),
        (f"sa5|{UCUM}|mg", "beyond edge from g mg named precise ug"),
        (f"eb6|{UCUM}|mg", "below edge g mg named precise ug until"),
        (f"ne5.4|{UCUM}|mg", "below beyond edge from until"),
        (f"ap5|{UCUM}|mg", "below edge g mg named precise ug until"),
        (f"5|{UCUM}|mg", "edge g mg named precise ug"),
        (f"5.0|{UCUM}|mg", ""),
        (f"38.0|{UCUM}|Cel", "celsius fever"),
        (f"100.4|{UCUM}|[degF]", "celsius fever"),
        (f"gt100.4|{UCUM}|[degF]", ""),
        (f"ge311.15|{UCUM}|K", "celsius fever"),
        (f"120|{UCUM}|mmHg", "misspelt"),
        ("120||mmHg", "misspelt"),
        (f"120|{UCUM}|mm[Hg]", ""),
        (f"gt49|{UCUM}|mm", "sampled"),
        (f"gt5|{UCUM}|cm", ""),
        (f"lt12|{UCUM}|mm", "undetected"),
        (f"sa11|{UCUM}|mm", "sampled"),
        (f"eb31|{UCUM}|mm", "undetected"),
    ],
)
def test_quantities(query: str, expected: str | None) -> None:
    """Q4 (R4 3.1.1.4.11): units by what they measure, comparators, bounds of sampled data."""
    if expected is None:
        with pytest.raises(FhirError, match="there is no unit"):
            found(f"Observation?value-quantity={query}", QUANTITIES)
        return
    assert found(f"Observation?value-quantity={query}", QUANTITIES) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("component-value-quantity=7||mg", "component"),
        ("combo-value-quantity=7||mg", "component"),
        (f"combo-value-quantity=5.4|{UCUM}|mg", "g mg named precise ug"),
        ("value-quantity=7||mg", ""),
        ("combo-value-quantity=5.4|urn:units|mg,7", "component local"),
        ("value-quantity:missing=true", "component"),
        ("component-value-quantity:missing=false", "component"),
    ],
)
def test_quantities_of_components(query: str, expected: str) -> None:
    assert found(f"Observation?{query}", QUANTITIES) == expected


def _condition(name: str, **onset: object) -> Resource:
    return {"resourceType": "Condition", "id": name, **onset}


def _years(value: int, code: str = "a") -> dict[str, object]:
    return {"value": value, "system": UCUM, "code": code}


AGES = [
    _condition("forty", onsetAge=_years(40)),
    _condition("months", onsetAge=_years(480, "mo")),
    _condition("thirties", onsetRange={"low": _years(30), "high": _years(39)}),
    _condition("mixed", onsetRange={"low": _years(1), "high": _years(18, "mo")}),
    _condition("adult", onsetRange={"low": _years(18)}),
    _condition("child", onsetRange={"high": _years(17)}),
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"40|{UCUM}|a", "forty months"),
        (f"35|{UCUM}|a", ""),
        (f"ap35|{UCUM}|a", "adult thirties"),
        (f"gt39|{UCUM}|a", "adult forty months"),
        (f"ge39|{UCUM}|a", "adult forty months"),
        (f"sa29|{UCUM}|a", "forty months thirties"),
        (f"eb18|{UCUM}|a", "child mixed"),
        (f"lt31|{UCUM}|a", "adult child mixed thirties"),
        (f"gt17|{UCUM}|mo", "adult child forty mixed months thirties"),
        (f"sa18|{UCUM}|mo", "adult forty months thirties"),
    ],
)
def test_ranges(query: str, expected: str) -> None:
    """Q4: both ends of a Range belong to it, and a missing one is open."""
    assert found(f"Condition?onset-age={query}", AGES) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("12.50", "euro"),
        ("12.50|urn:iso:std:iso:4217|EUR", "euro"),
        ("12.50||EUR", "euro"),
        ("12.50|urn:iso:std:iso:4217|USD", ""),
        ("gt12||EUR", "euro"),
    ],
)
def test_money(query: str, expected: str) -> None:
    money = {"value": Decimal("12.50"), "currency": "EUR"}
    items = [{"resourceType": "ChargeItem", "id": "euro", "priceOverride": money}]
    assert found(f"ChargeItem?price-override={query}", items) == expected


def _value_set(name: str, url: str) -> Resource:
    return {"resourceType": "ValueSet", "id": name, "url": url}


URIS = [
    _value_set("one", "http://acme.org/fhir/ValueSet/123"),
    _value_set("longer", "http://acme.org/fhir/ValueSet/1234"),
    _value_set("parent", "http://acme.org/fhir"),
    _value_set("slash", "http://acme.org/fhir/"),
    _value_set("case", "http://acme.org/FHIR/ValueSet/123"),
    _value_set("escaped", "http://acme.org/fhir/ValueSet/12%33"),
    _value_set("oid", "urn:oid:1.2.3.4.5"),
    _value_set("oids", "urn:oid:1.2.3.4.5.6"),
    {"resourceType": "ValueSet", "id": "none"},
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("url=http://acme.org/fhir/ValueSet/123", "one"),
        ("url=http://acme.org/FHIR/ValueSet/123", "case"),
        ("url=http://acme.org/fhir/ValueSet/12%2533", "escaped"),
        ("url=http://acme.org/fhir/ValueSet", ""),
        ("url=urn:oid:1.2.3.4.5", "oid"),
        ("url=urn:oid:1.2.3.4.5,http://acme.org/fhir", "oid parent"),
        ("url:below=http://acme.org/fhir/", "escaped longer one slash"),
        ("url:below=http://acme.org/fhir", "escaped longer one parent slash"),
        ("url:below=http://acme.org/nothing", ""),
        ("url:above=http://acme.org/fhir/ValueSet/123/_history/5", "one parent slash"),
        ("url:above=http://acme.org/fhir/ValueSet/123", "one parent slash"),
        ("url:above=http://acme.org", ""),
        ("url:missing=true", "none"),
    ],
)
def test_uris(query: str, expected: str) -> None:
    """R4 3.1.1.4.13: precise, or the start of a URL in either direction; nothing else for URNs."""
    assert found(f"ValueSet?{query}", URIS) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("_profile=http://p.org/vitals", "old plain"),
        ("_profile=http://p.org/vitals|3.1", "old"),
        ("_profile=http://p.org/vitals|4", ""),
        ("_profile:below=http://p.org/", "height old plain"),
        ("_profile:missing=true", "sourced"),
        ("_source=http://s.org/feed", "sourced"),
        ("_source=http://s.org/feed%231", ""),
        ("_source:below=http://s.org", "sourced"),
    ],
)
def test_profiles_and_sources(query: str, expected: str) -> None:
    """A canonical is found with and without its version (R4 `references.html#canonical`)."""
    patients = [
        _patient("old", meta={"profile": ["http://p.org/vitals|3.1"]}),
        _patient("plain", meta={"profile": ["http://p.org/vitals"]}),
        _patient("height", meta={"profile": ["http://p.org/vitals-height"]}),
        _patient("sourced", meta={"source": "http://s.org/feed"}),
    ]
    assert found(f"Patient?{query}", patients) == expected


def _concept(code: str, system: str = "http://loinc.org") -> dict[str, object]:
    return {"coding": [{"system": system, "code": code}]}


def _pressure(name: str, systolic: int, diastolic: int) -> Resource:
    parts = [
        {
            "code": _concept(code),
            "valueQuantity": {"value": value, "unit": "mmHg", "system": UCUM, "code": "mm[Hg]"},
        }
        for code, value in (("8480-6", systolic), ("8462-4", diastolic))
    ]
    return _observation(name, code=_concept("85354-9"), component=parts)


TOGETHER = [
    _pressure("high", 160, 80),
    _pressure("crossed", 80, 160),
    _observation(
        "glucose",
        code=_concept("2339-0"),
        valueQuantity={"value": 6, "unit": "mmol/L", "system": UCUM, "code": "mmol/L"},
    ),
    _observation("text", code=_concept("note"), valueString="Séverely dry, very"),
    _observation("coded", code=_concept("note"), valueCodeableConcept=_concept("LA1")),
    _observation("dated", code=_concept("note"), valueDateTime="2020-05-01"),
    _observation("codeless", valueQuantity={"value": 6, "unit": "mmol/L"}),
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("component-code-value-quantity=8480-6$gt150", "high"),
        ("component-code-value-quantity=8480-6$lt150", "crossed"),
        ("component-code-value-quantity=8462-4$gt150", "crossed"),
        ("component-code-value-quantity=http://loinc.org|8462-4$160", "crossed"),
        ("component-code-value-quantity=http://other.org|8462-4$160", ""),
        (f"component-code-value-quantity=8462-4$16|{UCUM}|cm[Hg]", "crossed"),
        ("component-code-value-quantity=8462-4$80||mmHg", "high"),
        ("component-code-value-quantity=8462-4$80||kPa", ""),
        ("component-code-value-quantity=8480-6$gt150,8462-4$gt150", "crossed high"),
        ("component-code-value-quantity=8480-6$gt150&component-code-value-quantity=8462-4$80",
         "high"),
        ("code-value-quantity=8480-6$gt150", ""),
        ("combo-code-value-quantity=8480-6$gt150", "high"),
        ("combo-code-value-quantity=2339-0$ge6", "glucose"),
        ("combo-code-value-quantity=2339-0$gt6", ""),
        (f"code-value-quantity=2339-0$6000|{UCUM}|umol/L", "glucose"),
        ("code-value-quantity=http://loinc.org|$6", "glucose"),
        ("code-value-string=note$SEVERELY", "text"),
        ("code-value-string=note$severely dry\\, very", "text"),
        ("code-value-string=note$dry", ""),
        ("code-value-concept=note$LA1", "coded"),
        ("code-value-concept=note$LA2", ""),
        ("combo-code-value-concept=note$http://loinc.org|LA1", "coded"),
        ("code-value-date=note$2020", "dated"),
        ("code-value-date=note$lt2020", ""),
        ("code-value-date=note$ge2020-05", "dated"),
    ],
)  # fmt: skip
def test_composites(query: str, expected: str) -> None:
    """Q7 (R4 3.1.1.4.14): all components of one and the same element."""
    assert found(f"Observation?{query}", TOGETHER) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("relationship=replaces$DocumentReference/1", "a"),
        ("relationship=replaces$DocumentReference/2", ""),
        ("relationship=appends$2", "a"),
        ("relationship=http://hl7.org/fhir/document-relationship-type|appends$2", "a"),
    ],
)
def test_composites_with_references(query: str, expected: str) -> None:
    documents: list[Resource] = [
        {
            "resourceType": "DocumentReference",
            "id": "a",
            "relatesTo": [
                {"code": "replaces", "target": {"reference": "DocumentReference/1"}},
                {"code": "appends", "target": {"reference": "DocumentReference/2"}},
            ],
        }
    ]
    assert found(f"DocumentReference?{query}", documents) == expected


TEXTS = [
    _observation(
        "coded",
        code={
            "coding": [{"code": "1", "display": "Séborrhoeic keratosis"}],
            "text": "Growth, benign",
        },
        identifier=[
            {
                "system": "urn:mrn",
                "value": "446053",
                "type": {
                    "coding": [{"system": "urn:v2", "code": "MR"}],
                    "text": "Medical record",
                },
            }
        ],
        subject={"identifier": {"system": "urn:mrn", "value": "P1"}},
    ),
    _observation(
        "component",
        component=[{"code": {"text": "Growth in mm"}}],
        identifier=[{"value": "446053", "type": {"coding": [{"system": "urn:v2", "code": "SS"}]}}],
        subject={"reference": "Patient/P1", "identifier": {"value": "P2"}},
        meta={"tag": [{"system": "urn:t", "code": "x", "display": "Imported twice"}]},
    ),
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("code:text=seborr", "coded"),
        ("code:text=GROWTH BEN", "coded"),
        ("code:text=benign", ""),
        ("code:text=1", ""),
        ("code=seborr", ""),
        ("combo-code:text=growth", "coded component"),
        ("component-code:text=growth", "component"),
        ("code:text=nothing,seb", "coded"),
        ("_tag:text=imported", "component"),
        ("identifier:text=medical", "coded"),
        ("identifier:of-type=urn:v2|MR|446053", "coded"),
        ("identifier:of-type=urn:v2|SS|446053", "component"),
        ("identifier:of-type=urn:v2|MR|44605", ""),
        ("identifier:of-type=urn:x|MR|446053", ""),
        ("identifier=446053", "coded component"),
        ("subject:identifier=P1", "coded"),
        ("subject:identifier=urn:mrn|P1", "coded"),
        ("subject:identifier=|P1", ""),
        ("subject:identifier=|P2", "component"),
        ("subject:identifier=urn:mrn|", "coded"),
        ("subject=P1", "component"),
        ("subject:missing=false", "coded component"),
    ],
)
def test_modifiers_of_codes_and_references(query: str, expected: str) -> None:
    """Q2, Q5 (R4 3.1.1.4.10 and 3.1.1.4.12): `:text`, `:of-type`, `:identifier`."""
    assert found(f"Observation?{query}", TEXTS) == expected


def _place(name: str, latitude: str, longitude: str) -> Resource:
    position = {"latitude": Decimal(latitude), "longitude": Decimal(longitude)}
    return {"resourceType": "Location", "id": name, "position": position}


PLACES = [
    _place("london", "51.5074", "-0.1278"),
    _place("paris", "48.8566", "2.3522"),
    _place("fiji", "-17.7134", "179.9"),
    _place("nowhere", "91", "0"),
    {"resourceType": "Location", "id": "none"},
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("near=51.5|-0.12", "london"),
        ("near=51.6|-0.12|10", ""),
        ("near=51.6|-0.12|11|km", "london"),
        ("near=51.6|-0.12|11", "london"),
        ("near=51.6|-0.12|11000|m", "london"),
        ("near=51.6|-0.12|6|[mi_i]", ""),
        ("near=51.6|-0.12|7|[mi_i]", "london"),
        ("near=48.8566|2.3522|343|km", "paris"),
        ("near=48.8566|2.3522|345|km", "london paris"),
        ("near=-17.7134|-179.9|22|km", "fiji"),
        ("near=0|0|30000|km", "fiji london nowhere paris"),
        ("near=51.5|-0.12,48.85|2.35", "london paris"),
        ("near:missing=true", "none"),
    ],
)
def test_near(query: str, expected: str) -> None:
    """R4 `location.html#search`: kilometres where no units are given, ten without a distance."""
    assert found(f"Location?{query}", PLACES) == expected
