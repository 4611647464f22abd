"""Tables of (query, expected ids) over small sets that straddle the boundaries."""

from __future__ import annotations

import pytest

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
