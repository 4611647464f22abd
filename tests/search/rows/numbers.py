"""Numbers (Q4, R4 3.1.1.4.6): implicit precision, exponents, and every prefix."""

from __future__ import annotations

from decimal import Decimal

from tests.search.rows.row import Resource, Row, Table


def _probable(name: str, *probabilities: object) -> Resource:
    prediction = [{"probabilityDecimal": each} for each in probabilities]
    return {"resourceType": "RiskAssessment", "id": name, "prediction": prediction}


AROUND = "above exact from whole"
NUMBERS = Table(
    "a hundred and what is around it",
    "RiskAssessment",
    [
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
    ],
    [
        Row("=100", AROUND),
        Row("=100", AROUND, "from low"),
        Row("=100", AROUND, "above until"),
        Row("=eq100", AROUND),
        Row("=eq100", AROUND, "from low"),
        Row("=eq102"),
        Row("=100.00", "above exact whole"),
        Row("=100.000", "exact whole"),
        Row("=100.001", "above"),
        Row("=1e2", "above exact from low ninety until whole", "ninety hundred5"),
        Row("=1.00e2", "above exact from whole"),
        Row("=1.00E%2B2", "above exact from whole"),
        Row("=1.00e+2", "above exact from whole"),
        Row("=-100", "negative"),
        Row("=0.0054", "small"),
        Row("=5.4e-3", "small"),
        Row("=0.12345678901234567890123456789", "long"),
        Row("=0.12345678901234567890123456788"),
        Row("=gt0.12345678901234567890123456788&probability=lt1", "long"),
        Row("=0", "long small zero"),
        Row("=0.0", "small zero"),
        Row("=ne100", "hundred5 long low negative ninety several small until zero"),
        Row("=ne100", "hundred5 long low negative ninety several small until zero", "low from"),
        Row("=ne100", "hundred5 long low negative ninety several small until zero", "until above"),
        Row("=gt100", "above hundred5 several until"),
        Row("=gt100", "above hundred5 several until", "above whole"),
        Row("=gt1000"),
        Row("=ge100", "above exact hundred5 several until whole"),
        Row("=ge100", "above exact hundred5 several until whole", "whole from"),
        Row("=ge1000.1"),
        Row("=lt100", "from long low negative ninety several small zero"),
        Row("=lt100", "from long low negative ninety several small zero", "from exact"),
        Row("=lt-100"),
        Row("=le100", "exact from long low negative ninety several small whole zero"),
        Row(
            "=le100",
            "exact from long low negative ninety several small whole zero",
            "whole above",
        ),
        Row("=le-100.1"),
        Row("=sa100", "above hundred5 several until"),
        Row("=sa100", "above hundred5 several until", "above exact"),
        Row("=eb100", "from long low negative ninety several small zero"),
        Row("=eb100", "from long low negative ninety several small zero", "from whole"),
        Row("=sa1000"),
        Row("=eb-100"),
        Row("=le-100", "negative"),
        Row("=ap100", "above exact from hundred5 low ninety until whole"),
        Row("=ap-100", "negative"),
        Row("=ap105", "above exact from hundred5 low ninety until whole"),
        Row("=ap105.6", "above exact from hundred5 low until whole", "low ninety"),
        Row("=ap500"),
        Row("=1,1000", "several"),
        Row("=gt1&probability=lt1000", f"{AROUND} hundred5 low ninety several until"),
        Row(":missing=true", "none"),
        Row(":missing=true", "none", "none zero"),
    ],
    start="probability",
)

ONE = Table(
    "one number alone",
    "RiskAssessment",
    [_probable("one", Decimal("0.25"))],
    [
        Row("=ne0.25"),
        Row("=ne0.3"),
        Row("=ne0.26", "one"),
        Row(":missing=true"),
    ],
    start="probability",
)

RANGE = Table(
    "a range, which is a number from end to end",
    "RiskAssessment",
    [
        {
            "resourceType": "RiskAssessment",
            "id": "range",
            "prediction": [
                {
                    "probabilityRange": {
                        "low": {"value": Decimal("0.2")},
                        "high": {"value": Decimal("0.4")},
                    }
                }
            ],
        }
    ],
    [
        Row("sa0.1", "range"),
        Row("sa0.2"),
        Row("gt0.2", "range"),
        Row("0.3"),
        Row("ap0.3", "range"),
    ],
    start="probability=",
)

TABLES = (NUMBERS, ONE, RANGE)
