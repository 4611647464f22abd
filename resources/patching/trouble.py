"""Why a patch cannot be applied."""

from __future__ import annotations

from typing import Final

MOST_OPERATIONS: Final = 1_000
"""Operations of one patch."""


class BadPatch(ValueError):
    """The patch is none, or does not fit the resource; the message says which operation."""


class TestFailed(BadPatch):
    """A `test` found something else than it asked for, so that nothing is changed."""

    __test__ = False  # no test of ours, whatever its name says to pytest
