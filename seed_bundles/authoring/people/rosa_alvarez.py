"""Rosa, fifty-eight: six years of type 2 diabetes, now well controlled on new treatment."""

from __future__ import annotations

from typing import Final

from ..billing import bill, coverage
from ..care import care_plan, care_team, goal, provenance, referral, reviewed
from ..chart import Chart
from ..clinic import LINDQVIST, OKAFOR, REYES
from ..clinical import allergy, condition, consent, family_history, person, procedure, vaccine
from ..course import course
from ..elements import (
    LOINC,
    SNOMED,
    US_CORE,
    at,
    concept,
    day,
    hl7,
    identifier,
    quantity,
    reference,
    snomed,
)
from ..medicines import Medicine, dispense, order, reconciliation, refill, statement
from ..readings import blood_pressure, observe, report, series, smoking
from ..visits import appointment, document, encounter, message

START: Final = -2190
"""Six years before the anchor: the diagnosis."""
VISIT: Final = "Encounter/rosa-alvarez-quarterly"
BLOOD: Final = "Specimen/rosa-alvarez-blood"

METFORMIN: Final = Medicine(
    "metformin", "860975", "Metformin XR 500 mg tablet",
    "2 tablets with breakfast and 2 with dinner", 4,
    "24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet",
)  # fmt: skip
EMPAGLIFLOZIN: Final = Medicine(
    "empagliflozin", "1545653", "Empagliflozin 10 mg tablet", "1 tablet in the morning",
    ingredient="empagliflozin",
)  # fmt: skip
LISINOPRIL: Final = Medicine(
    "lisinopril", "314076", "Lisinopril 10 mg tablet", "1 tablet in the morning",
    ingredient="lisinopril 10 MG Oral Tablet",
)  # fmt: skip
ATORVASTATIN: Final = Medicine(
    "atorvastatin", "83367", "Atorvastatin 20 mg tablet", "1 tablet in the evening",
    ingredient="atorvastatin",
)  # fmt: skip
GLIPIZIDE: Final = Medicine(
    "glipizide", "4821", "Glipizide 5 mg tablet", "1 tablet before breakfast",
    ingredient="glipizide",
)  # fmt: skip


def compose() -> Chart:
    chart = Chart.of("rosa-alvarez", "Rosa Alvarez")
    person(chart, "female", day(-21360), "310 Cholla Court", "520-555-0151", ("2131-1",
    "Other Race"), ("2135-2", "Hispanic or Latino"),
           maritalStatus=hl7("v3-MaritalStatus", "W", "Widowed"))  # fmt: skip
    smoking(chart, -30, "8517006", "Former smoker")
    allergy(
        chart,
        "sulfa",
        (SNOMED, "387406002", "Sulfonamide"),
        ("271807003", "Eruption of skin"),
        -7000,
    )
    family_history(
        chart, "family-diabetes", ("FTH", "father"), ("44054006", "Type 2 diabetes mellitus")
    )
    coverage(chart, "CHP-118230-01")
    consent(chart, "consent-share", "share-with-hospital", -700)
    for offset, cvx, display in (
        (-2100, "113", "Td (adult) preservative free"),
        (-1500, "33", "pneumococcal polysaccharide vaccine, 23 valent"),
        (-410, "140", "Influenza, seasonal, injectable, preservative free"),
        (-42, "140", "Influenza, seasonal, injectable, preservative free"),
    ):
        vaccine(chart, offset, cvx, display)
    _readings(chart)
    _treatment(chart)
    _visits(chart)
    _letters(chart)
    reviewed(chart, OKAFOR)
    return chart


