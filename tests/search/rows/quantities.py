"""Quantities (Q4, R4 3.1.1.4.11): units by what they measure, comparators, ends of ranges."""

from __future__ import annotations

from decimal import Decimal

from tests.search.rows.row import Resource, Row, Table, observation

UCUM = "http://unitsofmeasure.org"


def _measured(name: str, value: object, code: str | None = None, /, **more: str) -> Resource:
    quantity = {"value": value, **more}
    if code:
        quantity |= {"system": UCUM, "code": code, "unit": more.get("unit", code)}
    return observation(name, valueQuantity=quantity)


SAME = "g mg named precise ug"
MEASURED = [
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
    observation("valueless", valueQuantity={"unit": "mg"}),
    observation(
        "sampled",
        valueSampledData={
            "origin": {"value": 10, "system": UCUM, "code": "mm"},
            "factor": 2,
            "data": "1 5 E 20",
        },
    ),
    observation(
        "undetected",
        valueSampledData={
            "origin": {"value": 0, "system": UCUM, "code": "mm"},
            "data": "L 30",
        },
    ),
    observation("component", component=[{"valueQuantity": {"value": 7, "unit": "mg"}}]),
]
QUANTITIES = Table(
    "measured in many units",
    "Observation",
    MEASURED,
    [
        Row(f"5.4|{UCUM}|mg", SAME),
        Row(f"5.4|{UCUM}|mg", SAME, "ug edge"),
        Row(f"5.4|{UCUM}|mg", SAME, "mg local"),
        Row(f"5.4e-3|{UCUM}|g", SAME),
        Row(f"0.00540|{UCUM}|g", SAME),
        Row(f"5400|{UCUM}|ug", SAME),
        Row(f"5.5|{UCUM}|mg", "edge", "edge mg"),
        Row(f"5.4|{UCUM}|kg"),
        Row(f"eq5.4|{UCUM}|mg", SAME),
        Row(f"eq5.4|{UCUM}|mg", SAME, "precise edge"),
        Row(f"eq5.6|{UCUM}|mg"),
        Row("5.4||mg", "local mg named precise unit"),
        Row("5.4||mg", "local mg named precise unit", "unit bare"),
        Row("5.4||milligrams", "named"),
        Row("5.4||Mg"),
        Row("5.4|urn:units|mg", "local"),
        Row("5.4|urn:other|mg"),
        Row("5.4", "bare litre local mg named precise unit"),
        Row("5.4", "bare litre local mg named precise unit", "litre g"),
        Row("5.7"),
        Row(f"gt5.4|{UCUM}|mg", "beyond edge from"),
        Row(f"gt5.4|{UCUM}|mg", "beyond edge from", "edge mg"),
        Row(f"ge5.4|{UCUM}|mg", f"beyond edge from {SAME}"),
        Row(f"ge5.4|{UCUM}|mg", f"beyond edge from {SAME}", "g until"),
        Row(f"lt5.4|{UCUM}|mg", "below until"),
        Row(f"lt5.4|{UCUM}|mg", "below until", "until mg"),
        Row(f"le5.4|{UCUM}|mg", f"below until {SAME}"),
        Row(f"le5.4|{UCUM}|mg", f"below until {SAME}", "ug edge"),
        Row(f"lt5|{UCUM}|mg", "below until"),
        Row(f"gt6|{UCUM}|mg", "beyond from"),
        Row(f"sa6|{UCUM}|mg", "beyond", "beyond from"),
        Row(f"ge6|{UCUM}|mg", "beyond from", "from edge"),
        Row(f"eb5|{UCUM}|mg", "below", "below until"),
        Row(f"sa5|{UCUM}|mg", f"beyond edge from {SAME}"),
        Row(f"eb6|{UCUM}|mg", f"below edge until {SAME}", "edge from"),
        Row(f"ne5.4|{UCUM}|mg", "below beyond edge from until"),
        Row(f"ne5.4|{UCUM}|mg", "below beyond edge from until", "edge precise"),
        Row(f"ap5|{UCUM}|mg", f"below edge until {SAME}"),
        Row(f"ap5|{UCUM}|mg", f"below edge until {SAME}", "edge from"),
        Row(f"5|{UCUM}|mg", f"edge {SAME}"),
        Row(f"5.0|{UCUM}|mg"),
        Row(f"38.0|{UCUM}|Cel", "celsius fever"),
        Row(f"100.4|{UCUM}|[degF]", "celsius fever"),
        Row(f"gt100.4|{UCUM}|[degF]"),
        Row(f"lt100.4|{UCUM}|[degF]"),
        Row(f"sa38.0|{UCUM}|Cel"),
        Row(f"eb38.0|{UCUM}|Cel"),
        Row(f"ne38.0|{UCUM}|Cel"),
        Row(f"ge38.1|{UCUM}|Cel"),
        Row(f"le37.9|{UCUM}|Cel"),
        Row(f"ap30|{UCUM}|Cel"),
        Row(f"ge311.15|{UCUM}|K", "celsius fever"),
        Row(f"120|{UCUM}|mmHg", "misspelt"),
        Row("120||mmHg", "misspelt"),
        Row(f"120|{UCUM}|mm[Hg]"),
        Row(f"gt49|{UCUM}|mm", "sampled"),
        Row(f"gt5|{UCUM}|cm"),
        Row(f"lt12|{UCUM}|mm", "undetected", "undetected sampled"),
        Row(f"sa11|{UCUM}|mm", "sampled", "sampled undetected"),
        Row(f"eb31|{UCUM}|mm", "undetected"),
    ],
    start="value-quantity=",
)

