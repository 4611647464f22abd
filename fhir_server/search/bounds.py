"""Which of a search's conditions the index is bounded by: the patients in front, and the key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from fhir_server.search import keys
from fhir_server.search.expression import (
    And,
    Expression,
    Key,
    KeyAmong,
    Member,
    NoMember,
    OnlyMember,
    Or,
)
from fhir_server.search.folding import NARROW, PAIRS, implies_member, shares

MOST_PATIENTS: Final = 8
"""A caller who reaches more records than this is not served from folded keys."""
MOST_KEYS: Final = 64
"""An OR of more values than this is filtered."""
MOST_SCANS: Final = 200
"""MongoDB merges so many stretches of an index in order; the matches in more it has to sort."""


# ---- the patients in front ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reach:
    """The few patients in whose records every match is, as far as one condition says it."""

    part: Expression
    patients: frozenset[str]
    nobody: bool
    """What is in nobody's record matches too."""
    whole: bool
    """The condition says no more than that."""
    fronts: tuple[str, ...]
    """What stands in front of the folded keys of all matches."""
    alike: tuple[Expression, ...] = ()
    """All conditions that name these patients."""

    def says(self, part: Expression) -> bool:
        """Whether having one of the folded keys is all that this condition asks."""
        return part is self.part and self.whole and keys.MANY not in self.fronts

    def nearly_says(self, part: Expression) -> bool:
        """Whether what has one of the folded keys meets this condition as a rule: what belongs
        to so many records that it stands behind `keys.MANY` is rare."""
        return any(part is named for named in self.alike)


def reach(type_name: str, parts: Sequence[Expression]) -> Reach | None:
    """The narrowest of the conditions that name few patients."""
    found = [each for part in parts if (each := _reach(type_name, part)) is not None]
    best = min(found, key=lambda each: (len(each.fronts), not each.whole), default=None)
    if best is None:
        return None
    alike = tuple(each.part for each in found if each.patients == best.patients)
    return replace(best, alike=alike)


def _reach(type_name: str, part: Expression) -> Reach | None:
    if isinstance(part, Key):
        patient = _patient_of(type_name, part.key)
        named = _Named(frozenset((patient,)), nobody=False, whole=False) if patient else None
    else:
        named = _named(part)
    if named is None or len(named.patients) > MOST_PATIENTS:
        return None
    if named.nobody and not shares(type_name):
        return None
    fronts = _fronts(type_name, named)
    return Reach(part, named.patients, named.nobody, named.whole, fronts)


def _fronts(type_name: str, named: _Named) -> tuple[str, ...]:
    """`MANY` where some resources of the type stand behind it."""
    fronts = sorted(named.patients)
    if named.patients and type_name not in NARROW:
        fronts.append(keys.MANY)
    if named.nobody:
        fronts.append(keys.NOBODY)
    return tuple(fronts)


@dataclass(frozen=True, slots=True)
class _Named:
    patients: frozenset[str]
    nobody: bool
    whole: bool


def _named(part: Expression) -> _Named | None:
    """The patients that a condition bounds its matches by."""
    match part:
        case Member(patients):
            return _Named(patients, nobody=False, whole=True)
        case OnlyMember(patients):
            return _Named(patients, nobody=False, whole=False)
        case NoMember():
            return _Named(frozenset(), nobody=True, whole=True)
        case And(parts):
            named = next((one for one in map(_named, parts) if one is not None), None)
            return named and _Named(named.patients, named.nobody, whole=False)
        case Or(parts):
            return _union([_named(inner) for inner in parts])
        case _:
            return None


def _union(branches: list[_Named | None]) -> _Named | None:
    known = [branch for branch in branches if branch is not None]
    if len(known) < len(branches):
        return None
    return _Named(
        frozenset[str]().union(*(branch.patients for branch in known)),
        any(branch.nobody for branch in known),
        all(branch.whole for branch in known),
    )


def _patient_of(type_name: str, key: str) -> str | None:
    """The patient to whose record a resource with this key is sure to belong."""
    parameter, _, rest = key.partition(keys.SEPARATOR)
    kind, _, target = rest.partition(keys.SEPARATOR)
    patient = target.removeprefix("Patient/")
    if kind != keys.REFERENCE or patient == target or "/" in patient:
        return None
    return patient if implies_member(type_name, parameter) else None


# ---- the key -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bound:
    """Keys of which every match has one."""

    keys: tuple[str, ...]
    parts: tuple[Expression, ...]
    """The conditions that say no more than that."""
    nearly: tuple[Expression, ...] = ()
    """Those that say a little more: codes whose systems are not in the keys."""
    alone: bool = False
    """The keys stand behind no patient: what refers to a patient has no key for it behind him."""

    def says(self, part: Expression) -> bool:
        return any(part is said for said in self.parts)

    def nearly_says(self, part: Expression) -> bool:
        return any(part is said for said in self.nearly)

    @property
    def is_common(self) -> bool:
        """The start of a name would have fewer matches."""
        return _cost(self)[0] == _OF_MANY

    @property
    def is_rare(self) -> bool:
        """Few resources have them."""
        return _cost(self)[0] <= _OF_FEW


