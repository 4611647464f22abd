"""Who may be meant at all: searches that an index bounds, whatever many people there are (pure).

Each is an equality of a key, mostly with the day or year of birth, which stands behind every key of
the index of Patients. So somebody is found who shares with what is known an identifier, a phone
number or mail address, the day of birth, family and given name, or one of these or the postal code
with the year of birth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from fhir_server.interactions.matching.person import MOST, Person, person
from fhir_server.search import keys
from fhir_server.search.expression import (
    DateTest,
    Expression,
    Key,
    Nothing,
    Prefix,
    conjunction,
    disjunction,
)
from fhir_server.search.types import date, token
from fhir_server.search.types.string import fold
from resources.fhir_json import Resource

_FEW: Final = 8
"""Family names and given names that are looked for, which gives 64 pairs at most."""
_BIRTH: Final = "birthdate"
_DAY: Final = len("2000-01-31")


def searches(patient: Resource) -> Mapping[str, Expression]:
    """What is looked for, by what it is that they share."""
    known = person(patient)
    families = [
        *_folded(patient, "family"),
        *(w for name in known.names for w in _parts(name.family)),
    ]
    given = [*_folded(patient, "given"), *(word for name in known.names for word in name.given)]
    postal = (fold(each) for each in _values(patient, "address", "postalCode"))
    year = _born(known.born[:4])
    found = {
        "an identifier": disjunction(*_numbers(known)),
        "a phone number or mail address": disjunction(*_telecom(patient)),
        "family and given name": _names(families, given),
        "family and given name in each other's place": _names(given, families),
        "the day of birth": disjunction(*_days(known.born)),
        "family name and year of birth": conjunction(_either("family", families), year),
        "given name and year of birth": conjunction(_either("given", given), year),
        "postal code and year of birth": conjunction(_either("address-postalcode", postal), year),
    }
    return {what: where for what, where in found.items() if not isinstance(where, Nothing)}


def _numbers(known: Person) -> Iterator[Expression]:
    """In its system or in none; what names no system, in whatever system it is there."""
    for system, value in sorted(known.numbers | known.doubtful):
        for each in (system, "") if system else (None,):
            yield token.match("identifier", each, value)


def _telecom(patient: Resource) -> Iterator[Expression]:
    """As it is written, and a number in digits alone."""
    for value in _values(patient, "telecom", "value"):
        digits = "".join(filter(str.isdecimal, value)) if "@" not in value else ""
        for each in dict.fromkeys((value, digits, f"+{digits}" if digits else "")):
            if each:
                yield token.match("telecom", None, each)


def _names(families: Iterable[str], given: Iterable[str]) -> Expression:
    return conjunction(_either("family", families), _either("given", given))


def _either(parameter: str, folded: Iterable[str]) -> Expression:
    wanted = dict.fromkeys(each for each in folded if each)
    return disjunction(
        *(Key(keys.key(parameter, keys.FOLDED, keys.escape(each))) for each in [*wanted][:_FEW])
    )


def _folded(patient: Resource, part: str) -> list[str]:
    """Names as the index has them, where a double name can be one word."""
    return [fold(each) for each in _values(patient, "name", part)]


def _parts(family: str) -> tuple[str, ...]:
    words = family.split()
    return (family, *words) if len(words) > 1 else (family,)


def _values(patient: Resource, element: str, part: str) -> Iterator[str]:
    for one in cast("list[Resource]", patient.get(element) or [])[:MOST]:
        content: Any = one.get(part)
        for text in cast("list[Any]", content) if isinstance(content, list) else [content]:
            if isinstance(text, str):
                yield text


def _days(born: str) -> Iterator[Expression]:
    """The day, and the one that it is with day and month in each other's place."""
    if len(born) == _DAY:
        for day in dict.fromkeys((born, f"{born[:5]}{born[8:]}-{born[5:7]}")):
            yield _born(day)


def _born(text: str) -> Expression:
    span = date.span(text)
    return DateTest(_BIRTH, Prefix.EQ, span, main=True) if span else Nothing()
