"""`Observation/$lastn`: the newest of each code (R4 `observation-operation-lastn.html`).

A search like any other finds them, of one subject and of a category or code; then they are put in
groups "by code", with translations: whatever shares a coding, directly or by others, is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fhir_server.interactions.call import Call
from fhir_server.interactions.operations.input import Input
from fhir_server.interactions.reply import Reply
from fhir_server.interactions.search import answer, read_query
from fhir_server.outcome import Category, error
from fhir_server.search.query import RESULT_PARAMETERS, SearchQuery
from fhir_server.search.values import split

Pairs = Sequence[tuple[str, str]]


async def lastn(call: Call, given: Input) -> Reply:
    """A searchset of `max` of each group and of what was made at the same time as the last of
    them, all newest first. Raises TOO_COSTLY where that is too much, or too much to group."""
    _check(given.search)
    wanted: int = given.one("max") or 1
    most = call.service.max_count
    if wanted > most:
        raise error(Category.INVALID, f"max={wanted}: at most {most} of each code are given.")
    query, subset = read_query(replace(call, parameters=given.search))
    alone = _is_one_code(given.search)
    page = await call.store.newest_by_code(query, wanted, most, one_code=alone)
    found = replace(page, matches=() if subset.count_only else page.matches)
    return answer(call, _named(query, given), found, subset, "Observation/$lastn")


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
