"""Random resources and queries: the server decides as the specification's words do."""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.search.expression import Expression
from fhir_server.search.indexing import index_entry
from fhir_server.search.matching import matches
from resources.registry import REGISTRY
from tests.search import asked, made, reference
from tests.search.finding import CATALOGUE, parsed
from tests.search.rows.cells import required

Resource = dict[str, Any]
EXAMPLES = {"Observation": 120, "Patient": 100}


@pytest.mark.parametrize("type_name", made.MADE)
def test_the_server_decides_as_the_words_do(type_name: str) -> None:
    """Q1, Q2, Q3, Q4, Q5, Q7, Q8: many queries of each resource, two of them together too."""

    @given(made.MADE[type_name], st.integers(0, 2**32))
    @settings(deadline=None, max_examples=EXAMPLES.get(type_name, 60))
    def same(resource: Resource, seed: int) -> None:
        entry = index_entry(CATALOGUE, resource, frozenset())
        every = list(asked.sample(type_name, Random(seed), 12))
        decided = [reference.decide(resource, *each) for each in every]
        for each, expected in zip(every, decided, strict=True):
            assert matches(_where(type_name, each), entry) is expected, each
        for at in range(0, len(every) - 8, 8):
            both = _where(type_name, every[at], every[at + 7])
            assert matches(both, entry) is (decided[at] and decided[at + 7])

    same()


@lru_cache(maxsize=10_000)
def _where(type_name: str, *some: asked.Asked) -> Expression:
    return parsed(asked.search(type_name, *some)).where


def test_all_that_is_listed_is_asked_at_random() -> None:
    """Each of R4's types of parameter with each modifier, prefix and form."""
    kinds = {kind for kind, _ in asked.covered()}
    assert kinds >= {each.type for each in REGISTRY.search_parameters.values()}
    assert sorted(cell for cell in required() - asked.covered() if cell[0] in kinds) == []
