"""`Observation/$stats`: statistics of measurements (R4 `observation-operation-stats.html`).

Values are Quantities with a UCUM code, of an Observation or of its components. All of one code are
said in the unit of the newest; where UCUM cannot convert them there is no answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Final, cast

from fhir_server.interactions.call import Call
from fhir_server.interactions.operations.input import Input
from fhir_server.interactions.operations.output import parameters_reply
from fhir_server.interactions.operations.statistics import PLAIN, STATISTICS, statistic
from fhir_server.interactions.reply import Reply
from fhir_server.outcome import Category, error
from fhir_server.search.query import SearchQuery, parse_search
from resources import fhir_json
from resources.fhir_json import Resource
from resources.references import ReferenceKind, parse_reference
from resources.ucum import UCUM, canonical

MOST: Final = 10_000
"""Observations of which statistics are made."""
_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/observation-statistics"
_ABSENT: Final = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_TOTAL: Final = "total-count"
_LONGEST: Final = Decimal(10_000_000)
"""Hours."""
_LARGEST: Final = 100
"""Digits before the point, or zeros behind it, with which powers stay computable."""
_DIGITS: Final = Context(prec=34)

Code = tuple[str, str]


@dataclass(slots=True)
class _Group:
    """The measurements of one code, newest first."""

    code: Code
    values: list[Decimal] = field(default_factory=list[Decimal])
    total: int = 0
    quantity: Resource | None = None
    """The newest, which has the unit."""

    def take(self, element: Resource, *, usable: bool) -> None:
        self.total += 1
        quantity: Resource = element.get("valueQuantity") or {}
        if usable and _is_measured(quantity):
            self.quantity = self.quantity or quantity
            self.values.append(self._converted(Decimal(quantity["value"]), quantity["code"]))

    def _converted(self, value: Decimal, unit: str) -> Decimal:
        wanted: str = (self.quantity or {})["code"]
        given, asked = canonical(unit), canonical(wanted)
        if unit == wanted or given is None or asked is None:
            return value
        if given.dimension != asked.dimension:
            text = (
                f"{self.code[0]}|{self.code[1]} was measured in {wanted} and in {unit}, which UCUM "
                "cannot convert; narrow it by period."
            )
            raise error(Category.BUSINESS_RULE, text)
        whole = _DIGITS.multiply(given.of(value), asked.denominator)
        return _DIGITS.subtract(_DIGITS.divide(whole, asked.numerator), asked.offset)


def _is_measured(quantity: Resource) -> bool:
    """Whether it is a number in a unit of UCUM: no bound, and of a size that things have."""
    unit, value = quantity.get("code"), quantity.get("value")
    if quantity.get("system") != UCUM or not unit or value is None or "comparator" in quantity:
        return False
    return canonical(unit) is not None and abs(Decimal(value).adjusted()) < _LARGEST


async def stats(call: Call, given: Input) -> Reply:
    """One Observation for each code, and the sources where they are asked for."""
    asked = tuple(dict.fromkeys(_codes(given)))
    wanted: tuple[str, ...] = given.all("statistic")
    for code in wanted:
        if code not in STATISTICS and code != _TOTAL:
            offered = ", ".join((*STATISTICS, _TOTAL))
            raise error(Category.NOT_SUPPORTED, f"statistic={code[:40]}: it is one of {offered}.")
    period = _period(given)
    query = _query(call, given, asked, period)
    page = await call.store.search(query)
    if page.next_cursor is not None:
        text = f"These are more than {MOST} Observations; narrow them by period or duration."
        raise error(Category.TOO_COSTLY, text)
    found = [cast(Resource, fhir_json.parse(match.json)) for match in page.matches]
    groups = _grouped(found, asked)
    frame: Resource = {"subject": {"reference": given.one("subject")}}
    if period:
        frame["effectivePeriod"] = period
    made = [{"name": "statistics", "resource": _told(each, wanted, frame)} for each in groups]
    return parameters_reply(*made, *_sources(call, given, found))


def _sources(call: Call, given: Input, found: list[Resource]) -> Iterator[Resource]:
    """The newest; "the limit parameter SHALL be ignored" without `include`."""
    if given.one("include"):
        most = min(given.one("limit") or call.service.max_count, call.service.max_count)
        for one in found[:most]:
            yield {"name": "source", "resource": one}


# ---- what is asked -----------------------------------------------------------------------------


def _codes(given: Input) -> Iterator[Code]:
    """`code` "along with a system", or `coding`."""
    codes, system = given.all("code"), given.one("system")
    if codes and not system:
        raise error(Category.INVALID, "code is given along with its system, or as a coding.")
    if not codes and not given.all("coding"):
        raise error(Category.INVALID, "$stats needs a code with its system, or a coding.")
    for code in codes:
        yield system, code
    for coding in given.all("coding"):
        if not (coding.get("system") and coding.get("code")):
            raise error(Category.INVALID, "A coding here has a system and a code.")
        yield coding["system"], coding["code"]


def _period(given: Input) -> Resource | None:
    """ "The last hour" of a duration is up to now."""
    hours, period = given.one("duration"), given.one("period")
    if hours is None:
        return period
    if period is not None:
        raise error(Category.INVALID, "Either duration or period is given.")
    if not 0 < hours <= _LONGEST:
        raise error(Category.INVALID, f"duration: hours, more than 0 and up to {_LONGEST}.")
    now = datetime.now(UTC)
    start = now - timedelta(hours=float(hours))
    return {
        "start": start.isoformat(timespec="milliseconds"),
        "end": now.isoformat(timespec="milliseconds"),
    }


def _query(
    call: Call, given: Input, codes: tuple[Code, ...], period: Resource | None
) -> SearchQuery:
    subject = given.one("subject")
    if parse_reference(subject).kind is not ReferenceKind.RESOURCE:
        text = f"subject={subject[:60]}: a reference such as Patient/123."
        raise error(Category.INVALID, text)
    either = ",".join("|".join(map(_escaped, code)) for code in codes)
    pairs = [
        ("subject", _escaped(subject)),
        ("combo-code", either),
        ("status:not", "entered-in-error"),
    ]
    for name, prefix in (("start", "ge"), ("end", "le")):
        if period and name in period:
            pairs.append(("date", prefix + period[name]))
    return parse_search(
        call.store.catalogue, "Observation", pairs, strict=True, default_count=MOST, max_count=MOST
    )


def _escaped(text: str) -> str:
    for special in "\\,|$":
        text = text.replace(special, f"\\{special}")
    return text


# ---- what is told ------------------------------------------------------------------------------


def _grouped(found: list[Resource], asked: tuple[Code, ...]) -> list[_Group]:
    """By code; of a panel, whose values are its components', by theirs."""
    groups = {code: _Group(code) for code in asked}
    panels: set[Code] = set()
    for one in found:
        # "A modifier extension may affect the value in a way that it should be excluded."
        usable = "modifierExtension" not in one
        own = [code for code in _coded(one) if code in asked]
        parts: list[Resource] = one.get("component", [])
        for code in own if not parts or "valueQuantity" in one else ():
            groups[code].take(one, usable=usable)
        for part in parts:
            named = _coded(part)
            taken = [code for code in named if code in asked] or (named[:1] if own else [])
            for code in taken:
                panels.update(own)
                group = groups.setdefault(code, _Group(code))
                group.take(part, usable=usable and "modifierExtension" not in part)
    return [each for code, each in groups.items() if each.total or code not in panels]


