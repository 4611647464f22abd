"""Margaret, sixty-six: rheumatoid arthritis and a heart attack, nine days home."""

from __future__ import annotations

from typing import Final

from ..billing import bill, coverage
from ..care import care_plan, care_team, goal, provenance, referral, reviewed
from ..chart import Chart
from ..clinic import HOSPITAL_WARD, LINDQVIST, MARSH, OKAFOR, REYES, TANAKA
from ..clinical import (
    PENICILLIN,
    allergy,
    condition,
    consent,
    family_history,
    person,
    procedure,
    relative,
    vaccine,
)
from ..course import course
from ..elements import HOUSE, US_CORE, at, concept, day, hl7, quantity, reference, snomed
from ..medicines import Medicine, dispense, order, reconciliation, refill, statement
from ..readings import blood_pressure, observe, oxygen, report, series, smoking
from ..visits import appointment, document, encounter, message, wished

ADMITTED: Final = -14
HOME: Final = -9

METHOTREXATE: Final = Medicine(
    "methotrexate", "105585", "Methotrexate 2.5 mg tablet",
    "6 tablets once a week, on Mondays. Never daily.", ingredient="Methotrexate 2.5 MG Oral Tablet",
)  # fmt: skip
FOLIC_ACID: Final = Medicine(
    "folic-acid", "4511", "Folic acid 1 mg tablet", "1 tablet daily, not on Mondays",
    ingredient="folic acid",
)  # fmt: skip
ASPIRIN: Final = Medicine(
    "aspirin",
    "243670",
    "Aspirin 81 mg tablet",
    "1 tablet daily",
    ingredient="Aspirin 81 MG Oral Tablet",
)
CLOPIDOGREL: Final = Medicine(
    "clopidogrel", "309362", "Clopidogrel 75 mg tablet",
    "1 tablet daily for twelve months. Do not stop without asking.",
    ingredient="Clopidogrel 75 MG Oral Tablet",
)  # fmt: skip
ATORVASTATIN: Final = Medicine(
    "atorvastatin-80", "259255", "Atorvastatin 80 mg tablet", "1 tablet in the evening",
    ingredient="Atorvastatin 80 MG Oral Tablet",
)  # fmt: skip
LOWER_ATORVASTATIN: Final = Medicine(
    "atorvastatin-20", "83367", "Atorvastatin 20 mg tablet", "1 tablet in the evening",
    ingredient="atorvastatin",
)  # fmt: skip
METOPROLOL: Final = Medicine(
    "metoprolol", "866436", "Metoprolol succinate XR 50 mg tablet", "1 tablet in the morning",
    ingredient="24 HR metoprolol succinate 50 MG Extended Release Oral Tablet",
)  # fmt: skip
LISINOPRIL: Final = Medicine(
    "lisinopril", "314076", "Lisinopril 10 mg tablet", "1 tablet in the morning",
    ingredient="lisinopril 10 MG Oral Tablet",
)  # fmt: skip
FUROSEMIDE: Final = Medicine(
    "furosemide",
    "4603",
    "Furosemide 20 mg tablet",
    "1 tablet in the morning",
    ingredient="furosemide",
)
NAPROXEN: Final = Medicine(
    "naproxen", "198014", "Naproxen 500 mg tablet", "1 tablet twice daily with food", 2,
    "Naproxen 500 MG Oral Tablet",
)  # fmt: skip
PREDNISONE: Final = Medicine(
    "prednisone", "312617", "Prednisone 5 mg tablet", "1 tablet in the morning for six weeks",
    ingredient="predniSONE 5 MG Oral Tablet",
)  # fmt: skip

DISCHARGE_SUMMARY: Final = (
    "Discharge summary\n\n"
    "Reason for admission: heart attack (NSTEMI).\n"
    "What was done: coronary angiography, one stent in the left anterior descending artery.\n"
    "Heart function: ejection fraction 42 %, mild signs of congestion, clear at discharge.\n\n"
    "Changes of medicines\n"
    "- NEW: aspirin, clopidogrel, metoprolol, furosemide\n"
    "- CHANGED: atorvastatin from 20 mg to 80 mg\n"
    "- STOPPED: naproxen (risk for heart, kidneys and stomach). Use acetaminophen.\n"
    "- UNCHANGED: methotrexate once a week, folic acid, lisinopril\n\n"
    "Please: weigh daily; call when weight rises by more than 1.5 kg in two days; kidney and"
    " liver\n"
    "tests within two weeks because of methotrexate; cardiology within two to three weeks.\n"
)


