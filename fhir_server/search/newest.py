"""The newest of each code (R4 `observation-operation-lastn.html`), of what was found newest first
(pure). Translations are equal: whatever shares a coding, directly or by others, is one code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Label: TypeAlias = tuple[str | None, str]
"""System and code; None and the text where there is no coding."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An Observation, as far as it matters here."""

    labels: tuple[Label, ...]
    """Its codings; without any, its text."""
    time: object | None
    """When it was made, as it says; None where it does not."""
    logical_id: str = ""


def newest(some: Sequence[Candidate], wanted: int, *, one_group: bool = False) -> list[int]:
    """Which of them, in their order: so many of each group, and who ties with the last of them."""
    groups = ["one"] * len(some) if one_group else _groups(some)
    taken: dict[Any, list[object | None]] = {}
    chosen: list[int] = []
    for at, (one, group) in enumerate(zip(some, groups, strict=True)):
        times = taken.setdefault(group, [])
        tied = len(times) >= wanted and one.time is not None and one.time == times[-1]
        if len(times) < wanted or tied:
            times.append(one.time)
            chosen.append(at)
    return chosen


def _groups(some: Sequence[Candidate]) -> list[Label]:
    """For each the label that stands for its group: "the grouping by code SHALL follow the
    transitive property of equality"."""
    parents: dict[Label, Label] = {}

    def root(label: Label) -> Label:
        while (above := parents.setdefault(label, label)) != label:
            parents[label] = parents[above]
            label = above
        return label

    for one in some:
        for label in one.labels[1:]:
            parents[root(label)] = root(one.labels[0])
    return [root(one.labels[0]) for one in some]
