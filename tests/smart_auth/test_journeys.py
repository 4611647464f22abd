"""One journey for each flow over a real socket, found through discovery alone."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest_asyncio
import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from pymongo import AsyncMongoClient

from smart_auth.client_assertion import ASSERTION_TYPE
from tests.smart_auth.world import (
    REDIRECT,
    Form,
    Launch,
    World,
    open_world,
    populate,
    redirected,
    send,
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(mongodb_uri: str, signing_keys: dict[str, RSAKey | ECKey]) -> AsyncIterator[World]:
    """A world behind uvicorn on a loopback port, which its issuer names."""
    listener = socket.create_server(("127.0.0.1", 0))
    issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
    name = f"smart_{uuid4().hex[:8]}"
    world = await open_world(mongodb_uri, name, issuer)
    await populate(world, {"keys": [key.as_dict(private=False) for key in signing_keys.values()]})
    server = uvicorn.Server(uvicorn.Config(world.app, log_level="error", lifespan="off"))
    running = asyncio.create_task(server.serve([listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event for it
        await asyncio.sleep(0.01)
    yield world
    server.should_exit = True
    await running
    listener.close()
    await world.server.stop()
    await world.storage.close()
    async with AsyncMongoClient[dict[str, object]](mongodb_uri) as client:
        await client.drop_database(name)


@pytest_asyncio.fixture(loop_scope="session")
async def http(served: World) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=served.config.issuer) as client:
        yield client


async def discovered(http: httpx.AsyncClient) -> dict[str, Any]:
    answer = await http.get("/.well-known/openid-configuration")
    document: dict[str, Any] = answer.json()
    return document


async def resource(world: World, http: httpx.AsyncClient, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return (await http.get(f"{world.config.base_url}/Patient/ann", headers=headers)).status_code


async def test_l1_public_client_from_launch_to_revocation(
    served: World, http: httpx.AsyncClient
) -> None:
    endpoints = await discovered(http)
    begun = Launch(
        served,
        served.clients["public"].id,
        "launch/patient patient/*.rs openid fhirUser offline_access",
        http,
    )
    code = redirected(await begun.approve("ann"))["code"]
    answer = await http.post(endpoints["token_endpoint"], data=begun.exchange(code))
    tokens = answer.json()
    keys = KeySet.import_key_set((await http.get(endpoints["jwks_uri"])).json())
    assert jwt.decode(tokens["id_token"], keys, ["RS256"]).claims["iss"] == endpoints["issuer"]
    assert await resource(served, http, tokens["access_token"]) == 200

    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    refreshed = (await http.post(endpoints["token_endpoint"], data=form)).json()
    assert await resource(served, http, refreshed["access_token"]) == 200

    bearer = {"Authorization": f"Bearer {refreshed['access_token']}"}
    form = {"token": refreshed["access_token"]}
    told = await http.post(endpoints["introspection_endpoint"], data=form, headers=bearer)
    assert told.json()["active"] is True

    form = {"token": refreshed["refresh_token"], "client_id": begun.client_id}
    assert (await http.post(endpoints["revocation_endpoint"], data=form)).status_code == 200
    assert await resource(served, http, refreshed["access_token"]) == 401
    assert await resource(served, http, tokens["access_token"]) == 401


async def test_s1_v3_practitioner_with_a_confidential_client(
    served: World, http: httpx.AsyncClient
) -> None:
    endpoints = await discovered(http)
    begun = Launch(served, served.clients["basic"].id, "launch/patient patient/*.read", http)
    found = await http.post(endpoints["authorization_endpoint"], data=begun.parameters())
    form = Form.of(await http.get(found.headers["location"]))
    fields = form.filled(username="doc", password="doc-password")
    signed_in = await send(http, form, fields)
    form = Form.of(await http.get(signed_in.headers["location"]))
    page = await send(http, form, form.filled(search="yes", patient_name="ben"))
    form = Form.of(page)
    scopes = begun.scope.split()
    code = redirected(await send(http, form, form.approval(scopes, patient="ben")))["code"]
    auth = httpx.BasicAuth(begun.client_id, served.secret)
    exchange = begun.exchange(code, client_id=None)
    answer = await http.post(endpoints["token_endpoint"], data=exchange, auth=auth)
    assert answer.json()["patient"] == "ben"
    assert await resource(served, http, answer.json()["access_token"]) == 200


async def test_b1_backend_service(
    served: World, http: httpx.AsyncClient, signing_keys: dict[str, RSAKey | ECKey]
) -> None:
    endpoints = await discovered(http)
    client_id = served.clients["backend"].id
    claims: dict[str, Any] = {
        "iss": client_id,
        "sub": client_id,
        "aud": endpoints["token_endpoint"],
        "exp": int(time.time()) + 120,
        "jti": uuid4().hex,
    }
    key = signing_keys["ES384"]
    form = {
        "grant_type": "client_credentials",
        "scope": "system/*.rs",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": jwt.encode({"alg": "ES384", "kid": key.kid}, claims, key, ["ES384"]),
    }
    answer = await http.post(endpoints["token_endpoint"], data=form)
    assert answer.json()["scope"] == "system/*.rs"
    assert await resource(served, http, answer.json()["access_token"]) == 200


async def test_a6_denied_over_the_wire(served: World, http: httpx.AsyncClient) -> None:
    begun = Launch(served, served.clients["public"].id, "patient/*.rs", http)
    form = Form.of(await begun.consent_page("ann"))
    answer = await send(http, form, form.filled(deny="yes"))
    assert answer.headers["location"].startswith(REDIRECT)
    assert redirected(answer)["error"] == "access_denied"
