"""What a search answers besides its matches, by rows (Q6, Q9, Q10, Q11, Q12; R4 3.1.1.5)."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
import pytest_asyncio

from resources import fhir_json
from tests.search.rows.answer import Answer, cells, required
from tests.search.rows.answers import ANSWERS
from tests.search.rows.row import Kind
from tests.search.rows.world import RESOURCES
from tests.serving import Caller

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def stored(system: Caller) -> None:
    entry = [
        {
            "resource": each,
            "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"},
        }
        for each in RESOURCES
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entry}
    answer = await system.post("", fhir_json.dump(bundle))
    assert answer.status_code == 200, answer.text[:500]


def _of(bundle: dict[str, Any], mode: str) -> list[dict[str, Any]]:
    entries = bundle.get("entry", ())
    return [each["resource"] for each in entries if each["search"]["mode"] == mode]


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: row.search)
async def test_what_is_answered(system: Caller, row: Answer) -> None:
    """Q6, Q9, Q10, Q11, Q12 by GET; and by POST the same (Q13a)."""
    answer = await system.get(row.search)
    assert answer.status_code == 200, answer.text[:500]
    bundle = answer.json()
    matches = [each["id"] for each in _of(bundle, "match")]
    assert (matches if row.ordered else sorted(matches)) == row.matches.split()
    included = [f"{each['resourceType']}/{each['id']}" for each in _of(bundle, "include")]
    assert sorted(included) == row.included.split()
    links = {each["relation"] for each in bundle["link"]}
    if row.more is not None:
        assert ("next" in links) is row.more
    if row.total is not None:
        assert bundle["total"] == row.total
    if row.untold:
        assert "total" not in bundle
    if row.left is not None:
        first = _of(bundle, "match")[0]
        assert sorted(first.keys() - {"resourceType", "id", "meta"}) == row.left.split()
    type_name, _, query = row.search.partition("?")
    posted = await system("POST", f"{type_name}/_search".lstrip("/"), query, headers=FORM)
    assert _told(posted.json()) == _told(bundle)


def _told(bundle: dict[str, Any]) -> str:
    """All but the bundle's own id and time, and the positions in links."""
    whole = {
        key: value
        for key, value in bundle.items()
        if key not in ("id", "meta", "timestamp", "link")
    }
    return json.dumps([whole, [each["relation"] for each in bundle["link"]]])


def test_what_is_offered_has_a_row_of_each_kind() -> None:
    """Each result parameter, include, chain and sort, by what the server lists of them."""
    counted = Counter(
        (cell, kind) for row in ANSWERS for cell in cells(row.search) for kind in row.proves
    )
    without = [(cell, kind) for cell in required() for kind in Kind if not counted[cell, kind]]
    assert sorted(without) == []


def test_a_row_proves_nothing_that_is_not_offered() -> None:
    for row in ANSWERS:
        assert cells(row.search) <= required(), row.search