def _readings(chart: Chart) -> None:
    """Every three months for six years; lipids and kidneys once a year."""
    quarter = 91
    series(
        chart, "hba1c",
        course([(START, "9.1"), (-1900, "7.4"), (-1100, "8.3"), (-640, "8.6"), (-300, "7.1"), (-6,
        "6.7")],
               quarter, "0.2")[:-1],
    )  # fmt: skip
    latest = observe(
        chart, "hba1c", -6, "6.6", encounter=reference(VISIT), specimen=reference(BLOOD)
    )
    series(
        chart, "glucose",
        course([(START, "198"), (-1900, "142"), (-1100, "168"), (-640, "176"), (-300, "134"), (-6,
        "121")],
               quarter, "9"),
    )  # fmt: skip
    series(
        chart, "weight",
        course([(START, "94.2"), (-1100, "92.8"), (-640, "93.5"), (-6, "84.1")], quarter, "0.6"),
    )  # fmt: skip
    blood_pressure(
        chart,
        course([(START, "152"), (-1700, "138"), (-640, "141"), (-6, "128")], quarter, "5"),
        course([(START, "94"), (-1700, "85"), (-640, "86"), (-6, "78")], quarter, "4"),
    )
    observe(chart, "height", START, "163.0")
    observe(chart, "bmi", -6, "31.7")
    year = 364
    end = START + 6 * year
    lipids = [
        series(chart, kind, course([(START, first), (end, last)], year, swing))
        for kind, first, last, swing in (
            ("cholesterol", "238", "168", "6"),
            ("ldl", "151", "86", "5"),
            ("hdl", "38", "46", "2"),
            ("triglycerides", "245", "158", "9"),
        )
    ]
    series(chart, "egfr", course([(START, "92"), (end, "81")], year, "2"))
    series(chart, "uacr", course([(START, "46"), (end, "24")], year, "3"))
    report(chart, "report-lipids", end, "24331-1", "Lipid panel", [each[-1] for each in lipids],
           "LDL cholesterol at its target.")  # fmt: skip
    report(chart, "report-hba1c", -6, "11502-2", "Laboratory report", [latest],
           "Hemoglobin A1c further improved.", specimen=[reference(BLOOD)],
           encounter=reference(VISIT))  # fmt: skip


def _treatment(chart: Chart) -> None:
    diabetes = condition(chart, "diabetes", ("44054006", "Type 2 diabetes mellitus"), START)
    pressure = condition(chart, "hypertension", ("38341003", "Hypertension"), -3000,
                         text="High blood pressure")  # fmt: skip
    lipids = condition(chart, "hyperlipidemia", ("55822004", "Hyperlipidemia"), START,
                       text="High cholesterol")  # fmt: skip
    condition(
        chart, "cystitis", ("38822007", "Cystitis"), -520, ended=-508, text="Bladder infection"
    )
    metformin = order(chart, METFORMIN, -640, reason=diabetes)
    empagliflozin = order(chart, EMPAGLIFLOZIN, -630, reason=diabetes)
    order(chart, LISINOPRIL, -1700, reason=pressure)
    atorvastatin = order(chart, ATORVASTATIN, -2100, reason=lipids)
    order(chart, GLIPIZIDE, -1100, status="stopped", reason=diabetes,
          stopped_because="Low blood sugar in the morning")  # fmt: skip
    order(
        chart,
        Medicine("nitrofurantoin", "7454", "Nitrofurantoin 100 mg capsule",
        "1 capsule twice daily for 5 days",
                 2, "nitrofurantoin"),
        -520, status="completed",
    )  # fmt: skip
    for offset in (-96, -66, -36):
        dispense(chart, METFORMIN, metformin, offset)
    refill(chart, ATORVASTATIN, atorvastatin, -1)
    statement(
        chart, Medicine("ibuprofen", "310965", "Ibuprofen 200 mg tablet",
        "1 tablet for back pain, at times",
                        ingredient="Ibuprofen 200 MG Oral Tablet"),
        -90, "Bought without a prescription.",
    )  # fmt: skip
    reconciliation(
        chart, empagliflozin, -28, "Yearly review of all medicines", encounter=None, done=True
    )
    sugar = goal(
        chart, "goal-hba1c", "Hemoglobin A1c below 7 %", -640, 90,
        {"measure": concept(LOINC, "4548-4", "Hemoglobin A1c"),
         "detailRange": {"high": quantity("7.0", "%")}},
        "achieved",
    )  # fmt: skip
    weight = goal(
        chart, "goal-weight", "Weight below 82 kg", -640, 180,
        {"measure": concept(LOINC, "29463-7", "Body weight"), "detailQuantity": quantity("82",
        "kg")},
        "improving",
    )  # fmt: skip
    care_team(chart, {OKAFOR: "Family doctor", LINDQVIST: "Diabetes nurse", REYES: "Pharmacist"})
    plan = care_plan(
        chart, "Diabetes care plan", "Keep sugar, pressure and cholesterol at their targets.", -300,
        [
            "Eye examination once a year",
            "Walk for 30 minutes after dinner",
            "Measure the fasting sugar twice a week",
            "Foot check at every visit",
        ],
        addresses=[diabetes, pressure, lipids], goals=[sugar, weight],
    )  # fmt: skip
    provenance(chart, "diabetes", [diabetes, plan, metformin], -300, OKAFOR)
    chart.put(
        "Device", "glucose-meter", status="active",
        type=snomed("337414009", "Blood glucose meter"),
        deviceName=[{"name": "Home glucose meter", "type": "user-friendly-name"}],
        serialNumber="GM-40-2281", patient=chart.patient,
    )  # fmt: skip


