"""Why a patch cannot be applied, and how much work one may be."""

from __future__ import annotations

from typing import Final

MOST_OPERATIONS: Final = 1_000
"""Operations of one patch."""
MOST_LOOKED_AT: Final = 250_000
"""Elements that the paths of one patch walk through, which takes about half a second."""


class BadPatch(ValueError):
    """The patch is none, or does not fit the resource; the message says which operation."""


class TestFailed(BadPatch):
    """A `test` found something else than it asked for, so that nothing is changed."""

    __test__ = False  # no test of ours, whatever its name says to pytest


class Effort:
    """What the operations of one patch may still cost: a path of a few characters may look at all
    of a large resource, and a patch has many."""

    def __init__(self) -> None:
        self._left = MOST_LOOKED_AT

    def spend(self, elements: int) -> None:
        """Raises `BadPatch` where there is nothing left."""
        self._left -= elements
        if self._left < 0:
            raise BadPatch(
                f"all in all, its operations look at more than {MOST_LOOKED_AT} elements; "
                "send it in several parts, or update the resource"
            )
