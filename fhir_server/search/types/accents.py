"""Unicode's decomposition (UAX 15): letters and their accents apart, and without case."""

from __future__ import annotations

from typing import Final
from unicodedata import combining, normalize

_SHORT: Final = 1_000
"""Characters of a text in which a heap of accents does no harm."""
_LONGEST: Final = 1_000_000
"""Characters of what comes of it: some letters are made of eighteen."""
_IOTA: Final = 240
"""The class of the iota below a letter, which is a letter of its own without case."""


def apart(text: str) -> str:
    """The text decomposed and case-folded, accents behind their letters."""
    if len(text) > _SHORT:
        # To put accents in order takes the square of how many stand on one letter, so that those of
        # a long text, which nobody looks for, go first.
        text = "".join(each for each in text if combining(each) in (0, _IOTA))
    return normalize("NFKD", normalize("NFKD", text)[:_LONGEST].casefold())