def _visits(chart: Chart) -> None:
    visit = encounter(chart, "quarterly", -6, "Diabetes check", [OKAFOR, LINDQVIST])
    encounter(chart, "video-review", -120, "Review of home readings", [OKAFOR], kind="VR")
    procedure(chart, "foot-check", ("401191002", "Diabetic foot examination"), -6, LINDQVIST)
    document(
        chart, "visit-note", -6, ("11506-3", "Progress note"), OKAFOR,
        "Diabetes check.\n\nFeels well, walks daily. No low sugars since glipizide was stopped."
        " Feet: skin whole, feeling intact. Treatment unchanged, next check in three months.\n",
        encounter=visit,
    )  # fmt: skip
    appointment(
        chart, -120, "12:30", OKAFOR, "Review of home readings", status="fulfilled", video=True
    )
    appointment(chart, -6, "09:00", OKAFOR, "Diabetes check", status="fulfilled")
    appointment(chart, 9, "12:30", OKAFOR, "Talk about the blood results", video=True,
                slot="grace-okafor-video-w1d2-1230",
                supportingInformation=[reference("DiagnosticReport/rosa-alvarez-report-hba1c")],
                )  # fmt: skip
    appointment(chart, 15, "10:30", OKAFOR, "Foot and skin check", slot="grace-okafor-w2d1-1030")
    appointment(
        chart, -61, "13:30", OKAFOR, "Diabetes check", status="cancelled",
        cancelled=("prov-pers", "Provider: Personal"),
    )  # fmt: skip
    referral(
        chart, "eye-referral",
        snomed("134395001", "Diabetic retinopathy screening",
        "Referral for a dilated eye examination"),
        day(-6), OKAFOR, encounter=reference(visit),
        reasonReference=[{"reference": "Condition/rosa-alvarez-diabetes"}],
        patientInstruction="Please bring sunglasses: your pupils will be wide for a few hours.",
    )  # fmt: skip
    chart.put(
        "Specimen", "blood", meta={"profile": [f"{US_CORE}us-core-specimen"]},
        identifier=[identifier("specimen", "rosa-alvarez-blood")], status="available",
        type=snomed("119297000", "Blood specimen"),
        subject=chart.patient, receivedTime=at(-6, "10:30"),
        collection={"collectedDateTime": at(-6, "09:20"), "collector": LINDQVIST.ref},
    )  # fmt: skip
    bill(
        chart, -120, [("Video visit", "85.00")], paid_by_plan="60.00", balanced=True,
    )  # fmt: skip
    bill(
        chart, -6, [("Office visit", "140.00"), ("Hemoglobin A1c", "28.40"), ("Lipid panel",
        "41.10")],
        paid_by_plan="164.50", balanced=False, encounter=visit,
    )  # fmt: skip


def _letters(chart: Chart) -> None:
    first = message(
        chart, "message-1", -15, "18:20", chart.patient, LINDQVIST.ref,
        "My fasting sugar was between 115 and 125 all week. Is that good enough?",
        topic="Home sugar readings",
    )  # fmt: skip
    second = message(
        chart, "message-2", -14, "09:05", LINDQVIST.ref, chart.patient,
        "That is very good, and just what we hoped for. Please bring the meter to your check.",
        topic="Home sugar readings", answers=first,
    )  # fmt: skip
    message(
        chart, "message-3", -14, "19:30", chart.patient, LINDQVIST.ref, "Thank you, I will!",
        topic="Home sugar readings", answers=second,
    )  # fmt: skip
    message(
        chart, "message-4", -2, "14:10", OKAFOR.ref, chart.patient,
        "Your hemoglobin A1c came down again. Let us talk about it in the video visit.",
        topic="Test results", read=False,
    )  # fmt: skip
    message(
        chart, "message-5", -27, "16:45", REYES.ref, chart.patient,
        "In the yearly review I saw that you take ibuprofen at times. With your blood pressure"
        " tablets, acetaminophen is the safer choice for your back.",
        topic="Review of your medicines",
    )  # fmt: skip
