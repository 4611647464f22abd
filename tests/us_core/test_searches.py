"""US Core 7's searches (H1, H2, H3) on the demo demo_record, each against a plain filter of it."""

from __future__ import annotations

import asyncio

import pytest

from tests.demo.served import Record, Resource, name_of, names
from tests.serving import Caller
from tests.us_core.deciding import selects
from tests.us_core.queries import Pairs, value_of, variants
from tests.us_core.table import SEARCHES, Search

FORM = {"content-type": "application/x-www-form-urlencoded"}
MOST_PATIENTS = 2


def examples(demo_record: Record, search: Search) -> list[Resource]:
    """A resource with all the values, of each of a few patients (or one, of no patient)."""
    found: dict[str | None, Resource] = {}
    for each in demo_record.of(search.type_name):
        values = [value_of(each, name) for name in search.names]
        if all(values):
            whose = values[0] if search.names[0] == "patient" else None
            found.setdefault(whose, each)
    return list(found.values())[:MOST_PATIENTS]


async def answer(caller: Caller, type_name: str, pairs: Pairs, *, post: bool) -> set[str]:
    """What a search finds, by GET or by POST."""
    given = [*pairs, ("_count", "500")]
    if post:
        body = "&".join(f"{name}={_escaped(value)}" for name, value in given)
        response = await caller.post(f"{type_name}/_search", body, headers=FORM)
    else:
        response = await caller("GET", type_name, params=given)
    assert response.status_code == 200, f"{type_name} {pairs}: {response.text[:500]}"
    entries = response.json().get("entry", [])
    assert all(entry["search"]["mode"] == "match" for entry in entries)
    return names(entry["resource"] for entry in entries)


def _escaped(value: str) -> str:
    return value.replace("%", "%25").replace("+", "%2B").replace("&", "%26")


def expected(demo_record: Record, type_name: str, pairs: Pairs) -> set[str]:
    return names(
        each
        for each in demo_record.of(type_name)
        if all(selects(each, name, value) for name, value in pairs)
    )


@pytest.mark.parametrize("search", SEARCHES, ids=str)
async def test_search_finds_what_the_record_has(demo_record: Record, search: Search) -> None:
    """H1, H2, H3: GET and POST, `patient` by id and by reference, `system|code`, OR, comparators;
    by a backend and by the patient's own app, the one by GET where the other is by POST."""
    found = examples(demo_record, search)
    assert found, f"the demo record has nothing to find by {search}"
    for number, example in enumerate(found):
        tried = list(variants(search, example, demo_record.of(search.type_name)))
        assert name_of(example) in expected(demo_record, search.type_name, tried[0])
        # Every way for the first patient; that others find theirs by the plain one is enough.
        asked = tried[:1] if number else tried
        callers = (
            [demo_record.system, await demo_record.app(value_of(example, "patient") or "")]
            if search.names[0] == "patient"
            else [demo_record.system] * 2
        )
        answers = await asyncio.gather(
            *(
                answer(caller, search.type_name, pairs, post=(way + turn) % 2 == 1)
                for way, pairs in enumerate(asked)
                for turn, caller in enumerate(callers)
            )
        )
        for way, pairs in enumerate(asked):
            wanted = expected(demo_record, search.type_name, pairs)
            assert answers[2 * way : 2 * way + 2] == [wanted, wanted], pairs


async def test_search_for_another_patient_finds_nothing(demo_record: Record) -> None:
    """H6: the same searches by an app of somebody else."""
    strange = await demo_record.app("priya-raman")
    for search in SEARCHES:
        if search.names[0] == "patient":
            example = examples(demo_record, search)[0]
            if value_of(example, "patient") != "Patient/priya-raman":
                pairs = next(variants(search, example, []))
                assert await answer(strange, search.type_name, pairs, post=False) == set()
