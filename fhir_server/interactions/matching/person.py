"""What of a Patient tells who it is, in a form to be compared (R4 `patient.html`, pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from fhir_server.search.types.string import fold
from resources.fhir_json import Resource

MOST: Final = 20
"""Of identifiers, names, addresses and the like so many count: two are compared each with each."""
MOST_WORDS: Final = 8
_NOT_CURRENT: Final = frozenset(("old", "temp"))
_FORMER: Final = frozenset(("old", "maiden"))
_SUFFIX: Final = 9
"""Digits at the end of a phone number, which are the same with and without the country in front."""
_FEWEST: Final = 6
_PHONES: Final = frozenset(("phone", "sms", "fax", "pager", ""))

Number = tuple[str, str]
"""System and value of an identifier."""


@dataclass(frozen=True, slots=True)
class Name:
    """One of the names that somebody has or had, folded."""

    family: str
    given: tuple[str, ...]
    former: bool = False


@dataclass(frozen=True, slots=True)
class Home:
    """An address, folded."""

    line: str
    city: str
    postal_code: str


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of somebody. Whatever is missing is empty."""

    numbers: frozenset[Number] = frozenset()
    """Identifiers in use that name their system."""
    doubtful: frozenset[Number] = frozenset()
    """Those that are old, temporary, past their period, or of no system."""
    names: tuple[Name, ...] = ()
    born: str = ""
    """A date as it was given: of a day, a month or a year."""
    gender: str = ""
    """`male` or `female`; what is neither says nothing."""
    phones: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    homes: tuple[Home, ...] = ()


def person(patient: Resource) -> Person:
    """Of a Patient that is valid but for what it leaves out."""
    doubtful, numbers = _numbers(patient)
    gender = _text(patient.get("gender"))
    telecom = [
        (_text(one.get("system")), _text(one.get("value"))) for one in _all(patient, "telecom")
    ]
    digits = (_digits(value) for system, value in telecom if system in _PHONES)
    return Person(
        numbers=numbers,
        doubtful=doubtful,
        names=tuple(_names(patient)),
        born=_text(patient.get("birthDate")),
        gender=gender if gender in ("male", "female") else "",
        phones=frozenset(each[-_SUFFIX:] for each in digits if len(each) >= _FEWEST),
        emails=frozenset(value.casefold().strip() for _, value in telecom if "@" in value),
        homes=tuple(
            home for home in map(_home, _all(patient, "address")) if home != Home("", "", "")
        ),
    )


def _numbers(patient: Resource) -> tuple[frozenset[Number], frozenset[Number]]:
    """The doubtful ones, and those that are not."""
    found: dict[bool, set[Number]] = {True: set(), False: set()}
    for one in _all(patient, "identifier"):
        system, value = _text(one.get("system")), _text(one.get("value"))
        if value.strip():
            sure = bool(system) and one.get("use") not in _NOT_CURRENT and not _is_over(one)
            found[sure].add((system, value))
    return frozenset(found[False]), frozenset(found[True])


def _names(patient: Resource) -> Iterator[Name]:
    for one in _all(patient, "name"):
        family = _folded(_text(one.get("family")))
        given = [_folded(_text(each)) for each in one.get("given") or ()]
        if not family and not any(given):
            family, given = _of_text(_text(one.get("text")))
        known = tuple(dict.fromkeys(word for each in given for word in each.split()))
        if family or known:
            former = one.get("use") in _FORMER or _is_over(one)
            yield Name(family, known[:MOST_WORDS], former)


def _of_text(text: str) -> tuple[str, list[str]]:
    """A name that is text alone: "Keller, Eva Maria" or "Eva Maria Keller"."""
    family, comma, given = text.partition(",")
    if comma:
        return _folded(family), [_folded(given)]
    *first, last = _folded(text).split() or [""]
    return last, first


def _home(address: Resource) -> Home:
    lines = " ".join(_text(each) for each in address.get("line") or ())
    return Home(
        _folded(lines),
        _folded(_text(address.get("city"))),
        fold(_text(address.get("postalCode"))).replace(" ", ""),
    )


def _digits(text: str) -> str:
    return "".join(re.findall(r"[0-9]", text))


def _is_over(element: Resource) -> bool:
    """Whether its period ended, by the day."""
    period: Resource = element.get("period") or {}
    end = _text(period.get("end"))
    return bool(end) and end < datetime.now(UTC).date().isoformat()[: len(end)]


def _folded(text: str) -> str:
    """Each part of a double name is a word."""
    return fold(text.replace("-", " "))


def _all(patient: Resource, name: str) -> list[Resource]:
    return cast("list[Resource]", patient.get(name) or [])[:MOST]


def _text(value: Any) -> str:
    """The text of a primitive, which may be null beside its extensions."""
    return value if isinstance(value, str) else ""
