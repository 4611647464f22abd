"""What an operator may add, and what is refused with a sentence."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from smart_auth.keys import KeyRing, WrongMasterKey
from smart_auth.redirect_uris import redirect_uri_problem
from smart_auth.registration import RegistrationError
from tests.smart_auth.world import World

BACK = ["https://app.example/back"]
RSA = RSAKey.generate_key(2048, {"kid": "a"}).as_dict(private=False)


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/back",
        "https://app.example:8443/back?x=1",
        "http://127.0.0.1:3000/",
        "http://localhost/back",
        "http://[::1]:3000/back",
        "com.example.app:/back",
        "com.example.app://back",
    ],
)
def test_d19_good_redirect_uris(uri: str) -> None:
    assert redirect_uri_problem(uri) is None


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/back",
        "app.example/back",
        "https://app.example/back#x",
        "https://app.example/back#",
        "http://app.example/back",
        "http://127.0.0.1.evil.example/",
        "https://user:pass@app.example/",
        "https://app.example;script-src/",
        "https:///back",
        "https:back",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://app.example/a b",
        "https://app.example/a\r\nX: y",
        "https://app.example/\u00fc",
        "https://app.example/<x>",
        "myapp:back",
        "https://app.example/" + "a" * 3000,
    ],
)
def test_d19_bad_redirect_uris(uri: str) -> None:
    assert redirect_uri_problem(uri)


BAD_CLIENTS: list[tuple[str, dict[str, Any]]] = [
    ("no name", {"name": " "}),
    ("no scope", {"scope": " "}),
    ("unknown scope", {"scope": "patient/*.sr"}),
    ("unknown special scope", {"scope": "everything"}),
    ("bad redirect", {"redirect_uris": ["javascript:alert(1)"]}),
    ("system scope in a browser", {"scope": "patient/*.rs system/*.rs"}),
    ("public without redirect", {"redirect_uris": []}),
    ("service with user scopes", {"kind": "secret", "redirect_uris": []}),
    ("unknown kind", {"kind": "both"}),
    ("public with keys", {"jwks": {"keys": [RSA]}}),
    ("keys without JWKS", {"kind": "jwks"}),
    ("no keys", {"kind": "jwks", "jwks": {"keys": []}}),
    ("not a JWKS", {"kind": "jwks", "jwks": {"key": RSA}}),
    ("no kid", {"kind": "jwks", "jwks": {"keys": [{**RSA, "kid": ""}]}}),
    ("same kid", {"kind": "jwks", "jwks": {"keys": [RSA, RSA]}}),
    ("not a key", {"kind": "jwks", "jwks": {"keys": [{"kty": "RSA", "kid": "x"}]}}),
    ("text", {"kind": "jwks", "jwks": {"keys": ["x"]}}),
    ("symmetric", {"kind": "jwks", "jwks": {"keys": [OctKey.generate_key(256).as_dict()]}}),
    (
        "other curve",
        {
            "kind": "jwks",
            "jwks": {"keys": [ECKey.generate_key("P-256", {"kid": "e"}).as_dict(private=False)]},
        },
    ),
]


@pytest.mark.parametrize(("case", "changes"), BAD_CLIENTS, ids=[case for case, _ in BAD_CLIENTS])
async def test_bad_clients_are_refused(world: World, case: str, changes: dict[str, Any]) -> None:
    values: dict[str, Any] = {
        "name": "App",
        "scope": "patient/*.rs",
        "kind": "public",
        "redirect_uris": BACK,
        **changes,
    }
    with pytest.raises(RegistrationError):
        await world.admin.add_client(**values)


async def test_secrets_and_private_keys_are_not_kept(world: World) -> None:
    client, secret = await world.admin.add_client(
        name="App", scope="patient/*.rs", kind="secret", redirect_uris=BACK
    )
    assert secret
    assert secret not in str(await world.storage.client(client.id))
    private = ECKey.generate_key("P-384", {"kid": "p", "key_ops": ["sign"]}).as_dict(private=True)
    client, _ = await world.admin.add_client(
        name="App", scope="system/*.rs", kind="jwks", jwks={"keys": [private]}
    )
    assert set(client.jwks[0]) == {"kid", "kty", "crv", "x", "y"}


@pytest.mark.parametrize(
    "changes",
    [
        {"username": "ANN"},
        {"username": " "},
        {"username": "x" * 300},
        {"password": ""},
        {"fhir_user": "ann"},
        {"fhir_user": "Observation/1"},
        {"fhir_user": "Patient/a b"},
    ],
)
async def test_bad_users_are_refused(world: World, changes: dict[str, str]) -> None:
    values = {"username": "new", "password": "p", "fhir_user": "Patient/ann", **changes}
    with pytest.raises(RegistrationError):
        await world.admin.add_user(**values)


async def test_password_change_ends_tokens(world: World) -> None:
    await world.admin.add_user(username="pam", password="one", fhir_user="Patient/ann")
    user = await world.storage.user_named("pam")
    assert user
    assert user.password_hash.startswith("$argon2id$")
    assert await world.admin.set_password("pam", "two")
    changed = await world.storage.user_named("pam")
    assert changed
    assert changed.password_hash != user.password_hash
    assert not await world.admin.set_password("zed", "x")
    assert not await world.admin.suspend_user("zed")


async def test_minted_token_leaves_a_record(world: World) -> None:
    token = await world.admin.mint_token(
        scope="patient/*.rs", patient="ann", lifetime=60, reason="ticket 7"
    )
    grant = await world.server.authenticate(token)
    assert (grant.patient, grant.scopes) == ("ann", ("patient/*.rs",))
    record = await world.storage.grant(grant.grant_id)
    assert record
    assert record.minted_reason == "ticket 7"


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": ""},
        {"scope": "patient/*.sr"},
        {"patient": None},
        {"patient": "a/b"},
        {"scope": "user/*.rs"},
        {"scope": "user/*.rs", "fhir_user": "nobody"},
        {"lifetime": 0},
        {"lifetime": 10**9},
    ],
)
async def test_bad_minting_is_refused(world: World, changes: dict[str, Any]) -> None:
    values: dict[str, Any] = {"scope": "patient/*.rs", "patient": "ann", **changes}
    with pytest.raises(RegistrationError):
        await world.admin.mint_token(**values)


async def test_signing_keys_need_the_operators_master_key(world: World) -> None:
    from dataclasses import replace

    stored = await world.storage.keys()
    assert all('"d"' not in key.sealed and "d" not in key.public for key in stored)
    other = replace(world.config, master_key=b"x" * 32)
    with pytest.raises(WrongMasterKey):
        await KeyRing(other, world.storage, world.clock).load()
    with pytest.raises(ValueError, match="32 bytes"):
        replace(world.config, master_key=b"short")
