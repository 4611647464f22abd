"""Anna, thirty-four: in the 27th week of her second pregnancy, thyroid treated, Mia's mother."""

from __future__ import annotations

from typing import Final

from ..billing import bill, coverage
from ..care import care_plan, care_team, goal, provenance, reviewed
from ..chart import Chart
from ..clinic import BOONE, LINDQVIST, OKAFOR
from ..clinical import (
    PENICILLIN,
    allergy,
    condition,
    consent,
    family_history,
    person,
    procedure,
    vaccine,
)
from ..course import course
from ..elements import LOINC, at, concept, day, hl7
from ..medicines import Medicine, dispense, order, refill, statement
from ..readings import blood_pressure, category, observe, report, series, smoking
from ..visits import appointment, document, encounter, message, wished, written_report

LAST_PERIOD: Final = -188
"""26 weeks and 6 days before the anchor; the child is due 280 days after it."""

LEVOTHYROXINE: Final = Medicine(
    "levothyroxine", "10582", "Levothyroxine 75 mcg tablet",
    "1 tablet in the morning, half an hour before breakfast", ingredient="levothyroxine",
)  # fmt: skip
LOWER_LEVOTHYROXINE: Final = Medicine(
    "levothyroxine-50", "10582", "Levothyroxine 50 mcg tablet", "1 tablet in the morning",
    ingredient="levothyroxine",
)  # fmt: skip
VITAMINS: Final = Medicine(
    "folic-acid", "4511", "Prenatal vitamins with folic acid 0.4 mg", "1 tablet daily",
    ingredient="folic acid",
)  # fmt: skip
IRON: Final = Medicine(
    "iron", "310325", "Ferrous sulfate 325 mg tablet", "1 tablet every day with orange juice",
    ingredient="ferrous sulfate 325 MG Oral Tablet",
)  # fmt: skip


def compose() -> Chart:
    chart = Chart.of("anna-keller", "Anna Keller")
    person(chart, "female", day(-12610), "48 Mesquite Lane", "520-555-0141", ("2106-3", "White"),
           maritalStatus=hl7("v3-MaritalStatus", "M", "Married"))  # fmt: skip
    smoking(chart, -160, "266919005", "Never smoker")
    allergy(chart, "penicillin", PENICILLIN, ("271807003", "Eruption of skin"), -5200)
    family_history(
        chart, "family-diabetes", ("MTH", "mother"), ("44054006", "Type 2 diabetes mellitus")
    )
    coverage(chart, "CHP-204418-01")
    consent(chart, "consent-share", "share-with-hospital", -160)
    for offset, cvx, display in (
        (-4900, "62", "HPV, quadrivalent"),
        (-2700, "115", "Tdap"),
        (-45, "140", "Influenza, seasonal, injectable, preservative free"),
        (-10, "115", "Tdap"),
    ):
        vaccine(chart, offset, cvx, display)
    _pregnancy(chart)
    _visits(chart)
    _letters(chart)
    reviewed(chart, BOONE)
    return chart


def _pregnancy(chart: Chart) -> None:
    pregnancy = condition(chart, "pregnancy", ("77386006", "Pregnancy"), LAST_PERIOD + 35, by=BOONE)
    thyroid = condition(chart, "hypothyroidism", ("40930008", "Hypothyroidism"), -1900)
    _due_date(chart)
    order(chart, LOWER_LEVOTHYROXINE, -900, status="stopped", reason=thyroid,
          stopped_because="Higher dose needed in pregnancy")  # fmt: skip
    current = order(chart, LEVOTHYROXINE, -140, reason=thyroid)
    order(chart, IRON, -24, reason=pregnancy, by=BOONE)
    dispense(chart, LEVOTHYROXINE, current, -22)
    refill(chart, LEVOTHYROXINE, current, -2)
    statement(chart, VITAMINS, -230, "Taken since before the pregnancy.")
    visits = 28
    blood_pressure(
        chart,
        course([(-150, "108"), (-80, "104"), (-10, "112")], visits, "4"),
        course([(-150, "66"), (-80, "62"), (-10, "68")], visits, "3"),
    )
    series(chart, "weight", course([(-150, "62.4"), (-80, "65.1"), (-10, "69.0")], visits, "0.2"))
    series(chart, "fetal-pulse", course([(-94, "152"), (-10, "144")], visits, "4"), BOONE.ref)
    series(chart, "fundal-height", course([(-52, "20"), (-10, "26")], 14), BOONE.ref)
    _results(chart)
    weight = goal(chart, "goal-activity", "Walk for half an hour on five days a week", -140, 90)
    care_team(chart, {BOONE: "Obstetrician", OKAFOR: "Family doctor", LINDQVIST: "Nurse"})
    plan = care_plan(
        chart, "Prenatal care plan", "Second pregnancy, so far without complications.", -140,
        [
            "Talk about the birth plan at 34 weeks",
            "Visits every four weeks, from week 28 every two weeks",
            "Thyroid test every six weeks",
            "Iron until the hemoglobin is above 11 g/dL",
        ],
        addresses=[pregnancy, thyroid], goals=[weight], author=BOONE,
    )  # fmt: skip
    provenance(chart, "pregnancy", [pregnancy, plan], -140, BOONE)


