"""Dates (Q3, R4 3.1.1.4.7): every prefix against instants, days, months, years and Periods."""

from __future__ import annotations

from tests.search.rows.row import Resource, Row, Table, observation, patient


def _dated(name: str, text: str) -> Resource:
    return observation(name, effectiveDateTime=text)


IN_DAY = "day first inside instant last ten timing zoned"
SPANNING = "across day inside month onwards timing until year"
AROUND = Table(
    "a day and what is around it",
    "Observation",
    [
        _dated("year", "2013"),
        _dated("month", "2013-01"),
        _dated("day", "2013-01-14"),
        _dated("before", "2013-01-13T23:59:59.999999Z"),
        _dated("first", "2013-01-14T00:00:00Z"),
        _dated("ten", "2013-01-14T10:00:00Z"),
        _dated("last", "2013-01-14T23:59:59.999999Z"),
        _dated("next", "2013-01-15T00:00:00Z"),
        _dated("zoned", "2013-01-15T01:00:00+02:00"),
        observation("instant", effectiveInstant="2013-01-14T10:00:00Z"),
        observation(
            "inside", effectivePeriod={"start": "2013-01-14T09:00:00Z", "end": "2013-01-14"}
        ),
        observation("across", effectivePeriod={"start": "2013-01-01", "end": "2013-02-01"}),
        observation("onwards", effectivePeriod={"start": "2013-01-10"}),
        observation("until", effectivePeriod={"end": "2013-01-20"}),
        observation(
            "timing", effectiveTiming={"event": ["2013-01-14T08:00:00Z", "2013-01-14T12:00:00Z"]}
        ),
        observation("none"),
    ],
    [
        Row("date=2013-01-14", IN_DAY, "first before"),
        Row("date=2013-01-14", IN_DAY, "last next"),
        Row("date=2013-01-14", IN_DAY, "zoned next"),
        Row("date=eq2013-01-14", IN_DAY),
        Row("date=eq2013-01-14", IN_DAY, "day month"),
        Row("date=2013", f"across before month next year {IN_DAY}", "year onwards"),
        Row("date=2013-01-14T10:00", "instant ten", "ten inside"),
        Row("date=2013-01-14T10:00:00Z", "instant ten"),
        Row("date=2013-01-14T12:00:00%2B02:00", "instant ten"),
        Row("date=2013-01-14T12:00:00+02:00", "instant ten"),
        Row("date=ne2013-01-14", "across before month next onwards until year"),
        Row("date=ne2013-01-14", "across before month next onwards until year", "before first"),
        Row("date=ne2013-01-14", "across before month next onwards until year", "month day"),
        Row("date=gt2013-01-14", "across month next onwards until year"),
        Row("date=gt2013-01-14", "across month next onwards until year", "next last"),
        Row("date=lt2013-01-14", "across before month onwards until year"),
        Row("date=lt2013-01-14", "across before month onwards until year", "before first"),
        Row("date=ge2013-01-14", f"across month next onwards until year {IN_DAY}"),
        Row("date=ge2013-01-14", f"across month next onwards until year {IN_DAY}", "first before"),
        Row("date=le2013-01-14", f"across before month onwards until year {IN_DAY}"),
        Row("date=le2013-01-14", f"across before month onwards until year {IN_DAY}", "last next"),
        Row("date=gt2013-01-14T10:00:00Z", f"{SPANNING} last next zoned", "timing ten"),
        Row("date=lt2013-01-14T10:00:00Z", f"{SPANNING} before first", "inside ten"),
        Row("date=sa2013-01-14", "next"),
        Row("date=sa2013-01-14", "next", "next last"),
        Row("date=sa2013-01-14", "next", "next onwards"),
        Row("date=sa2013-01-13", f"next {IN_DAY}", "first before"),
        Row("date=eb2013-01-14", "before"),
        Row("date=eb2013-01-14", "before", "before first"),
        Row("date=eb2013-01-15", f"before {IN_DAY}", "last next"),
        Row("date=eb2013-01-15", f"before {IN_DAY}", "day until"),
        Row("date=sa2012-12", f"across before month next onwards year {IN_DAY}", "year until"),
        Row("date=eb2013-02-02", f"across before month next until {IN_DAY}", "across onwards"),
        Row("date=sa9999"),
        Row("date=1300-01-01"),
        Row("date=eq1300-01-01"),
        Row("date=ge2013-01-14&date=lt2013-01-15", f"across month onwards until year {IN_DAY}"),
        Row("date=2012,2013-01-15", "next"),
        Row("date:missing=true", "none", "none until"),
        Row("date:missing=true", "none", "none onwards"),
        Row("date:missing=false", f"across before month next onwards until year {IN_DAY}"),
    ],
)

