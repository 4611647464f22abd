"""What happens when MongoDB is away, when somebody is suspended half-way, and behind https."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient

from smart_auth.config import AuthConfig
from smart_auth.pages import Pages
from smart_auth.passwords import Passwords, Throttled
from tests.smart_auth.world import (
    REDIRECT,
    Form,
    Launch,
    Launcher,
    World,
    assert_oauth_error,
    open_world,
    redirected,
    send,
)


@pytest_asyncio.fixture(loop_scope="session")
async def own_world(mongodb_uri: str) -> AsyncIterator[World]:
    """A world that the test may break, behind https and below a path."""
    name = f"smart_{uuid4().hex[:8]}"
    world = await open_world(mongodb_uri, name, "https://clinic.example/records")
    yield world
    await world.server.stop()
    await world.storage.close()
    async with AsyncMongoClient[dict[str, object]](mongodb_uri) as client:
        await client.drop_database(name)


async def test_an_outage_is_a_503_with_retry_after(own_world: World) -> None:
    await own_world.storage.close()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(own_world.app), base_url="https://clinic.example"
    ) as http:
        form = {"grant_type": "refresh_token", "refresh_token": "x"}
        answer = await http.post("/auth/token", data=form)
        assert_oauth_error(answer, "temporarily_unavailable", 503)
        assert answer.headers["retry-after"] == "1"
        page = await http.get("/auth/authorize", params={"client_id": "x"})
        assert page.status_code == 503
        assert page.headers["retry-after"] == "1"
        assert "cannot reach our records" in page.text
        keys = await http.get("/auth/jwks")
        assert keys.status_code == 200


async def test_a10_cookies_are_secure_under_https(own_world: World) -> None:
    client, _ = await own_world.admin.add_client(
        name="App", scope="patient/*.rs", kind="public", redirect_uris=["com.example.app:/back"]
    )
    transport = httpx.ASGITransport(own_world.app)
    async with httpx.AsyncClient(
        transport=transport, base_url="https://clinic.example", follow_redirects=False
    ) as http:
        begun = Launch(own_world, client.id, "patient/*.rs", http)
        begun.changes["redirect_uri"] = "com.example.app:/back"
        answer = await http.get("/auth/authorize", params=begun.parameters())
        location = answer.headers["location"]
        assert location.startswith("/records/auth/sign-in?request=")
        page = await http.get(location.removeprefix("/records"))
    cookie = page.headers["set-cookie"]
    assert "Secure" in cookie
    assert "Path=/records/auth" in cookie
    assert 'action="/records/auth/sign-in"' in page.text
    assert "form-action 'self' com.example.app:" in page.headers["content-security-policy"]


@pytest.mark.parametrize("who", ["user", "client"])
async def test_suspension_in_the_middle_of_a_launch(
    world: World, launch: Launcher, who: str
) -> None:
    client, _ = await world.admin.add_client(
        name="Brief", scope="patient/*.rs", kind="public", redirect_uris=[REDIRECT]
    )
    name = f"brief-{who}"
    await world.admin.add_user(username=name, password=f"{name}-password", fhir_user="Patient/ann")
    begun = launch("patient/*.rs", client_id=client.id)
    begun.client_id = client.id
    code = await begun.code(name)
    if who == "user":
        await world.admin.suspend_user(name)
    else:
        await world.admin.suspend_client(client.id)
    answer = await world.token(begun.exchange(code))
    error, status = ("invalid_grant", 400) if who == "user" else ("invalid_client", 401)
    assert_oauth_error(answer, error, status)
    if who == "client":
        assert (await begun.authorize()).status_code == 400
        assert await world.admin.resume_client(client.id)
        assert (await begun.authorize()).status_code == 303


async def test_suspended_client_ends_a_launch_on_its_pages(world: World, launch: Launcher) -> None:
    client, _ = await world.admin.add_client(
        name="Brief", scope="patient/*.rs", kind="public", redirect_uris=[REDIRECT]
    )
    begun = launch("patient/*.rs", client_id=client.id)
    form = Form.of(await begun.consent_page("ann"))
    await world.admin.suspend_client(client.id)
    assert (await send(begun.http, form, form.approval())).status_code == 400


async def test_an_account_without_a_record_is_told_so(world: World, launch: Launcher) -> None:
    await world.admin.add_user(
        username="gone", password="gone-password", fhir_user="Patient/vanished"
    )
    page = await launch("patient/*.rs").consent_page("gone")
    assert page.status_code == 403
    assert "no record for your account" in page.text


async def test_a7_repeated_fields_of_the_approval(launch: Launcher) -> None:
    begun = launch("patient/*.rs")
    form = Form.of(await begun.consent_page("doc"))
    fields = [*form.approval(None, patient="ann"), ("patient", "ben")]
    assert (await send(begun.http, form, fields)).status_code == 400


@pytest.mark.parametrize("query", ["request=%ff", "request=a%00", "request=unknown", ""])
@pytest.mark.parametrize("page", ["sign-in", "consent"])
async def test_k1_odd_addresses_of_pages(world: World, page: str, query: str) -> None:
    async with world.http() as http:
        answer = await http.get(f"{world.url(page)}?{query}")
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_t2_a_token_of_another_server_is_none(
    world: World, launch: Launcher, own_world: World
) -> None:
    tokens = await launch("patient/*.rs offline_access").tokens("ann")
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    async with own_world.http() as http:
        url = own_world.url("introspect").replace("/records", "")
        answer = await http.post(url, data={"token": "x"}, headers=bearer)
    assert_oauth_error(answer, "invalid_client", 401)


async def test_revoked_grant_refreshes_no_more(world: World, launch: Launcher) -> None:
    begun = launch("patient/*.rs offline_access")
    code = await begun.code("ann")
    tokens = (await world.token(begun.exchange(code))).json()
    grant = await world.server.authenticate(tokens["access_token"])
    await world.admin.revoke_grant(grant.grant_id)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert_oauth_error(await world.token(form), "invalid_grant")
    form = {"token": tokens["refresh_token"], "client_id": begun.client_id}
    async with world.http() as http:
        assert (await http.post(world.url("revoke"), data=form)).status_code == 200


async def test_too_many_passwords_at_once_are_turned_away() -> None:
    passwords = Passwords()
    passwords._waiting = 64  # pyright: ignore[reportPrivateUsage] - 64 real ones take seconds
    with pytest.raises(Throttled):
        await passwords.verify(None, "x")
    passwords.close()


def test_settings_that_cannot_be_right_are_refused(world: World) -> None:
    for changes in (
        {"base_url": "http://127.0.0.1/fhir/"},
        {"issuer": "127.0.0.1"},
        {"access_token_lifetime": 7200},
    ):
        with pytest.raises(ValueError, match=r"URL|lifetime"):
            replace(world.config, **changes)  # type: ignore[arg-type]


def test_form_tokens_differ_by_master_key(world: World) -> None:
    other: AuthConfig = replace(world.config, master_key=b"y" * 32)
    mine, theirs = Pages(world.config), Pages(other)
    assert mine._form_token("b", "r") != theirs._form_token("b", "r")  # pyright: ignore[reportPrivateUsage]


async def test_state_is_echoed_byte_for_byte(launch: Launcher) -> None:
    state = "~!@#$%^&*()_+{}|:\"<>?`-=[]\\;',./ \t\r\n é 漢 😀"
    begun = launch("patient/*.rs", state=state)
    assert redirected(await begun.approve("ann"))["state"] == state  # L5
