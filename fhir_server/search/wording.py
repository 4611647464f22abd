"""Conditions in words and in parts, for developers who ask how a search was read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from fhir_server.search import keys
from fhir_server.search.amounts import number_of
from fhir_server.search.expression import (
    And,
    Chain,
    DateTest,
    Everything,
    Expression,
    Ids,
    Key,
    KeyAmong,
    KeyContains,
    KeyPrefix,
    LastUpdated,
    Member,
    Near,
    NoMember,
    Not,
    Nothing,
    OnlyMember,
    Or,
    Prefix,
    Present,
    RangeTest,
    Reverse,
    Span,
    TextStart,
    Together,
)
from fhir_server.search.types.near import RADIUS

Fact = tuple[str, "str | Decimal | datetime"]

_RELATIONS: Final = {
    Prefix.EQ: "lies within",
    Prefix.NE: "does not lie within",
    Prefix.GT: "reaches beyond the end of",
    Prefix.LT: "begins before the start of",
    Prefix.GE: "lies within, or reaches beyond the end of,",
    Prefix.LE: "lies within, or begins before the start of,",
    Prefix.SA: "begins after the end of",
    Prefix.EB: "ends before the start of",
    Prefix.AP: "overlaps",
}
"""R4 3.1.1.4.5 and 3.1.1.4.7: a value and what is asked are both stretches."""
_COMPARISONS: Final = {
    Prefix.EQ: "is",
    Prefix.NE: "is not",
    Prefix.GT: "is more than",
    Prefix.SA: "is more than",
    Prefix.LT: "is less than",
    Prefix.EB: "is less than",
    Prefix.GE: "is at least",
    Prefix.LE: "is at most",
    Prefix.AP: "is about",
}
"""Of a number without a stretch around it."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that is asked of a resource, or of one that it is joined with."""

    words: str
    facts: tuple[Fact, ...] = ()
    through: str = ""
    """The references between, outermost first: `subject:Patient`."""


def in_words(expression: Expression) -> str:
    """The whole as a sentence without a full stop. It names no patient of an access rule."""
    match expression:
        case Everything():
            return "anything"
        case Nothing():
            return "nothing at all"
        case And(parts):
            return _joined(parts, "and")
        case Or(parts):
            return _joined(parts, "or")
        case Not(part):
            return f"not ({in_words(part)})"
        case Chain(parameter, target, inner):
            return f"{parameter} refers to some {target} of which: {in_words(inner)}"
        case Reverse(source, parameter, inner):
            return f"some {source} refers to it by {parameter}, of which: {in_words(inner)}"
        case Together(parameter, parts):
            told = " and ".join(f"component {in_words(part)}" for part in parts)
            return f"one element of {parameter} has all of this: {told}"
        case Member() | OnlyMember() | NoMember():
            return _membership(expression)
        case _:
            return _condition(expression).words


def conditions(expression: Expression, through: str = "") -> list[Condition]:
    """The single conditions that it is made of, wherever they are asked."""
    match expression:
        case And(parts) | Or(parts):
            return [each for part in parts for each in conditions(part, through)]
        case Not(part):
            return conditions(part, through)
        case Together(parameter, parts):
            found = [each for part in parts for each in conditions(part, through)]
            return [
                replace(each, words=f"in {parameter}, component {each.words}") for each in found
            ]
        case Chain(parameter, target, inner):
            return conditions(inner, _step(through, f"{parameter}:{target}"))
        case Reverse(source, parameter, inner):
            return conditions(inner, _step(through, f"_has:{source}:{parameter}"))
        case Everything() | Nothing():
            return []
        case _:
            return [replace(_condition(expression), through=through)]


def _joined(parts: tuple[Expression, ...], word: str) -> str:
    told = (
        f"({in_words(part)})" if isinstance(part, And | Or) else in_words(part) for part in parts
    )
    return f" {word} ".join(told)


def _step(through: str, step: str) -> str:
    return f"{through} > {step}" if through else step


def _membership(rule: Member | OnlyMember | NoMember) -> str:
    match rule:
        case Member(patients):
            return f"is in the record of {_patients(len(patients))}"
        case OnlyMember(patients):
            return f"is in the record of {_patients(len(patients))} and in no other"
        case NoMember():
            return "is in nobody's record"


def _patients(count: int) -> str:
    return "the caller's patient" if count == 1 else f"one of the caller's {count} patients"


