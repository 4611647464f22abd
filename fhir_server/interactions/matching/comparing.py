"""What speaks for and against two Patients being one person: a sum of weights, in bits (pure).

After Fellegi and Sunter (1969): how much more often a field agrees so between two records of one
person than between those of two people, as a power of two. Fields are taken as independent but for
two corrections, of what people who live together share (`_HOUSEHOLD`) and of what contradicts
(`ceiling`). Comparing is symmetric.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final

from fhir_server.interactions.matching.nicknames import stand_for_each_other
from fhir_server.interactions.matching.person import Home, Name, Person
from fhir_server.interactions.matching.similarity import is_one_edit, jaro_winkler

WEIGHTS: Final[Mapping[str, Mapping[str, int]]] = {
    "identifier": {"same": 29, "doubtful": 12, "other": -4},
    "family": {"same": 10, "former": 8, "part": 7, "swapped": 7, "near": 6, "like": 3, "other": -6},
    "given": {
        "same": 7,
        "another": 5,
        "swapped": 5,
        "near": 5,
        "nickname": 4,
        "like": 2,
        "initial": 2,
        "other": -6,
    },
    "birthDate": {
        "same": 15,
        "swapped": 10,
        "month": 10,
        "digit": 8,
        "year": 6,
        "two": 4,
        "other": -8,
    },
    "gender": {"same": 1, "other": -4},
    "address": {"same": 10, "postal code": 6, "city": 2, "other": -1},
    "telecom": {"same": 10, "other": -1},
}
"""By field and level of agreement; a field that one of both lacks says nothing."""
PRIOR: Final = -20
"""Before anything is compared: one in a million is the person that is looked for."""
NEAR: Final = 0.93
LIKE: Final = 0.85
_HOUSEHOLD: Final = frozenset(("address", "telecom"))
_MOST_OF_HOUSEHOLD: Final = 14
_NO_CEILING: Final = 1000
NOT_CERTAIN: Final = 11
NOT_PROBABLE: Final = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one field says."""

    field: str
    level: str

    @property
    def weight(self) -> int:
        return WEIGHTS[self.field][self.level]

    def __str__(self) -> str:
        return f"{self.field} {self.level} {self.weight:+d}"


def compare(one: Person, other: Person) -> tuple[Evidence, ...]:
    """What each field says that both have."""
    found = {
        "identifier": _numbers(one, other),
        **_names(one.names, other.names),
        "birthDate": _born(*sorted((one.born, other.born))),
        "gender": _equal(one.gender, other.gender),
        "address": _best("address", (_homes(*pair) for pair in product(one.homes, other.homes))),
        "telecom": _telecom(one, other),
    }
    return tuple(Evidence(field, level) for field, level in found.items() if level)


def weigh(some: Iterable[Evidence]) -> int:
    """The logarithm of the odds that they are one person, to the base of two."""
    levels = {each.field: each.level for each in some}
    weights = {field: WEIGHTS[field][level] for field, level in levels.items()}
    household = sum(weights.pop(field, 0) for field in _HOUSEHOLD)
    whole = PRIOR + sum(weights.values()) + min(household, _MOST_OF_HOUSEHOLD)
    return min(whole, ceiling(levels))


def ceiling(levels: Mapping[str, str]) -> int:
    """What no agreement elsewhere outweighs. Twins, and a father and son of one name, share all
    but a given name or the date of birth: without an identifier nobody is certain of whom both
    are not the same, and nobody probable of whom one contradicts."""
    contradicted = "other" in (levels.get("given"), levels.get("birthDate"))
    if levels.get("identifier") == "same":
        return NOT_CERTAIN if contradicted else _NO_CEILING
    if contradicted:
        return NOT_PROBABLE
    agreed = levels.get("birthDate") == levels.get("given") == "same"
    return _NO_CEILING if agreed else NOT_CERTAIN


# ---- field by field ----------------------------------------------------------------------------


def _numbers(one: Person, other: Person) -> str:
    if one.numbers & other.numbers:
        return "same"
    values = {value for _, value in one.numbers | one.doubtful}
    values &= {value for _, value in other.numbers | other.doubtful}
    if any(_share(one, other, value) for value in values):
        return "doubtful"
    systems = {system for system, _ in one.numbers} & {system for system, _ in other.numbers}
    return "other" if systems else ""


