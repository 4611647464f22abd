"""Introspection (RFC 7662) and revocation (RFC 7009)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.smart_auth.test_standalone_launch import claims_of
from tests.smart_auth.world import Launcher, World, assert_oauth_error

SCOPE = "launch/patient patient/*.rs openid fhirUser offline_access"


async def post(world: World, endpoint: str, token: str, **options: Any) -> httpx.Response:
    form = {"token": token, **options.pop("form", {})}
    async with world.http() as http:
        return await http.post(world.url(endpoint), data=form, **options)


def bearer(token: str) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {token}"}}


async def confidential(world: World, launch: Launcher) -> tuple[httpx.BasicAuth, dict[str, Any]]:
    begun = launch(SCOPE, client="basic")
    code = await begun.code("ann")
    auth = httpx.BasicAuth(begun.client_id, world.secret)
    return auth, (await world.token(begun.exchange(code), auth=auth)).json()


async def test_x1_active_token(world: World, launch: Launcher) -> None:
    auth, tokens = await confidential(world, launch)
    access = tokens["access_token"]
    for options in ({"auth": auth}, bearer(access)):
        answer = await post(world, "introspect", access, **options)
        assert answer.headers["cache-control"] == "no-store"
        body = answer.json()
        claims = claims_of(tokens["id_token"])
        assert body == {
            "active": True,
            "scope": tokens["scope"],
            "client_id": world.clients["basic"].id,
            "sub": claims["sub"],
            "iss": world.config.issuer,
            "exp": claims_of(access)["exp"],
            "token_type": "Bearer",
            "patient": "ann",
            "fhirUser": claims["fhirUser"],
        }
    refresh = (await post(world, "introspect", tokens["refresh_token"], auth=auth)).json()
    assert refresh["active"] is True
    assert "token_type" not in refresh


async def test_x2_unknown_tokens(world: World, launch: Launcher) -> None:
    auth, tokens = await confidential(world, launch)
    for text in ("nothing", "a.b.c", tokens["id_token"], tokens["access_token"][:-3] + "abc"):
        answer = await post(world, "introspect", text, auth=auth)
        assert answer.status_code == 200
        assert answer.json() == {"active": False}


async def test_x1_y11_others_tokens_are_unknown(world: World, launch: Launcher) -> None:
    auth, _ = await confidential(world, launch)
    ann, ben = await launch(SCOPE).tokens("ann"), await launch(SCOPE).tokens("ben")
    foreign = await post(world, "introspect", ann["access_token"], auth=auth)
    assert foreign.json() == {"active": False}
    other_user = await post(world, "introspect", ben["access_token"], **bearer(ann["access_token"]))
    assert other_user.json() == {"active": False}


async def test_x3_unauthenticated(world: World, launch: Launcher) -> None:
    begun = launch(SCOPE)
    tokens = await begun.tokens("ann")
    access = tokens["access_token"]
    for options in ({}, {"form": {"client_id": begun.client_id}}, bearer("nonsense")):
        answer = await post(world, "introspect", access, **options)
        assert_oauth_error(answer, "invalid_client", 401)
    answer = await post(world, "introspect", "", **bearer(access))
    assert_oauth_error(answer, "invalid_request")


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "nonsense"])
async def test_x4_revocation_binds_at_once(
    world: World, launch: Launcher, kind: str, hint: str | None
) -> None:
    begun = launch(SCOPE)
    tokens = await begun.tokens("ann")
    assert await world.read(tokens["access_token"]) == 200
    form = {"client_id": begun.client_id, **({"token_type_hint": hint} if hint else {})}
    answer = await post(world, "revoke", tokens[kind], form=form)
    assert answer.status_code == 200
    assert await world.read(tokens["access_token"]) == 401
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert_oauth_error(await world.token(refresh), "invalid_grant")


async def test_x5_unknown_and_foreign_tokens(world: World, launch: Launcher) -> None:
    begun = launch(SCOPE)
    tokens = await begun.tokens("ann")
    mine = {"client_id": begun.client_id}
    for text in ("nothing", "a.b.c", tokens["id_token"]):
        assert (await post(world, "revoke", text, form=mine)).status_code == 200
    other = {"client_id": world.clients["narrow"].id}
    for kind in ("access_token", "refresh_token"):
        answer = await post(world, "revoke", tokens[kind], form=other)
        assert_oauth_error(answer, "invalid_grant")
        answer = await post(world, "revoke", tokens[kind])
        assert_oauth_error(answer, "invalid_client", 401)
    assert await world.read(tokens["access_token"]) == 200
    assert_oauth_error(await post(world, "revoke", "", form=mine), "invalid_request")


async def test_x5_confidential_clients_must_authenticate(world: World, launch: Launcher) -> None:
    auth, tokens = await confidential(world, launch)
    named = {"client_id": world.clients["basic"].id}
    answer = await post(world, "revoke", tokens["access_token"], form=named)
    assert_oauth_error(answer, "invalid_client", 401)
    assert (await post(world, "revoke", tokens["access_token"], auth=auth)).status_code == 200
    assert await world.read(tokens["access_token"]) == 401