def compose() -> Chart:
    chart = Chart.of("margaret-osei", "Margaret Osei")
    person(
        chart, "female", day(-24220), "9 Saguaro Terrace", "520-555-0161",
        ("2054-5", "Black or African American"), maritalStatus=hl7("v3-MaritalStatus", "M",
        "Married"),
        contact=[
            {
                "relationship": [hl7("v2-0131", "C", "Emergency Contact")],
                "name": {"family": "Osei", "given": ["Kofi"]},
                "telecom": [{"system": "phone", "value": "520-555-0162", "use": "mobile"}],
            }
        ],
    )  # fmt: skip
    smoking(chart, -30, "266919005", "Never smoker")
    allergy(chart, "penicillin", PENICILLIN, ("39579001", "Anaphylaxis"), -9000,
            criticality="high", severity="severe")  # fmt: skip
    family_history(chart, "family-heart", ("FTH", "father"), ("22298006", "Myocardial infarction"))
    coverage(chart, "CHP-550914-01")
    consent(chart, "consent-share", "share-with-hospital", ADMITTED)
    for offset, cvx, display in (
        (-1600, "33", "pneumococcal polysaccharide vaccine, 23 valent"),
        (-900, "187", "zoster recombinant"),
        (-820, "187", "zoster recombinant"),
        (-50, "197", "influenza, high-dose, quadrivalent"),
    ):
        vaccine(chart, offset, cvx, display)
    stay = _stay(chart)
    _readings(chart)
    _medicines(chart, stay)
    _plan(chart, stay)
    _visits(chart, stay)
    _letters(chart)
    reviewed(chart, MARSH)
    return chart


def _stay(chart: Chart) -> str:
    stay = encounter(
        chart, "hospital-stay", ADMITTED, "Heart attack", [MARSH], days=HOME - ADMITTED, kind="IMP",
        place=HOSPITAL_WARD,
        hospitalization={"dischargeDisposition": hl7("discharge-disposition", "home", "Home")},
    )  # fmt: skip
    condition(chart, "rheumatoid-arthritis", ("69896004", "Rheumatoid arthritis"), -2900, by=TANAKA)
    condition(chart, "infarction", ("401314000",
    "Acute non-ST segment elevation myocardial infarction"),
              ADMITTED, by=MARSH, text="Heart attack (NSTEMI)", encounter=stay)  # fmt: skip
    condition(chart, "coronary-disease", ("53741008", "Coronary arteriosclerosis"), ADMITTED,
    by=MARSH,
              text="Coronary heart disease")  # fmt: skip
    condition(chart, "heart-failure", ("84114007", "Heart failure"), ADMITTED + 1, by=MARSH,
              note="Ejection fraction 42 % at discharge.")  # fmt: skip
    condition(
        chart, "hypertension", ("38341003", "Hypertension"), -4200, text="High blood pressure"
    )
    condition(chart, "shoulder", ("45326000", "Shoulder pain"), -700, ended=-610)
    procedure(
        chart, "stent", ("415070008", "Percutaneous coronary intervention"), ADMITTED + 1, MARSH,
        encounter=reference(stay),
        reasonReference=[reference("Condition/margaret-osei-infarction")],
    )  # fmt: skip
    chart.put(
        "Device", "stent-device", meta={"profile": [f"{US_CORE}us-core-implantable-device"]},
        udiCarrier=[{"deviceIdentifier": "09501101530003",
        "carrierHRF": "(01)09501101530003(10)DES-7719"}],
        status="active", type=snomed("705643001",
        "Coronary artery stent"),
        deviceName=[{"name": "Drug-eluting coronary stent", "type": "user-friendly-name"}],
        lotNumber="DES-7719", patient=chart.patient,
    )  # fmt: skip
    document(chart, "discharge-summary", HOME, ("18842-5", "Discharge summary"), MARSH,
             DISCHARGE_SUMMARY, encounter=stay)  # fmt: skip
    return stay


