"""`fhirkit-rs`, an independent R4 validator, as a judge of ours: it knows fewer rules (no codes,
dates, targets or invariants), so whatever it refuses must be refused here too; and of what is
structure alone, both have to say the same."""

from __future__ import annotations

import copy
import random
from decimal import Decimal
from typing import Any, cast

import fhirkit
import pytest

from resources.fhir_json import dump
from resources.validation import validate
from tests.resources.data import examples, needs_data
from tests.resources.test_validation import spots
from tests.resources.validation_tables import BAD, GOOD

SURPRISES: list[Any] = [
    None, True, 0, -1, Decimal("1.5"), "", "x", "2020-13-01", "2020", [], {}, {"x": 1}, ["x"], [{}],
    "a b",
]  # fmt: skip


def refused(resource: dict[str, Any]) -> bool:
    try:
        return any(issue.severity == "error" for issue in fhirkit.validate(dump(resource)))
    except ValueError:
        return True


def mutated(resource: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """One value replaced, or one name misspelt."""
    result = copy.deepcopy(resource)
    holder, key = chance.choice(spots(result))
    if isinstance(holder, dict) and chance.random() < 0.2:
        members = cast(dict[str, Any], holder)
        members[f"{key}x"] = members.pop(key)
    else:
        holder[key] = copy.deepcopy(chance.choice(SURPRISES))
    return result


EMPTINESS = ("is empty: an element has a value or children (ele-1)", "must not be an empty array")
"""Of structure, what `fhirkit-rs` lets pass: `{}` and `[]` (R4 `json.html`: never empty)."""


def assert_agreement(resources: list[dict[str, Any]], rounds: int) -> None:
    """On resources with one fault each, of which most are faults to both."""
    chance = random.Random(7)
    refusals = 0
    for _ in range(rounds):
        resource = mutated(chance.choice(resources), chance)
        theirs = refused(resource)
        problems = validate(copy.deepcopy(resource))
        refusals += theirs
        if theirs:
            assert problems, resource
        else:
            structural = [one for one in problems if one.code in ("structure", "required")]
            assert all(one.message.startswith(EMPTINESS) for one in structural), structural
    assert refusals > rounds / 2


@pytest.mark.parametrize("resource", GOOD, ids=range(len(GOOD)))
def test_it_accepts_what_the_table_calls_good(resource: dict[str, Any]) -> None:
    assert not refused(resource)


def test_it_refuses_part_of_the_bad() -> None:
    encodable = [row for row in BAD if row[0] not in ("surrogate", "decimal NaN")]
    assert sum(refused(row[1]) for row in encodable) > 50


def test_both_refuse_the_same_structures() -> None:
    assert_agreement(GOOD, 1_000)


@needs_data
def test_both_refuse_the_same_structures_of_examples() -> None:
    whole = [resource for _, resource in examples("r4-examples") if len(dump(resource)) < 6_000]
    assert_agreement(whole, 1_500)


@needs_data
@pytest.mark.parametrize("folder", ["r4-examples", "us-core-examples"])
def test_it_accepts_the_published_examples(folder: str) -> None:
    assert not [place for place, resource in examples(folder) if refused(resource)]
