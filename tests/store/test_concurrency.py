"""F5: nothing is lost and no version is used twice, however many write at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from pymongo import AsyncMongoClient

from fhir_server.outcome import Category, FhirError
from fhir_server.search.expression import Ids
from fhir_server.search.query import parse_criteria
from fhir_server.store import (
    Change,
    Database,
    FhirStore,
    Limits,
    StoredVersion,
    UnrestrictedStore,
)
from fhir_server.store.preconditions import only
from resources.fhir_json import parse
from tests.store.conftest import BASE_URL, CURSOR_KEY
from tests.store.test_versions import patient, refusal


async def outcomes(*calls: Any) -> list[Any]:
    return await asyncio.gather(*calls, return_exceptions=True)


async def test_f5_a_hundred_updates_make_a_hundred_versions(store: FhirStore) -> None:
    one = (await store.create("Patient", patient("0"))).logical_id
    results = await outcomes(
        *(store.update("Patient", one, patient(str(number))) for number in range(100))
    )
    assert sorted(result.stored.version for result in results) == list(range(2, 102))
    page = await store.history("Patient", one, count=200)
    assert [version.version for version in page.versions] == list(range(101, 0, -1))
    names = {parse(version.json)["name"][0]["family"] for version in page.versions}
    assert names == {str(number) for number in range(100)}


async def test_f5_transactions_that_collide_are_run_again(store: FhirStore) -> None:
    """As from several workers: without the queue that one worker has for each resource."""
    one = (await store.create("Patient", patient("0"))).logical_id

    async def change(number: int) -> int:
        changes = [Change("Patient", one, patient(str(number)))]
        return (await store.update_many(changes))[0].stored.version

    results = await outcomes(*(change(number) for number in range(30)))
    assert sorted(results) == list(range(2, 32))


async def test_f5_of_those_who_expect_the_same_version_one_wins(store: FhirStore) -> None:
    one = (await store.create("Patient", patient("0"))).logical_id
    calls: list[Any] = [
        store.update("Patient", one, patient(str(number)), condition=only(1))
        for number in range(20)
    ]
    calls += [store.delete("Patient", one, condition=only(1)) for _ in range(5)]
    results = await outcomes(*calls)
    refused = Counter(
        result.category if isinstance(result, FhirError) else None for result in results
    )
    assert refused == {None: 1, Category.PRECONDITION: 24}
    assert (await store.history("Patient", one, count=9)).total == 2


async def test_update_as_create_makes_one_first_version(store: FhirStore) -> None:
    one = f"t-{uuid4()}"

    async def put(number: int) -> tuple[int, bool]:
        (written,) = await store.update_many([Change("Patient", one, patient(str(number)))])
        return written.stored.version, written.created

    results = await outcomes(*(put(number) for number in range(12)))
    assert sorted(results) == [(1, True), *((number, False) for number in range(2, 13))]


async def test_updates_and_deletes_use_no_version_twice(store: FhirStore) -> None:
    one = (await store.create("Patient", patient("0"))).logical_id
    calls: list[Any] = []
    for number in range(20):
        calls += [store.update("Patient", one, patient(str(number))), store.delete("Patient", one)]
    results = [getattr(result, "stored", result) for result in await outcomes(*calls)]
    versions = [result.version for result in results if isinstance(result, StoredVersion)]
    assert len(versions) + results.count(None) == 40
    assert sorted(versions) == list(range(2, len(versions) + 2))
    page = await store.history("Patient", one, count=100)
    assert page.total == len(versions) + 1
    kinds = [version.deleted for version in page.versions]
    assert not any(first and second for first, second in pairwise(kinds))


async def test_w_equal_conditional_creates_make_one_resource(store: FhirStore) -> None:
    value = uuid4().hex
    criteria = parse_criteria(store.catalogue, "Patient", f"identifier=urn:x|{value}")
    identified = patient("A") | {"identifier": [{"system": "urn:x", "value": value}]}

    async def work(inside: FhirStore) -> tuple[str, bool]:
        await inside.lock([f"Patient?identifier={value}"])
        found = await inside.find("Patient", criteria)
        if found:
            return found[0].logical_id, False
        return (await inside.create("Patient", identified)).logical_id, True

    results = await outcomes(*(store.run_transaction(work) for _ in range(40)))
    assert len({logical_id for logical_id, _ in results}) == 1
    assert sum(created for _, created in results) == 1
    assert len(await store.find("Patient", criteria, limit=5)) == 1


async def test_a_lock_prevents_write_skew(store: FhirStore) -> None:
    """Two doctors may not both go off duty, each having read that the other is on."""
    for _ in range(5):
        ids = [
            (await store.create("Patient", {"resourceType": "Patient", "active": True}))
            for _ in "ab"
        ]
        pair = frozenset(version.logical_id for version in ids)

        async def go_off(mine: str, pair: frozenset[str] = pair) -> bool:
            async def work(inside: FhirStore) -> bool:
                await inside.lock(sorted(pair))
                others = await inside.find("Patient", Ids(pair - {mine}))
                if not parse(others[0].json)["active"]:
                    return False
                await inside.update("Patient", mine, {"resourceType": "Patient", "active": False})
                return True

            return await store.run_transaction(work)

        assert sorted(await outcomes(*(go_off(one) for one in pair))) == [False, True]


async def test_a_lock_outside_a_transaction_is_a_mistake(store: FhirStore) -> None:
    with pytest.raises(RuntimeError):
        await store.lock(["x"])


# ---- all or nothing ----------------------------------------------------------------------------


async def test_w2_a_failure_takes_back_everything(store: FhirStore) -> None:
    kept = await store.create("Patient", patient("kept"))
    dropped = await store.create("Patient", patient("dropped"))
    fresh = f"t-{uuid4()}"

    async def work(inside: FhirStore) -> None:
        await inside.create("Observation", {"resourceType": "Observation"}, logical_id=fresh)
        await inside.update("Patient", kept.logical_id, patient("changed"))
        await inside.delete("Patient", dropped.logical_id)
        assert (await inside.read("Observation", fresh)).version == 1
        await inside.create("Patient", patient("again"), logical_id=kept.logical_id)

    assert (await refusal(store.run_transaction(work))).category is Category.CONFLICT
    assert await store.read("Patient", kept.logical_id) == kept
    assert await store.read("Patient", dropped.logical_id) == dropped
    assert (await store.history("Patient", kept.logical_id, count=9)).total == 1
    assert (await refusal(store.read("Observation", fresh))).category is Category.NOT_FOUND


async def test_w9_readers_never_see_half_a_transaction(store: FhirStore) -> None:
    ids = [f"t-{uuid4()}" for _ in range(300)]
    wanted = Ids(frozenset(ids))
    seen: set[int] = set()
    writing = asyncio.create_task(
        store.create_many([("Patient", one, patient("A")) for one in ids])
    )
    while not writing.done():
        seen.add(len(await store.find("Patient", wanted, limit=400)))
    versions = await writing
    assert seen <= {0, 300}
    assert [version.logical_id for version in versions] == ids
    assert len(await store.find("Patient", wanted, limit=400)) == 300


async def test_types_never_written_are_made_ready_within(store: FhirStore) -> None:
    runs = []

    async def work(inside: FhirStore) -> list[StoredVersion]:
        runs.append(1)
        await inside.find("Basic", Ids(frozenset({"x"})))
        media = await inside.create("Media", {"resourceType": "Media"})
        basic = await inside.create("Basic", {"resourceType": "Basic"})
        return [media, basic]

    for version in await store.run_transaction(work, types=["Media"]):
        assert await store.read(version.type_name, version.logical_id) == version
    assert len(runs) == 2


async def test_a_transaction_within_a_transaction_joins_it(store: FhirStore) -> None:
    one = f"t-{uuid4()}"

    async def work(inside: FhirStore) -> None:
        async def inner(same: FhirStore) -> None:
            await same.create("Patient", patient("A"), logical_id=one)

        await inside.run_transaction(inner)
        raise LookupError

    with pytest.raises(LookupError):
        await store.run_transaction(work)
    assert (await refusal(store.read("Patient", one))).category is Category.NOT_FOUND


async def test_what_is_changed_twice_at_once_is_refused(store: FhirStore) -> None:
    changes = [Change("Patient", "twice", patient("A")), Change("Patient", "twice", patient("B"))]
    assert (await refusal(store.update_many(changes))).category is Category.INVALID


async def test_many_updates_keep_their_order_and_kind(store: FhirStore) -> None:
    there = await store.create("Patient", patient("A"))
    gone = await store.create("Observation", {"resourceType": "Observation"})
    await store.delete("Observation", gone.logical_id)
    changes = [
        Change("Observation", gone.logical_id, {"resourceType": "Observation"}),
        Change("Patient", f"t-{uuid4()}", patient("new")),
        Change("Patient", there.logical_id, patient("A")),
        Change("Observation", f"t-{uuid4()}", {"resourceType": "Observation"}),
    ]
    results = await store.update_many(changes, skip_unchanged=True)
    assert [result.stored.logical_id for result in results] == [one.logical_id for one in changes]
    assert [(result.created, result.changed, result.stored.version) for result in results] == [
        (True, True, 3),
        (True, True, 1),
        (False, False, 1),
        (True, True, 1),
    ]


@pytest.mark.parametrize("idle", [True, False], ids=["between commands", "during a command"])
async def test_w9_a_transaction_beyond_mongodbs_own_limit_says_so(
    mongodb_uri: str, database_name: str, idle: bool
) -> None:
    """Tried again it would only run into it again; nothing of it is left."""
    limits = Limits(lifetime_seconds=1.5)
    async with (
        AsyncMongoClient[dict[str, Any]](mongodb_uri) as client,
        await Database.connect(
            mongodb_uri, database_name, cursor_key=CURSOR_KEY, base_url=BASE_URL, limits=limits
        ) as database,
    ):
        lifetime = {"setParameter": 1, "transactionLifetimeLimitSeconds": 1}
        before = await client.admin.command(lifetime)
        store = UnrestrictedStore(database, "test")
        logical_id = uuid4().hex

        async def work(inside: FhirStore) -> None:
            await inside.create("Patient", patient("0"), logical_id=logical_id)
            if idle:
                await asyncio.sleep(2.5)
            else:
                slow = {"_id": logical_id, "$where": "sleep(3000) || true"}
                await database.many("Patient", slow, {}, inside._reach.session)
            await inside.create("Patient", patient("1"))

        try:
            with pytest.raises(FhirError) as refused:
                await store.run_transaction(work)
        finally:
            restored = {"setParameter": 1, "transactionLifetimeLimitSeconds": before["was"]}
            await client.admin.command(restored)
        assert refused.value.category is Category.TOO_COSTLY
        assert "smaller parts" in str(refused.value)
        assert not await store.find("Patient", Ids(frozenset((logical_id,))))