def _coded(element: Resource) -> list[Code]:
    codings = element.get("code", {}).get("coding", ())
    pairs = [(one.get("system", ""), one["code"]) for one in codings if one.get("code")]
    return list(dict.fromkeys(pairs))


def _told(group: _Group, wanted: tuple[str, ...], frame: Resource) -> Resource:
    system, code = group.code
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": system, "code": code}]},
        **frame,
        "component": [_component(group, each) for each in dict.fromkeys(wanted)],
    }


def _component(group: _Group, code: str) -> Resource:
    named = {"code": {"coding": [{"system": _SYSTEM, "code": code}]}}
    value = Decimal(group.total) if code == _TOTAL else statistic(code, group.values)
    if value is None:
        reason = {"coding": [{"system": _ABSENT, "code": "not-applicable"}]}
        return {**named, "dataAbsentReason": reason}
    return {**named, "valueQuantity": {"value": value, **_unit(group, code)}}


def _unit(group: _Group, code: str) -> Resource:
    known = group.quantity
    if code in PLAIN or known is None:
        return {"unit": "1", "system": UCUM, "code": "1"}
    if code == "variance":
        square = f"({known['code']})2"
        return {"unit": square, "system": UCUM, "code": square}
    return {"unit": known.get("unit", known["code"]), "system": UCUM, "code": known["code"]}
