"""Walter, seventy-four: COPD, an irregular heartbeat, and more medicines than he likes."""

from __future__ import annotations

from typing import Final

from ..billing import bill, coverage
from ..care import care_plan, care_team, goal, provenance, referral, reviewed
from ..chart import Chart
from ..clinic import HOSPITAL_WARD, LINDQVIST, MARSH, OKAFOR, REYES
from ..clinical import allergy, condition, family_history, person, procedure, vaccine
from ..course import course
from ..elements import RXNORM, at, day, hl7, reference, snomed
from ..medicines import Medicine, dispense, order, reconciliation, refill, statement
from ..readings import blood_pressure, observe, oxygen, report, series, smoking
from ..visits import appointment, document, encounter, message

TIOTROPIUM: Final = Medicine(
    "tiotropium", "69120", "Tiotropium 18 mcg inhalation capsule",
    "1 capsule through the inhaler every morning",
    ingredient="tiotropium",
)  # fmt: skip
FLUTICASONE_SALMETEROL: Final = Medicine(
    "fluticasone-salmeterol", "896209", "Fluticasone 250 mcg / salmeterol 50 mcg inhaler",
    "1 puff morning and evening, rinse the mouth after", 2,
    "60 ACTUAT Fluticasone propionate 0.25 MG/ACTUAT / salmeterol 0.05 MG/ACTUAT Dry Powder"
    " Inhaler",
)  # fmt: skip
ALBUTEROL: Final = Medicine(
    "albuterol",
    "435",
    "Albuterol 90 mcg inhaler",
    "2 puffs when short of breath",
    ingredient="albuterol",
)
APIXABAN: Final = Medicine(
    "apixaban",
    "1364430",
    "Apixaban 5 mg tablet",
    "1 tablet morning and evening",
    2,
    "apixaban",
    True,
)
AMLODIPINE: Final = Medicine(
    "amlodipine", "197361", "Amlodipine 5 mg tablet", "1 tablet in the morning",
    ingredient="Amlodipine 5 MG Oral Tablet",
)  # fmt: skip
TAMSULOSIN: Final = Medicine(
    "tamsulosin",
    "77492",
    "Tamsulosin 0.4 mg capsule",
    "1 capsule after dinner",
    ingredient="tamsulosin",
)
OMEPRAZOLE: Final = Medicine(
    "omeprazole",
    "7646",
    "Omeprazole 20 mg capsule",
    "1 capsule before breakfast",
    ingredient="omeprazole",
)
WARFARIN: Final = Medicine(
    "warfarin", "855332", "Warfarin 5 mg tablet", "As the clotting test says",
    ingredient="Warfarin Sodium 5 MG Oral Tablet",
)  # fmt: skip
PREDNISONE: Final = Medicine(
    "prednisone", "312617", "Prednisone 5 mg tablet", "8 tablets every morning for five days", 8,
    "predniSONE 5 MG Oral Tablet",
)  # fmt: skip
DOXYCYCLINE: Final = Medicine(
    "doxycycline",
    "3640",
    "Doxycycline 100 mg capsule",
    "1 capsule twice daily for five days",
    2,
    "doxycycline",
)


STAY: Final = "Encounter/walter-finch-hospital-stay"


def compose() -> Chart:
    chart = Chart.of("walter-finch", "Walter Finch")
    person(chart, "male", day(-27150), "515 Ironwood Road", "520-555-0181", ("2106-3", "White"),
           maritalStatus=hl7("v3-MaritalStatus", "D", "Divorced"))  # fmt: skip
    smoking(chart, -60, "8517006", "Former smoker")
    allergy(chart, "codeine", (RXNORM, "2670", "codeine"), ("422587007", "Nausea"), -8800)
    family_history(
        chart, "family-stroke", ("MTH", "mother"), ("230690007", "Cerebrovascular accident")
    )
    coverage(chart, "CHP-090377-01")
    for offset, cvx, display in (
        (-3200, "33", "pneumococcal polysaccharide vaccine, 23 valent"),
        (-2400, "133", "Pneumococcal conjugate PCV 13"),
        (-1300, "121", "zoster"),
        (-415, "197", "influenza, high-dose, quadrivalent"),
        (-48, "197", "influenza, high-dose, quadrivalent"),
    ):
        vaccine(chart, offset, cvx, display)
    _readings(chart)
    _treatment(chart)
    _visits(chart)
    _letters(chart)
    reviewed(chart, OKAFOR)
    return chart


