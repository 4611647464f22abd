"""One contract for the storage protocols; whatever replaces MongoDB has to pass it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from smart_auth.records import (
    Approval,
    AuthorizationCode,
    AuthorizationRequest,
    Client,
    RefreshToken,
    Session,
    StoredKey,
    User,
)
from smart_auth.secrets_at_rest import new_id
from smart_auth.storage import MongoStorage, Storage, StorageUnavailable

NOW = datetime.now(UTC).replace(microsecond=123_000)
SOON = NOW + timedelta(hours=1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def storage(mongodb_uri: str, database_name: str) -> AsyncIterator[Storage]:
    storage: Storage = MongoStorage.connect(mongodb_uri, database_name)
    await storage.prepare()
    await storage.prepare()
    yield storage
    await storage.close()


async def test_clients(storage: Storage) -> None:
    jwks = ({"kty": "RSA", "kid": "k", "n": "AQ", "e": "AQAB"},)
    client = Client(new_id(), "App", "none", ("https://a/b",), ("openid",), None, jwks)
    await storage.add_client(client)
    assert await storage.client(client.id) == client
    assert await storage.client("other") is None
    assert await storage.set_client_suspended(client.id, True)
    assert await storage.client(client.id) == replace(client, suspended=True)
    assert not await storage.set_client_suspended("other", True)


async def test_users_have_one_name(storage: Storage) -> None:
    user = User(new_id(), "ann", "hash", "Patient/ann")
    assert await storage.add_user(user)
    assert not await storage.add_user(replace(user, id=new_id()))
    assert await storage.user(user.id) == await storage.user_named("ann") == user
    assert await storage.user_named("Ann") is None
    assert await storage.set_user_suspended(user.id, True)
    assert await storage.set_password_hash(user.id, "other")
    changed = await storage.user(user.id)
    assert changed == replace(user, suspended=True, password_hash="other")


async def test_sessions(storage: Storage) -> None:
    mine, other = (Session(new_id(), user, NOW, SOON) for user in ("u1", "u2"))
    await storage.add_session(mine)
    await storage.add_session(other)
    assert await storage.session(mine.id) == mine
    await storage.end_sessions_of("u1")
    assert await storage.session(mine.id) is None
    assert await storage.session(other.id) == other
    await storage.end_session(other.id)
    assert await storage.session(other.id) is None


async def test_authorization_request_is_taken_once_by_whom_it_was_shown_to(
    storage: Storage,
) -> None:
    request = AuthorizationRequest(
        new_id(), "c", "https://a/b", ("openid",), "s", None, "x", None, SOON
    )
    await storage.add_request(request)
    assert await storage.request(request.id) == request
    assert await storage.take_request(request.id, "u") is None
    await storage.show_request(request.id, "u")
    assert await storage.take_request(request.id, "other") is None
    taken = await asyncio.gather(*(storage.take_request(request.id, "u") for _ in range(5)))
    assert [each for each in taken if each] == [replace(request, shown_to="u")]
    assert await storage.request(request.id) is None


async def test_codes_are_used_once(storage: Storage) -> None:
    code = AuthorizationCode(new_id(), "g", "c", "https://a/b", "x", "n", NOW, SOON, SOON)
    await storage.add_code(code)
    assert await storage.code(code.id) == code
    used = await asyncio.gather(*(storage.use_code(code.id) for _ in range(5)))
    assert sorted(used) == [False] * 4 + [True]
    assert await storage.code(code.id) == replace(code, used=True)
    assert not await storage.use_code("other")


def approval(user_id: str | None, client_id: str) -> Approval:
    return Approval(new_id(), client_id, "s", user_id, ("a", "b"), "p", "Patient/p", NOW, SOON)


async def test_grants(storage: Storage) -> None:
    grant = approval("u", "c")
    await storage.add_grant(grant)
    assert await storage.grant(grant.id) == grant
    later = SOON + timedelta(days=1)
    assert await storage.keep_grant(grant.id, later)
    assert await storage.keep_grant(grant.id, NOW)
    assert await storage.grant(grant.id) == replace(grant, expires_at=later)
    assert await storage.revoke_grant(grant.id)
    assert not await storage.keep_grant(grant.id, later)
    assert not await storage.revoke_grant("other")
    revoked = await storage.grant(grant.id)
    assert revoked
    assert revoked.revoked


async def test_grants_of_a_user_or_a_client_are_revoked_together(storage: Storage) -> None:
    grants = [approval("u1", "c1"), approval("u1", "c2"), approval("u2", "c2")]
    for grant in grants:
        await storage.add_grant(grant)

    async def revoked() -> list[bool]:
        found = [await storage.grant(grant.id) for grant in grants]
        return [each.revoked for each in found if each]

    await storage.revoke_grants_of_user("u1")
    assert await revoked() == [True, True, False]
    await storage.revoke_grants_of_client("c2")
    assert await revoked() == [True, True, True]


async def test_refresh_tokens_are_used_once(storage: Storage) -> None:
    token = RefreshToken(new_id(), "g", "c", SOON)
    await storage.add_refresh_token(token)
    assert await storage.refresh_token(token.id) == token
    used = await asyncio.gather(*(storage.use_refresh_token(token.id) for _ in range(5)))
    assert sorted(used) == [False] * 4 + [True]
    assert await storage.refresh_token(token.id) == replace(token, used=True)


async def test_keys_have_one_slot(storage: Storage) -> None:
    key = StoredKey(new_id(), "id_token", "id_token:0", {"kty": "RSA"}, "sealed", NOW)
    assert await storage.add_key(key)
    assert not await storage.add_key(replace(key, id=new_id()))
    assert list(await storage.keys()) == [key]
    await storage.retire_key(key.id, SOON)
    assert list(await storage.keys()) == [replace(key, retired_at=SOON)]
    await storage.remove_key(key.id)
    assert not await storage.keys()


async def test_assertions_have_one_first_use(storage: Storage) -> None:
    name = new_id()
    firsts = await asyncio.gather(*(storage.first_use(name, SOON) for _ in range(5)))
    assert sorted(firsts) == [False] * 4 + [True]


async def test_changes_are_heard_in_order(storage: Storage) -> None:
    assert not await storage.changes_since(None)
    for name in ("grant:a", "keys", "grant:b", "keys"):
        await storage.announce(name)
        await asyncio.sleep(0.002)
    heard = await storage.changes_since(None)
    assert [change.id for change in heard] == ["grant:a", "grant:b", "keys"]
    since = await storage.changes_since(heard[1].at)
    assert [change.id for change in since] == ["grant:b", "keys"]


async def test_many_may_announce_the_same_change_at_once(storage: Storage) -> None:
    names = [new_id() for _ in range(10)]
    for name in names:
        await asyncio.gather(*(storage.announce(name) for _ in range(20)))
    heard = [change.id for change in await storage.changes_since(None)]
    assert [heard.count(name) for name in names] == [1] * len(names)


async def test_failures_are_counted(storage: Storage) -> None:
    for _ in range(3):
        await storage.add_failure("k", NOW, SOON)
    found = await storage.failures("k")
    assert found
    assert (found.count, found.last_at, found.purge_at) == (3, NOW, SOON)
    await storage.forget_failures("k")
    assert await storage.failures("k") is None


async def test_what_ended_is_cleared_away_by_mongodb(mongodb_uri: str, database_name: str) -> None:
    from pymongo import AsyncMongoClient

    async with AsyncMongoClient[dict[str, object]](mongodb_uri) as client:
        database = client[database_name]
        expiring: set[str] = set()
        for name in await database.list_collection_names():
            indexes = await database[name].index_information()
            if any("expireAfterSeconds" in index for index in indexes.values()):
                expiring.add(name)
    assert expiring == {
        "smart_sessions",
        "smart_authorization_requests",
        "smart_codes",
        "smart_grants",
        "smart_refresh_tokens",
        "smart_used_assertions",
        "smart_changes",
        "smart_sign_in_failures",
    }


async def test_a_store_that_cannot_answer_says_so(mongodb_uri: str) -> None:
    storage = MongoStorage.connect(mongodb_uri, "closed")
    await storage.close()
    with pytest.raises(StorageUnavailable):
        await storage.client("c")
    with pytest.raises(StorageUnavailable):
        await storage.announce("keys")
