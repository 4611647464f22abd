"""Units of UCUM: what is equal, what can be compared, and what is no unit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.ucum import canonical


def _base(value: str, code: str) -> tuple[str, Decimal]:
    unit = canonical(code)
    assert unit is not None, code
    return unit.dimension, unit.of(Decimal(value))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("1", "g"), ("1000", "mg")),
        (("0.0054", "g"), ("5.4", "mg")),
        (("98.6", "[degF]"), ("37", "Cel")),
        (("37", "Cel"), ("310.15", "K")),
        (("37", "Cel"), ("37000", "mCel")),
        (("212", "[degF]"), ("80", "[degRe]")),
        (("1", "[in_i]"), ("2.54", "cm")),
        (("1", "[lb_av]"), ("453.59237", "g")),
        (("5", "10*3/uL"), ("5", "10*9/L")),
        (("5", "10^3/uL"), ("5000", "/uL")),
        (("72", "{beats}/min"), ("1.2", "Hz")),
        (("120", "mm[Hg]"), ("12", "cm[Hg]")),
        (("1", "N"), ("1", "kg.m/s2")),
        (("1", "m/(s.s)"), ("1", "m/s/s")),
        (("1", "m/s2"), ("1", "m.s-2")),
        (("1", "a"), ("365.25", "d")),
        (("98", "%"), ("0.98", "1")),
        (("4", "{score}"), ("4", "1")),
        (("1", "L"), ("1", "l")),
        (("1", "k[iU]/L"), ("1", "[iU]/mL")),
        (("1", "umol/L"), ("0.001", "mmol/L")),
        (("60", "mL/min"), ("1", "mL/s")),
        (("1", "dag"), ("10", "g")),
    ],
)
def test_equal_amounts(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Q4: by the factors of UCUM, exactly."""
    assert _base(*one) == _base(*other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("g", "L"),
        ("[iU]", "1"),
        ("[iU]/L", "[arb'U]/L"),
        ("[pH]", "mol/L"),
        ("B[SPL]", "Pa"),
        ("m", "m2"),
        ("m/s", "s/m"),
    ],
)
def test_amounts_that_cannot_be_compared(one: str, other: str) -> None:
    assert _base("1", one)[0] != _base("1", other)[0]


@pytest.mark.parametrize(
    "code",
    [
        "", "mmHg", "beats/min", "Cel/min", "Cel2", "kk", "m//s", "m.", "(m", "m)", "{a", "m s",
        "m999", "0", "10*9999", "kmin", "MG[", "\N{MICRO SIGN}g", "m" * 200, "((((", "{a}{b}", "-1",
    ],
)  # fmt: skip
def test_what_is_no_unit(code: str) -> None:
    """Misspelt ones, what cannot be said in base units, and what is out of all bounds."""
    assert canonical(code) is None


@given(st.text(st.sampled_from("mgkLs10*^/.-+2{}()[]Hg%")))
def test_any_text_is_a_unit_or_none(code: str) -> None:
    """F12: no code breaks the parser."""
    unit = canonical(code)
    assert unit is None or unit.of(Decimal(1)) is not None


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-1000, max_value=1000)
)
def test_the_way_makes_no_difference(value: Decimal) -> None:
    """A third of the way round is rounded once, whichever way it is gone."""
    assert _base(str(value * 60), "mL/h") == _base(str(value), "mL/min")
    assert _base(str(value * 9 / 5 + 32), "[degF]") == _base(str(value), "Cel")
