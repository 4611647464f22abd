"""What a plan finds in a real MongoDB is what the plain decision in Python says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient
from pymongo.collection import Collection

from fhir_server.search.expression import (
    Everything,
    Expression,
    KeyPrefix,
    LastUpdated,
    Member,
    Prefix,
    Span,
    conjunction,
)
from fhir_server.search.filters import moment
from fhir_server.search.matching import matches
from fhir_server.search.plan import INDEXES, MongoPlan, derived_fields, plan
from fhir_server.search.query import SearchQuery, SortKey, parse_criteria
from tests.search.finding import CATALOGUE
from tests.search.world import MAIN, World, dated, expressions, policies, world

Document = dict[str, Any]
WORLDS = {name: world(name, 250, seed) for seed, name in enumerate(MAIN)}
_quick = settings(deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def collections(mongodb_uri: str) -> Iterator[dict[str, Collection[Document]]]:
    client: MongoClient[Document] = MongoClient(mongodb_uri, tz_aware=True)
    with client:
        database = client[f"plan_{uuid4().hex[:8]}"]
        for name, each in WORLDS.items():
            collection = database[name]
            for index in INDEXES(name):
                collection.create_index(list(index.fields), name=index.name)
            collection.insert_many(
                {
                    "_id": entry.logical_id,
                    "t": moment(entry.last_updated // 1000),
                    **derived_fields(entry),
                }
                for entry in each.entries
            )
            collection.insert_one({"_id": "deleted", "x": True, "t": moment(3), "m": ["p1"]})
        yield {name: database[name] for name in WORLDS}
        client.drop_database(database.name)


def rows(collection: Collection[Document], planned: MongoPlan) -> list[Document]:
    cursor = collection.find(planned.filter, dict.fromkeys(("_id", *planned.fields), 1))
    if planned.hint:
        cursor = cursor.hint(planned.hint)
    if planned.sort:
        cursor = cursor.sort(list(planned.sort))
    if planned.low is not None and planned.high is not None:
        cursor = cursor.min(list(planned.low)).max(list(planned.high))
    return list(cursor.limit(planned.limit))


def expected(of: World, *conditions: Expression) -> set[str]:
    whole = conjunction(*conditions)
    return {entry.logical_id for entry in of.entries if matches(whole, entry)}


def sorts(type_name: str) -> st.SearchStrategy[tuple[SortKey, ...]]:
    names = ("_id", "_lastUpdated", MAIN[type_name], "name", "issued")
    key = st.builds(SortKey, st.sampled_from(names), st.booleans())
    return st.one_of(st.just(()), st.lists(key, min_size=1, max_size=2).map(tuple))


searches = st.sampled_from(list(WORLDS.values())).flatmap(
    lambda of: st.tuples(st.just(of), expressions(of), policies(of), sorts(of.type_name))
)


@given(searches)
@settings(_quick, max_examples=150)
def test_a_plan_finds_what_matches(
    collections: dict[str, Collection[Document]],
    search: tuple[World, Expression, Expression, tuple[SortKey, ...]],
) -> None:
    """Q3, Q5: filter, index bounds and policy together are the plain decision."""
    of, where, policy, sort = search
    planned = plan(SearchQuery(of.type_name, where, sort=sort, count=1000), policy)
    found = [row["_id"] for row in rows(collections[of.type_name], planned)]
    assert sorted(found) == sorted(expected(of, where, policy))
    counted = collections[of.type_name].count_documents(planned.of_all_pages)
    assert counted == len(found)
    if planned.otherwise is not None:
        walked = rows(collections[of.type_name], planned.otherwise)
        assert [row["_id"] for row in walked] == found


@given(searches)
@settings(_quick, max_examples=60)
def test_candidates_and_the_rest_are_the_whole(
    collections: dict[str, Collection[Document]],
    search: tuple[World, Expression, Expression, tuple[SortKey, ...]],
) -> None:
    """What the index says by itself leaves nothing out, and what is left to judge says the rest."""
    of, where, policy, sort = search
    planned = plan(SearchQuery(of.type_name, where, sort=sort, count=1000), policy)
    if planned.candidates is not None:
        both = {"$and": [planned.candidates, planned.rest]}
        found = collections[of.type_name].find(both, {"_id": 1})
        assert sorted(row["_id"] for row in found) == sorted(expected(of, where, policy))


by_date = st.sampled_from(list(WORLDS.values())).flatmap(
    lambda of: st.tuples(
        st.just(of),
        dated(of),
        policies(of),
        st.sampled_from(((), (SortKey(MAIN[of.type_name], descending=False),))),
    )
)


@given(by_date, st.sampled_from((5, 25)))
@settings(_quick, max_examples=60)
def test_a_date_is_found_however_long_it_lasts(
    collections: dict[str, Collection[Document]],
    search: tuple[World, Expression, Expression, tuple[SortKey, ...]],
    count: int,
) -> None:
    """Q5: the walks of what lasts longer than a day, and its pages, find what is asked for."""
    of, where, policy, sort = search
    query = SearchQuery(of.type_name, where, sort=sort, count=count)
    planned, joined = plan(query, policy), list[str]()
    counted = collections[of.type_name].count_documents(planned.of_all_pages)
    while page := rows(collections[of.type_name], planned):
        joined += [row["_id"] for row in page[:count]]
        if len(page) <= count:
            break
        planned = plan(query, policy, planned.position(page[count - 1]))
    assert sorted(joined) == sorted(expected(of, where, policy))
    assert counted == len(joined)


@pytest.mark.parametrize("prefix", list(Prefix))
@pytest.mark.parametrize("start", [0, 3000, 3500, 7001, 19_000, 20_000])
@pytest.mark.parametrize("length", [1, 500, 1000, 1500])
def test_last_updated_is_kept_to_the_millisecond(
    collections: dict[str, Collection[Document]], prefix: Prefix, start: int, length: int
) -> None:
    where = LastUpdated(prefix, Span(start, start + length))
    of = WORLDS["Observation"]
    planned = plan(SearchQuery("Observation", where, count=1000), Everything())
    found = {row["_id"] for row in rows(collections["Observation"], planned)}
    assert found == expected(of, where)


@pytest.mark.parametrize("start", ["a", "ann", "long"])
def test_pages_in_the_order_of_keys_have_no_repeats(
    collections: dict[str, Collection[Document]], start: str
) -> None:
    """A resource is found at the first of its keys, and not again at the others."""
    of, where = WORLDS["Patient"], KeyPrefix(f"name\x1fs\x1f{start}")
    query = SearchQuery("Patient", where, count=3)
    planned, joined = plan(query, Everything()), list[str]()
    assert not planned.reversible
    while page := rows(collections["Patient"], planned):
        joined += [row["_id"] for row in page[:3]]
        planned = plan(query, Everything(), planned.position(page[: query.count][-1]))
    assert len(joined) == len(set(joined))
    assert set(joined) == expected(of, where)


@given(searches, st.sampled_from((3, 7, 40)))
@settings(_quick, max_examples=30)
def test_pages_join_to_the_whole(
    collections: dict[str, Collection[Document]],
    search: tuple[World, Expression, Expression, tuple[SortKey, ...]],
    count: int,
) -> None:
    """Q11: page by page, forward and back again, is the whole list without repeats."""
    of, where, policy, sort = search
    collection = collections[of.type_name]
    whole = rows(collection, plan(SearchQuery(of.type_name, where, sort=sort, count=1000), policy))
    query = SearchQuery(of.type_name, where, sort=sort, count=count)
    planned = plan(query, policy)
    page = rows(collection, planned)
    joined: list[str] = []
    while page:
        joined += [row["_id"] for row in page[:count]]
        last = page[min(count, len(page)) - 1]
        planned = plan(query, policy, planned.position(last))
        page = rows(collection, planned)
    assert joined == [row["_id"] for row in whole]
    if not planned.reversible or not whole:
        return
    back: list[str] = [whole[-1]["_id"]]
    first = whole[-1]
    while page := rows(
        collection, planned := plan(query, policy, planned.position(first, backward=True))
    ):
        assert planned.backward
        back += [row["_id"] for row in page[:count]]
        first = page[min(count, len(page)) - 1]
    assert back[::-1] == joined


@pytest.mark.parametrize(
    "criteria",
    [
        "code-value-quantity=http://loinc.org|8480-6$gt150",
        "component-code-value-quantity=8480-6$gt150",
        "combo-code-value-quantity=8480-6$gt150",
    ],
)
@pytest.mark.parametrize("policy", [Everything(), Member(frozenset(("p1",)))])
def test_a_composite_is_bounded_by_its_code(criteria: str, policy: Expression) -> None:
    """Q7: what its code says of the whole resource is the key that the index is walked by."""
    where = parse_criteria(CATALOGUE, "Observation", criteria)
    planned = plan(SearchQuery("Observation", where), policy)
    assert planned.hint == "keys"
    first = planned.filter["k"]
    wanted = first["$in"] if isinstance(first, dict) else [first]
    assert all(key.endswith("8480-6") for key in wanted)
