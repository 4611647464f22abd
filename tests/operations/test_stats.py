"""`Observation/$stats` (R4 observation-operation-stats.html): exact statistics of measurements."""

from __future__ import annotations

import statistics
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.interactions.operations.statistics import STATISTICS, regression, statistic
from resources.operations import operation_definitions
from tests.operations.checking import answered
from tests.serving import Caller, Served, assert_outcome

Resource = dict[str, Any]
DEFINED = operation_definitions()["Observation-stats"]
UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"
EIGHT = "2 4 4 4 5 5 7 9"


@pytest.mark.parametrize(
    ("code", "values", "expected"),
    [
        ("average", EIGHT, "5"),
        ("average", "0.1 0.2", "0.15"),
        ("average", "1 1 2", "1.33333333333333"),
        ("sum", "0.10 0.20", "0.30"),
        ("maximum", "1.50 1.4", "1.50"),
        ("minimum", "-3 1e2", "-3"),
        ("count", EIGHT, "8"),
        ("count", "", "0"),
        ("median", EIGHT, "4.5"),
        ("median", "3 1 2", "2"),
        ("variance", EIGHT, "4.57142857142857"),
        ("std-dev", "2 4", "1.4142135623731"),
        ("20-percent", "1 2 3 4 5 6", "2"),
        ("80-percent", "1 2 3 4 5 6", "5"),
        ("4-lower", "1 2 3 4", "1.75"),
        ("4-upper", "1 2 3 4", "3.25"),
        ("4-dev", "1 2 3 4", "0.75"),
        ("5-1", "1 2 3 4 5 6", "2"),
        ("5-2", "1 2 3 4 5 6", "3"),
        ("5-3", "1 2 3 4 5 6", "4"),
        ("5-4", "1 2 3 4 5 6", "5"),
        ("skew", EIGHT, "0.65625"),
        ("kurtosis", EIGHT, "2.78125"),
        ("skew", "1 1", None),
        ("std-dev", "1", None),
        *((code, "", None) for code in STATISTICS if code != "count"),
    ],
)
def test_each_statistic(code: str, values: str, expected: str | None) -> None:
    found = statistic(code, [Decimal(each) for each in values.split()])
    assert (None if found is None else str(found)) == expected


@given(st.lists(st.decimals(-1000, 1000, places=2), min_size=2, max_size=20))
def test_as_pythons_own_statistics(values: list[Decimal]) -> None:
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    expected = {
        "average": statistics.mean(values),
        "median": statistics.median(values),
        "variance": statistics.variance(values),
        "4-lower": low,
        "4-upper": high,
    }
    for code, value in expected.items():
        found = statistic(code, values)
        assert found is not None
        assert abs(found - value) <= Decimal("1e-8"), code


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ("0:1 1:3 2:5", ("2", "1")),
        ("0:1 1:2 2:2", ("0.5", "1.16666666666667")),
        ("3:7 4:7", ("0", "7")),
        ("0:5 0:7", None),
        ("0:5", None),
        ("", None),
    ],
)
def test_a_regression(points: str, expected: tuple[str, str] | None) -> None:
    pairs = [each.split(":") for each in points.split()]
    found = regression([(Decimal(place), Decimal(value)) for place, value in pairs])
    assert (found and tuple(map(str, found))) == expected


@given(
    st.lists(
        st.tuples(st.integers(0, 1000), st.decimals(-1000, 1000, places=2)),
        min_size=2,
        max_size=20,
        unique_by=lambda pair: pair[0],
    )
)
def test_a_regression_as_pythons_own(points: list[tuple[int, Decimal]]) -> None:
    found = regression([(Decimal(place), value) for place, value in points])
    assert found is not None
    line = statistics.linear_regression(
        [float(place) for place, _ in points], [float(value) for _, value in points]
    )
    assert float(found[0]) == pytest.approx(line.slope, rel=1e-6, abs=1e-6)  # pyright: ignore[reportUnknownMemberType]
    assert float(found[1]) == pytest.approx(line.intercept, rel=1e-6, abs=1e-6)  # pyright: ignore[reportUnknownMemberType]


def test_every_code_of_the_value_set_is_known() -> None:
    """R4 valueset-observation-statistics.html."""
    codes = """average maximum minimum count total-count median std-dev sum variance 20-percent
    80-percent 4-lower 4-upper 4-dev 5-1 5-2 5-3 5-4 skew kurtosis regression"""
    assert {*STATISTICS, "total-count", "regression"} == {*codes.split()}


HUGE = 1e300
"""Nothing weighs that much: its fourth power must not matter to anybody."""


def quantity(value: str, unit: str = "kg", **more: Any) -> Resource:
    return {"value": float(value), "unit": unit, "system": UCUM, "code": unit, **more}