def _readings(chart: Chart) -> None:
    oxygen(
        chart, course([(-1100, "95"), (-400, "94"), (-220, "90"), (-60, "93"), (-4, "93")], 91, "1")
    )
    series(
        chart,
        "fev1",
        [(-2200, "2.10"), (-1470, "1.92"), (-740, "1.78"), (-60, "1.66")],
        LINDQVIST.ref,
    )
    series(chart, "weight", course([(-1100, "71.4"), (-4, "66.2")], 137, "0.5"))
    blood_pressure(
        chart,
        course([(-1100, "144"), (-4, "132")], 137, "5"),
        course([(-1100, "82"), (-4, "76")], 137, "3"),
    )
    series(chart, "pulse", course([(-1100, "88"), (-4, "76")], 137, "5"))
    series(chart, "breaths", [(-220, "26"), (-60, "18"), (-4, "18")])
    creatinine = series(
        chart, "creatinine", [(-1100, "1.0"), (-735, "1.1"), (-370, "1.1"), (-60, "1.2")]
    )
    hemoglobin = observe(chart, "hemoglobin", -60, "13.8")
    report(chart, "report-yearly", -60, "11502-2", "Laboratory report", [creatinine[-1],
    hemoglobin],
           "Kidneys stable: the apixaban dose stays.")  # fmt: skip


def _treatment(chart: Chart) -> None:
    copd = condition(
        chart, "copd", ("13645005", "Chronic obstructive pulmonary disease"), -3400, text="COPD"
    )
    rhythm = condition(
        chart, "atrial-fibrillation", ("49436004", "Atrial fibrillation"), -1250, by=MARSH
    )
    condition(
        chart, "hypertension", ("38341003", "Hypertension"), -5100, text="High blood pressure"
    )
    prostate = condition(chart, "prostate", ("266569009", "Benign prostatic hyperplasia"), -2000,
                         text="Enlarged prostate")  # fmt: skip
    condition(chart, "pneumonia", ("233604007", "Pneumonia"), -222, ended=-190,
              encounter=STAY)  # fmt: skip
    tiotropium = order(chart, TIOTROPIUM, -2200, reason=copd)
    order(chart, FLUTICASONE_SALMETEROL, -740, reason=copd)
    order(chart, ALBUTEROL, -3300, reason=copd)
    apixaban = order(chart, APIXABAN, -380, reason=rhythm, by=MARSH)
    order(chart, AMLODIPINE, -2800)
    order(chart, TAMSULOSIN, -1990, reason=prostate)
    order(chart, OMEPRAZOLE, -700)
    order(chart, WARFARIN, -1250, status="stopped", reason=rhythm, by=MARSH,
          stopped_because="Replaced by apixaban: no clotting tests needed")  # fmt: skip
    for short in (PREDNISONE, DOXYCYCLINE):
        order(chart, short, -218, status="completed", reason=copd, encounter=STAY)
    for offset in (-62, -31):
        dispense(chart, APIXABAN, apixaban, offset)
    refill(chart, TIOTROPIUM, tiotropium, -2)
    statement(
        chart, Medicine("naproxen", "849574", "Naproxen 220 mg tablet",
        "1 tablet for the knee, at times",
                        ingredient="Naproxen sodium 220 MG Oral Tablet"),
        -120, "Bought without a prescription; bleeding risk with apixaban, to be discussed.",
    )  # fmt: skip
    reconciliation(chart, apixaban, -5, "Eight medicines and one of his own: can any go?",
                   encounter=None, done=False)  # fmt: skip
    breath = goal(chart, "goal-stairs", "Climb one flight of stairs without a rest", -180, 90)
    stays = goal(chart, "goal-home", "A winter without a hospital stay", -60, 150)
    care_team(chart, {OKAFOR: "Family doctor", MARSH: "Cardiologist", REYES: "Pharmacist"})
    plan = care_plan(
        chart, "COPD action plan", "Know the early signs, start early, stay moving.", -180,
        [
            "Pulmonary rehabilitation course in spring",
            "Inhalers every day, also on good days",
            "More sputum or a new color: call the same day",
            "Oxygen meter: call below 90 %",
        ],
        addresses=[copd], goals=[breath, stays],
    )  # fmt: skip
    provenance(chart, "copd", [copd, plan], -180, OKAFOR)
    chart.put(
        "Device", "oxygen-meter", status="active", type=snomed("448703006", "Pulse oximeter"),
        deviceName=[{"name": "Finger oxygen meter", "type": "user-friendly-name"}],
        patient=chart.patient,
    )  # fmt: skip


