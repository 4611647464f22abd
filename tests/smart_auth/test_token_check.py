"""What passes as an access token, and how soon a worker hears that one no longer does."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from pymongo import AsyncMongoClient

from smart_auth.authentication import TokenCache
from smart_auth.grant import Grant
from smart_auth.keys import FOR_ACCESS, KeyRing
from smart_auth.server import AuthorizationServer
from smart_auth.storage import StorageUnavailable
from smart_auth.tokens import InvalidToken
from tests.smart_auth.people import TestDirectory, TestScopeRules
from tests.smart_auth.test_standalone_launch import claims_of
from tests.smart_auth.world import Launcher, World, encoded, hmac_signed, open_world

SCOPE = "patient/*.rs openid offline_access"


async def test_t2_what_is_no_access_token(world: World, launch: Launcher) -> None:
    begun = launch(SCOPE)
    tokens = await begun.tokens("ann")
    code = await begun.code("ann")
    head, body, signature = tokens["access_token"].split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    published = await _published(world)
    unsigned = encoded(json.dumps({**header, "alg": "none"}).encode())
    claims = claims_of(tokens["access_token"])
    own = ECKey.generate_key("P-256", {"kid": "own"})
    widened = encoded(str({**claims, "scope": "system/*.cruds"}).replace("'", '"').encode())
    forgeries = [
        "",
        "nonsense",
        "a.b.c",
        tokens["id_token"],
        tokens["refresh_token"],
        code,
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{widened}.{signature}",
        f"{encoded(b'{}')}.{body}.{signature}",
        f"{encoded(b'[1]')}.{body}.{signature}",
        f"{encoded(b'[' * 12000)}.{body}.{signature}",
        f"{unsigned}.{body}.",
        f"{unsigned}.{body}.{signature}",
        jwt.encode(header, claims, own, ["ES256"]),
        jwt.encode({**header, "kid": "own"}, claims, own, ["ES256"]),
        hmac_signed({**header, "alg": "HS256"}, body, published, "sha256"),
        hmac_signed({**header, "alg": "HS256"}, widened, b"", "sha256"),
        tokens["access_token"] + "A",
        tokens["access_token"] * 20,
    ]
    for forgery in forgeries:
        with pytest.raises(InvalidToken):
            await world.server.authenticate(forgery)
    assert await world.read(None) == 401  # T1
    assert (await world.server.authenticate(tokens["access_token"])).patient == "ann"


async def _published(world: World) -> bytes:
    async with world.http() as http:
        key = (await http.get(world.url("jwks"))).json()["keys"][0]
    return RSAKey.import_key(key).as_pem(private=False)


async def test_grant_says_what_was_given(world: World, launch: Launcher) -> None:
    tokens = await launch(SCOPE).tokens("ann")
    grant = await world.server.authenticate(tokens["access_token"])
    assert grant.scopes == tuple(SCOPE.split())
    assert grant.fhir_user == "Patient/ann"
    assert grant.client_id == world.clients["public"].id
    assert grant.subject == claims_of(tokens["id_token"])["sub"]
    assert grant.expires_at > time.time()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def two_workers(mongodb_uri: str) -> AsyncIterator[tuple[World, World]]:
    name = f"smart_{uuid4().hex[:8]}"
    first, second = await asyncio.gather(*(open_world(mongodb_uri, name) for _ in range(2)))
    yield first, second
    for each in (first, second):
        await each.server.stop()
        await each.storage.close()
    async with AsyncMongoClient[dict[str, object]](mongodb_uri) as client:
        await client.drop_database(name)


async def _refused_within_a_second(world: World, token: str) -> bool:
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        try:
            await world.server.authenticate(token)
        except InvalidToken:
            return True
        await asyncio.sleep(0.02)
    return False


async def test_two_workers_starting_at_once_agree_on_keys(
    two_workers: tuple[World, World],
) -> None:
    first, second = two_workers
    token = await first.admin.mint_token(scope="patient/*.rs", patient="ann")
    assert await first.server.authenticate(token) == await second.server.authenticate(token)


async def test_x4_revocation_reaches_another_worker_within_a_second(
    two_workers: tuple[World, World],
) -> None:
    first, second = two_workers
    kept = await first.admin.mint_token(scope="patient/*.rs", patient="ben")
    token = await first.admin.mint_token(scope="patient/*.rs", patient="ann")
    grant = await second.server.authenticate(token)
    await second.server.authenticate(kept)
    await first.admin.revoke_grant(grant.grant_id)
    assert await _refused_within_a_second(second, token)
    assert (await second.server.authenticate(kept)).patient == "ben"


async def test_suspension_of_the_operators_client_reaches_another_worker(
    two_workers: tuple[World, World],
) -> None:
    first, second = two_workers
    token = await first.admin.mint_token(scope="patient/*.rs", patient="ann")
    await second.server.authenticate(token)
    await first.admin.suspend_client("operator")
    assert await _refused_within_a_second(second, token)


async def test_rotated_keys_go_on_verifying_and_compromised_ones_stop(
    two_workers: tuple[World, World],
) -> None:
    first, second = two_workers
    old = await first.admin.mint_token(scope="patient/*.rs", patient="ann")
    await second.server.authenticate(old)
    await first.admin.rotate_keys()
    new = await first.admin.mint_token(scope="patient/*.rs", patient="ann")
    await asyncio.sleep(0.8)
    assert await _accepted(second, new)
    assert await _accepted(second, old)
    await first.admin.rotate_keys(compromised=True)
    assert await _refused_within_a_second(second, old)
    assert not await _accepted(second, new)


async def _accepted(world: World, token: str) -> bool:
    try:
        await world.server.authenticate(token)
    except InvalidToken:
        return False
    return True


async def test_a_worker_that_hears_nothing_asks_the_store(
    two_workers: tuple[World, World], mongodb_uri: str
) -> None:
    first, _ = two_workers
    deaf = await open_world(
        mongodb_uri,
        first.storage._users._collection.database.name,  # pyright: ignore[reportPrivateUsage]
        change_poll_interval=3600,
        change_patience=0.2,
    )
    try:
        token = await first.admin.mint_token(scope="patient/*.rs", patient="ann")
        grant = await deaf.server.authenticate(token)
        await asyncio.sleep(0.3)
        await first.admin.revoke_grant(grant.grant_id)
        with pytest.raises(InvalidToken):
            await deaf.server.authenticate(token)
    finally:
        await deaf.server.stop()
        await deaf.storage.close()


async def test_an_unreachable_store_is_no_invalid_token(world: World, launch: Launcher) -> None:
    class Unreachable:
        def __getattr__(self, name: str) -> Any:
            async def refuse(*_: object) -> None:
                raise StorageUnavailable

            return refuse

    token = (await launch("patient/*.rs").tokens("ann"))["access_token"]
    server = AuthorizationServer(world.config, world.storage, TestDirectory(), TestScopeRules())
    await server._keys.load()  # pyright: ignore[reportPrivateUsage]
    server._check._grants = Unreachable()  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]
    with pytest.raises(StorageUnavailable):
        await server.authenticate(token)
    await server.stop()


def _grant(name: str) -> Grant:
    return Grant(name, "t", "s", "c", (), None, None, None, 0)


def test_cache_forgets_the_grant_that_changed_and_the_oldest() -> None:
    cache = TokenCache(3)
    for name in "abcd":
        cache.put(name, _grant(name), cache.generation)
    assert cache.get("a") is None
    cache.forget("grant:b")
    assert cache.get("b") is None
    assert cache.get("c") is not None
    cache.forget("user:u")
    assert cache.get("c") is None


def test_cache_takes_nothing_that_was_read_before_a_change() -> None:
    cache = TokenCache(3)
    before = cache.generation
    cache.forget("grant:other")
    cache.put("a", _grant("a"), before)
    assert cache.get("a") is None


async def test_a_retired_key_ends_with_the_last_token_it_signed(
    two_workers: tuple[World, World],
) -> None:
    world, _ = two_workers
    keys = KeyRing(world.config, world.storage, world.clock)
    await keys.load()
    old, _ = keys.signing(FOR_ACCESS)
    await keys.rotate()
    new, _ = keys.signing(FOR_ACCESS)
    assert new != old
    assert keys.verifying(FOR_ACCESS, old)
    world.clock.advance(26 * 3600)
    await keys.load()
    world.clock.advance(-26 * 3600)
    assert keys.verifying(FOR_ACCESS, old) is None
    assert keys.verifying(FOR_ACCESS, new)