def _share(one: Person, other: Person, value: str) -> bool:
    """Whether both have it in the same system, or one of them in none."""
    here, there = _systems(one, value), _systems(other, value)
    return bool(here & there) or "" in here | there


def _systems(of: Person, value: str) -> set[str]:
    return {system for system, found in of.numbers | of.doubtful if found == value}


def _names(ones: tuple[Name, ...], others: tuple[Name, ...]) -> dict[str, str]:
    """The level of each part, of whatever names agree best; and where family and given name stand
    in each other's place, that."""
    pairs = list(product(ones, others))
    family = _best("family", (_families(a, b) for a, b in pairs))
    given = _best("given", (_given(a.given, b.given) for a, b in pairs))
    if "other" in (family, given) and any(_swapped(a, b) for a, b in pairs):
        return {"family": "swapped", "given": "swapped"}
    return {"family": family, "given": given}


def _families(a: Name, b: Name) -> str:
    if not (a.family and b.family):
        return ""
    if a.family == b.family:
        return "former" if a.former or b.former else "same"
    if set(a.family.split()) & set(b.family.split()):
        return "part"
    return _spelling(a.family, b.family)


def _given(a: tuple[str, ...], b: tuple[str, ...]) -> str:
    if not (a and b):
        return ""
    if a[0] == b[0]:
        return "initial" if len(a[0]) == 1 else "same"
    if {each for each in a if len(each) > 1} & set(b):
        return "another"
    return _best("given", (_first_names(*pair) for pair in product(a, b)))


def _first_names(a: str, b: str) -> str:
    if stand_for_each_other(a, b):
        return "nickname"
    if 1 in (len(a), len(b)):
        return "initial" if a[0] == b[0] else "other"
    return _spelling(a, b)


def _spelling(a: str, b: str) -> str:
    """Jaro's measure can depend on which word comes first."""
    alike = jaro_winkler(*sorted((a, b)))
    if alike >= NEAR:
        return "near"
    return "like" if alike >= LIKE or is_one_edit(a, b) else "other"


def _swapped(a: Name, b: Name) -> bool:
    return a.family in b.given and b.family in a.given


def _born(a: str, b: str) -> str:
    """Of two dates in order, as precise as the less precise one."""
    if not (a and b):
        return ""
    shorter = min(len(a), len(b))
    if a[:shorter] == b[:shorter]:
        return {4: "year", 7: "month"}.get(shorter, "same")
    if len(a) != len(b) or len(a) != len("2000-01-31"):
        return "other"
    return _mistyped(a, b)


def _mistyped(a: str, b: str) -> str:
    one, other = a.split("-"), b.split("-")
    if one[0] == other[0] and one[1:] == other[:0:-1]:
        return "swapped"
    unequal = [at for at, (x, y) in enumerate(zip(a, b, strict=True)) if x != y]
    turned = len(unequal) == 2 and [a[at] for at in unequal] == [b[at] for at in reversed(unequal)]
    if len(unequal) == 1 or (turned and unequal[1] - unequal[0] == 1):
        return "digit"
    return "two" if sum(x == y for x, y in zip(one, other, strict=True)) == 2 else "other"


def _equal(a: str, b: str) -> str:
    return "" if not (a and b) else "same" if a == b else "other"


def _homes(a: Home, b: Home) -> str:
    if not ((a.postal_code and b.postal_code) or (a.city and b.city)):
        return ""
    same_place = bool(a.postal_code) and a.postal_code == b.postal_code
    same_city = bool(a.city) and a.city == b.city
    if (same_place or same_city) and _same_line(a.line, b.line):
        return "same"
    return "postal code" if same_place else "city" if same_city else "other"


def _same_line(a: str, b: str) -> bool:
    """Spelt alike, with the same numbers: 12 High Street is not 14 High Street."""
    if not (a and b):
        return False
    numbers = [[word for word in each.split() if any(map(str.isdigit, word))] for each in (a, b)]
    return numbers[0] == numbers[1] and jaro_winkler(*sorted((a, b))) >= NEAR


def _telecom(one: Person, other: Person) -> str:
    if one.phones & other.phones or one.emails & other.emails:
        return "same"
    known = (one.phones and other.phones) or (one.emails and other.emails)
    return "other" if known else ""


def _best(field: str, levels: Iterable[str]) -> str:
    """The level that weighs most, of those that say anything."""
    known = [level for level in levels if level]
    return max(known, key=lambda level: WEIGHTS[field][level], default="")
