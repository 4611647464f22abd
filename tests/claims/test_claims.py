"""Sections 7 (F), 9 (W) and 11 (O) of the requirements are shown whole, by tests that are there."""

from __future__ import annotations

import pytest

from tests.claims.claim import SECTIONS, claims, is_there

ASKED = {
    "rest": [f"F{number}" for number in range(1, 15)],
    "transactions": [f"W{number}" for number in range(1, 10)],
    "robustness": [f"O{number}" for number in range(1, 6)],
}
"""The requirements of each section."""


@pytest.mark.parametrize("section", SECTIONS)
def test_every_requirement_has_its_claims(section: str) -> None:
    found = claims(section)
    assert list(dict.fromkeys(each.requirement for each in found)) == ASKED[section]
    assert len({each.name for each in found}) == len(found)
    assert all(each.words for each in found)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_claim_is_shown_by_tests_that_are_there(section: str) -> None:
    without = [each.name for each in claims(section) if not each.tests]
    gone = [test for each in claims(section) for test in each.tests if not is_there(test)]
    assert (without, gone) == ([], [])
