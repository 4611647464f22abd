"""Numbers as text are in the order of the numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.search.amounts import HIGHEST, LOWEST, after, before

NUMBERS = [
    "0",
    "-0.0",
    "1",
    "1.0",
    "-1",
    "10",
    "9.99",
    "0.1",
    "-0.1",
    "-0.11",
    "1e30",
    "1e-30",
    "100.5",
    "100.05",
    "123456789012345678.123456789",
    "1e400",
    "-1e-400",
]
number = st.one_of(
    st.sampled_from(NUMBERS).map(Decimal),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-200, max_value=200, places=2),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20),
)


@given(number, number)
def test_cuts_are_in_the_order_of_numbers(one: Decimal, other: Decimal) -> None:
    """Q4: compared as text, before and after each number."""
    assert (before(one) < before(other)) is (one < other)
    assert (after(one) < after(other)) is (one < other)
    assert (after(one) < before(other)) is (one < other)
    assert (before(one) == before(other)) is (one == other)
    assert LOWEST < before(one) < after(one) < HIGHEST


@pytest.mark.parametrize("text", ["1e999999", "-1e999999", "1e-999999", "9" * 5000])
def test_numbers_out_of_all_bounds_have_a_place(text: str) -> None:
    assert LOWEST < before(Decimal(text)) < after(Decimal(text)) < HIGHEST