_RARE: Final = frozenset(("identifier",))
_OF_FEW: Final = 2
_OF_MANY: Final = 4
_COMMON: Final = frozenset(
    (
        "active",
        "appointment-type",
        "category",
        "class",
        "clinical-status",
        "deceased",
        "gender",
        "intent",
        "patient-status",
        "priority",
        "status",
        "type",
        "use",
        "verification-status",
        "_profile",
        "_security",
        "_source",
    )
)
"""Parameters with few values, each of many resources."""


def bound(type_name: str, parts: Sequence[Expression], among: Reach | None) -> Bound | None:
    """The keys that are likely to have the fewest matches, a pair where one is kept."""
    found = [each for part in parts if (each := _bound(part, among)) is not None]
    found += _pairs(type_name, found)
    return min(found, key=_cost, default=None)


def to_oneself(parts: Sequence[Expression], among: Reach | None) -> Bound | None:
    """A reference to one of the patients in front, which has no key behind him: a record has more
    in it than what refers to the patient in one way, such as the messages to and from."""
    if among is None:
        return None
    found = [
        Bound((part.key,), (part,), alone=True)
        for part in parts
        if isinstance(part, Key)
        and any(keys.is_self(patient, part.key) for patient in among.patients)
    ]
    return min(found, key=_is_subject, default=None)


def _is_subject(of: Bound) -> bool:
    """Whether it is the usual way of referring to a patient, which says little."""
    return keys.parameter_of(of.keys[0]) in ("patient", "subject")


def _bound(part: Expression, among: Reach | None) -> Bound | None:
    match part:
        case Key(key):
            wanted = (key,)
        case Or(parts):
            wanted = tuple(inner.key for inner in parts if isinstance(inner, Key))
            if len(wanted) < len(parts) or len(wanted) > MOST_KEYS:
                return None
        case KeyAmong(many):
            if among is not None and len(many) * len(among.fronts) > MOST_SCANS:
                return None
            wanted = tuple(sorted(many))
        case _:
            return None
    if among is None:
        return Bound(wanted, (part,))
    return _folded(wanted, part, among)


def _folded(wanted: tuple[str, ...], part: Expression, among: Reach) -> Bound | None:
    """The same by keys that stand behind patients."""
    if any(keys.is_self(who, key) for who in among.patients for key in wanted):
        return None
    if all(keys.kind_of(key) in keys.FOLDED_KINDS for key in wanted):
        return Bound(wanted, (part,))
    if any(keys.kind_of(key) not in (keys.CODE, keys.SYSTEM_CODE) for key in wanted):
        return None
    codes = {key if keys.kind_of(key) == keys.CODE else keys.without_system(key) for key in wanted}
    return Bound(tuple(sorted(codes)), (), (part,))


def _cost(of: Bound) -> tuple[int, int]:
    parameter, _, rest = of.keys[0].partition(keys.SEPARATOR)
    kind = rest[:1]
    if parameter in _RARE:
        rank = 0
    elif kind == keys.PAIR:
        rank = 1
    elif parameter in _COMMON:
        rank = _OF_MANY
    elif len(of.keys) > MOST_SCANS:
        rank = 3
    else:
        rank = _OF_FEW if kind == keys.REFERENCE else 3
    return rank, len(of.keys)


def _pairs(type_name: str, singles: list[Bound]) -> list[Bound]:
    found: list[Bound] = []
    for first, second in PAIRS.get(type_name, ()):
        ones = [each for each in singles if keys.parameter_of(each.keys[0]) == first]
        others = [each for each in singles if keys.parameter_of(each.keys[0]) == second]
        if ones and others and len(ones[0].keys) * len(others[0].keys) <= MOST_KEYS:
            pair = _pair(f"{first}+{second}", ones[0], others[0])
            found += [pair] if pair else []
    return found


def _pair(name: str, one: Bound, other: Bound) -> Bound | None:
    """A pair holds codes without their systems, so that a condition with systems stays."""
    halves = [[keys.pair_half(key) for key in single.keys] for single in (one, other)]
    firsts = [half for half in halves[0] if half is not None]
    seconds = [half for half in halves[1] if half is not None]
    if len(firsts) < len(halves[0]) or len(seconds) < len(halves[1]):
        return None
    wanted = {keys.pair(name, first.value, second.value) for first in firsts for second in seconds}
    said: list[Expression] = []
    nearly: list[Expression] = [*one.nearly, *other.nearly]
    for single, half in ((one, firsts), (other, seconds)):
        (said if all(each.exact for each in half) else nearly).extend(single.parts)
    return Bound(tuple(sorted(wanted)), tuple(said), tuple(nearly))