def _visits(chart: Chart) -> None:
    stay = encounter(
        chart, "hospital-stay", -222, "Pneumonia with COPD", [OKAFOR], days=4, kind="IMP",
        place=HOSPITAL_WARD,
        hospitalization={"dischargeDisposition": hl7("discharge-disposition", "home", "Home")},
    )  # fmt: skip
    visit = encounter(chart, "spirometry-visit", -60, "Yearly lung check", [OKAFOR, LINDQVIST])
    procedure(chart, "spirometry", ("127783003", "Spirometry"), -60, LINDQVIST)
    document(
        chart, "discharge-summary", -218, ("18842-5", "Discharge summary"), OKAFOR,
        "Discharge summary\n\nPneumonia of the right lower lobe with an attack of COPD. Better"
        " under"
        " doxycycline and five days of prednisone. Oxygen not needed at home.\n",
        encounter=stay,
    )  # fmt: skip
    appointment(chart, -60, "08:30", OKAFOR, "Yearly lung check", status="fulfilled")
    appointment(chart, -4, "09:00", OKAFOR, "Short of breath on the stairs", status="fulfilled")
    appointment(chart, 22, "09:00", OKAFOR, "Review of all medicines", minutes=30,
                slot="grace-okafor-w3d1-0900")  # fmt: skip
    appointment(
        chart, -19, "11:00", MARSH, "Heart rhythm check", status="cancelled",
        cancelled=("oth-weath", "Other: Weather"),
    )  # fmt: skip
    appointment(chart, 30, "14:00", MARSH, "Heart rhythm check", slot="elena-marsh-w4d2-1400")
    referral(
        chart, "rehab-referral", snomed("15081005", "Pulmonary rehabilitation"), at(-60, "10:00"),
        OKAFOR, encounter=reference(visit),
    )  # fmt: skip
    bill(chart, -60, [("Spirometry", "95.00"), ("Office visit", "140.00")], paid_by_plan="205.00",
         balanced=False, encounter=visit)  # fmt: skip
    bill(chart, -222, [("Hospital stay, four days", "7900.00")], paid_by_plan="7550.00",
    balanced=True,
         encounter=stay)  # fmt: skip


def _letters(chart: Chart) -> None:
    first = message(
        chart, "message-1", -12, "16:20", chart.patient, OKAFOR.ref,
        "The stairs are harder this month and I cough more, but no fever. Should I come in?",
        topic="Short of breath",
    )  # fmt: skip
    message(
        chart, "message-2", -11, "08:15", OKAFOR.ref, chart.patient,
        "Yes, please come this or next week. If your meter shows less than 90 %, call at once.",
        topic="Short of breath", answers=first,
    )  # fmt: skip
    message(
        chart, "message-3", -3, "13:40", REYES.ref, chart.patient,
        "I saw that you take naproxen for your knee. Together with apixaban it can make you bleed."
        " Please take acetaminophen until we have talked.",
        topic="Naproxen and apixaban", read=False,
    )  # fmt: skip
