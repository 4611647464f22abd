"""The small FHIR elements that the record is made of (R4 `datatypes.html`).

All dates are full dates counted in days from the anchor, so that the loader can move every one of
them. The clinic is in Arizona, which has no summer time: its offset is -07:00 on any day.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, TypeAlias

Element: TypeAlias = dict[str, Any]

ANCHOR: Final = date(2026, 11, 16)
"""The Monday on which the record was taken; day 0."""

SNOMED: Final = "http://snomed.info/sct"
LOINC: Final = "http://loinc.org"
RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
CVX: Final = "http://hl7.org/fhir/sid/cvx"
UCUM: Final = "http://unitsofmeasure.org"
TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem/"
US_CORE: Final = "http://hl7.org/fhir/us/core/StructureDefinition/"
HOUSE: Final = "https://cedarmesa.example.org/"

RESTRICTED: Final[list[Element]] = [
    {"system": f"{TERMINOLOGY}v3-Confidentiality", "code": "R"},
    {"system": f"{TERMINOLOGY}v3-ActCode", "code": "PSY"},
]
"""Labels of psychiatric information that is restricted (R4 `security-labels.html`)."""


def day(offset: int) -> str:
    return (ANCHOR + timedelta(days=offset)).isoformat()


def at(offset: int, clock: str = "09:00") -> str:
    return f"{day(offset)}T{clock}:00-07:00"


def coding(system: str, code: str, display: str | None = None) -> Element:
    return present(system=system, code=code, display=display)


def concept(system: str, code: str, display: str, text: str | None = None) -> Element:
    return {"coding": [coding(system, code, display)], "text": text or display}


def snomed(code: str, display: str, text: str | None = None) -> Element:
    return concept(SNOMED, code, display, text)


def hl7(system: str, code: str, display: str | None = None) -> Element:
    """A code of one of HL7's own systems, without a text of its own."""
    return {"coding": [coding(TERMINOLOGY + system, code, display)]}


def quantity(value: str, unit: str, code: str | None = None) -> Element:
    return {"value": Decimal(value), "unit": unit, "system": UCUM, "code": code or unit}


def money(value: str) -> Element:
    return {"value": Decimal(value), "currency": "USD"}


def reference(target: str, display: str | None = None) -> Element:
    return present(reference=target, display=display)


def identifier(kind: str, value: str) -> Element:
    return {"system": HOUSE + kind, "value": value}


def period(start: int, end: int | None = None) -> Element:
    return present(start=day(start), end=None if end is None else day(end))


def present(**elements: Any) -> Element:
    """The elements that have a value: FHIR knows no empty ones."""
    return {name: value for name, value in elements.items() if value not in (None, [], {}, "")}