BETWEEN = Table(
    "one day's values alone",
    "Observation",
    [
        _dated("day", "2013-01-14"),
        _dated("first", "2013-01-14T00:00:00Z"),
        _dated("last", "2013-01-14T23:59:59.999Z"),
        observation(
            "bounds",
            effectiveTiming={
                "repeat": {"boundsPeriod": {"start": "2013-01-14T08:00Z", "end": "2013-01-14"}}
            },
        ),
    ],
    [
        Row("date=2013-01-14", "bounds day first last"),
        Row("date=eq2013-01-14T08:00"),
        Row("date=ne2013-01-14"),
        Row("date=ne2013-01"),
        Row("date=gt2013-01-14"),
        Row("date=lt2013-01-14"),
        Row("date=ge2013-01-15"),
        Row("date=le2013-01-13"),
        Row("date=sa2013-01-14"),
        Row("date=eb2013-01-14"),
        Row("date=ap1900"),
        Row("date:missing=true"),
        Row("date=ge2013-01-14T23:59:59.999Z", "last", "last day"),
        Row("date=gt2013-01-14T23:59:59.998Z", "bounds day last", "last first"),
        Row("date=le2013-01-14T00:00:00Z", "first", "first day"),
        Row("date=sa2013-01-14T07:59", "bounds last", "bounds day"),
        Row("date=lt2013-01-14T09:00:00%2B09:00"),
        Row("date=lt2013-01-14T09:00:01%2B09:00", "day first", "first last"),
    ],
)

NEAR_NOW = Table(
    "a tenth of the way to now",
    "Observation",
    [_dated("near", "2012-06"), _dated("far", "1990"), _dated("same", "2013-01-14")],
    [
        Row("date=ap2013-01-14", "near same"),
        Row("date=ap2013-01-14", "near same", "near far"),
    ],
)
"""R4 `search.html#prefix` recommends a tenth of the gap between now and the date; to the day in
`test_the_margin_of_a_date`."""

LENGTHS = Table(
    "months and years of several lengths",
    "Patient",
    [
        patient("leap", birthDate="2016-02-29"),
        patient("march", birthDate="2016-03-01"),
        patient("february", birthDate="2016-02"),
        patient("december", birthDate="2015-12-31"),
        patient("year", birthDate="2016"),
    ],
    [
        Row("birthdate=2016-02", "february leap", "leap march"),
        Row("birthdate=2016", "february leap march year", "year december"),
        Row("birthdate=sa2016-02", "march", "march leap"),
        Row("birthdate=sa2015", "february leap march year", "year december"),
        Row("birthdate=eb2016-03", "december february leap", "leap march"),
        Row("birthdate=eb2016", "december", "december year"),
        Row("birthdate=le2016-02-29", "december february leap year", "leap march"),
        Row("birthdate=gt2016-02-29", "march year", "march february"),
        Row("birthdate=2016-02-29T12:00"),
    ],
)

UPDATED = Table(
    "the server's own time",
    "Patient",
    [
        patient(name, meta={"lastUpdated": moment})
        for name, moment in {
            "a": "2023-12-31T23:59:59.999Z",
            "b": "2024-01-01T00:00:00.000Z",
            "c": "2024-01-01T23:59:59.999Z",
            "d": "2024-01-02T00:00:00.000Z",
        }.items()
    ],
    [
        Row("_lastUpdated=2024-01-01", "b c", "b a"),
        Row("_lastUpdated=2024-01-01", "b c", "c d"),
        Row("_lastUpdated=gt2024-01-01", "d", "d c"),
        Row("_lastUpdated=ge2024-01-01T00:00:00Z", "b c d", "b a"),
        Row("_lastUpdated=lt2024-01-01", "a", "a b"),
        Row("_lastUpdated=2024-01-01T00:00:00.000Z", "b"),
        Row("_lastUpdated=ne2024-01-01T00:00:00.000Z", "a c d", "c b"),
        Row("_lastUpdated:missing=true"),
        Row("_lastUpdated:missing=false", "a b c d"),
    ],
    own_times=True,
)

TABLES = (AROUND, BETWEEN, NEAR_NOW, LENGTHS, UPDATED)