def coded(code: str) -> Resource:
    return {"coding": [{"system": LOINC, "code": code}]}


def pressure(high: str, low: str) -> Resource:
    return {
        "code": coded("85354-9"),
        "component": [
            {"code": coded("8480-6"), "valueQuantity": quantity(high, "mm[Hg]")},
            {"code": coded("8462-4"), "valueQuantity": quantity(low, "mm[Hg]")},
        ],
    }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def patient(system: Caller) -> AsyncIterator[str]:
    mark = f"stats-{uuid4().hex[:8]}"
    weight, height = coded("29463-7"), coded("8302-2")
    rows: list[tuple[str, Resource]] = [
        ("2024-01-01", {"code": weight, "valueQuantity": quantity("70.5")}),
        ("2024-02-01", {"code": weight, "valueQuantity": quantity("71500", "g")}),
        ("2024-03-01", {"code": weight, "valueQuantity": quantity("72.0")}),
        (
            "2024-03-02",
            {"code": weight, "valueQuantity": quantity("99"), "status": "entered-in-error"},
        ),
        ("2024-03-03", {"code": weight, "valueQuantity": quantity("99", comparator=">")}),
        ("2024-03-04", {"code": weight, "valueQuantity": {"value": 99, "unit": "stone"}}),
        ("2024-03-05", {"code": weight, "valueQuantity": {**quantity("9"), "value": HUGE}}),
        ("2024-01-01", {"code": height, "valueQuantity": quantity("180", "cm")}),
        ("2024-01-02", {"code": height, "valueQuantity": quantity("180", "kg")}),
        ("2024-01-01", pressure("120", "80")),
        ("2024-01-02", pressure("140", "90")),
    ]  # fmt: skip
    entries: list[Resource] = [
        {
            "resource": {"resourceType": "Patient", "id": mark},
            "request": {"method": "PUT", "url": f"Patient/{mark}"},
        }
    ]
    for day, more in rows:
        resource = {
            "resourceType": "Observation",
            "status": "final",
            "subject": {"reference": f"Patient/{mark}"},
            "effectiveDateTime": day,
            **more,
        }
        request = {"method": "POST", "url": "Observation"}
        entries.append({"resource": resource, "request": request})
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = await system.post("", bundle)
    assert answer.status_code == 200, answer.text
    yield mark


def told(answer: httpx.Response) -> dict[str, str]:
    """By code, the statistics in order, each with its unit."""
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = {}
    for one in answered(DEFINED, answer.content)["parameter"]:
        if one["name"] == "statistics":
            values = [part.get("valueQuantity", {}) for part in one["resource"]["component"]]
            text = " ".join(f"{each.get('value', '?')}{each.get('code', '')}" for each in values)
            found[one["resource"]["code"]["coding"][0]["code"]] = text
    return found


SOME = "statistic=average&statistic=count&statistic=total-count&statistic=variance"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("code=29463-7", {"29463-7": "71.3333333333333kg 31 61 0.583333333333333(kg)2"}),
        (
            "code=85354-9",
            {"8480-6": "130mm[Hg] 21 21 200(mm[Hg])2", "8462-4": "85mm[Hg] 21 21 50(mm[Hg])2"},
        ),
        ("code=8480-6", {"8480-6": "130mm[Hg] 21 21 200(mm[Hg])2"}),
        ("code=0000-0", {"0000-0": "? 01 01 ?"}),
        (
            "code=29463-7&code=8462-4",
            {
                "29463-7": "71.3333333333333kg 31 61 0.583333333333333(kg)2",
                "8462-4": "85mm[Hg] 21 21 50(mm[Hg])2",
            },
        ),
        ("code=29463-7&duration=1", {"29463-7": "? 01 01 ?"}),
    ],
)  # fmt: skip
async def test_statistics_by_code(
    system: Caller, served: Served, patient: str, query: str, expected: dict[str, str]
) -> None:
    own = await served.caller("patient/*.rs", patient)
    path = f"Observation/$stats?subject=Patient/{patient}&system={LOINC}&{SOME}&{query}"
    for caller in (system, own):
        assert told(await caller.get(path)) == expected


