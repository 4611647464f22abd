"""How alike two words are that may have been mistyped (pure)."""

from __future__ import annotations

from typing import Final

_LONGEST: Final = 60
"""Letters of a word that count: the cost grows with their square."""
_SHORTEST: Final = 3
_START: Final = 4
_START_WEIGHT: Final = 0.1


def jaro_winkler(one: str, other: str) -> float:
    """From 0 to 1, which is equality: Jaro's measure, raised by what the beginnings share, since
    people seldom mistake a first letter."""
    one, other = one[:_LONGEST], other[:_LONGEST]
    if one == other:
        return 1.0
    alike = _jaro(one, other)
    return alike + _shared_start(one, other) * _START_WEIGHT * (1 - alike)


def _jaro(one: str, other: str) -> float:
    """The letters that both have at about the same place, and how many of them are in order."""
    here, there = _common(one, other), _common(other, one)
    if not here:
        return 0.0
    moved = sum(a != b for a, b in zip(here, there, strict=True)) / 2
    shared = len(here)
    return (shared / len(one) + shared / len(other) + (shared - moved) / shared) / 3


def _common(one: str, other: str) -> str:
    """The letters of the first that the second has within reach, each used once."""
    reach = max(len(one), len(other)) // 2 - 1
    left: list[str | None] = list(other)
    found: list[str] = []
    for at, letter in enumerate(one):
        for place in range(max(0, at - reach), min(len(left), at + reach + 1)):
            if left[place] == letter:
                left[place] = None
                found.append(letter)
                break
    return "".join(found)


def _shared_start(one: str, other: str) -> int:
    pairs = zip(one[:_START], other[:_START], strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other), 4))


def is_one_edit(one: str, other: str) -> bool:
    """Whether one letter more, or another one, makes the one word of the other. Of two letters
    that would be any word."""
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) < _SHORTEST or len(longer) - len(shorter) > 1:
        return False
    at = next((at for at, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), -1)
    return at < 0 or shorter[at + (len(shorter) == len(longer)) :] == longer[at + 1 :]
