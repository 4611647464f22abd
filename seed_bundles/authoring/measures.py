"""What is measured in the record: LOINC code, UCUM unit, reference range and US Core profile."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final


@dataclass(frozen=True, slots=True)
class Measure:
    code: str
    display: str
    unit: str
    category: str
    ucum: str | None = None
    low: str | None = None
    high: str | None = None
    profile: str | None = None

    def interpretation(self, value: str) -> str | None:
        """`L`, `N` or `H` against the reference range, if there is one."""
        if self.high is not None and Decimal(value) > Decimal(self.high):
            return "H"
        if self.low is not None and Decimal(value) < Decimal(self.low):
            return "L"
        return None if self.low is None and self.high is None else "N"


def _vital(code: str, display: str, unit: str, profile: str, ucum: str | None = None) -> Measure:
    return Measure(code, display, unit, "vital-signs", ucum, profile=profile)


def _lab(
    code: str,
    display: str,
    unit: str,
    low: str | None = None,
    high: str | None = None,
    ucum: str | None = None,
) -> Measure:
    return Measure(code, display, unit, "laboratory", ucum, low, high, "us-core-observation-lab")


def _score(code: str, display: str, high: str) -> Measure:
    return Measure(code, display, "{score}", "survey", high=high)


MEASURES: Final = {
    "weight": _vital("29463-7", "Body weight", "kg", "us-core-body-weight"),
    "height": _vital("8302-2", "Body height", "cm", "us-core-body-height"),
    "bmi": _vital("39156-5", "Body mass index", "kg/m2", "us-core-bmi"),
    "pulse": _vital("8867-4", "Heart rate", "beats/min", "us-core-heart-rate", "/min"),
    "breaths": _vital(
        "9279-1", "Respiratory rate", "breaths/min", "us-core-respiratory-rate", "/min"
    ),
    "temperature": _vital("8310-5", "Body temperature", "°C", "us-core-body-temperature", "Cel"),
    "fetal-pulse": Measure(
        "11948-7", "Fetal heart rate", "beats/min", "exam", "/min", "110", "160"
    ),
    "fundal-height": Measure("11881-0", "Uterus fundal height", "cm", "exam"),
    "fev1": Measure("20150-9", "FEV1", "L", "procedure"),
    "peak-flow": Measure("19935-6", "Peak expiratory flow", "L/min", "procedure"),
    "hba1c": _lab("4548-4", "Hemoglobin A1c", "%", "4.0", "5.6"),
    "glucose": _lab("1558-6", "Fasting glucose", "mg/dL", "70", "99"),
    "glucose-screen": _lab("1504-0", "Glucose 1 hour after 50 g", "mg/dL", None, "139"),
    "cholesterol": _lab("2093-3", "Total cholesterol", "mg/dL", None, "199"),
    "triglycerides": _lab("2571-8", "Triglycerides", "mg/dL", None, "149"),
    "hdl": _lab("2085-9", "HDL cholesterol", "mg/dL", "40", None),
    "ldl": _lab("13457-7", "LDL cholesterol (calculated)", "mg/dL", None, "99"),
    "creatinine": _lab("2160-0", "Creatinine", "mg/dL", "0.6", "1.2"),
    "egfr": _lab("98979-8", "eGFR (CKD-EPI 2021)", "mL/min/1.73m2", "60", None, "mL/min/{1.73_m2}"),
    "uacr": _lab("9318-7", "Albumin/creatinine ratio, urine", "mg/g", None, "29"),
    "potassium": _lab("2823-3", "Potassium", "mmol/L", "3.5", "5.1"),
    "crp": _lab("1988-5", "C-reactive protein", "mg/L", None, "5.0"),
    "esr": _lab("4537-7", "Erythrocyte sedimentation rate", "mm/h", None, "30"),
    "alt": _lab("1742-6", "Alanine aminotransferase", "U/L", None, "40"),
    "nt-probnp": _lab("33762-6", "NT-proBNP", "pg/mL", None, "300"),
    "hemoglobin": _lab("718-7", "Hemoglobin", "g/dL", "11.0", "17.5"),
    "tsh": _lab("3016-3", "Thyrotropin (TSH)", "mIU/L", "0.4", "4.0", "m[IU]/L"),
    "phq9": _score("44261-6", "PHQ-9 total score", "9"),
    "gad7": _score("70274-6", "GAD-7 total score", "9"),
}