def _readings(chart: Chart) -> None:
    series(
        chart, "weight",
        [(ADMITTED, "74.8"), (-12, "73.6"), (-10, "72.4"), (-9, "72.1"), (-8, "72.0"), (-7, "71.8"),
         (-6, "71.9"), (-5, "71.6"), (-4, "71.7"), (-3, "71.5"), (-2, "71.8"), (-1, "72.2")],
        chart.patient,
    )  # fmt: skip
    blood_pressure(
        chart,
        course([(-760, "146"), (-120, "138")], 128, "5"),
        course([(-760, "88"), (-120, "84")], 128, "3"),
    )
    blood_pressure(
        chart,
        course([(-14, "158"), (-9, "126"), (-1, "118")], 1, "4"),
        course([(-14, "92"), (-9, "76"), (-1, "72")], 1, "3"),
    )
    series(chart, "pulse", course([(-14, "96"), (-9, "68"), (-1, "62")], 1, "2"))
    oxygen(chart, [(-14, "91"), (-12, "94"), (-9, "97"), (-5, "97")])
    series(
        chart,
        "crp",
        course([(-1090, "24.0"), (-820, "9.5"), (-280, "4.2"), (-10, "6.8")], 90, "1.5"),
    )
    series(chart, "esr", course([(-1090, "52"), (-820, "34"), (-10, "26")], 90, "3"))
    series(chart, "alt", course([(-1090, "22"), (-10, "31")], 90, "4"))
    series(chart, "egfr", [(-1090, "78"), (-730, "75"), (-370, "74"), (-10, "68")])
    heart = series(chart, "nt-probnp", [(ADMITTED, "2840"), (-11, "1630"), (-2, "690")])
    potassium = series(chart, "potassium", [(ADMITTED, "4.3"), (-10, "4.0"), (-2, "4.6")])
    creatinine = observe(chart, "creatinine", -2, "1.0")
    series(chart, "ldl", [(-730, "121"), (-370, "112"), (ADMITTED, "109")])
    report(chart, "report-after-discharge", -2, "11502-2", "Laboratory report",
           [heart[-1], potassium[-1], creatinine],
           "NT-proBNP clearly lower than at admission, kidneys and potassium fine.")  # fmt: skip


def _medicines(chart: Chart, stay: str) -> None:
    arthritis = "Condition/margaret-osei-rheumatoid-arthritis"
    coronary = "Condition/margaret-osei-coronary-disease"
    failure = "Condition/margaret-osei-heart-failure"
    methotrexate = order(chart, METHOTREXATE, -2600, reason=arthritis, by=TANAKA)
    order(chart, FOLIC_ACID, -2600, reason=arthritis, by=TANAKA)
    order(chart, LISINOPRIL, -1900, reason="Condition/margaret-osei-hypertension")
    new = [
        order(chart, ASPIRIN, HOME, reason=coronary, by=MARSH, encounter=stay),
        order(chart, CLOPIDOGREL, HOME, reason=coronary, by=MARSH, encounter=stay),
        order(chart, ATORVASTATIN, HOME, reason=coronary, by=MARSH, encounter=stay),
        order(chart, METOPROLOL, HOME, reason=failure, by=MARSH, encounter=stay),
        order(chart, FUROSEMIDE, HOME, reason=failure, by=MARSH, encounter=stay),
    ]
    order(chart, LOWER_ATORVASTATIN, -1900, status="stopped", by=MARSH,
          stopped_because="Replaced by 80 mg after the heart attack")  # fmt: skip
    order(chart, NAPROXEN, -800, status="stopped", reason=arthritis, by=MARSH,
          stopped_because="Not safe after a heart attack")  # fmt: skip
    order(chart, PREDNISONE, -1090, status="completed", reason=arthritis, by=TANAKA)
    dispense(chart, CLOPIDOGREL, new[1], HOME)
    dispense(chart, METOPROLOL, new[3], HOME)
    refill(chart, METHOTREXATE, methotrexate, -3)
    statement(
        chart,
        Medicine("acetaminophen", "198440", "Acetaminophen 500 mg tablet",
        "2 tablets up to three times daily",
                 3, "Acetaminophen 500 MG Oral Tablet"),
        HOME, "Instead of naproxen.",
    )  # fmt: skip
    reconciliation(
        chart, new[1], HOME,
        "Compare the discharge list with what she takes at home: naproxen stopped,"
        " atorvastatin changed, four new medicines", encounter=stay, done=False,
    )  # fmt: skip
    provenance(chart, "discharge", [*new, stay], HOME, MARSH)


