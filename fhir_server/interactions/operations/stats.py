"""`Observation/$stats`: statistics of measurements (R4 `observation-operation-stats.html`).

For each code an Observation with a component for each statistic, over what `measurements` finds.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, cast

from fhir_server.interactions.call import Call
from fhir_server.interactions.operations.input import Input
from fhir_server.interactions.operations.measurements import (
    Code,
    Group,
    grouped,
    members_of,
    newest_first,
)
from fhir_server.interactions.operations.output import parameters_reply
from fhir_server.interactions.operations.statistics import (
    PLAIN,
    STATISTICS,
    regression,
    statistic,
)
from fhir_server.interactions.reply import Reply
from fhir_server.outcome import Category, error
from fhir_server.search.query import SearchQuery, parse_search
from resources import fhir_json
from resources.fhir_json import Resource
from resources.references import ReferenceKind, parse_reference
from resources.ucum import UCUM

MOST: Final = 10_000
"""Observations of which statistics are made."""
_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/observation-statistics"
_ABSENT: Final = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_TOTAL: Final = "total-count"
_REGRESSION: Final = "regression"
_OFFERED: Final = (*STATISTICS, _TOTAL, _REGRESSION)
_LONGEST: Final = Decimal(10_000_000)
"""Hours."""
_DAY: Final = Decimal(86_400_000_000)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def stats(call: Call, given: Input) -> Reply:
    """One Observation for each code, and the sources where they are asked for."""
    asked = tuple(dict.fromkeys(_codes(given)))
    wanted: tuple[str, ...] = given.all("statistic")
    for code in wanted:
        if code not in _OFFERED:
            offered = ", ".join(_OFFERED)
            raise error(Category.NOT_SUPPORTED, f"statistic={code[:40]}: it is one of {offered}.")
    period = _period(given)
    found = await _found(call, _query(call, given, period, _coded(asked)))
    members = members_of(found, asked) - {one["id"] for one in found}
    if members:
        query = _query(call, given, period, ("_id", ",".join(sorted(members))))
        found = newest_first([*found, *await _found(call, query)])
    groups = grouped(found, asked, members)
    frame: Resource = {"subject": {"reference": given.one("subject")}}
    if period:
        frame["effectivePeriod"] = period
    made = [{"name": "statistics", "resource": _told(each, wanted, frame)} for each in groups]
    return parameters_reply(*made, *_sources(call, given, found))


async def _found(call: Call, query: SearchQuery) -> list[Resource]:
    page = await call.store.search(query)
    if page.next_cursor is not None:
        text = f"These are more than {MOST} Observations; narrow them by period or duration."
        raise error(Category.TOO_COSTLY, text)
    return [cast(Resource, fhir_json.parse(match.json)) for match in page.matches]


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


def _coded(codes: tuple[Code, ...]) -> tuple[str, str]:
    return "combo-code", ",".join("|".join(map(_escaped, code)) for code in codes)


def _query(
    call: Call, given: Input, period: Resource | None, which: tuple[str, str]
) -> SearchQuery:
    """Of the subject and the period, those of these codes, or with these ids."""
    subject = given.one("subject")
    if parse_reference(subject).kind is not ReferenceKind.RESOURCE:
        text = f"subject={subject[:60]}: a reference such as Patient/123."
        raise error(Category.INVALID, text)
    pairs = [("subject", _escaped(subject)), which, ("status:not", "entered-in-error")]
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


def _told(group: Group, wanted: tuple[str, ...], frame: Resource) -> Resource:
    system, code = group.code
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": system, "code": code}]},
        **frame,
        "component": [part for each in dict.fromkeys(wanted) for part in _components(group, each)],
    }


def _components(group: Group, code: str) -> Iterator[Resource]:
    """One; of a regression two, since it "will return both a gradient and an intercept value"."""
    if code == _REGRESSION:
        yield from _line(group)
    else:
        value = Decimal(group.total) if code == _TOTAL else statistic(code, group.values)
        yield _component(code, value, _unit(group, code))


def _line(group: Group) -> Iterator[Resource]:
    """By the day, from the first measurement on; their texts tell the two apart."""
    start = min((time for time, _ in group.timed), default=0)
    line = regression([(Decimal(time - start) / _DAY, value) for time, value in group.timed])
    gradient, intercept = line or (None, None)
    since = (_EPOCH + timedelta(microseconds=start)).strftime("%Y-%m-%d %H:%M UTC")
    by_day = f"({group.quantity['code']})/d" if group.quantity else ""
    unit = {"unit": by_day, "system": UCUM, "code": by_day}
    yield _component(_REGRESSION, gradient, unit, "gradient")
    text = f"intercept, at {since}"
    yield _component(
        _REGRESSION, intercept, _unit(group, _REGRESSION), text if line else "intercept"
    )


def _component(code: str, value: Decimal | None, unit: Resource, text: str = "") -> Resource:
    concept = {"coding": [{"system": _SYSTEM, "code": code}], **({"text": text} if text else {})}
    if value is None:
        reason = {"coding": [{"system": _ABSENT, "code": "not-applicable"}]}
        return {"code": concept, "dataAbsentReason": reason}
    return {"code": concept, "valueQuantity": {"value": value, **unit}}


def _unit(group: Group, code: str) -> Resource:
    known = group.quantity
    if code in PLAIN or known is None:
        return {"unit": "1", "system": UCUM, "code": "1"}
    if code == "variance":
        square = f"({known['code']})2"
        return {"unit": square, "system": UCUM, "code": square}
    return {"unit": known.get("unit", known["code"]), "system": UCUM, "code": known["code"]}
