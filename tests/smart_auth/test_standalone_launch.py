"""The journey of a patient's app: launch, sign in, approve, tokens, read, refresh."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.smart_auth.world import OTHER_REDIRECT, REDIRECT, Launcher, World, redirected


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


async def test_l1_l2_l3_token_response(world: World, launch: Launcher) -> None:
    begun = launch()
    answer = await begun.approve("ann")
    parameters = redirected(answer)
    assert parameters["state"] == "a state + %26 ü"  # L5
    assert parameters.keys() == {"code", "state"}
    response = await world.token(begun.exchange(parameters["code"]))
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["pragma"] == "no-cache"
    assert response.headers["access-control-allow-origin"] == "*"  # K2
    body = response.json()
    assert body["token_type"] == "Bearer"
    assert 0 < body["expires_in"] <= 3600  # L4
    assert body["scope"] == "launch/patient patient/*.rs openid fhirUser offline_access"
    assert body["patient"] == "ann"
    assert await world.read(body["access_token"]) == 200


async def test_i1_i2_i3_id_token(world: World, launch: Launcher) -> None:
    begun = launch()
    body = await begun.tokens("ann")
    async with world.http() as http:
        jwks = (await http.get(world.url("jwks"))).json()
    token = jwt.decode(body["id_token"], KeySet.import_key_set(jwks), ["RS256"])
    assert token.header["kid"] in {key["kid"] for key in jwks["keys"]}
    assert token.claims["iss"] == world.config.issuer
    assert token.claims["aud"] == begun.client_id
    assert token.claims["nonce"] == "n-123"
    assert token.claims["fhirUser"] == f"{world.config.base_url}/Patient/ann"
    assert 1 <= len(token.claims["sub"]) <= 255
    assert token.claims["exp"] > token.claims["iat"]


async def test_i4_i5_sub_is_stable_and_distinct(launch: Launcher) -> None:
    first, again = await launch().tokens("ann"), await launch("openid").tokens("ann")
    other = await launch().tokens("ben")
    assert claims_of(first["id_token"])["sub"] == claims_of(again["id_token"])["sub"]
    assert claims_of(first["id_token"])["sub"] != claims_of(other["id_token"])["sub"]
    assert "fhirUser" not in claims_of(again["id_token"])


async def test_i3_no_id_token_without_openid(launch: Launcher) -> None:
    assert "id_token" not in await launch("patient/*.rs").tokens("ann")


async def test_l6_authorization_by_form_post(world: World, launch: Launcher) -> None:
    begun = launch()
    answer = await begun.http.post(world.url("authorize"), data=begun.parameters())
    assert answer.status_code == 303
    assert "/sign-in?" in answer.headers["location"]


async def test_l5_without_state(launch: Launcher) -> None:
    assert "state" not in redirected(await launch(state=None).approve("ann"))


async def test_l7_l8_redirect_uri_keeps_its_query(world: World, launch: Launcher) -> None:
    begun = launch(redirect_uri=OTHER_REDIRECT)
    parameters = redirected(await begun.approve("ann"), OTHER_REDIRECT)
    assert parameters["tenant"] == "7"
    wrong = await world.token(begun.exchange(parameters["code"], redirect_uri=REDIRECT))
    assert wrong.json()["error"] == "invalid_grant"
    right = await world.token(begun.exchange(parameters["code"], redirect_uri=OTHER_REDIRECT))
    assert right.status_code == 200


@pytest.mark.parametrize(
    ("scope", "refreshed"),
    [
        ("patient/*.rs offline_access", True),
        ("patient/*.rs online_access", True),
        ("patient/*.rs openid", False),
    ],
)
async def test_r1_refresh_token_exactly_when_granted(
    launch: Launcher, scope: str, refreshed: bool
) -> None:
    assert ("refresh_token" in await launch(scope).tokens("ann")) == refreshed


@pytest.mark.parametrize(
    ("requested", "granted"),
    [
        ("patient/Observation.read patient/*.read", "patient/Observation.read patient/*.read"),
        ("patient/*.* user/*.rs", "user/*.rs patient/*.*"),
        ("patient/Observation.rs?category=a|b", "patient/Observation.rs?category=a|b"),
        ("patient/Observation.rs?category=a&category=b", None),
        ("patient/Observation.rs?code=x openid", "openid"),
        ("patient/Observation.sr openid", "openid"),
        ("patient/Observation.x openid", "openid"),
        ("patient/Observation.rs?category openid", "patient/Observation.rs?category openid"),
        ("patient/Nonsense.rs openid", "openid"),
        ("system/*.rs openid", "openid"),
        ("launch openid profile", "openid"),
    ],
)
async def test_a5_g1_n3_scopes_are_granted_verbatim(
    launch: Launcher, requested: str, granted: str | None
) -> None:
    body = await launch(requested).tokens("ann")
    assert set(body["scope"].split()) == set((granted or requested).split())


async def test_v1_user_scopes_alone_give_no_patient(launch: Launcher) -> None:
    body = await launch("user/*.rs openid fhirUser").tokens("doc")
    assert "patient" not in body
    assert claims_of(body["id_token"])["fhirUser"].endswith("/Practitioner/doc")


async def test_a5_never_more_than_registered(launch: Launcher) -> None:
    asked = "patient/Observation.rs patient/Condition.rs patient/Condition.r offline_access"
    body = await launch(asked, client="narrow").tokens("ann")
    assert body["scope"] == "patient/Observation.rs patient/Condition.r"
    assert "refresh_token" not in body
