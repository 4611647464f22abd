"""`Observation/$lastn`: the newest of each code (R4 `observation-operation-lastn.html`).

A search like any other finds them, of one subject and of a category or code; then they are put in
groups "by code", with translations: whatever shares a coding, directly or by others, is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from fhir_server.interactions.call import Call
from fhir_server.interactions.operations.input import Input
from fhir_server.interactions.reply import Reply
from fhir_server.interactions.search import answer, read_query
from fhir_server.outcome import Category, error
from fhir_server.search.query import RESULT_PARAMETERS, SearchQuery
from fhir_server.search.types import date
from fhir_server.search.values import split
from fhir_server.store.paging import SearchPage
from fhir_server.store.versions import Match
from resources import fhir_json
from resources.extraction import Extracted

MOST: Final = 10_000
"""Observations that are put in groups. Those of one code alone are one group, and need no more than
its newest."""

Label = tuple[str | None, str]
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An Observation, as far as it matters here."""

    labels: tuple[Label, ...]
    """Its codings; without any, its text."""
    time: object | None
    """When it was made, as it says; None where it does not."""


async def lastn(call: Call, given: Input) -> Reply:
    """A searchset of `max` of each group and of what was made at the same time as the last of
    them, all newest first. Raises TOO_COSTLY where there is too much to group."""
    _check(given.search)
    wanted: int = given.one("max") or 1
    most = call.service.max_count
    if wanted > most:
        raise error(Category.INVALID, f"max={wanted}: at most {most} of each code are given.")
    query, subset = read_query(replace(call, parameters=given.search))
    alone = _is_one_code(given.search)
    page = await call.store.search(replace(query, count=most + 1 if alone else MOST))
    chosen = newest([_candidate(match) for match in page.matches], wanted, one_group=alone)
    if page.next_cursor is not None and not (alone and len(chosen) < len(page.matches)):
        raise _too_many(len(page.matches))
    if len(chosen) > most:
        raise _too_many(len(chosen))
    matches = tuple(page.matches[at] for at in chosen)
    found = SearchPage(() if subset.count_only else matches, total=len(matches))
    return answer(call, _named(query, given), found, subset, "Observation/$lastn")


def newest(some: Sequence[Candidate], wanted: int, *, one_group: bool = False) -> list[int]:
    """Which of them, in their order, which is newest first."""
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


def _candidate(match: Match) -> Candidate:
    observation = cast(dict[str, Any], fhir_json.parse(match.json))
    effective = (
        Extracted(name.removeprefix("effective"), value)
        for name, value in observation.items()
        if name.startswith("effective")
    )
    time = next(iter(date.spans(effective)), None)
    return Candidate(tuple(_labels(observation.get("code", {}))), time)


def _labels(concept: dict[str, Any]) -> Iterator[Label]:
    """ "Text only codes SHALL be treated and grouped based on the text."""
    coded = [coding for coding in concept.get("coding", ()) if coding.get("code")]
    for coding in coded:
        yield coding.get("system", ""), coding["code"]
    if not coded:
        yield None, concept.get("text", "")


# ---- what is asked -----------------------------------------------------------------------------


def _check(search: Pairs) -> None:
    """What a request SHALL have, and what has no meaning here."""
    names = [name.partition(":")[0] for name, _ in search]
    shaping = next((name for name in names if name in RESULT_PARAMETERS), None)
    if shaping is not None:
        text = f"{shaping} goes with no $lastn: max says how many of each code, newest first."
        raise error(Category.NOT_SUPPORTED, text)
    subjects = [value for name, value in search if name.partition(":")[0] in ("patient", "subject")]
    if len(subjects) != 1 or len(split(subjects[0], ",")) != 1:
        raise error(Category.INVALID, "$lastn is of one subject: patient=123 or subject=Group/1.")
    if not any(name == "category" or "code" in name.split("-") for name in names):
        raise error(Category.INVALID, "$lastn needs a category or a code, as category=vital-signs.")


def _is_one_code(search: Pairs) -> bool:
    """Whether all that is found shares a coding."""
    codes = [value for name, value in search if name == "code"]
    return any(
        len(split(value, ",")) == 1 and all(split(value, "|", 1)) and "|" in value
        for value in codes
    )


def _named(query: SearchQuery, given: Input) -> SearchQuery:
    """With `max` in the self link."""
    said = given.one("max")
    applied = query.applied if said is None else (("max", str(said)), *query.applied)
    return replace(query, applied=applied)


def _too_many(found: int) -> Exception:
    text = (
        f"These are more than {found} Observations to be put in order; name one code with its "
        "system (code=http://loinc.org|8867-4), or narrow it by date."
    )
    return error(Category.TOO_COSTLY, text)
