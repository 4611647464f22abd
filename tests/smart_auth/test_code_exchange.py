"""The authorization code at the token endpoint."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.smart_auth.world import (
    OTHER_REDIRECT,
    Launcher,
    World,
    assert_oauth_error,
    pkce,
)

BAD_EXCHANGES: list[tuple[str, dict[str, str | None], str]] = [
    ("P1 wrong verifier", {"code_verifier": pkce()[0]}, "invalid_grant"),
    ("P1 missing verifier", {"code_verifier": None}, "invalid_grant"),
    ("P1 empty verifier", {"code_verifier": ""}, "invalid_grant"),
    ("P1 short verifier", {"code_verifier": "abc"}, "invalid_grant"),
    ("C2 unknown code", {"code": "nothing"}, "invalid_grant"),
    ("C2 no code", {"code": None}, "invalid_request"),
    ("C3 other registered redirect", {"redirect_uri": OTHER_REDIRECT}, "invalid_grant"),
    ("C3 foreign redirect", {"redirect_uri": "https://evil.example/"}, "invalid_grant"),
    ("C3 no redirect", {"redirect_uri": None}, "invalid_grant"),
    ("C4 unknown client", {"client_id": "nobody"}, "invalid_client"),
    ("C4 no client", {"client_id": None}, "invalid_client"),
    ("K1 no grant type", {"grant_type": None}, "invalid_request"),
    ("K1 password", {"grant_type": "password"}, "unsupported_grant_type"),
    ("K1 implicit", {"grant_type": "implicit"}, "unsupported_grant_type"),
    ("K1 operator", {"grant_type[$ne]": "x", "grant_type": None}, "invalid_request"),
    ("S4 public", {"grant_type": "client_credentials"}, "unauthorized_client"),
    ("S3 secret in body", {"client_secret": "x"}, "invalid_client"),
]


@pytest.mark.parametrize(
    ("case", "changes", "error"), BAD_EXCHANGES, ids=[case for case, _, _ in BAD_EXCHANGES]
)
async def test_bad_exchange_does_not_spend_the_code(
    world: World, launch: Launcher, case: str, changes: dict[str, str | None], error: str
) -> None:
    begun = launch("patient/*.rs")
    code = await begun.code("ann")
    answer = await world.token(begun.exchange(code, **changes))
    assert_oauth_error(answer, error, 401 if error == "invalid_client" else 400)
    assert (await world.token(begun.exchange(code))).status_code == 200


async def test_p1_challenge_itself_is_no_verifier(world: World, launch: Launcher) -> None:
    begun = launch("patient/*.rs")
    verifier, challenge = pkce()
    begun.changes["code_challenge"] = challenge
    code = await begun.code("ann")
    wrong = await world.token(begun.exchange(code, code_verifier=challenge))
    assert_oauth_error(wrong, "invalid_grant")
    right = await world.token(begun.exchange(code, code_verifier=verifier))
    assert right.status_code == 200


async def test_c4_other_clients_code(world: World, launch: Launcher) -> None:
    begun = launch("patient/*.rs")
    code = await begun.code("ann")
    answer = await world.token(begun.exchange(code, client_id=world.clients["narrow"].id))
    assert_oauth_error(answer, "invalid_grant")


async def test_c1_replay_revokes_every_token(world: World, launch: Launcher) -> None:
    begun = launch("patient/*.rs offline_access")
    code = await begun.code("ann")
    first = (await world.token(begun.exchange(code))).json()
    assert await world.read(first["access_token"]) == 200
    assert_oauth_error(await world.token(begun.exchange(code)), "invalid_grant")
    assert await world.read(first["access_token"]) == 401
    refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    assert_oauth_error(await world.token(refresh), "invalid_grant")


async def test_c1_one_of_many_at_once(world: World, launch: Launcher) -> None:
    begun = launch("patient/*.rs")
    code = await begun.code("ann")
    answers = await asyncio.gather(*(world.token(begun.exchange(code)) for _ in range(6)))
    assert [answer.status_code for answer in answers].count(200) <= 1
    for answer in answers:
        if answer.status_code == 200:
            assert await world.read(answer.json()["access_token"]) == 401


async def test_code_expires(world: World, launch: Launcher) -> None:
    begun = launch("patient/*.rs")
    code = await begun.code("ann")
    world.clock.advance(world.config.code_lifetime + 1)
    try:
        assert_oauth_error(await world.token(begun.exchange(code)), "invalid_grant")
    finally:
        world.clock.advance(-world.config.code_lifetime - 1)


async def test_x6_codes_and_refresh_tokens_are_random(launch: Launcher) -> None:
    begun = launch("patient/*.rs offline_access")
    codes = {await begun.code("ann") for _ in range(3)}
    refresh = (await begun.tokens("ann"))["refresh_token"]
    assert len(codes) == 3
    assert all(len(text) >= 43 and "ann" not in text for text in [*codes, refresh])


HOSTILE_BODIES = [
    ("empty", b"", None),
    ("json", b'{"grant_type":"x"}', "application/json"),
    ("bad utf-8", b"grant_type=\xff\xfe", None),
    ("bad escapes", b"grant_type=%ff%fe", None),
    ("NUL", b"grant_type=a%00b", None),
    ("repeated", b"grant_type=refresh_token&grant_type=refresh_token", None),
    ("long", b"grant_type=" + b"x" * 100_000, None),
    ("many fields", b"&".join(b"a%d=1" % n for n in range(1000)), None),
    ("separators", b"&&&===;;;", None),
    ("multipart", b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x"),
    ("bad basic", b"grant_type=refresh_token&refresh_token=a", None),
]


@pytest.mark.parametrize("endpoint", ["token", "revoke", "introspect"])
@pytest.mark.parametrize(
    ("case", "body", "media_type"), HOSTILE_BODIES, ids=[case for case, _, _ in HOSTILE_BODIES]
)
async def test_k1_hostile_bodies(
    world: World, endpoint: str, case: str, body: bytes, media_type: str | None
) -> None:
    headers = {"Content-Type": media_type or "application/x-www-form-urlencoded"}
    if case == "bad basic":
        headers["Authorization"] = "Basic \u00ff!!"
    raw = httpx.Headers(headers, encoding="latin-1")
    async with world.http() as http:
        answer = await http.post(world.url(endpoint), content=body, headers=raw)
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] in {
        "invalid_request",
        "invalid_client",
        "unsupported_grant_type",
    }


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("endpoint", ["token", "revoke", "introspect"])
async def test_k1_post_only(world: World, endpoint: str, method: str) -> None:
    async with world.http() as http:
        answer = await http.request(method, world.url(endpoint))
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert answer.json()["error"] == "invalid_request"


async def test_d13_d14_preflight(world: World) -> None:
    headers = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    async with world.http() as http:
        answer = await http.options(world.url("token"), headers=headers)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers
