"""The report says what the tests prove, and section 8 of the requirements is proved whole."""

from __future__ import annotations

from tests.search.report import tables
from tests.search.report.claims import CLAIMS
from tests.search.report.evidence import places_by_id, proving
from tests.search.rows import answer, cells


def test_every_claim_is_proved() -> None:
    """By rows of each cell that it names, by tables, or by tests that carry its id."""
    counted = tables.row_counts() + tables.answer_counts()
    proved = {cell for cell, _ in counted}
    without = [
        claim.name
        for claim in CLAIMS
        if not set(claim.cells) <= proved
        or not (claim.cells or claim.tables or proving(claim.name))
    ]
    assert without == []


def test_no_test_carries_the_id_of_a_claim_that_is_none() -> None:
    known = {each for claim in CLAIMS for each in (claim.name, claim.name.rstrip("abcde"))}
    assert places_by_id().keys() <= known


def test_the_report_has_a_line_for_each_cell() -> None:
    assert len(list(tables.parameters())) == len(cells.required()) + 2
    assert len(list(tables.results())) == len(answer.required()) + 2
    assert len(list(tables.requirements())) == len(CLAIMS) + 2
    assert any("1375" in line for line in tables.every_parameter())
