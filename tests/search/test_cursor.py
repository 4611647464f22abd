"""Positions of pages: they come back as they were, and only to the query and caller they are of."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.outcome import Category, FhirError
from fhir_server.search.cursor import Position, decode, encode
from fhir_server.search.expression import Everything
from fhir_server.search.plan import plan
from fhir_server.search.query import SearchQuery
from tests.search.finding import parsed

KEY = b"k" * 32
QUERY = parsed("Observation?code=a&_sort=-date")
PLACE = Position((1359328228000000, "é", None), "id-1", backward=True)


@given(
    st.lists(st.one_of(st.none(), st.integers(-(2**62), 2**62), st.text()), max_size=3),
    st.text(min_size=1),
    st.booleans(),
)
def test_a_position_comes_back(
    values: list[str | int | None], logical_id: str, backward: bool
) -> None:
    place = Position(tuple(values), logical_id, backward)
    text = encode(place, QUERY, "app/ann", KEY)
    assert decode(text, QUERY, "app/ann", KEY) == place


TOKEN = encode(PLACE, QUERY, "app/ann", KEY)


@pytest.mark.parametrize(
    ("text", "query", "caller", "key"),
    [
        (TOKEN, parsed("Observation?code=b&_sort=-date"), "app/ann", KEY),
        (TOKEN, parsed("Condition?code=a"), "app/ann", KEY),
        (TOKEN, QUERY, "app/bob", KEY),
        (TOKEN, QUERY, "app/ann", b"other"),
        (TOKEN[:-4], QUERY, "app/ann", KEY),
        ("A" + TOKEN[1:], QUERY, "app/ann", KEY),
        ("", QUERY, "app/ann", KEY),
        ("é", QUERY, "app/ann", KEY),
        ("$where", QUERY, "app/ann", KEY),
        (urlsafe_b64encode(b'[[],"x",false]').decode(), QUERY, "app/ann", KEY),
    ],
)
def test_a_foreign_or_damaged_position_is_refused(
    text: str, query: SearchQuery, caller: str, key: bytes
) -> None:
    """F13, Q11, Y7: a page link is worthless to others, and no 5xx."""
    with pytest.raises(FhirError) as caught:
        decode(text, query, caller, key)
    assert caught.value.category is Category.INVALID


@pytest.mark.parametrize("search", ["Observation", "Observation?_sort=_id", "Patient?name=a"])
def test_a_position_of_another_order_is_refused(search: str) -> None:
    """The order may have changed with the caller's policy between two pages."""
    with pytest.raises(FhirError):
        plan(parsed(search), Everything(), Position(("a", "b", "c"), "id"))