async def test_the_members_of_a_panel(system: Caller, served: Served, patient: str) -> None:
    """ "All values grouped by code for all the individual observations" that a panel has as
    members; those of another patient, and those entered in error, never."""
    name = f"{patient}-panel"

    def one(at: str, day: str, **more: Any) -> Resource:
        return {
            "resourceType": "Observation",
            "id": f"{name}-{at}",
            "status": "final",
            "subject": {"reference": f"Patient/{patient}"},
            "effectiveDateTime": day,
            **more,
        }

    gas, pressure_of = coded("2744-1"), coded("19994-3")
    members = [
        one("a", "2024-05-01", code=gas, valueQuantity=quantity("7.25", "[pH]")),
        one("b", "2024-05-02", code=gas, valueQuantity=quantity("7.75", "[pH]")),
        one("c", "2024-05-02", code=pressure_of, valueQuantity=quantity("30", "%")),
        one("x", "2024-05-02", code=gas, status="entered-in-error"),
        one(
            "y",
            "2024-05-02",
            code=gas,
            valueQuantity=quantity("1", "[pH]"),
            subject={"reference": "Patient/somebody-else"},
        ),
    ]
    named = [{"reference": f"Observation/{each['id']}"} for each in members]
    panel = one("panel", "2024-05-02", code=coded("24338-6"), hasMember=named)
    for each in (*members, panel):
        answer = await system.put(f"Observation/{each['id']}", each)
        assert answer.status_code == 201, answer.text
    own = await served.caller("patient/*.rs", patient)
    path = f"Observation/$stats?subject=Patient/{patient}&system={LOINC}&code=24338-6"
    for caller in (system, own):
        answer = await caller.get(f"{path}&statistic=average&statistic=total-count&include=true")
        assert told(answer) == {"2744-1": "7.5[pH] 21", "19994-3": "30% 11"}
        sources = [each for each in answer.json()["parameter"] if each["name"] == "source"]
        days = [each["resource"]["effectiveDateTime"] for each in sources]
        assert days == sorted(days, reverse=True)
        assert len(days) == 4


async def test_a_regression_is_a_gradient_and_an_intercept(system: Caller, patient: str) -> None:
    """By the day, from the first measurement; where there is no line, neither."""
    path = f"Observation/$stats?subject=Patient/{patient}&system={LOINC}&statistic=regression"
    answer = await system.get(f"{path}&code=8480-6&code=0000-0")
    assert told(answer) == {"8480-6": "20(mm[Hg])/d 120mm[Hg]", "0000-0": "? ?"}
    parts = answer.json()["parameter"][0]["resource"]["component"]
    texts = [part["code"]["text"] for part in parts]
    assert texts == ["gradient", "intercept, at 2024-01-01 00:00 UTC"]
    assert {part["code"]["coding"][0]["code"] for part in parts} == {"regression"}


async def test_a_period_and_the_sources(system: Caller, patient: str) -> None:
    period = {"start": "2024-01-15", "end": "2024-03-01"}
    coding = {"system": LOINC, "code": "29463-7"}
    body = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "subject", "valueUri": f"Patient/{patient}"},
            {"name": "coding", "valueCoding": coding},
            {"name": "period", "valuePeriod": period},
            {"name": "statistic", "valueCode": "average"},
            {"name": "include", "valueBoolean": True},
            {"name": "limit", "valuePositiveInt": 1},
        ],
    }
    answer = await system.post("Observation/$stats", body)
    assert told(answer) == {"29463-7": "71.75kg"}
    statistics_, source = answer.json()["parameter"]
    assert statistics_["resource"]["effectivePeriod"] == period
    assert statistics_["resource"]["subject"] == {"reference": f"Patient/{patient}"}
    assert source["resource"]["effectiveDateTime"] == "2024-03-01"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("subject=Patient/{p}&code=8302-2&system=http://loinc.org&statistic=average", 422),
        ("subject=Patient/{p}&code=8302-2&statistic=average", 400),
        ("subject=Patient/{p}&statistic=average", 400),
        ("code=8302-2&system=http://loinc.org&statistic=average", 400),
        ("subject={p}&code=8302-2&system=http://loinc.org&statistic=average", 400),
        ("subject=Patient/{p}&code=1&system=http://loinc.org", 400),
        ("subject=Patient/{p}&code=1&system=http://loinc.org&statistic=regressions", 400),
        ("subject=Patient/{p}&code=1&system=http://loinc.org&statistic=sum&duration=0", 400),
        ("subject=Patient/{p}&code=1&system=http://loinc.org&statistic=sum&duration=1e99", 400),
        ("subject=Patient/{p}&code=1&system=http://loinc.org&statistic=sum&nonsense=1", 400),
    ],
)
async def test_f3_what_cannot_be_asked(
    system: Caller, patient: str, query: str, status: int
) -> None:
    assert_outcome(await system.get(f"Observation/$stats?{query.format(p=patient)}"), status)


async def test_y10_another_patients_are_as_none(served: Served, patient: str) -> None:
    other = await served.caller("patient/*.rs", "somebody-else")
    tail = f"system={LOINC}&code=29463-7&{SOME}&include=true"
    for subject in (patient, "absent"):
        answer = await other.get(f"Observation/$stats?subject=Patient/{subject}&{tail}")
        assert told(answer) == {"29463-7": "? 01 01 ?"}
        assert len(answer.json()["parameter"]) == 1
