"""What a table of rows is, and of which kind each row is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Resource = dict[str, Any]


class Kind(StrEnum):
    """What a row proves of what it asks."""

    POSITIVE = "positive"
    """It finds something."""
    NEGATIVE = "negative"
    """It finds nothing where there is something to be found by another value."""
    BOUNDARY = "boundary"
    """Two resources stand next to each other, and it finds the one and not the other."""


@dataclass(frozen=True, slots=True)
class Row:
    """A query and the ids of all that it finds, in any order."""

    query: str
    """`code:not=a`, percent-encoded as in a URL."""
    expected: str = ""
    edge: str = ""
    """`in out`: the one just found and the one just not found, which makes it a boundary row."""

    @property
    def ids(self) -> list[str]:
        return sorted(self.expected.split())

    @property
    def kind(self) -> Kind:
        if self.edge:
            return Kind.BOUNDARY
        return Kind.POSITIVE if self.expected else Kind.NEGATIVE


@dataclass(frozen=True, slots=True)
class Table:
    """Rows over the same resources of one type."""

    name: str
    type_name: str
    resources: Sequence[Resource]
    rows: Sequence[Row]
    start: str = ""
    """In front of each query, such as `probability=`."""
    own_times: bool = False
    """The resources say when they were last updated, which a store would say itself."""

    def search(self, row: Row) -> str:
        return f"{self.type_name}?{self.start}{row.query}"


def observation(name: str, /, **elements: object) -> Resource:
    return {"resourceType": "Observation", "id": name, "status": "final", **elements}


def patient(name: str, /, **elements: object) -> Resource:
    return {"resourceType": "Patient", "id": name, **elements}