def _plan(chart: Chart, stay: str) -> None:
    husband = relative(
        chart, "husband", ("HUSB", "husband"), "Kofi", "male", "520-555-0162", "9 Saguaro Terrace"
    )
    care_team(
        chart,
        {MARSH: "Cardiologist", TANAKA: "Rheumatologist", OKAFOR: "Family doctor",
         REYES: "Pharmacist", LINDQVIST: "Nurse for calls after discharge"},
        (husband, hl7("v3-RoleCode", "HUSB", "husband")),
    )  # fmt: skip
    weight = goal(
        chart, "goal-weight", "Weight steady, no more than 1.5 kg up in two days", HOME, 60,
        {"measure": concept("http://loinc.org", "29463-7", "Body weight"),
         "detailRange": {"low": quantity("70.5", "kg"), "high": quantity("73.0", "kg")}},
    )  # fmt: skip
    rehab = goal(chart, "goal-rehab", "Finish twelve weeks of cardiac rehabilitation", HOME, 110)
    joints = goal(chart, "goal-joints", "Manage joint pain without naproxen", HOME, 60)
    plan = care_plan(
        chart, "Care after the hospital stay",
        "Heart and joints together: protect the stent, keep the arthritis quiet, no"
        " anti-inflammatory"
        " painkillers.",
        HOME,
        [
            "Cardiac rehabilitation starts after the cardiology visit",
            "Weigh every morning and send the weight",
            "Nurse calls twice a week for the first month",
            "Pharmacist compares all medicines with the discharge list",
            "Blood test for kidneys, liver and potassium within two weeks",
            "Methotrexate stays once a week; rheumatology reviews it",
        ],
        addresses=[f"Condition/margaret-osei-{each}"
                   for each in ("coronary-disease", "heart-failure", "rheumatoid-arthritis")],
        goals=[weight, rehab, joints], author=MARSH,
    )  # fmt: skip
    referral(
        chart, "rehab-referral",
        concept(f"{HOUSE}service", "cardiac-rehabilitation", "Cardiac rehabilitation",
        "Cardiac rehabilitation, twelve weeks"),
        at(HOME, "12:00"), MARSH, encounter=reference(stay), basedOn=[reference(plan)],
        reasonReference=[reference("Condition/margaret-osei-coronary-disease")],
    )  # fmt: skip


def _visits(chart: Chart, stay: str) -> None:
    appointment(chart, -180, "10:00", TANAKA, "Arthritis review", status="fulfilled")
    appointment(chart, -5, "14:00", OKAFOR, "First visit after the hospital", status="fulfilled")
    encounter(chart, "after-discharge", -5, "First visit after the hospital", [OKAFOR])
    appointment(chart, 9, "11:00", MARSH, "Cardiology after the heart attack",
                slot="elena-marsh-w1d2-1100",
                basedOn=[reference("ServiceRequest/margaret-osei-rehab-referral")],
                reasonReference=[reference("Condition/margaret-osei-coronary-disease")],
                )  # fmt: skip
    appointment(chart, 15, "10:00", TANAKA, "Methotrexate and the new medicines",
                slot="hiro-tanaka-w2d1-1000")  # fmt: skip
    appointment(
        chart, -13, "10:00", TANAKA, "Arthritis review", status="cancelled",
        cancelled=("pat", "Patient"),
    )  # fmt: skip
    wished(chart, REYES, "Go through all my medicines together", -2, 10, 20)
    bill(
        chart, ADMITTED, [("Hospital stay, five days", "9800.00"), ("Coronary stent", "14250.00")],
        paid_by_plan="22550.00", balanced=False, encounter=stay,
        note="A payment plan without interest is possible: ask at the front desk.",
    )  # fmt: skip
    bill(chart, -180, [("Rheumatology visit", "165.00")], paid_by_plan="125.00", balanced=True)


def _letters(chart: Chart) -> None:
    first = message(
        chart, "message-1", -8, "10:30", REYES.ref, chart.patient,
        "Welcome home. I am comparing your hospital list with your medicines here. Do you still"
        " have"
        " naproxen at home? Please do not take it any more.",
        topic="Your medicines after the hospital", about=["Task/margaret-osei-medication-review"],
    )  # fmt: skip
    second = message(
        chart, "message-2", -7, "17:25", chart.patient, REYES.ref,
        "Yes, half a box. My wrists hurt in the morning, what may I take instead?",
        topic="Your medicines after the hospital", answers=first,
    )  # fmt: skip
    message(
        chart, "message-3", -6, "09:15", REYES.ref, chart.patient,
        "Acetaminophen, two tablets up to three times a day. I told Dr. Tanaka, who will look at it"
        " in your next visit. Bring the naproxen box to us, please.",
        topic="Your medicines after the hospital", answers=second, read=False,
    )  # fmt: skip
    message(
        chart, "message-4", -1, "11:50", LINDQVIST.ref, chart.patient,
        "Your weight went up by 0.7 kg in two days. How is your breath, and are your ankles"
        " swollen?",
        topic="Daily weight", read=False,
    )  # fmt: skip
