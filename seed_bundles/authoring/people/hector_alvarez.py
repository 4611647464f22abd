"""Hector, Rosa's late husband: a record that is kept, though nobody signs in to it any more."""

from __future__ import annotations

from ..billing import coverage
from ..care import reviewed
from ..chart import Chart
from ..clinic import HOSPITAL_WARD, OKAFOR
from ..clinical import condition, person, relative
from ..elements import at, day, hl7
from ..readings import smoking
from ..visits import encounter

DIED = -2410


def compose() -> Chart:
    chart = Chart.of("hector-alvarez", "Hector Alvarez")
    person(
        chart, "male", day(-23050), "310 Cholla Court", "520-555-0152", ("2131-1", "Other Race"),
        ("2135-2", "Hispanic or Latino"), maritalStatus=hl7("v3-MaritalStatus", "M", "Married"),
        deceasedDateTime=at(DIED, "04:30"),
    )  # fmt: skip
    relative(chart, "wife", ("WIFE", "wife"), "Rosa", "female", "520-555-0151", "310 Cholla Court")
    smoking(chart, -2800, "77176002", "Current smoker")
    coverage(chart, "CHP-118229-01", ended=DIED)
    stay = encounter(
        chart, "last-stay", DIED - 3, "Stroke", [OKAFOR], days=3, kind="IMP", place=HOSPITAL_WARD,
        hospitalization={"dischargeDisposition": hl7("discharge-disposition", "exp", "Expired")},
    )  # fmt: skip
    condition(
        chart, "stroke", ("230690007", "Cerebrovascular accident"), DIED - 3, text="Stroke",
        ended=DIED, encounter=stay,
    )  # fmt: skip
    reviewed(chart, OKAFOR)
    return chart