def _condition(leaf: Expression) -> Condition:
    match leaf:
        case Key(key):
            return _of_key(key)
        case KeyPrefix(prefix):
            return _of_prefix(prefix)
        case KeyContains(prefix, text):
            parameter = keys.parameter_of(prefix)
            told = f"{parameter} contains {shown(text)!r}, whatever its case and accents"
            return Condition(told, (("parameter", parameter), ("text", shown(text))))
        case KeyAmong(wanted):
            return Condition(f"has one of {len(wanted)} keys that were looked up")
        case DateTest(parameter, prefix, span):
            return _of_time(parameter, prefix, span)
        case LastUpdated(prefix, span):
            return _of_time("_lastUpdated", prefix, span)
        case RangeTest():
            return _of_range(leaf)
        case TextStart(parameter, text):
            told = f"a text or display of {parameter} begins with {shown(text)!r}"
            return Condition(told, (("parameter", parameter), ("text", shown(text))))
        case Near(parameter, center, radians):
            metres = round(Decimal(radians) * RADIUS)
            told = (
                f"{parameter}: at most {metres} m from latitude {center.latitude}, "
                f"longitude {center.longitude}"
            )
            return Condition(told, (("parameter", parameter), ("high", Decimal(metres))))
        case Ids(ids):
            told = f"its id is {' or '.join(sorted(map(shown, ids)))}"
            return Condition(told, (("parameter", "_id"),))
        case Present(parameter):
            return Condition(f"{parameter} has a value", (("parameter", parameter),))
        case _:
            return Condition(type(leaf).__name__)


def _of_key(key: str) -> Condition:
    parameter, kind, value = key.split(keys.SEPARATOR, 2)
    parts = [shown(part) for part in value.split(keys.SEPARATOR)]
    about = ("parameter", parameter)
    match kind:
        case keys.CODE:
            told = f"{parameter} has the code or value {parts[0]}, of whatever system"
            return Condition(told, (about, ("code", parts[0])))
        case keys.SYSTEM_CODE:
            system, code = parts[0], parts[-1]
            whose = f"of the system {system}" if system else "without a system"
            facts = (("system", system), ("code", code))
            told = f"{parameter} has the code or value {code}, {whose}"
            return Condition(told, (about, *(one for one in facts if one[1])))
        case keys.REFERENCE:
            told = f"{parameter} refers to {parts[0]}"
            return Condition(told, (about, ("reference", parts[0])))
        case _:
            text = "|".join(parts)
            return Condition(f"{parameter} is exactly {text!r}", (about, ("text", text)))


def _of_prefix(prefix: str) -> Condition:
    parameter, kind, value = prefix.split(keys.SEPARATOR, 2)
    text = shown(value.removesuffix(keys.SEPARATOR))
    about = ("parameter", parameter)
    if kind == keys.SYSTEM_CODE:
        told = f"{parameter} has any code or value of the system {text}"
        return Condition(told, (about, ("system", text)))
    how = ", whatever its case and accents" if kind == keys.FOLDED else ""
    told = f"{parameter}, or a part of it, begins with {text!r}{how}"
    return Condition(told, (about, ("text", text)))


def _of_time(parameter: str, prefix: Prefix, span: Span) -> Condition:
    start, end = _moment(span.start), _moment(span.end)
    stretch = f"{_instant(start)} to before {_instant(end)}"
    told = f"{parameter} {_RELATIONS[prefix]} {stretch}"
    about: tuple[Fact, ...] = (("parameter", parameter), ("prefix", prefix.value))
    return Condition(told, (*about, ("start", start), ("end", end)))


def _moment(microseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return _FIRST if microseconds < 0 else _LAST


def _instant(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="auto") + "Z"


def _of_range(test: RangeTest) -> Condition:
    low, high = number_of(test.start), number_of(test.end)
    unit = _unit(test.scale) if test.scale else ""
    about: list[Fact] = [("parameter", test.parameter), ("prefix", test.prefix.value)]
    about += [(name, value) for name, value in (("low", low), ("high", high)) if value is not None]
    about += [("unit", unit)] if unit else []
    if low == high:
        told = f"{test.parameter} {_COMPARISONS[test.prefix]} {low}"
    else:
        told = f"{test.parameter} {_RELATIONS[test.prefix]} {low} to {high}"
    return Condition(f"{told} {unit}".rstrip(), tuple(about))


def _unit(scale: str) -> str:
    """`=g` is UCUM's base unit of what was asked; else the unit as it is written."""
    if scale.startswith("="):
        return f"{scale[1:] or '1'} (UCUM, in base units)"
    system, _, code = scale.rpartition("|")
    return f"{shown(code)} of {shown(system)}" if system else shown(code)


def shown(text: str) -> str:
    """Text from a query, with nothing in it that FHIR forbids in a string."""
    return text if text.isprintable() else text.encode("unicode_escape").decode()
