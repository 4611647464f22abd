"""Liam, twenty-nine: depression and anxiety in psychotherapy; most of his record is restricted."""

from __future__ import annotations

from typing import Final

from ..billing import bill, coverage
from ..care import care_plan, care_team, goal, provenance, reviewed
from ..chart import Chart
from ..clinic import AMSEL, OKAFOR
from ..clinical import condition, consent, person, vaccine
from ..course import course
from ..elements import RESTRICTED, day, reference
from ..medicines import Medicine, dispense, order, refill
from ..questionnaires import phq9_answers
from ..readings import observe, series, smoking
from ..visits import appointment, document, encounter, message

SERTRALINE: Final = Medicine(
    "sertraline", "312941", "Sertraline 50 mg tablet", "1 tablet in the morning",
    ingredient="sertraline 50 MG Oral Tablet",
)  # fmt: skip
ESCITALOPRAM: Final = Medicine(
    "escitalopram", "321988", "Escitalopram 10 mg tablet", "1 tablet in the morning",
    ingredient="escitalopram",
)  # fmt: skip
HYDROXYZINE: Final = Medicine(
    "hydroxyzine", "5553", "Hydroxyzine 25 mg tablet", "1 tablet at night for two weeks",
    ingredient="hydroxyzine",
)  # fmt: skip


def compose() -> Chart:
    chart = Chart.of("liam-novak", "Liam Novak")
    person(
        chart, "male", day(-10720), "22 Agave Street, Apt 5", "520-555-0171", ("2106-3", "White")
    )
    smoking(chart, -200, "8517006", "Former smoker")
    coverage(chart, "CHP-660127-01")
    consent(chart, "consent-notes", "psychotherapy-notes-stay-with-therapist", -240)
    for offset, cvx, display in (
        (-4100, "115", "Tdap"),
        (-400, "140", "Influenza, seasonal, injectable, preservative free"),
    ):
        vaccine(chart, offset, cvx, display)
    condition(chart, "ankle", ("44465007", "Sprain of ankle"), -900, ended=-860)
    _treatment(chart)
    _visits(chart)
    _letters(chart)
    reviewed(chart, OKAFOR)
    return chart


def _treatment(chart: Chart) -> None:
    depression = condition(
        chart, "depression", ("370143000", "Major depressive disorder"), -260, by=AMSEL,
        text="Depression", security=RESTRICTED,
    )  # fmt: skip
    anxiety = condition(
        chart, "anxiety", ("21897009", "Generalized anxiety disorder"), -260, by=AMSEL,
        security=RESTRICTED,
    )  # fmt: skip
    current = order(chart, SERTRALINE, -180, reason=depression, security=RESTRICTED)
    order(chart, ESCITALOPRAM, -255, status="stopped", reason=depression, security=RESTRICTED,
          stopped_because="Headaches")  # fmt: skip
    order(chart, HYDROXYZINE, -255, status="completed", reason=anxiety, security=RESTRICTED)
    dispense(chart, SERTRALINE, current, -25)
    refill(chart, SERTRALINE, current, -1)
    series(chart, "phq9", course([(-260, "18"), (-150, "13"), (-8, "6")], 28, "1")[:-1], AMSEL.ref)
    series(chart, "gad7", course([(-260, "15"), (-150, "11"), (-8, "5")], 28, "1"), AMSEL.ref)
    series(chart, "weight", course([(-260, "79.5"), (-8, "76.8")], 84, "0.4"))
    sleep = goal(chart, "goal-sleep", "Sleep seven hours on most nights", -240, 60)
    work = goal(chart, "goal-work", "Back to full days at work", -240, 90, None, "improving")
    care_team(chart, {AMSEL: "Psychotherapist", OKAFOR: "Family doctor"})
    plan = care_plan(
        chart, "Recovery plan", "Weekly therapy, one medicine, and a plan for difficult days.",
        -240,
        [
            "Plan together how often to meet in the new year",
            "Weekly session by video",
            "Walk or cycle three times a week",
            "On a very bad day: call 988 at any hour, or the clinic by day",
        ],
        addresses=[depression, anxiety], goals=[sleep, work], author=AMSEL,
    )  # fmt: skip
    provenance(chart, "therapy", [depression, anxiety, plan], -240, AMSEL)
    answers = phq9_answers(chart, -8, (1, 1, 1, 1, 1, 1, 0, 0, 0), RESTRICTED)
    observe(chart, "phq9", -8, "6", AMSEL.ref, derivedFrom=[reference(answers)])


def _visits(chart: Chart) -> None:
    visit = encounter(chart, "therapy-session", -7, "Psychotherapy", [AMSEL], kind="VR")
    document(
        chart, "therapy-note", -7, ("11506-3", "Progress note"), AMSEL,
        "Session note (restricted).\n\nMood brighter than last month, back at work on four days."
        " Sleep still short before deadlines. We worked on the worry diary. No thoughts of"
        " self-harm. Next session in a week.\n",
        encounter=visit, security=RESTRICTED,
    )  # fmt: skip
    appointment(
        chart, -14, "16:00", AMSEL, "Therapy session", status="fulfilled", video=True, minutes=50
    )
    appointment(
        chart, -7, "16:00", AMSEL, "Therapy session", status="fulfilled", video=True, minutes=50
    )
    appointment(chart, 7, "16:00", AMSEL, "Therapy session", video=True, minutes=50,
                slot="judith-amsel-video-w1d0-1600")  # fmt: skip
    appointment(chart, 14, "16:00", AMSEL, "Therapy session", video=True, minutes=50,
                slot="judith-amsel-video-w2d0-1600")  # fmt: skip
    appointment(
        chart, -21, "16:00", AMSEL, "Therapy session", status="cancelled", video=True, minutes=50,
        cancelled=("pat-fb", "Patient: Feeling Better"),
    )  # fmt: skip
    bill(chart, -7, [("Psychotherapy, 50 minutes", "160.00")], paid_by_plan="135.00",
    balanced=False,
         encounter=visit)  # fmt: skip


def _letters(chart: Chart) -> None:
    first = message(
        chart, "message-1", -5, "22:30", chart.patient, AMSEL.ref,
        "The worry diary helps, but on Sunday evenings I still lie awake. Can we talk about that?",
        topic="Sleep", security=RESTRICTED,
    )  # fmt: skip
    message(
        chart, "message-2", -4, "12:10", AMSEL.ref, chart.patient,
        "Gladly, we will start with it. Until then: write the list for Monday before dinner,"
        " not in bed.",
        topic="Sleep", answers=first, read=False, security=RESTRICTED,
    )  # fmt: skip
    message(
        chart, "message-3", -30, "09:00", OKAFOR.ref, chart.patient,
        "It is time for your flu vaccine. You can come without an appointment.",
        topic="Vaccines",
    )  # fmt: skip
