"""Mia, seven years old: asthma, a peanut allergy, growth, vaccines; her mother is her proxy."""

from __future__ import annotations

from typing import Final

from ..billing import bill, coverage
from ..care import care_plan, care_team, goal, provenance, reviewed
from ..chart import Chart
from ..clinic import LINDQVIST, OKAFOR, REYES
from ..clinical import PEANUT, allergy, condition, family_history, person, relative, vaccine
from ..course import course
from ..elements import day, hl7, reference
from ..medicines import Medicine, dispense, order, statement
from ..readings import observe, series
from ..visits import appointment, encounter, message

BORN: Final = -2780
MOTHER: Final = reference("RelatedPerson/mia-keller-mother", "Anna Keller")

ALBUTEROL: Final = Medicine(
    "albuterol", "435", "Albuterol 90 mcg inhaler with spacer",
    "2 puffs through the spacer when wheezing, up to every 4 hours", ingredient="albuterol",
)  # fmt: skip
FLUTICASONE: Final = Medicine(
    "fluticasone", "895994", "Fluticasone 44 mcg inhaler",
    "1 puff morning and evening, rinse the mouth after", 2,
    "120 ACTUAT Fluticasone propionate 0.044 MG/ACTUAT Metered Dose Inhaler",
)  # fmt: skip
EPINEPHRINE: Final = Medicine(
    "epinephrine", "3992", "Epinephrine 0.15 mg auto-injector",
    "Into the outer thigh at the first sign of a severe reaction, then call 911",
    ingredient="epinephrine",
)  # fmt: skip
CETIRIZINE: Final = Medicine(
    "cetirizine", "1014676", "Cetirizine 5 mg tablet", "1 tablet in the evening in spring",
    ingredient="cetirizine hydrochloride 5 MG Oral Tablet",
)  # fmt: skip


def compose() -> Chart:
    chart = Chart.of("mia-keller", "Mia Keller")
    person(
        chart, "female", day(BORN), "48 Mesquite Lane", "520-555-0142", ("2106-3", "White"),
        contact=[
            {
                "relationship": [hl7("v2-0131", "N", "Next-of-Kin")],
                "name": {"family": "Keller", "given": ["Anna"]},
                "telecom": [{"system": "phone", "value": "520-555-0141", "use": "mobile"}],
            }
        ],
    )  # fmt: skip
    _mother(chart)
    _history(chart)
    _growth(chart)
    _vaccines(chart)
    _asthma(chart)
    _visits(chart)
    reviewed(chart, OKAFOR)
    return chart


def _mother(chart: Chart) -> None:
    relative(
        chart, "mother", ("MTH", "mother"), "Anna", "female", "520-555-0141", "48 Mesquite Lane"
    )


def _history(chart: Chart) -> None:
    allergy(
        chart, "peanut", PEANUT, ("126485001", "Urticaria"), -1600,
        kind="food", criticality="high", severity="severe",
    )  # fmt: skip
    condition(chart, "eczema", ("24079001", "Atopic dermatitis"), -2300, ended=-1100)
    family_history(chart, "family-asthma", ("MTH", "mother"), ("195967001", "Asthma"))
    coverage(chart, "CHP-204418-02", "RelatedPerson/mia-keller-mother")


def _growth(chart: Chart) -> None:
    series(
        chart,
        "weight",
        course([(-2595, "6.9"), (-2050, "12.3"), (-955, "17.6"), (-40, "23.1")], 365, "0.1"),
    )
    series(
        chart,
        "height",
        course([(-2595, "65.5"), (-2050, "86.0"), (-955, "107.5"), (-40, "123.0")], 365, "0.2"),
    )
    observe(chart, "bmi", -40, "15.3")
    series(chart, "peak-flow", course([(-400, "135"), (-40, "165")], 60, "6"))


