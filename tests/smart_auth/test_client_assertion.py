"""private_key_jwt and backend services."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from smart_auth.client_assertion import ASSERTION_TYPE
from tests.smart_auth.world import Launcher, World, assert_oauth_error, encoded, hmac_signed

Keys = dict[str, RSAKey | ECKey]
Sign = Callable[..., str]


@pytest.fixture
def sign(world: World, signing_keys: Keys) -> Sign:
    def signed(
        client: str = "backend",
        algorithm: str = "RS384",
        header: dict[str, Any] | None = None,
        key: Any = None,
        **changes: Any,
    ) -> str:
        client_id = world.clients[client].id
        claims: dict[str, Any] = {
            "iss": client_id,
            "sub": client_id,
            "aud": world.config.token_url,
            "exp": int(time.time()) + 240,
            "jti": uuid4().hex,
            **changes,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        used = key or signing_keys[algorithm]
        head = {"alg": algorithm, "kid": used.kid, **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        return jwt.encode(head, claims, used, [algorithm])

    return signed


async def ask(world: World, assertion: str, **changes: str | None) -> httpx.Response:
    values: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "scope": "system/Patient.rs",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        **changes,
    }
    return await world.token({name: value for name, value in values.items() if value is not None})


@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
async def test_b1_b2_b3_backend_token(world: World, sign: Sign, algorithm: str) -> None:
    answer = await ask(world, sign(algorithm=algorithm))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert body["token_type"].lower() == "bearer"
    assert 0 < body["expires_in"] <= 300
    grant = await world.server.authenticate(body["access_token"])
    assert grant.client_id == grant.subject == world.clients["backend"].id
    assert grant.patient is None
    assert grant.fhir_user is None


# Read when the tests are collected, which may be a quarter of an hour before they run.
FAR_AHEAD = int(time.time()) + 86_400

BAD_CLAIMS: list[tuple[str, dict[str, Any]]] = [
    ("B4 iss", {"iss": "other"}),
    ("B4 no iss", {"iss": None}),
    ("B4 sub", {"sub": "other"}),
    ("B4 no sub", {"sub": None}),
    ("B4 aud", {"aud": "https://evil.example/token"}),
    ("B4 aud base", {"aud": "http://127.0.0.1:8000/fhir"}),
    ("B4 no aud", {"aud": None}),
    ("B4 aud list", {"aud": ["https://evil.example/token"]}),
    ("B4 no exp", {"exp": None}),
    ("B4 past exp", {"exp": int(time.time()) - 60}),
    ("B4 far exp", {"exp": int(time.time()) + 3600}),
    ("B4 text exp", {"exp": "soon"}),
    ("B4 true exp", {"exp": True}),
    ("B4 huge exp", {"exp": 10**300}),
    ("B4 infinite exp", {"exp": float("inf")}),
    ("B4 NaN exp", {"exp": float("nan")}),
    ("B4 nbf", {"nbf": FAR_AHEAD}),
    ("B4 text nbf", {"nbf": "now"}),
    ("B4 iat", {"iat": FAR_AHEAD}),
    ("B4 no jti", {"jti": None}),
    ("B4 empty jti", {"jti": ""}),
    ("B4 number jti", {"jti": 7}),
    ("B4 long jti", {"jti": "x" * 1000}),
]


@pytest.mark.parametrize(("case", "changes"), BAD_CLAIMS, ids=[case for case, _ in BAD_CLAIMS])
async def test_b4_bad_claims(world: World, sign: Sign, case: str, changes: dict[str, Any]) -> None:
    assert_oauth_error(await ask(world, sign(**changes)), "invalid_client", 401)


async def test_b4_audience_list(world: World, sign: Sign) -> None:
    answer = await ask(world, sign(aud=["https://other.example", world.config.token_url]))
    assert answer.status_code == 200


async def test_b6_bad_signatures(world: World, sign: Sign, signing_keys: Keys) -> None:
    rsa, ec = signing_keys["RS384"], signing_keys["ES384"]
    stranger = RSAKey.generate_key(2048, {"kid": "rsa-1"})
    good = sign()
    head, body, signature = good.split(".")
    unsigned = encoded(b'{"alg":"none","kid":"rsa-1"}')
    public = rsa.as_pem(private=False)
    assertions = [
        sign(key=stranger),
        sign(header={"kid": "ec-1"}),
        sign(header={"kid": "unknown"}),
        sign(header={"kid": None}),
        sign(header={"jwk": stranger.as_dict(private=False)}, key=stranger),
        sign(header={"jku": "https://evil.example/jwks"}),
        sign(algorithm="RS256", key=rsa),
        sign(algorithm="ES384", key=ec, header={"kid": "rsa-1"}),
        f"{unsigned}.{body}.",
        f"{unsigned}.{body}.{signature}",
        hmac_signed({"alg": "HS384", "kid": "rsa-1"}, body, public, "sha384"),
        f"{head}.{body}.{'A' * len(signature)}",
        f"{head}.{body}",
        "a.b.c",
        "..",
        "\u00fc.b.c",
        f"{head}.{encoded(b'[' * 9000)}.{signature}",
    ]
    for assertion in assertions:
        assert_oauth_error(await ask(world, assertion), "invalid_client", 401)


async def test_b5_jti_is_used_once(world: World, sign: Sign) -> None:
    assertion = sign()
    assert (await ask(world, assertion)).status_code == 200
    assert_oauth_error(await ask(world, assertion), "invalid_client", 401)
    jti = uuid4().hex
    assert (await ask(world, sign(jti=jti))).status_code == 200
    other = sign(jti=jti, algorithm="ES384", exp=int(time.time()) + 100)
    assert_oauth_error(await ask(world, other), "invalid_client", 401)


async def test_b5_jti_is_used_once_at_the_same_moment(world: World, sign: Sign) -> None:
    assertion = sign()
    answers = await asyncio.gather(*(ask(world, assertion) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7


BAD_REQUESTS: list[tuple[str, dict[str, str | None], str, int]] = [
    ("B7 grant type", {"grant_type": "client_credential"}, "unsupported_grant_type", 400),
    ("B7 no type", {"client_assertion_type": None}, "invalid_request", 400),
    ("B7 wrong type", {"client_assertion_type": "jwt"}, "invalid_request", 400),
    ("B7 no assertion", {"client_assertion": None}, "invalid_client", 401),
    ("B7 other client_id", {"client_id": "other"}, "invalid_client", 401),
    ("B8 no scope", {"scope": None}, "invalid_scope", 400),
    ("B8 patient scope", {"scope": "patient/*.rs"}, "invalid_scope", 400),
    ("B8 user scope", {"scope": "user/*.rs"}, "invalid_scope", 400),
    ("B8 identity", {"scope": "openid fhirUser launch offline_access"}, "invalid_scope", 400),
    ("B8 unregistered", {"scope": "system/Patient.cud"}, "invalid_scope", 400),
    ("B8 undefined", {"scope": "system/Patient.sr"}, "invalid_scope", 400),
    ("S3 and a secret", {"client_secret": "x"}, "invalid_request", 400),
]


@pytest.mark.parametrize(
    ("case", "changes", "error", "status"), BAD_REQUESTS, ids=[row[0] for row in BAD_REQUESTS]
)
async def test_b7_b8_bad_requests(
    world: World,
    sign: Sign,
    case: str,
    changes: dict[str, str | None],
    error: str,
    status: int,
) -> None:
    assert_oauth_error(await ask(world, sign(), **changes), error, status)


async def test_b8_only_registered_system_scopes(world: World, sign: Sign) -> None:
    asked = "system/Patient.rs system/Observation.read system/Patient.c patient/*.rs openid"
    body = (await ask(world, sign(), scope=asked)).json()
    assert body["scope"] == "system/Patient.rs system/Observation.read"


async def test_s4_browser_clients_get_no_backend_token(world: World, sign: Sign) -> None:
    assert_oauth_error(await ask(world, sign("signed")), "unauthorized_client")


@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
async def test_j1_code_and_refresh_with_assertions(
    world: World, launch: Launcher, sign: Sign, algorithm: str
) -> None:
    begun = launch("patient/*.rs offline_access", client="signed")
    code = await begun.code("ann")
    assert_oauth_error(await world.token(begun.exchange(code)), "invalid_client", 401)

    def signed() -> dict[str, str]:
        assertion = sign("signed", algorithm)
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}

    answer = await world.token({**begun.exchange(code), **signed()})
    assert answer.status_code == 200, answer.text
    form = {"grant_type": "refresh_token", "refresh_token": answer.json()["refresh_token"]}
    assert_oauth_error(await world.token(form), "invalid_client", 401)
    named = {**form, "client_id": begun.client_id}
    assert_oauth_error(await world.token(named), "invalid_client", 401)
    assert (await world.token({**form, **signed()})).status_code == 200
