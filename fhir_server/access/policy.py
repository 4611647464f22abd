"""The rules: what somebody reaches of a type, before their scopes' constraints.

A reach is a person's relation to records: everybody's, some patients', or nobody's. The access
table (`docs/access.md`) says what that means for each type. The absence of a rule is `Nothing`.
"""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.access.context import Interaction
from fhir_server.search.expression import (
    Everything,
    Expression,
    Member,
    NoMember,
    Nothing,
    OnlyMember,
    disjunction,
)
from resources.access_table import Kind, Row, visibility


@dataclass(frozen=True, slots=True)
class Decision:
    """What is reached, and why: for logs, audit and the person who asks."""

    expression: Expression
    reason: str


@dataclass(frozen=True, slots=True)
class Whole:
    """The records of all patients, and all that is nobody's."""

    because: str


@dataclass(frozen=True, slots=True)
class Records:
    """The records of these patients, and what is shared."""

    patients: frozenset[str]
    because: str


@dataclass(frozen=True, slots=True)
class Nobody:
    """No record at all, nor what is shared."""

    because: str


Reach = Whole | Records | Nobody

_READS = frozenset({Interaction.READ, Interaction.SEARCH, Interaction.INCLUDE})


def decide(reach: Reach, interaction: Interaction, type_name: str) -> Decision:
    """What this reach comes to for one interaction on one type."""
    match reach:
        case Whole(because):
            return Decision(Everything(), because)
        case Nobody(because):
            return Decision(Nothing(), because)
        case Records(patients, because):
            row = visibility(type_name)
            rule = _read(row, patients) if interaction in _READS else _write(row, patients)
            return Decision(rule.expression, f"{because}; {rule.reason}")


def _read(row: Row, patients: frozenset[str]) -> Decision:
    mine = Member(patients)
    match row.kind:
        case Kind.COMPARTMENT | Kind.OWN:
            return Decision(mine, f"{row.type_name} is {row.kind.value}")
        case Kind.MIXED:
            shared = disjunction(mine, NoMember())
            return Decision(shared, f"{row.type_name} is a patient's or shared")
        case Kind.SHARED:
            return Decision(Everything(), f"{row.type_name} is shared")
        case Kind.HIDDEN:
            return Decision(Nothing(), f"{row.type_name} is in nobody's record")


def _write(row: Row, patients: frozenset[str]) -> Decision:
    """Shared is for reading; what is written must be in this record and in no other.

    Both the stored and the proposed version are held to it, so that nothing is moved out of
    another's record or into it.
    """
    if row.kind in (Kind.SHARED, Kind.HIDDEN) or row.read_only:
        return Decision(Nothing(), f"{row.type_name} is not for a patient to write")
    return Decision(OnlyMember(patients), f"{row.type_name} is written where it is theirs alone")