def _vaccines(chart: Chart) -> None:
    for age, cvx, display in (
        (1, "08", "Hep B, adolescent or pediatric"),
        (62, "08", "Hep B, adolescent or pediatric"),
        (62, "20", "DTaP"),
        (62, "10", "IPV"),
        (62, "133", "Pneumococcal conjugate PCV 13"),
        (62, "119", "rotavirus, monovalent"),
        (124, "20", "DTaP"),
        (124, "10", "IPV"),
        (124, "133", "Pneumococcal conjugate PCV 13"),
        (186, "20", "DTaP"),
        (186, "08", "Hep B, adolescent or pediatric"),
        (370, "03", "MMR"),
        (370, "21", "varicella"),
        (372, "83", "Hep A, ped/adol, 2 dose"),
        (1530, "20", "DTaP"),
        (1530, "10", "IPV"),
        (1532, "03", "MMR"),
        (1532, "21", "varicella"),
        (-BORN - 40, "140", "Influenza, seasonal, injectable, preservative free"),
    ):
        vaccine(chart, BORN + age, cvx, display)


def _asthma(chart: Chart) -> None:
    asthma = condition(
        chart, "asthma", ("233678006", "Childhood asthma"), -1020, text="Asthma",
        note="Mostly with colds and after running in cold air.",
    )  # fmt: skip
    reliever = order(chart, ALBUTEROL, -400, reason=asthma)
    controller = order(chart, FLUTICASONE, -210, reason=asthma)
    order(chart, EPINEPHRINE, -180, repeats=1)
    order(chart, CETIRIZINE, -260, status="completed")
    dispense(chart, FLUTICASONE, controller, -35)
    statement(
        chart, Medicine("vitamin-d", "11253", "Vitamin D drops 400 units", "1 drop daily",
        ingredient="vitamin D"),
        -700, "Given by the mother.",
    )  # fmt: skip
    nights = goal(chart, "goal-nights", "Sleep through without coughing", -210, 60)
    sport = goal(chart, "goal-sport", "Join the whole of every gym class", -210, 120)
    care_team(
        chart, {OKAFOR: "Family doctor", LINDQVIST: "Asthma nurse"},
        ("RelatedPerson/mia-keller-mother", hl7("v3-RoleCode", "MTH", "mother")),
    )  # fmt: skip
    care_plan(
        chart, "Asthma action plan",
        "Green: no cough, plays as usual. Yellow: cough or wheeze, use the reliever. Red: call us.",
        -210,
        [
            "Check the inhaler technique at the next visit",
            "Controller inhaler morning and evening",
            "Peak flow twice a week in the diary",
            "Reliever and auto-injector also at school",
        ],
        addresses=[asthma], goals=[nights, sport],
    )  # fmt: skip
    provenance(chart, "asthma", [asthma, reliever], -400, OKAFOR)


def _visits(chart: Chart) -> None:
    visit = encounter(chart, "check-up", -40, "Well-child check at seven years", [OKAFOR])
    appointment(chart, -40, "09:00", OKAFOR, "Well-child check", status="fulfilled")
    appointment(chart, 10, "09:00", OKAFOR, "Asthma review", slot="grace-okafor-w1d3-0900")
    appointment(
        chart, -90, "14:00", LINDQVIST, "Inhaler training", status="cancelled",
        cancelled=("pat-cpp", "Patient: Canceled via Patient Portal"),
    )  # fmt: skip
    first = message(
        chart, "message-1", -6, "20:05", MOTHER, LINDQVIST.ref,
        "Mia coughs at night again since the cold. Should she use the blue inhaler before bed?",
        topic="Cough at night",
    )  # fmt: skip
    message(
        chart, "message-2", -5, "09:30", LINDQVIST.ref, MOTHER,
        "Two puffs with the spacer before bed are fine this week. If she needs it more than every"
        " four hours, call us the same day.",
        topic="Cough at night", answers=first, read=False,
    )  # fmt: skip
    message(
        chart, "message-3", -34, "11:00", REYES.ref, MOTHER,
        "The second auto-injector for school is ready for you at the pharmacy.",
        topic="Auto-injector for school",
    )  # fmt: skip
    bill(chart, -40, [("Well-child check", "145.00"), ("Influenza vaccine", "32.50")],
         paid_by_plan="177.50", balanced=True, encounter=visit)  # fmt: skip
