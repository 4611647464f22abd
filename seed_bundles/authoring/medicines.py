"""Medicines: orders, refills asked for, dispenses, statements; and who checks them."""

from __future__ import annotations

from dataclasses import dataclass

from .chart import Bundle, Chart
from .clinic import OKAFOR, PHARMACY, REYES, Member
from .elements import (
    HOUSE,
    RXNORM,
    TERMINOLOGY,
    US_CORE,
    Element,
    at,
    coding,
    concept,
    day,
    hl7,
    identifier,
    present,
    quantity,
    reference,
)


@dataclass(frozen=True, slots=True)
class Medicine:
    """A medicine by its RxNorm code, as it stands on the label, with how it is taken."""

    suffix: str
    rxnorm: str
    name: str
    directions: str
    per_day: int = 1
    ingredient: str | None = None
    listed: bool = False
    """Whether it is a Medication of the clinic's list, which orders refer to."""

    @property
    def concept(self) -> Element:
        """`name` is the label; RxNorm's own name is in `ingredient` where it differs."""
        return concept(RXNORM, self.rxnorm, self.ingredient or self.name, self.name)

    @property
    def element(self) -> Element:
        """The choice element `medication[x]`."""
        if self.listed:
            return {"medicationReference": reference(f"Medication/{self.suffix}", self.name)}
        return {"medicationCodeableConcept": self.concept}


def order(
    chart: Chart,
    medicine: Medicine,
    written: int,
    *,
    status: str = "active",
    reason: str | None = None,
    by: Member = OKAFOR,
    stopped_because: str | None = None,
    suffix: str | None = None,
    repeats: int = 3,
    security: list[Element] | None = None,
    encounter: str | None = None,
) -> str:
    return chart.put(
        "MedicationRequest",
        suffix or medicine.suffix,
        meta={
            "profile": [f"{US_CORE}us-core-medicationrequest"],
            **({"security": security} if security else {}),
        },
        identifier=[identifier("prescription", f"{chart.patient_id}-{medicine.suffix}")],
        status=status,
        statusReason={"text": stopped_because} if stopped_because else None,
        intent="order",
        category=[hl7("medicationrequest-category", "community", "Community")],
        priority="routine",
        reportedBoolean=False,
        **medicine.element,
        subject=chart.patient,
        encounter=reference(encounter) if encounter else None,
        authoredOn=at(written, "11:00"),
        requester=by.ref,
        reasonReference=[reference(reason)] if reason else None,
        dosageInstruction=[_dosage(medicine)],
        dispenseRequest=_supply(medicine, repeats) if status == "active" else None,
    )


def refill(chart: Chart, medicine: Medicine, prior: str, asked: int) -> None:
    """What the patient asked for: a proposal that names the prior prescription, and the task."""
    proposal = chart.put(
        "MedicationRequest",
        f"{medicine.suffix}-refill",
        status="draft",
        intent="proposal",
        category=[hl7("medicationrequest-category", "community", "Community")],
        **medicine.element,
        subject=chart.patient,
        authoredOn=at(asked, "19:40"),
        requester=chart.patient,
        note=[{"text": "I have tablets for about one more week."}],
        dosageInstruction=[_dosage(medicine)],
        priorPrescription=reference(prior),
    )
    chart.put(
        "Task",
        f"{medicine.suffix}-refill",
        status="requested",
        intent="proposal",
        priority="routine",
        code={
            "coding": [coding("http://hl7.org/fhir/CodeSystem/task-code", "approve")],
            "text": "Refill request",
        },
        description=f"Refill of {medicine.name}",
        focus=reference(proposal),
        **{"for": chart.patient},
        authoredOn=at(asked, "19:40"),
        lastModified=at(asked, "19:40"),
        requester=chart.patient,
        owner=REYES.ref,
    )


def dispense(chart: Chart, medicine: Medicine, prescription: str, offset: int) -> None:
    chart.put(
        "MedicationDispense",
        chart.number(f"{medicine.suffix}-dispense"),
        meta={"profile": [f"{US_CORE}us-core-medicationdispense"]},
        status="completed",
        type=hl7("v3-ActCode", "RF", "Refill"),
        **medicine.element,
        subject=chart.patient,
        performer=[{"actor": REYES.ref}],
        authorizingPrescription=[reference(prescription)],
        quantity=quantity(str(30 * medicine.per_day), "tablet", "{tbl}"),
        daysSupply=quantity("30", "days", "d"),
        whenHandedOver=at(offset, "17:10"),
        dosageInstruction=[_dosage(medicine)],
    )


def statement(chart: Chart, medicine: Medicine, since: int, note: str) -> None:
    """A medicine that the patient takes without a prescription of ours."""
    chart.put(
        "MedicationStatement",
        medicine.suffix,
        status="active",
        category=concept(
            f"{TERMINOLOGY}medication-statement-category", "patientspecified", "Patient Specified"
        ),
        **medicine.element,
        subject=chart.patient,
        effectivePeriod={"start": day(since)},
        dateAsserted=day(-20),
        informationSource=chart.patient,
        note=[{"text": note}],
        dosage=[_dosage(medicine)],
    )


def reconciliation(
    chart: Chart, focus: str, asked: int, text: str, *, encounter: str | None, done: bool
) -> str:
    """The pharmacist's review of all medicines."""
    return chart.put(
        "Task",
        "medication-review",
        status="in-progress" if not done else "completed",
        intent="order",
        priority="urgent" if not done else "routine",
        code={
            "coding": [coding(f"{HOUSE}task", "medication-review", "Medication review")],
            "text": "Medication review",
        },
        description=text,
        focus=reference(focus),
        **{"for": chart.patient},
        encounter=reference(encounter) if encounter else None,
        authoredOn=at(asked, "15:30"),
        lastModified=at(asked + 1, "10:00"),
        requester=OKAFOR.ref,
        owner=REYES.ref,
    )


def _dosage(medicine: Medicine) -> Element:
    return {
        "text": medicine.directions,
        "timing": {"repeat": {"frequency": medicine.per_day, "period": 1, "periodUnit": "d"}},
    }


def _supply(medicine: Medicine, repeats: int) -> Element:
    return present(
        numberOfRepeatsAllowed=repeats,
        quantity=quantity(str(30 * medicine.per_day), "doses", "{dose}"),
        expectedSupplyDuration=quantity("30", "days", "d"),
        performer=PHARMACY,
    )


def formulary(bundle: Bundle, medicines: list[Medicine]) -> None:
    """The clinic's list: what everybody may look up."""
    for medicine in medicines:
        bundle.put(
            "Medication",
            medicine.suffix,
            meta={"profile": [f"{US_CORE}us-core-medication"]},
            code=medicine.concept,
            status="active",
        )
