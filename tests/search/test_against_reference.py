"""Random resources and queries: the server decides as the specification's words do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.registry import REGISTRY
from tests.search import asked, made, reference
from tests.search.finding import found
from tests.search.rows.cells import required

Resource = dict[str, Any]
EXAMPLES = {"Observation": 150, "Patient": 80}


@pytest.mark.parametrize("type_name", made.MADE)
def test_the_server_decides_as_the_words_do(type_name: str) -> None:
    """Q1, Q2, Q3, Q4, Q5, Q7, Q8: one parameter at a time, and all of them together."""
    few = st.lists(asked.one(type_name), min_size=4, max_size=8)

    @given(made.MADE[type_name], few)
    @settings(deadline=None, max_examples=EXAMPLES.get(type_name, 40))
    def same(resource: Resource, every: list[asked.Asked]) -> None:
        decided = {each: reference.decide(resource, *each) for each in every}
        for each, expected in decided.items():
            assert bool(found(asked.search(type_name, each), [resource])) is expected, each
        together = asked.search(type_name, *every[:3])
        assert bool(found(together, [resource])) is all(decided[each] for each in every[:3])

    same()


def test_all_that_is_listed_is_asked_at_random() -> None:
    """Each of R4's types of parameter with each modifier, prefix and form."""
    kinds = {kind for kind, _ in asked.covered()}
    assert kinds >= {each.type for each in REGISTRY.search_parameters.values()}
    assert sorted(cell for cell in required() - asked.covered() if cell[0] in kinds) == []
