"""reindex makes every derived field anew, online, and loses nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from fhir_server.search.expression import Key
from fhir_server.search.query import SearchQuery
from fhir_server.store import Database, FhirStore, Progress, reindex, reindexing
from fhir_server.store.database import HISTORY
from resources.fhir_json import parse

BODY = (
    b'{"resourceType":"Observation","status":"final","subject":{"reference":"Patient/ann"},'
    b'"code":{"coding":[{"code":"x"}]},"valueQuantity":{"value":1.50e-3},'
    b'"component":[{"valueQuantity":{"value":0.10}}]}'
)
BY_CODE = SearchQuery("Observation", Key("code\x1fc\x1fx"), count=99)


async def documents(database: Database, name: str) -> dict[Any, Any]:
    found = await database.many(name, {}, {}, None)
    return {str(one["_id"]): {**one, "k": sorted(one.get("k", ()))} for one in found}


async def test_reindex_restores_every_derived_field(database: Database, store: FhirStore) -> None:
    one, gone = f"t-{uuid4()}", f"t-{uuid4()}"
    for logical_id in (one, gone):
        await store.update("Observation", logical_id, parse(BODY))
        await store.update("Observation", logical_id, parse(BODY))
    await store.delete("Observation", gone)
    names = ("Observation", HISTORY)
    before = [await documents(database, name) for name in names]
    seen: list[Progress] = []
    assert await reindex(database, seen.append) == 0
    wrong = {"k": ["stale"], "m": ["bob"], "json": b"{}", "f": ["stale"], "d": 7}
    for name in names:
        live = {"x": {"$exists": False}}
        broken = wrong if name != HISTORY else {"m": ["bob"], "json": b"{}"}
        await database.collection(name).update_many(live, {"$set": broken})
        await database.collection(name).update_many({"x": True}, {"$set": {"m": []}})
    assert (await store.search(BY_CODE)).matches == ()
    assert await reindex(database, seen.append) == sum(len(found) for found in before)
    assert [await documents(database, name) for name in names] == before
    assert [match.logical_id for match in (await store.search(BY_CODE)).matches] == [one]
    assert b'"value":1.50e-3' in (await store.read("Observation", one)).json
    assert database.needs_reindex is None
    for name in ("Observation", "history"):
        of_one = [progress for progress in seen if progress.name == name]
        assert of_one[-1].done == of_one[-1].total > 0


async def test_reindex_leaves_what_is_written_meanwhile(
    database: Database, store: FhirStore, monkeypatch: Any
) -> None:
    one = (await store.create("Observation", parse(BODY))).logical_id
    await database.collection("Observation").update_one({"_id": one}, {"$set": {"k": ["stale"]}})
    newer = parse(BODY.replace(b'"x"', b'"y"'))
    raced = []
    renewed = reindexing._renewed

    async def race(*given: Any) -> Any:
        write = await renewed(*given)
        if write is not None and not raced:
            raced.append(await store.update("Observation", one, newer))
        return write

    monkeypatch.setattr(reindexing, "_renewed", race)
    await reindex(database, lambda _: None)
    assert raced
    assert (await store.read("Observation", one)).json == raced[0].stored.json
    query = SearchQuery("Observation", Key("code\x1fc\x1fy"))
    assert [match.logical_id for match in (await store.search(query)).matches] == [one]


async def test_what_was_written_since_is_walked_however_much_it_is(
    database: Database, store: FhirStore
) -> None:
    """More than the first batch that MongoDB answers with."""
    before = datetime.now(UTC) - timedelta(seconds=1)
    await store.create_many([("Observation", None, parse(BODY)) for _ in range(250)])
    await database.collection("Observation").update_many({}, {"$set": {"k": ["stale"]}})
    walked = [at async for at in reindexing.walk(database, "Observation", "x", since=before)]
    assert walked[-1].done == walked[-1].total >= 250
    assert sum(at.changed for at in walked) >= 250
    assert await database.count("Observation", {"k": "stale"}, None) == 0
