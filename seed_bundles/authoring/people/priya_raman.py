"""Priya, forty-one and healthy: vaccines, a check-up behind her and one ahead."""

from __future__ import annotations

from ..billing import coverage
from ..care import reviewed
from ..chart import Chart
from ..clinic import OKAFOR
from ..clinical import person, vaccine
from ..elements import day
from ..readings import smoking
from ..visits import appointment


def compose() -> Chart:
    chart = Chart.of("priya-raman", "Priya Raman")
    person(chart, "female", day(-15120), "77 Jojoba Way", "520-555-0191", ("2028-9", "Asian"))
    smoking(chart, -380, "266919005", "Never smoker")
    coverage(chart, "CHP-771002-01")
    for offset, cvx, display in (
        (-3300, "115", "Tdap"),
        (-2900, "52", "Hep A, adult"),
        (-2870, "43", "Hep B, adult"),
        (-400, "140", "Influenza, seasonal, injectable, preservative free"),
        (-28, "140", "Influenza, seasonal, injectable, preservative free"),
    ):
        vaccine(chart, offset, cvx, display)
    appointment(chart, -380, "13:30", OKAFOR, "Check-up", status="fulfilled")
    appointment(chart, 17, "08:30", OKAFOR, "Yearly check-up", slot="grace-okafor-w2d3-0830")
    reviewed(chart, OKAFOR)
    return chart
