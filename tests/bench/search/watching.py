"""What MongoDB did for one request, by its profiler: the statistics of every command's execution.

Unlike an explanation of a query asked for afterwards, this is what was really run, and all of it:
the lookups of a chain and the counting of matches too.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from pymongo.database import Database

Document = dict[str, Any]
_SORTING: Final = "SORT"
_SCANNING: Final = "COLLSCAN"
_READING: Final = ("query", "getmore", "command")


@dataclass(frozen=True, slots=True)
class Work:
    """What was examined altogether, and the stages of all plans."""

    keys: int
    documents: int
    stages: frozenset[str]
    commands: int

    @property
    def sorts(self) -> bool:
        """Something was read to its end before the first of it was given."""
        return _SORTING in self.stages

    @property
    def scans(self) -> bool:
        return _SCANNING in self.stages


class Watch:
    """The profiler of one database."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database

    @contextmanager
    def watching(self) -> Generator[Watch]:
        """Everything that is asked until the end of the block is recorded."""
        self._database.command("profile", 0)
        self._database.drop_collection("system.profile")
        self._database.create_collection("system.profile", capped=True, size=64 * 2**20)
        self._database.command("profile", 2)
        try:
            yield self
        finally:
            self._database.command("profile", 0)

    def mark(self) -> int:
        """How many commands there have been so far."""
        return self._database["system.profile"].estimated_document_count()

    def since(self, mark: int) -> Work:
        """What has been done since then."""
        told = list(self._recorded(mark))
        stages = frozenset(stage for one in told for stage in _stages(one.get("execStats", {})))
        return Work(
            sum(one.get("keysExamined", 0) for one in told),
            sum(one.get("docsExamined", 0) for one in told),
            stages,
            len(told),
        )

    def _recorded(self, mark: int) -> Iterator[Document]:
        """Reading commands on collections of resources, whose names begin with a capital letter."""
        collections = f"{self._database.name}."
        for one in self._database["system.profile"].find().sort("$natural", 1).skip(mark):
            name = one["ns"].removeprefix(collections)
            if name[0].isupper() and one["op"] in _READING:
                yield one


def _stages(stage: Document) -> Iterator[str]:
    if "stage" in stage:
        yield stage["stage"]
    inner: list[Document] = [*stage.get("inputStages", ())]
    if "inputStage" in stage:
        inner.append(stage["inputStage"])
    for each in inner:
        yield from _stages(each)
