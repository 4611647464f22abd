"""What one row of the access table says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    COMPARTMENT = "in the compartment"
    """Belongs to the patients whose R4 compartment it is in."""
    OWN = "own by a rule"
    """Belongs to patients by a rule of this server."""
    SHARED = "shared"
    """No health record: whoever was given the type may read all of it."""
    MIXED = "mixed"
    """A patient's where it names one, shared where it names no person at all."""
    HIDDEN = "hidden"
    """Belongs to nobody's record; only callers who reach everything see it."""


@dataclass(frozen=True, slots=True)
class Link:
    """A search parameter whose references make a resource part of a patient's record."""

    parameter: str
    path: str
    """The element below the resource: `activity.detail.performer`."""


@dataclass(frozen=True, slots=True)
class Row:
    type_name: str
    kind: Kind
    subjects: tuple[Link, ...] = ()
    """Whose patients always count."""
    roles: tuple[Link, ...] = ()
    """Whose patients count where the subjects name nobody else."""
    single: bool = False
    """Belongs to nobody where the subjects name several patients."""
    read_only: bool = False
    """A patient reads his own, and never writes it."""
    reason: str = ""
    """Why it is so; empty only where the row says what CompartmentDefinition says."""

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(link.parameter for link in (*self.subjects, *self.roles))