def _due_date(chart: Chart) -> None:
    chart.put(
        "Observation",
        "due-date",
        status="final",
        category=[category("exam")],
        code=concept(LOINC, "11778-8", "Estimated date of delivery"),
        subject=chart.patient,
        effectiveDateTime=at(-110, "10:00"),
        performer=[BOONE.ref],
        valueDateTime=day(LAST_PERIOD + 280),
    )


def _results(chart: Chart) -> None:
    screen = observe(chart, "glucose-screen", -24, "118")
    hemoglobin = series(chart, "hemoglobin", [(-150, "12.1"), (-80, "11.2"), (-24, "10.6")])
    series(chart, "tsh", [(-400, "2.1"), (-150, "4.6"), (-108, "3.1"), (-66, "2.2"), (-24, "1.9")])
    report(
        chart, "report-week-24", -24, "11502-2", "Laboratory report", [screen, hemoglobin[-1]],
        "Glucose screen normal. Hemoglobin a little low: iron started.",
    )  # fmt: skip


def _visits(chart: Chart) -> None:
    scan = encounter(chart, "anatomy-scan", -50, "Anatomy scan at 20 weeks", [BOONE])
    encounter(chart, "week-25", -10, "Prenatal visit", [BOONE])
    procedure(chart, "scan", ("271442007", "Fetal anatomy study"), -50, BOONE)
    written_report(
        chart, "scan-report", -50, concept(LOINC, "LP29684-5", "Radiology"),
        ("11525-3", "Ultrasound of the fetus"), BOONE,
        "Ultrasound of the fetus, 20 weeks.\n\nOne child, head down. Measures fit the dates."
        " Placenta at the back wall, fluid normal.\n",
        scan,
    )  # fmt: skip
    document(
        chart, "scan-note", -50, ("11506-3", "Progress note"), BOONE,
        "Anatomy scan in week 20.\n\nGrowth as expected, heart with four chambers, placenta"
        " away from"
        " the cervix. Nothing unusual found. Next visit in four weeks.\n",
        encounter=scan,
    )  # fmt: skip
    appointment(chart, -50, "10:00", BOONE, "Anatomy scan", status="fulfilled")
    appointment(chart, -10, "09:30", BOONE, "Prenatal visit", status="fulfilled")
    appointment(chart, 11, "09:30", BOONE, "Prenatal visit, week 28", slot="carla-boone-w1d4-0930")
    appointment(chart, 25, "09:30", BOONE, "Prenatal visit, week 30", slot="carla-boone-w3d4-0930")
    appointment(chart, 9, "12:00", OKAFOR, "Thyroid results", video=True,
                slot="grace-okafor-video-w1d2-1200")  # fmt: skip
    wished(chart, BOONE, "Birth plan talk", -3, 21, 40)
    bill(
        chart, -50, [("Ultrasound, anatomy scan", "310.00"), ("Prenatal visit", "120.00")],
        paid_by_plan="370.00", balanced=False, encounter=scan,
    )  # fmt: skip


def _letters(chart: Chart) -> None:
    first = message(
        chart, "message-1", -8, "21:10", chart.patient, BOONE.ref,
        "The iron tablets upset my stomach. May I take them in the evening?",
        topic="Iron tablets",
    )  # fmt: skip
    message(
        chart, "message-2", -7, "08:40", BOONE.ref, chart.patient,
        "Yes, with a little food is fine, but keep four hours away from your thyroid tablet."
        " Every second day is enough if it stays difficult.",
        topic="Iron tablets", answers=first,
    )  # fmt: skip
    message(
        chart, "message-3", -1, "10:15", LINDQVIST.ref, chart.patient,
        "Your glucose screen was normal. Please remember the blood test before the video visit.",
        topic="Test results", read=False,
    )  # fmt: skip
