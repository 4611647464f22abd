"""Observations: vital signs, laboratory results, scores, and the reports that gather them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from .chart import Chart
from .clinic import LABORATORY, LINDQVIST
from .course import Reading
from .elements import (
    LOINC,
    TERMINOLOGY,
    US_CORE,
    Element,
    at,
    coding,
    concept,
    hl7,
    quantity,
    reference,
)
from .measures import MEASURES, Measure

_NAMES: Final = {"L": "Low", "N": "Normal", "H": "High"}


def observe(
    chart: Chart,
    kind: str,
    offset: int,
    value: str,
    performer: Element | None = None,
    **more: Any,
) -> str:
    measure = MEASURES[kind]
    unit = "points" if measure.unit == "{score}" else measure.unit
    return chart.put(
        "Observation",
        chart.number(kind),
        meta=_profile(measure.profile),
        status="final",
        category=[category(measure.category)],
        code=concept(LOINC, measure.code, measure.display),
        subject=chart.person,
        effectiveDateTime=at(offset, "09:20"),
        issued=at(offset + 1, "06:30") if measure.category == "laboratory" else None,
        performer=[performer or _performer(measure)],
        valueQuantity=quantity(value, unit, measure.ucum or measure.unit),
        interpretation=_interpretation(measure.interpretation(value)),
        referenceRange=_range(measure, unit),
        **more,
    )


def series(
    chart: Chart, kind: str, readings: list[Reading], performer: Element | None = None
) -> list[str]:
    return [observe(chart, kind, offset, value, performer) for offset, value in readings]


def blood_pressure(
    chart: Chart,
    systolic: list[Reading],
    diastolic: list[Reading],
    performer: Element | None = None,
) -> None:
    for (offset, upper), (_, lower) in zip(systolic, diastolic, strict=True):
        high = Decimal(upper) >= 140 or Decimal(lower) >= 90
        chart.put(
            "Observation",
            chart.number("blood-pressure"),
            meta=_profile("us-core-blood-pressure"),
            status="final",
            category=[category("vital-signs")],
            code=concept(LOINC, "85354-9", "Blood pressure"),
            subject=chart.person,
            effectiveDateTime=at(offset, "09:15"),
            performer=[performer or LINDQVIST.ref],
            interpretation=_interpretation("H" if high else "N"),
            component=[
                _pressure("8480-6", "Systolic blood pressure", upper),
                _pressure("8462-4", "Diastolic blood pressure", lower),
            ],
        )


def oxygen(chart: Chart, readings: list[Reading]) -> None:
    """Pulse oximetry carries two LOINC codes (US Core pulse oximetry)."""
    for offset, value in readings:
        chart.put(
            "Observation",
            chart.number("oxygen"),
            meta=_profile("us-core-pulse-oximetry"),
            status="final",
            category=[category("vital-signs")],
            code={
                "coding": [coding(LOINC, "59408-5"), coding(LOINC, "2708-6")],
                "text": "Oxygen saturation",
            },
            subject=chart.person,
            effectiveDateTime=at(offset, "09:15"),
            performer=[LINDQVIST.ref],
            valueQuantity=quantity(value, "%"),
            interpretation=_interpretation("L" if int(value) < 92 else "N"),
        )


def smoking(chart: Chart, offset: int, code: str, display: str) -> None:
    chart.put(
        "Observation",
        "smoking",
        meta=_profile("us-core-smokingstatus"),
        status="final",
        category=[category("social-history")],
        code=concept(LOINC, "72166-2", "Tobacco smoking status"),
        subject=chart.person,
        effectiveDateTime=at(offset, "09:10"),
        performer=[LINDQVIST.ref],
        valueCodeableConcept=concept("http://snomed.info/sct", code, display),
    )


def report(
    chart: Chart,
    suffix: str,
    offset: int,
    code: str,
    display: str,
    results: list[str],
    conclusion: str,
    **more: Any,
) -> str:
    return chart.put(
        "DiagnosticReport",
        suffix,
        meta=_profile("us-core-diagnosticreport-lab"),
        status="final",
        category=[hl7("v2-0074", "LAB", "Laboratory")],
        code=concept(LOINC, code, display),
        subject=chart.patient,
        effectiveDateTime=at(offset, "09:20"),
        issued=at(offset + 1, "06:30"),
        performer=[LABORATORY],
        result=[reference(result) for result in results],
        conclusion=conclusion,
        **more,
    )


def category(code: str) -> Element:
    return hl7("observation-category", code)


def _performer(measure: Measure) -> Element:
    return LABORATORY if measure.category == "laboratory" else LINDQVIST.ref


def _profile(name: str | None) -> Element | None:
    return {"profile": [US_CORE + name]} if name else None


def _pressure(code: str, display: str, value: str) -> Element:
    return {
        "code": concept(LOINC, code, display),
        "valueQuantity": quantity(value, "mmHg", "mm[Hg]"),
    }


def _interpretation(code: str | None) -> list[Element] | None:
    if code is None:
        return None
    system = f"{TERMINOLOGY}v3-ObservationInterpretation"
    return [{"coding": [coding(system, code, _NAMES[code])]}]


def _range(measure: Measure, unit: str) -> list[Element] | None:
    code = measure.ucum or measure.unit
    bounds = {
        name: quantity(value, unit, code)
        for name, value in (("low", measure.low), ("high", measure.high))
        if value is not None
    }
    return [bounds] if bounds else None
