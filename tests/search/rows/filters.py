"""`_filter` (R4 `search_filter.html`): each operator of each type of parameter, and the grammar."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import quote

from tests.search.rows.row import Row, Table, observation, patient

UCUM = "http://unitsofmeasure.org"
BOTH = "component-code-value-quantity"


def _rows(*given: str | tuple[str, ...]) -> list[Row]:
    """A filter and what it finds, as in a `Row`; one alone finds nothing."""
    rows = [(each,) if isinstance(each, str) else each for each in given]
    shorter = [row[:2] for row in rows if len(row) == 3]
    return [Row(quote(text), *expected) for text, *expected in (*rows, *shorter)]


PEOPLE = Table(
    "filters of people",
    "Patient",
    [
        patient(
            "ann",
            name=[{"family": "Carreño Quiñones", "given": ["Ann", "Peta"]}],
            gender="female",
            birthDate="1970-01-01",
            identifier=[{"system": "urn:a", "value": "12345"}],
            generalPractitioner=[{"reference": "Practitioner/one"}],
            meta={"profile": ["http://p.org/a"]},
        ),
        patient(
            "bob",
            name=[{"family": "Carpet", "given": ["Bob"]}],
            gender="male",
            birthDate="1970-01",
            identifier=[{"system": "urn:a", "value": "1234"}, {"system": "urn:b", "value": "9"}],
            generalPractitioner=[
                {"reference": "Practitioner/one"},
                {"reference": "Organization/two"},
            ],
            meta={"profile": ["http://p.org/a|2", "http://p.org/ab"]},
        ),
        patient(
            "cy",
            name=[{"family": "a) or \"b\\c], 'd"}],
            active=True,
            generalPractitioner=[{"reference": "Practitioner/one/_history/3"}],
        ),
        patient("none"),
    ],
    [
        *_rows(
            ("family eq carpet", "bob", "bob ann"),
            ("family eq CARPET", "bob"),
            "family eq carp",
            ("family eq quinones", "ann"),
            ('given eq "Ann"', "ann"),
            ("family ne carpet", "ann cy", "ann bob"),
            ("given ne bob", "ann", "ann bob"),
            ("given ne ann", "ann bob", "ann none"),
            ("name ne bob and name ne carpet", "ann bob cy"),
            ("gender ne nothing and family ne nothing", "ann bob"),
            "given eq annie",
            ('name co "pet"', "ann bob", "bob cy"),
            "name co peter",
            ("name sw pet", "ann", "ann bob"),
            "name sw et",
            ("name ew pet", "bob", "bob ann"),
            "name ew pe",
            ("name pr true", "ann bob cy", "cy none"),
            ("name pr false", "none", "none cy"),
            ("gender eq male", "bob", "bob ann"),
            "gender eq MALE",
            ("gender eq http://hl7.org/fhir/administrative-gender|male", "bob"),
            ("gender ne male", "ann", "ann none"),
            ("gender ne http://hl7.org/fhir/administrative-gender|male", "ann"),
            "gender ne http://hl7.org/fhir/administrative-gender|",
            ("gender co ema", "ann", "ann bob"),
            "gender co x",
            ("identifier eq urn:a|1234", "bob", "bob ann"),
            ("identifier ne 1234", "ann bob", "bob cy"),
            ("identifier ne urn:a|1234", "ann bob"),
            ("identifier ne urn:a|", "bob", "bob ann"),
            ("identifier sw 1234", "ann bob", "bob cy"),
            ("identifier sw urn:a|12345", "ann"),
            "identifier sw urn:b|1",
            ("identifier ew 2345", "ann", "ann bob"),
            ("identifier ew urn:b|9", "bob"),
            "identifier ew urn:a|9",
            ("identifier pr true", "ann bob", "bob cy"),
            ("active eq true", "cy"),
            "active eq false",
            ("active pr false", "ann bob none"),
            ("birthdate eq 1970-01", "ann bob"),
            ("birthdate eq 1970-01-01", "ann", "ann bob"),
            "birthdate eq 1971",
            ("birthdate ne 1970-01-01", "bob", "bob ann"),
            "birthdate ne 1970",
            ("birthdate gt 1970-01-01", "bob", "bob ann"),
            "birthdate gt 1970-02",
            ("birthdate lt 1970-01-02", "ann bob"),
            "birthdate lt 1970-01-01",
            ("birthdate ge 1970-01-02", "bob", "bob ann"),
            "birthdate ge 1970-02",
            ("birthdate le 1970-01-01", "ann", "ann cy"),
            "birthdate le 1969",
            ("birthdate le 1970-01-31", "ann bob"),
            ("birthdate ap 1970-01-20", "ann bob"),
            "birthdate ap 1800",
            ("birthdate sa 1969-12-31", "ann bob"),
            "birthdate sa 1970-01-01",
            ("birthdate eb 1970-01-02", "ann", "ann bob"),
            "birthdate eb 1970-01-01",
            ("birthdate po 1970-01-20", "bob", "bob ann"),
            "birthdate po 1970-02",
            ("birthdate pr false", "cy none"),
            ("general-practitioner eq Practitioner/one", "ann bob cy", "cy none"),
            ("general-practitioner eq two", "bob", "bob ann"),
            "general-practitioner eq Practitioner/two",
            ("general-practitioner re Organization/two", "bob", "bob ann"),
            "general-practitioner re Organization/one",
            ("general-practitioner ne Practitioner/one", "bob", "bob cy"),
            ("general-practitioner ne one", "bob"),
            "general-practitioner ne Practitioner/one and gender eq female",
            ("general-practitioner pr false", "none", "none cy"),
            "general-practitioner ne one and general-practitioner ne two and gender eq female",
            ("_profile eq http://p.org/ab", "bob", "bob ann"),
            "_profile eq http://p.org/abc",
            "_profile sw p.org",
            "_profile co q.org",
            ("_profile pr true", "ann bob", "ann cy"),
            ("_profile co org/ab", "bob", "bob ann"),
            ("_profile ew /ab", "bob", "bob ann"),
            "_profile ew org",
            ("_profile eq http://p.org/a", "ann bob"),
            ("_profile ne http://p.org/a", "bob", "bob ann"),
            ("_profile sw http://p.org/ab", "bob", "bob ann"),
            ("_profile co p.org/a", "ann bob"),
            ("_profile ew ab", "bob"),
            ("_id eq ann", "ann"),
            ("_id ne ann", "bob cy none", "none ann"),
            "_id pr false",
            # ---- the grammar
            (r'family eq "a) or \"b\\\\c], \u0027d"', "cy"),
            ("gender eq male or gender eq female and birthdate eq 1970-01-01", "ann"),
            ("gender eq male or (gender eq female and birthdate eq 1970)", "ann bob"),
            ("not (gender eq male)", "ann cy none", "none bob"),
            ("not(gender eq male) and not(gender eq female)", "cy none"),
            ("not (not (gender eq male))", "bob"),
            ("((gender eq male))", "bob"),
            ("  ( gender   eq\tmale )  ", "bob"),
            ("not (name pr true)", "none"),
            ("_content co carpet", "bob", "bob ann"),
            "_content co carp",
            ("_content eq ann", "ann", "ann bob"),
            "_content eq nothing",
            ("_content pr true", "ann bob cy", "cy none"),
            ("_text pr false", "ann bob cy none"),
        ),
        Row("gender%20eq%20male&birthdate=1970", "bob"),
    ],
    start="_filter=",
)


MEASURED = Table(
    "filters of measurements",
    "Observation",
    [
        observation(
            "high",
            code={"coding": [{"system": "http://loinc.org", "code": "55284-4"}]},
            valueQuantity={"value": Decimal("5.4"), "system": UCUM, "code": "mg"},
            component=[
                {"code": {"coding": [{"code": "sys"}]}, "valueQuantity": {"value": 150}},
                {"code": {"coding": [{"code": "dia"}]}, "valueQuantity": {"value": 90}},
            ],
            issued="2020-03-01T10:00:00Z",
        ),
        observation(
            "low",
            code={"coding": [{"system": "http://loinc.org", "code": "55284"}]},
            valueQuantity={"value": Decimal(7), "system": UCUM, "code": "mg"},
            component=[
                {"code": {"coding": [{"code": "sys"}]}, "valueQuantity": {"value": 100}},
                {"code": {"coding": [{"code": "dia"}]}, "valueQuantity": {"value": 150}},
            ],
            issued="2020-03-02T10:00:00Z",
        ),
        observation("none"),
    ],
    [
        *_rows(
            ("value-quantity eq 5.4", "high", "high low"),
            ("value-quantity eq 0.0054|http://unitsofmeasure.org|g", "high"),
            "value-quantity eq 6",
            ("value-quantity ne 5.4", "low", "low high"),
            ("value-quantity gt 5.4", "low", "low high"),
            "value-quantity gt 7",
            ("value-quantity lt 7||mg", "high", "high low"),
            "value-quantity lt 5.4",
            ("value-quantity ge 5.4", "high low", "high none"),
            "value-quantity ge 7.1",
            ("value-quantity le 5.4", "high", "high low"),
            "value-quantity le 5.39",
            ("value-quantity ap 5", "high", "high low"),
            "value-quantity ap 4",
            ("value-quantity sa 5.4", "low", "low high"),
            "value-quantity sa 7",
            ("value-quantity eb 7", "high", "high low"),
            "value-quantity eb 5.4",
            ("value-quantity pr true", "high low", "low none"),
            ("date pr false", "high low none"),
            ("code eq http://loinc.org|55284-4", "high", "high low"),
            ("code sw 55284", "high low", "low none"),
            ("code ew 84", "low", "low high"),
            ("code-value-quantity eq 55284-4$5.4", "high", "high low"),
            ("code-value-quantity eq 55284-4$gt5", "high"),
            "code-value-quantity eq 55284$5.4",
            (
                f"{BOTH}[component-code eq sys].component-value-quantity gt 140",
                "high",
                "high low",
            ),
            (
                f"{BOTH}[not (component-code eq sys)].component-value-quantity gt 140",
                "low",
                "low high",
            ),
            (
                f"{BOTH}[component-code ne sys].component-value-quantity eq 90",
                "high",
            ),
            (f"{BOTH}.component-value-quantity eq 90", "high"),
            f"{BOTH}[component-code pr false].component-value-quantity ge 0",
            ("component-code eq sys and component-value-quantity gt 140", "high low"),
        )
    ],
    start="_filter=",
)

RISKS = Table(
    "filters of numbers",
    "RiskAssessment",
    [
        {
            "resourceType": "RiskAssessment",
            "id": name,
            "status": "final",
            "subject": {"reference": "Patient/p"},
            "occurrenceDateTime": moment,
            "prediction": [{"probabilityDecimal": Decimal(value)}],
        }
        for name, value, moment in (("half", "0.5", "2000-03-01"), ("most", "0.8", "2025-03-01"))
    ]
    + [
        {
            "resourceType": "RiskAssessment",
            "id": "bare",
            "status": "final",
            "subject": {"reference": "Patient/p"},
        }
    ],
    [
        *_rows(
            ("probability eq 0.5", "half", "half most"),
            "probability eq 0.7",
            ("probability ne 0.5", "most", "most half"),
            ("probability gt 0.5", "most", "most half"),
            "probability gt 0.8",
            ("probability lt 0.8", "half", "half most"),
            "probability lt 0.5",
            ("probability ge 0.8", "most", "most half"),
            "probability ge 0.81",
            ("probability le 0.5", "half", "half most"),
            "probability le 0.49",
            ("probability ap 0.52", "half", "half most"),
            "probability ap 0.65",
            ("probability sa 0.5", "most", "most half"),
            "probability sa 0.8",
            ("probability eb 0.8", "half", "half most"),
            "probability eb 0.5",
            ("probability pr true", "half most", "most bare"),
            ("date ap 2000-03", "half", "half most"),
            ("date lt 2025-03-01", "half", "half most"),
            ("date sa 2000-03-01", "most", "most half"),
            ("date pr true", "half most", "half bare"),
            "subject ne Patient/p",
            "subject ne p",
        )
    ],
    start="_filter=",
)

BARE = Table(
    "filters where nothing is",
    "Observation",
    [observation("bare", code={"text": "x"})],
    [
        *_rows(
            "value-quantity pr true",
            "value-quantity ne 1",
            "value-string pr true",
            "value-string ne a",
            "date pr true",
            "subject pr true",
            "category pr true",
            "_profile pr true",
            "_profile ne http://p.org/a",
            "_text pr true",
        )
    ],
    start="_filter=",
)

UNSURE = Table(
    "filters where no number is",
    "RiskAssessment",
    [
        {
            "resourceType": "RiskAssessment",
            "id": "bare",
            "status": "final",
            "subject": {"reference": "Patient/p"},
        }
    ],
    _rows("probability pr true", "probability ne 1"),
    start="_filter=",
)

TABLES = (PEOPLE, MEASURED, RISKS, BARE, UNSURE)
