"""Discovery: what is listed works, and nothing private is shown."""

from __future__ import annotations

import pytest

from tests.smart_auth.world import World


def _urls(document: dict[str, object]) -> list[str]:
    return [
        str(value)
        for name, value in document.items()
        if name.endswith(("_endpoint", "_uri")) or name == "issuer"
    ]


async def test_d2_to_d9_smart_configuration(world: World) -> None:
    document = world.server.smart_configuration()
    assert all(url.startswith("http://127.0.0.1:8000") for url in _urls(document))  # D3
    assert document["code_challenge_methods_supported"] == ["S256"]  # D4
    assert {"authorization_code", "client_credentials"} <= set(document["grant_types_supported"])
    assert document["response_types_supported"] == ["code"]  # D5
    methods = document["token_endpoint_auth_methods_supported"]
    assert {"client_secret_basic", "private_key_jwt"} <= set(methods)  # D6
    assert "client_secret_post" not in methods
    algorithms = document["token_endpoint_auth_signing_alg_values_supported"]
    assert set(algorithms) == {"RS384", "ES384"}
    assert {"sso-openid-connect", "permission-v1", "permission-v2"} <= set(
        document["capabilities"]
    )  # D7
    assert "launch-ehr" not in document["capabilities"]
    assert {"openid", "fhirUser", "launch/patient", "offline_access"} <= set(
        document["scopes_supported"]
    )  # D8
    assert document["issuer"]  # D9
    assert document["jwks_uri"]


async def test_d10_openid_configuration(world: World) -> None:
    async with world.http() as http:
        url = world.config.issuer + "/.well-known/openid-configuration"
        answer = await http.get(url, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    document = answer.json()
    smart = world.server.smart_configuration()
    for name in ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"):
        assert document[name] == smart[name]
    assert document["subject_types_supported"] == ["public"]
    assert "RS256" in document["id_token_signing_alg_values_supported"]


async def test_d11_jwks_has_public_members_only(world: World) -> None:
    async with world.http() as http:
        answer = await http.get(world.url("jwks"))
    assert answer.headers["access-control-allow-origin"] == "*"
    keys = answer.json()["keys"]
    assert keys
    assert len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
        assert key["kty"] == "RSA"


async def test_d8_every_listed_scope_is_enforceable(world: World) -> None:
    from smart_auth.scopes import SPECIAL_SCOPES, parse_scope

    for scope in world.server.smart_configuration()["scopes_supported"]:
        assert scope in SPECIAL_SCOPES or parse_scope(scope)


@pytest.mark.parametrize(
    "name", ["authorization_endpoint", "token_endpoint", "introspection_endpoint"]
)
async def test_every_listed_endpoint_answers(world: World, name: str) -> None:
    async with world.http() as http:
        answer = await http.get(world.server.smart_configuration()[name])
    assert answer.status_code in (400, 405)
