"""What a search, a scope and an access rule are made of: one tree of frozen nodes.

Leaves speak of the derived part of a stored document (`IndexEntry`), never of the resource
itself. `matching.matches` decides a tree for one entry in Python; `plan` says it to MongoDB.
*Everything* and *Nothing* are values of their own; the absence of a rule is `Nothing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

Scalar: TypeAlias = str | int | None
"""A sort value: a folded string, or a date in microseconds since 1970 UTC."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, [start, end) in microseconds since 1970-01-01T00:00:00Z."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """What lies between two cuts of the number line (`amounts`), on one or more scales."""

    start: str
    end: str
    scales: tuple[str, ...] = ()
    """Of a quantity: the units that it is measured in (`types.quantity`)."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place on Earth, in degrees."""

    longitude: float
    latitude: float


@dataclass(frozen=True, slots=True)
class Focus:
    """What is derived from one element for a composite parameter, whose components have the
    names `0`, `1` …"""

    keys: frozenset[str]
    spans: Mapping[str, tuple[Span, ...]]
    ranges: Mapping[str, tuple[Stretch, ...]]


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """What is derived from one version of a resource for finding and guarding it."""

    logical_id: str
    last_updated: int
    """Microseconds since 1970 UTC."""
    members: frozenset[str]
    """Ids of the patients whose record this belongs to, by the access table."""
    keys: frozenset[str]
    """Search keys without a patient in front (`code|http://loinc.org|8302-2`)."""
    spans: Mapping[str, tuple[Span, ...]]
    """By date search parameter."""
    present: frozenset[str]
    """Names of the search parameters that have a value."""
    sort: Mapping[str, tuple[Scalar, Scalar]]
    """By sortable parameter: the value that comes first ascending, and first descending."""
    main_date: Span | None = None
    """The value of the type's main date parameter, which is not in `spans`."""
    foldable: bool = True
    """Whether every key is also stored behind each member (`folding.folds`)."""
    ranges: Mapping[str, tuple[Stretch, ...]] = field(
        default_factory=dict[str, tuple[Stretch, ...]]
    )
    """By number and quantity search parameter."""
    texts: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """By token search parameter: folded displays and texts."""
    place: Place | None = None
    """Where a Location is."""
    words: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Of `_text`, and of `_content` where they have no keys: folded words."""
    composites: Mapping[str, tuple[Focus, ...]] = field(
        default_factory=dict[str, "tuple[Focus, ...]"]
    )
    """By composite search parameter: each element that has all of its components."""


class Prefix(Enum):
    """Comparators of `search.html#prefix`."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    LT = "lt"
    GE = "ge"
    LE = "le"
    SA = "sa"
    EB = "eb"
    AP = "ap"


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches all."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """Matches none."""


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Expression


@dataclass(frozen=True, slots=True)
class Key:
    """Has exactly this search key."""

    key: str


@dataclass(frozen=True, slots=True)
class KeyPrefix:
    """Has a search key that starts so (string starts-with, `system|`)."""

    prefix: str


@dataclass(frozen=True, slots=True)
class KeyContains:
    """Has a search key that starts with `prefix` and holds `text` after it (`:contains`)."""

    prefix: str
    text: str


@dataclass(frozen=True, slots=True)
class KeyEnds:
    """Has a search key that starts with `prefix` and ends with `text` after it (`ew`)."""

    prefix: str
    text: str


@dataclass(frozen=True, slots=True)
class KeyOther:
    """Has a search key that starts with `prefix`, is none of these and starts with none of
    these (`ne` of `_filter`)."""

    prefix: str
    keys: frozenset[str]
    starts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyAmong:
    """Has one of these search keys, of which there are many."""

    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class DateTest:
    """Some span of the date parameter stands in this relation to the span."""

    parameter: str
    prefix: Prefix
    span: Span
    main: bool = False
    """It is the type's main date, which is stored in fields of its own."""


@dataclass(frozen=True, slots=True)
class RangeTest:
    """Some stretch of the number or quantity parameter stands in this relation to the one asked."""

    parameter: str
    prefix: Prefix
    start: str
    end: str
    scale: str | None
    """The scale that the stretch has to be on."""


@dataclass(frozen=True, slots=True)
class Near:
    """The place lies in a circle around this one."""

    parameter: str
    center: Place
    radians: float
    """The angle of the circle's radius, seen from the middle of the Earth."""


@dataclass(frozen=True, slots=True)
class TextStart:
    """Some text that stands with a code of the token parameter starts so (`:text`)."""

    parameter: str
    text: str
    """Folded, like the texts."""


@dataclass(frozen=True, slots=True)
class HasWord:
    """The narrative, or all the text, has this folded word (`_text`, `_content`)."""

    parameter: str
    word: str


@dataclass(frozen=True, slots=True)
class Together:
    """One element of the composite parameter satisfies all of these (of its keys and values)."""

    parameter: str
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class LastUpdated:
    """`meta.lastUpdated` stands in this relation to the span."""

    prefix: Prefix
    span: Span


@dataclass(frozen=True, slots=True)
class Ids:
    """The logical id is one of these."""

    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Present:
    """The search parameter has a value."""

    parameter: str


@dataclass(frozen=True, slots=True)
class Member:
    """Belongs to the record of one of these patients."""

    patients: frozenset[str]


@dataclass(frozen=True, slots=True)
class OnlyMember:
    """Belongs to the record of one or more of these patients and of nobody else."""

    patients: frozenset[str]


@dataclass(frozen=True, slots=True)
class NoMember:
    """Belongs to no patient's record."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A reference of this parameter is to a resource of this type that meets the condition.

    The store resolves it before anything is planned or matched, and `Reverse` too.
    """

    parameter: str
    target: str
    inner: Expression


@dataclass(frozen=True, slots=True)
class Reverse:
    """A resource of this type that meets the condition refers to it by this parameter."""

    source: str
    parameter: str
    inner: Expression


Expression: TypeAlias = (
    Everything
    | Nothing
    | And
    | Or
    | Not
    | Key
    | KeyPrefix
    | KeyContains
    | KeyEnds
    | KeyOther
    | KeyAmong
    | DateTest
    | RangeTest
    | Near
    | TextStart
    | HasWord
    | Together
    | LastUpdated
    | Ids
    | Present
    | Member
    | OnlyMember
    | NoMember
    | Chain
    | Reverse
)


def conjunction(*parts: Expression) -> Expression:
    """All of them: `Everything` drops out, `Nothing` takes all, a nested `And` is flat."""
    flat: list[Expression] = []
    for part in parts:
        match part:
            case Nothing():
                return Nothing()
            case Everything():
                continue
            case And(inner):
                flat.extend(inner)
            case _:
                flat.append(part)
    if not flat:
        return Everything()
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def disjunction(*parts: Expression) -> Expression:
    """Any of them; of none at all: `Nothing`."""
    flat: list[Expression] = []
    for part in parts:
        match part:
            case Everything():
                return Everything()
            case Nothing():
                continue
            case Or(inner):
                flat.extend(inner)
            case _:
                flat.append(part)
    if not flat:
        return Nothing()
    return flat[0] if len(flat) == 1 else Or(tuple(flat))
