"""Every row holds, in memory and in the store, and together they leave out nothing listed.

Q1, Q2, Q3, Q4, Q5, Q7, Q8: the tables are in `tests/search/rows`, a type of parameter each.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from pymongo import AsyncMongoClient

from fhir_server.search.types import date
from fhir_server.store import Database, UnrestrictedStore
from tests.search.finding import BASE, found, parsed
from tests.search.rows.cells import cells, comparisons, required
from tests.search.rows.every import TABLES
from tests.search.rows.row import Kind, Resource, Row, Table

ROWS = [(table, row) for table in TABLES for row in table.rows]
STORED = [each for each in TABLES if not each.own_times]


@pytest.mark.parametrize(("table", "row"), ROWS, ids=lambda each: getattr(each, "query", ""))
def test_what_a_row_finds(table: Table, row: Row) -> None:
    """Q1, Q2, Q3, Q4, Q5, Q7, Q8."""
    assert found(table.search(row), table.resources).split() == row.ids


@pytest.mark.parametrize("table", STORED, ids=lambda each: each.name)
async def test_the_store_finds_the_same(mongodb_uri: str, database_name: str, table: Table) -> None:
    """Q1, Q2, Q3, Q4, Q5, Q7, Q8: MongoDB's filters say what the rows say."""
    name = f"{database_name}_{TABLES.index(table)}"
    database = await Database.connect(mongodb_uri, name, cursor_key=b"k" * 32, base_url=BASE)
    async with database:
        store = UnrestrictedStore(database, "test")
        await store.create_many([(table.type_name, one["id"], one) for one in table.resources])
        for row in table.rows:
            page = await store.search(parsed(table.search(row)))
            assert sorted(match.logical_id for match in page.matches) == row.ids, row
    async with AsyncMongoClient[Resource](mongodb_uri) as client:
        await client.drop_database(name)


def test_what_is_listed_has_a_row_of_each_kind() -> None:
    """Each type of parameter with each modifier, prefix and form that the catalogue lists."""
    counted = Counter((cell, row.kind) for table, row in ROWS for cell in cells(table.search(row)))
    without = [
        (cell, kind)
        for cell in required() | comparisons()
        for kind in Kind
        if not counted[cell, kind]
    ]
    assert sorted(without) == []


def test_a_row_proves_nothing_that_is_not_listed() -> None:
    for table, row in ROWS:
        assert cells(table.search(row)) <= required() | comparisons(), row


def test_an_edge_is_one() -> None:
    """The one resource is found and the other, which is there, is not."""
    for table, row in ROWS:
        if row.edge:
            inside, outside = row.edge.split()
            assert inside in row.ids, row
            assert outside in {each["id"] for each in table.resources} - set(row.ids), row


def test_the_margin_of_a_date() -> None:
    """R4 `search.html#prefix` recommends a tenth of the gap between now and the date."""
    now = datetime(2013, 1, 24, tzinfo=UTC)
    _, widened = date.read("date", "ap2013-01-14", now)
    first = date.span("2013-01-13T02:24:00.000000Z")
    last = date.span("2013-01-15T21:36:00.000000Z")
    assert first is not None
    assert last is not None
    assert (widened.start, widened.end) == (first.start, last.start)
