"""A page whose documents do not fit into one answer of MongoDB (16 MB) is whole all the same."""

from __future__ import annotations

from fhir_server.search.expression import Everything
from fhir_server.search.query import SearchQuery
from fhir_server.store import Database, UnrestrictedStore

MEGABYTES = 4


async def test_a_page_of_more_than_one_answer(database: Database, store: UnrestrictedStore) -> None:
    # The bytes to send stand in the document once more, as BSON.
    data = "QUJD" * (MEGABYTES * 250_000)
    ids = [f"large-{number}" for number in range(6)]
    for logical_id in ids:
        binary = {"resourceType": "Binary", "contentType": "text/plain", "data": data}
        await store.create("Binary", binary, logical_id=logical_id)
    page = await store.search(SearchQuery("Binary", Everything(), count=10))
    assert sorted(found.logical_id for found in page.matches) == ids
    assert all(len(found.json) > len(data) for found in page.matches)
    assert await database.count("Binary", {}, None) == len(ids)
