"""A parameter of one's own, defined as one of R4's, finds exactly what that one finds.

The same random resources and queries as against the reference (`test_against_reference.py`): each
standard parameter beside its clone under another name and address.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import Expression
from fhir_server.search.indexing import index_entry
from fhir_server.search.matching import matches
from fhir_server.search.query import parse_search
from resources.registry import REGISTRY, SearchParameter
from tests.search import asked, made
from tests.search.finding import BASE, CATALOGUE

Resource = dict[str, Any]
MARK = "x-"
CROSSED = "http://hl7.org/fhir/SearchParameter/DocumentReference-relationship"
"""R4 gives each component the definition of the other, which is put right by its address."""
KINDS = ("token", "string", "date", "reference", "quantity", "number", "uri", "composite")


def _clone(parameter: SearchParameter) -> SearchParameter:
    return replace(parameter, name=f"{MARK}{parameter.name}", url=f"{parameter.url}-x")


def _cloned(type_name: str) -> tuple[SearchParameter, ...]:
    """Those that a search of the type goes by themselves, and that one may define anew."""
    return tuple(
        field.definition
        for name, field in CATALOGUE.fields(type_name).items()
        if field.definition.expression
        and field.type in KINDS
        and field.sources == (name,)
        and not name.startswith("_")
        and field.definition.url != CROSSED
    )


WITH_CLONES = Catalogue(
    BASE,
    tuple(
        {each.url: _clone(each) for type_name in made.MADE for each in _cloned(type_name)}.values()
    ),
)


@lru_cache(maxsize=10_000)
def _where(type_name: str, name: str, modifier: str, value: str) -> Expression:
    pair = (f"{name}:{modifier}" if modifier else name, value)
    query = parse_search(
        WITH_CLONES, type_name, [pair], strict=True, default_count=50, max_count=100
    )
    return query.where


@pytest.mark.parametrize("type_name", made.MADE)
def test_a_clone_finds_what_its_original_finds(type_name: str) -> None:
    names = {each.name for each in _cloned(type_name)}
    every = [each for group in asked.ASKED[type_name] for each in group if each[0] in names]

    @given(made.MADE[type_name], st.integers(0, 2**32))
    @settings(deadline=None, max_examples=40)
    def same(resource: Resource, seed: int) -> None:
        entry = index_entry(WITH_CLONES, resource, frozenset())
        for name, modifier, value in Random(seed).choices(every, k=12):
            original = matches(_where(type_name, name, modifier, value), entry)
            clone = matches(_where(type_name, f"{MARK}{name}", modifier, value), entry)
            assert clone is original, (name, modifier, value)

    if every:
        same()


def test_every_type_of_parameter_is_cloned() -> None:
    cloned = [each for type_name in made.MADE for each in _cloned(type_name)]
    tried = {group[0][0] for groups in asked.ASKED.values() for group in groups if group}
    kinds = {each.type for each in cloned if each.name in tried}
    assert kinds == set(KINDS)
    assert {each.type for each in REGISTRY.search_parameters.values()} - kinds == {"special"}


def test_a_clone_sorts_and_is_included_as_its_original() -> None:
    for type_name in made.MADE:
        fields = WITH_CLONES.fields(type_name)
        for each in _cloned(type_name):
            original, clone = fields[each.name], fields[f"{MARK}{each.name}"]
            assert clone.sortable == original.sortable, each.url
            assert clone.modifiers == original.modifiers, each.url
            assert clone.targets == original.targets, each.url
        ways = {way for way in WITH_CLONES.includes(type_name) if MARK not in way}
        assert {way.replace(f":{MARK}", ":") for way in WITH_CLONES.includes(type_name)} == ways
