"""The page on searching says what is so: every search that it writes finds something in the demo
record, and what it says to be refused is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.demo.served import Record
from tests.serving import assert_outcome

PAGE = (Path(__file__).parents[2] / "docs/search.md").read_text("utf-8")
_EXAMPLE = re.compile(r"`([A-Z]?[\w/*-]*\?[^`]+)`( †)?")
EXAMPLES = [
    (found[1].replace("\\|", "|"), found[2] is None)
    for found in _EXAMPLE.finditer(PAGE.replace("\n", " "))
]
LENIENT = {"prefer": "handling=lenient"}


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) > 25
    assert sum(finds for _, finds in EXAMPLES) > 22


@pytest.mark.parametrize(("search", "finds"), EXAMPLES, ids=[search for search, _ in EXAMPLES])
async def test_an_example_finds_something(demo_record: Record, search: str, finds: bool) -> None:
    """And less than without its last condition, where it is one."""
    answer = await demo_record.system.get(search)
    assert answer.status_code == 200, answer.text[:500]
    bundle = answer.json()
    assert bundle["resourceType"] == "Bundle"
    if finds:
        assert bundle.get("total") or bundle.get("entry")


@pytest.mark.parametrize(
    "search",
    [
        *(f"Observation?code:{modifier}=x" for modifier in ("in", "not-in", "above", "below")),
        *(f"Observation?_filter=code {operator} x" for operator in ("ss", "sb", "in", "ni")),
        *(f"Observation?subject:{modifier}=x" for modifier in ("above", "below")),
        *(f"Observation?_contained={value}" for value in ("true", "both")),
        "Observation?_query=x",
        "Observation?_list=$current-problems",
    ],
)
async def test_what_is_refused_is(demo_record: Record, search: str) -> None:
    """F13: whatever the handling."""
    assert_outcome(await demo_record.system.get(search), 400, "not-supported")
    assert_outcome(await demo_record.system.get(search, headers=LENIENT), 400, "not-supported")


async def test_contained_types_are_no_criterion(demo_record: Record) -> None:
    search = "Observation?_containedType=container"
    assert_outcome(await demo_record.system.get(search), 400, "not-supported")


@pytest.mark.parametrize("empty", ["family=", "gender=", "_sort=", "no-such-thing=1"])
async def test_strict_and_lenient(demo_record: Record, empty: str) -> None:
    """F13: an error, or left out and told."""
    assert_outcome(await demo_record.system.get(f"Patient?{empty}"), 400, "invalid")
    answer = (await demo_record.system.get(f"Patient?{empty}", headers=LENIENT)).json()
    assert answer["entry"][-1]["search"]["mode"] == "outcome"
    assert answer["link"][0]["url"].endswith("/Patient")


async def test_an_empty_choice_is_a_bad_value(demo_record: Record) -> None:
    for headers in (None, LENIENT):
        answer = await demo_record.system.get("Patient?gender=male,", headers=headers)
        assert_outcome(answer, 400, "invalid")