COMPONENTS = Table(
    "measured in components",
    "Observation",
    MEASURED,
    [
        Row("component-value-quantity=7||mg", "component"),
        Row("combo-value-quantity=7||mg", "component"),
        Row(f"combo-value-quantity=5.4|{UCUM}|mg", SAME),
        Row("value-quantity=7||mg"),
        Row("combo-value-quantity=5.4|urn:units|mg,7", "component local"),
        Row("value-quantity:missing=true", "component", "component valueless"),
        Row("component-value-quantity:missing=false", "component"),
        Row("combo-value-quantity:missing=true"),
    ],
)


def _condition(name: str, **onset: object) -> Resource:
    return {"resourceType": "Condition", "id": name, **onset}


def _years(value: int, code: str = "a") -> dict[str, object]:
    return {"value": value, "system": UCUM, "code": code}


RANGES = Table(
    "both ends of a Range belong to it, and a missing one is open",
    "Condition",
    [
        _condition("forty", onsetAge=_years(40)),
        _condition("months", onsetAge=_years(480, "mo")),
        _condition("thirties", onsetRange={"low": _years(30), "high": _years(39)}),
        _condition("mixed", onsetRange={"low": _years(1), "high": _years(18, "mo")}),
        _condition("adult", onsetRange={"low": _years(18)}),
        _condition("child", onsetRange={"high": _years(17)}),
    ],
    [
        Row(f"40|{UCUM}|a", "forty months", "months thirties"),
        Row(f"35|{UCUM}|a"),
        Row(f"ap35|{UCUM}|a", "adult thirties"),
        Row(f"gt39|{UCUM}|a", "adult forty months", "forty thirties"),
        Row(f"ge39|{UCUM}|a", "adult forty months"),
        Row(f"sa29|{UCUM}|a", "forty months thirties", "thirties adult"),
        Row(f"eb18|{UCUM}|a", "child mixed", "child adult"),
        Row(f"lt31|{UCUM}|a", "adult child mixed thirties", "thirties forty"),
        Row(f"gt17|{UCUM}|mo", "adult child forty mixed months thirties"),
        Row(f"sa18|{UCUM}|mo", "adult forty months thirties", "adult mixed"),
    ],
    start="onset-age=",
)

MONEY = Table(
    "money",
    "ChargeItem",
    [
        {
            "resourceType": "ChargeItem",
            "id": "euro",
            "priceOverride": {"value": Decimal("12.50"), "currency": "EUR"},
        }
    ],
    [
        Row("12.50", "euro"),
        Row("12.50|urn:iso:std:iso:4217|EUR", "euro"),
        Row("12.50||EUR", "euro"),
        Row("12.50|urn:iso:std:iso:4217|USD"),
        Row("gt12||EUR", "euro"),
    ],
    start="price-override=",
)

TABLES = (QUANTITIES, COMPONENTS, RANGES, MONEY)
