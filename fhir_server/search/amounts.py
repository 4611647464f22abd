"""Numbers as text that MongoDB and Python put in the same order, to the last of 34 digits.

What is stored and asked are cuts of the number line, just before or just after a number, so that
a stretch between two cuts can hold either end or leave it out: 5 is what lies between just before
5 and just after it, and `<5` ends just before. The text of a cut is sign, exponent and digits.
"""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from functools import lru_cache
from typing import Final

LOWEST: Final = "0"
"""The cut before every number."""
HIGHEST: Final = "9"
"""The cut after every number."""
_DIGITS: Final = Context(prec=34, Emax=MAX_EMAX, Emin=MIN_EMIN)
_BIAS: Final = 5000
_OPPOSITE: Final = str.maketrans("0123456789", "9876543210")


def before(value: Decimal) -> str:
    """The cut just before a number."""
    text = _text(_DIGITS.plus(value))
    return text + (":" if text[0] == "4" else "(")


def after(value: Decimal) -> str:
    """The cut just after a number."""
    text = _text(_DIGITS.plus(value))
    return text + (";" if text[0] == "4" else ")")


def number_of(cut: str) -> Decimal | None:
    """The number that a cut stands beside; None for the ends of the line."""
    if cut in (LOWEST, HIGHEST):
        return None
    sign, digits = cut[0], cut[1:-1]
    if not digits:
        return Decimal(0)
    if sign == "4":
        digits = digits.translate(_OPPOSITE)
    exponent = int(digits[:4]) - _BIAS - (len(digits) - 5)
    found = Decimal(int(digits[4:])).scaleb(exponent, _DIGITS)
    return -found if sign == "4" else found


@lru_cache(maxsize=8192)
def _text(rounded: Decimal) -> str:
    """Of a negative number all digits are turned round, and what follows them is above digits.

    It is rounded before it is kept, as a resource may have a million digits.
    """
    if not rounded:
        return "5"
    mantissa, _, power = f"{rounded:e}".partition("e")
    exponent = _BIAS + max(1 - _BIAS, min(int(power), _BIAS - 1))
    digits = mantissa.lstrip("-").replace(".", "").rstrip("0")
    text = f"{exponent:04d}{digits}"
    return "6" + text if rounded > 0 else "4" + text.translate(_OPPOSITE)
