"""Bills: coverage, account, charge items with their invoice, and the payer's explanation."""

from __future__ import annotations

from decimal import Decimal

from .chart import Chart
from .clinic import CLINIC, PAYER
from .elements import (
    HOUSE,
    TERMINOLOGY,
    US_CORE,
    at,
    coding,
    day,
    hl7,
    identifier,
    money,
    period,
    reference,
)


def coverage(
    chart: Chart, number: str, subscriber: str | None = None, ended: int | None = None
) -> str:
    """A plan of the payer; a child is covered through the parent's."""
    chart.put(
        "Coverage",
        "coverage",
        meta={"profile": [f"{US_CORE}us-core-coverage"]},
        identifier=[
            {"type": hl7("v2-0203", "MB", "Member Number"), **identifier("member", number)}
        ],
        status="active" if ended is None else "cancelled",
        type=hl7("v3-ActCode", "EHCPOL", "extended healthcare"),
        subscriberId=number,
        subscriber=reference(subscriber) if subscriber else chart.patient,
        beneficiary=chart.patient,
        relationship=hl7("subscriber-relationship", "child" if subscriber else "self"),
        period=period(-320, 200) if ended is None else period(ended - 600, ended),
        payor=[PAYER],
        **{
            "class": [
                {"type": hl7("coverage-class", "plan"), "value": "CHP-Silver", "name": "Silver"}
            ]
        },
    )
    return chart.put(
        "Account",
        "account",
        status="active" if ended is None else "inactive",
        type=hl7("v3-ActCode", "PBILLACCT", "patient billing account"),
        name=f"Bills of {chart.patient_name}",
        subject=[chart.patient],
        coverage=[{"coverage": reference(f"Coverage/{chart.patient_id}-coverage"), "priority": 1}],
        owner=CLINIC,
    )


def bill(
    chart: Chart,
    offset: int,
    items: list[tuple[str, str]],
    *,
    paid_by_plan: str,
    balanced: bool,
    note: str | None = None,
    encounter: str | None = None,
) -> str:
    """One invoice with its charge items; the patient owes what the plan did not pay."""
    number = chart.number("invoice")
    total = sum((Decimal(amount) for _, amount in items), Decimal(0))
    owed = total - Decimal(paid_by_plan)
    lines = [_charge(chart, offset, text, amount, encounter) for text, amount in items]
    invoice = chart.put(
        "Invoice",
        number,
        identifier=[identifier("invoice", f"{chart.patient_id}-{number}")],
        status="balanced" if balanced else "issued",
        subject=chart.patient,
        recipient=chart.patient,
        date=day(offset + 9),
        issuer=CLINIC,
        account=reference(f"Account/{chart.patient_id}-account"),
        lineItem=[
            {
                "sequence": sequence,
                "chargeItemReference": reference(line, text),
                "priceComponent": [{"type": "base", "amount": money(amount)}],
            }
            for sequence, (line, (text, amount)) in enumerate(zip(lines, items, strict=True), 1)
        ],
        totalPriceComponent=[{"type": "deduction", "amount": money(paid_by_plan)}],
        totalNet=money(str(owed)),
        totalGross=money(str(total)),
        paymentTerms=note or "Please pay within 30 days, in the portal or at the front desk.",
    )
    _explanation(chart, offset, items[0][0], str(total), paid_by_plan, str(owed))
    return invoice


def _charge(chart: Chart, offset: int, text: str, amount: str, encounter: str | None) -> str:
    return chart.put(
        "ChargeItem",
        chart.number("charge"),
        status="billed",
        code={"text": text},
        subject=chart.patient,
        context=reference(encounter) if encounter else None,
        occurrenceDateTime=at(offset, "09:00"),
        priceOverride=money(amount),
        account=[reference(f"Account/{chart.patient_id}-account")],
        performingOrganization=CLINIC,
    )


def _explanation(chart: Chart, offset: int, text: str, total: str, paid: str, owed: str) -> None:
    adjudication = f"{TERMINOLOGY}adjudication"
    chart.put(
        "ExplanationOfBenefit",
        chart.number("explanation"),
        status="active",
        type=hl7("claim-type", "professional", "Professional"),
        use="claim",
        patient=chart.patient,
        created=at(offset + 6, "08:00"),
        insurer=PAYER,
        provider=CLINIC,
        outcome="complete",
        disposition=f"Paid {paid} of {total} USD; your share is {owed} USD.",
        insurance=[{"focal": True, "coverage": reference(f"Coverage/{chart.patient_id}-coverage")}],
        item=[{"sequence": 1, "productOrService": {"text": text}, "servicedDate": day(offset)}],
        total=[
            {"category": {"coding": [coding(adjudication, "submitted")]}, "amount": money(total)},
            {"category": {"coding": [coding(adjudication, "benefit")]}, "amount": money(paid)},
            {
                "category": {"coding": [coding(f"{HOUSE}adjudication", "patient-share")]},
                "amount": money(owed),
            },
        ],
    )
