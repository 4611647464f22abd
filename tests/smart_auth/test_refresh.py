"""The refresh token grant: rotation, reuse, narrowing."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import httpx
import pytest

from tests.smart_auth.test_standalone_launch import claims_of
from tests.smart_auth.world import Launch, Launcher, World, assert_oauth_error

SCOPE = "launch/patient patient/*.rs patient/Observation.cud openid fhirUser offline_access"


async def refresh(world: World, token: str, **changes: str) -> httpx.Response:
    return await world.token({"grant_type": "refresh_token", "refresh_token": token, **changes})


async def started(launch: Launcher, **options: Any) -> tuple[Launch, dict[str, Any]]:
    begun = launch(SCOPE, **options)
    return begun, await begun.tokens("ann")


async def test_r2_r6_r7_refresh(world: World, launch: Launcher) -> None:
    _, first = await started(launch)
    answer = await refresh(world, first["refresh_token"])  # R7: without client_id
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["scope"] == first["scope"]
    assert body["patient"] == "ann"
    assert body["refresh_token"] != first["refresh_token"]
    old, new = claims_of(first["id_token"]), claims_of(body["id_token"])
    assert (old["iss"], old["sub"]) == (new["iss"], new["sub"])
    assert await world.read(body["access_token"]) == 200


async def test_r3_narrower_scope_is_enforced(world: World, launch: Launcher) -> None:
    _, first = await started(launch)
    narrow = (await refresh(world, first["refresh_token"], scope="patient/*.rs")).json()
    assert narrow["scope"] == "patient/*.rs"
    grant = await world.server.authenticate(narrow["access_token"])
    assert grant.scopes == ("patient/*.rs",)
    # RFC 6749 section 6: the new refresh token keeps the scope of the old one.
    wide = (await refresh(world, narrow["refresh_token"])).json()
    assert wide["scope"] == first["scope"]


@pytest.mark.parametrize("scope", ["patient/*.cruds", "user/*.rs", "patient/*.rs system/*.rs", " "])
async def test_r3_wider_scope_is_refused(world: World, launch: Launcher, scope: str) -> None:
    _, first = await started(launch)
    assert_oauth_error(await refresh(world, first["refresh_token"], scope=scope), "invalid_scope")
    assert (await refresh(world, first["refresh_token"])).status_code == 200


async def test_r4_what_is_no_refresh_token(world: World, launch: Launcher) -> None:
    begun, first = await started(launch)
    for text in ("nothing", first["access_token"], first["id_token"]):
        answer = await refresh(world, text, client_id=begun.client_id)
        assert_oauth_error(answer, "invalid_grant")
        assert_oauth_error(await refresh(world, text), "invalid_client", 401)
    foreign = world.clients["narrow"].id
    answer = await refresh(world, first["refresh_token"], client_id=foreign)
    assert_oauth_error(answer, "invalid_grant")
    answer = await world.token({"grant_type": "refresh_token", "client_id": begun.client_id})
    assert_oauth_error(answer, "invalid_request")


async def test_r5_reuse_ends_the_family(world: World, launch: Launcher) -> None:
    _, first = await started(launch)
    second = (await refresh(world, first["refresh_token"])).json()
    assert await world.read(second["access_token"]) == 200
    assert_oauth_error(await refresh(world, first["refresh_token"]), "invalid_grant")
    assert_oauth_error(await refresh(world, second["refresh_token"]), "invalid_grant")
    assert await world.read(second["access_token"]) == 401
    assert await world.read(first["access_token"]) == 401


async def test_r5_reuse_at_the_same_moment(world: World, launch: Launcher) -> None:
    _, first = await started(launch)
    answers = await asyncio.gather(*(refresh(world, first["refresh_token"]) for _ in range(5)))
    assert sum(answer.status_code == 200 for answer in answers) <= 1
    for answer in answers:
        if answer.status_code == 200:
            assert await world.read(answer.json()["access_token"]) == 401


async def test_s1_s2_confidential_client(world: World, launch: Launcher) -> None:
    begun = launch(SCOPE, client="basic")
    code = await begun.code("ann")
    right = httpx.BasicAuth(begun.client_id, world.secret)
    answer = await world.token(begun.exchange(code, client_id=None), auth=right)
    assert answer.status_code == 200
    token = answer.json()["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    wrong = [
        {},
        {"auth": httpx.BasicAuth(begun.client_id, "wrong")},
        {"auth": httpx.BasicAuth(world.clients["public"].id, world.secret)},
        {"auth": httpx.BasicAuth(begun.client_id, "")},
    ]
    for options in wrong:  # R7: not without authentication either
        assert_oauth_error(await world.token(form, **options), "invalid_client", 401)
    answer = await world.token({**form, "client_id": begun.client_id})
    assert_oauth_error(answer, "invalid_client", 401)
    assert (await world.token(form, auth=right)).status_code == 200


async def test_s3_one_method_in_each_request(world: World, launch: Launcher) -> None:
    begun = launch(SCOPE, client="basic")
    code = await begun.code("ann")
    right = httpx.BasicAuth(begun.client_id, world.secret)
    form = begun.exchange(code)
    answer = await world.token({**form, "client_secret": world.secret}, auth=right)
    assert_oauth_error(answer, "invalid_request")
    answer = await world.token({**form, "client_secret": world.secret})
    assert_oauth_error(answer, "invalid_client", 401)
    answer = await world.token({**form, "client_id": "other"}, auth=right)
    assert_oauth_error(answer, "invalid_request")
    # RFC 6749 section 2.3.1: both parts of the header are form-encoded first.
    encoded = base64.b64encode(f"%{ord(begun.client_id[0]):02X}{begun.client_id[1:]}".encode())
    joined = base64.b64decode(encoded).decode() + ":" + world.secret
    header = {"Authorization": "basic " + base64.b64encode(joined.encode()).decode()}
    assert (await world.token(form, headers=header)).status_code == 200


async def test_refresh_token_expires(world: World, launch: Launcher) -> None:
    _, first = await started(launch)
    seconds = world.config.refresh_token_lifetime + 1
    world.clock.advance(seconds)
    try:
        assert_oauth_error(await refresh(world, first["refresh_token"]), "invalid_grant")
    finally:
        world.clock.advance(-seconds)


async def test_t3_expired_access_token_refreshes(world: World, launch: Launcher) -> None:
    _, first = await started(launch)
    assert await world.read(first["access_token"]) == 200
    seconds = world.config.access_token_lifetime + 1
    world.clock.advance(seconds)
    try:
        assert await world.read(first["access_token"]) == 401
        second = (await refresh(world, first["refresh_token"])).json()
        assert await world.read(second["access_token"]) == 200
    finally:
        world.clock.advance(-seconds)


async def test_online_access_ends_with_the_session(world: World, launch: Launcher) -> None:
    begun = launch("patient/*.rs online_access")
    first = await begun.tokens("ann")
    second = (await refresh(world, first["refresh_token"])).json()
    session = begun.http.cookies["smart_session"]
    assert session
    user = await world.storage.user_named("ann")
    assert user
    await world.storage.end_sessions_of(user.id)
    assert_oauth_error(await refresh(world, second["refresh_token"]), "invalid_grant")
