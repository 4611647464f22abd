"""A running authorization server with a resource behind it, and a scripted browser and app."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from smart_auth.administration import Administration
from smart_auth.config import AuthConfig
from smart_auth.records import Client
from smart_auth.server import AuthorizationServer
from smart_auth.storage import MongoStorage
from smart_auth.tokens import InvalidToken
from tests.smart_auth.people import TestDirectory, TestScopeRules

REDIRECT = "https://app.example/back"
OTHER_REDIRECT = "https://app.example/other?tenant=7"
BROWSER_SCOPES = (
    "openid fhirUser profile launch launch/patient offline_access online_access "
    "patient/*.cruds patient/*.read user/*.cruds"
)
USERS = {
    "ann": "Patient/ann",
    "ben": "Patient/ben",
    "mum": "RelatedPerson/mum",
    "nobody": "RelatedPerson/nobody",
    "doc": "Practitioner/doc",
}


class MovableClock:
    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advance(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


@dataclass
class World:
    server: AuthorizationServer
    admin: Administration
    storage: MongoStorage
    config: AuthConfig
    clock: MovableClock
    app: Starlette
    clients: dict[str, Client] = field(default_factory=dict[str, Client])
    secret: str = ""

    def http(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(transport=transport, base_url=self.config.issuer)

    def url(self, name: str) -> str:
        return self.config.url(name)

    async def token(self, form: Any, **options: Any) -> httpx.Response:
        async with self.http() as http:
            return await http.post(self.url("token"), data=form, **options)

    async def read(self, token: str | None) -> int:
        """The status of a read with this bearer token."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with self.http() as http:
            return (await http.get("/fhir/Patient/ann", headers=headers)).status_code


def resource_app(server: AuthorizationServer) -> Starlette:
    """The server's routes beside one protected resource, as the FHIR side would have it."""

    async def resource(request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            grant = await server.authenticate(token if scheme.lower() == "bearer" else "")
        except InvalidToken as failure:
            challenge = f'Bearer error="invalid_token", error_description="{failure.description}"'
            return Response(status_code=401, headers={"WWW-Authenticate": challenge})
        return JSONResponse({"scopes": list(grant.scopes), "patient": grant.patient})

    return Starlette(routes=[*server.routes, Route("/fhir/{path:path}", resource)])


async def open_world(
    mongodb_uri: str, database: str, issuer: str = "http://127.0.0.1:8000", **settings: Any
) -> World:
    config = AuthConfig(
        base_url=f"{issuer}/fhir",
        issuer=issuer,
        master_key=b"m" * 32,
        organization="Riverside Clinic",
        **settings,
    )
    storage, clock = MongoStorage.connect(mongodb_uri, database), MovableClock()
    server = AuthorizationServer(config, storage, TestDirectory(), TestScopeRules(), clock)
    await server.start()
    admin = Administration(config, storage, clock)
    return World(server, admin, storage, config, clock, resource_app(server))


async def populate(world: World, jwks: dict[str, Any]) -> None:
    for username, fhir_user in USERS.items():
        await world.admin.add_user(
            username=username, password=f"{username}-password", fhir_user=fhir_user
        )
    add = world.admin.add_client
    uris = [REDIRECT, OTHER_REDIRECT]
    public, _ = await add(name="Trends", scope=BROWSER_SCOPES, kind="public", redirect_uris=uris)
    basic, secret = await add(
        name="Portal", scope=BROWSER_SCOPES, kind="secret", redirect_uris=uris
    )
    world.secret = secret or ""
    signed, _ = await add(
        name="Signer", scope=BROWSER_SCOPES, kind="jwks", redirect_uris=uris, jwks=jwks
    )
    backend, _ = await add(name="Export", scope="system/*.rs", kind="jwks", jwks=jwks)
    narrow, _ = await add(
        name="Narrow",
        scope="openid patient/Observation.rs patient/Condition.r",
        kind="public",
        redirect_uris=[REDIRECT],
    )
    world.clients = {
        "public": public,
        "basic": basic,
        "signed": signed,
        "backend": backend,
        "narrow": narrow,
    }


def pkce() -> tuple[str, str]:
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass
class Form:
    """A form as a browser without JavaScript would send it back."""

    action: str
    fields: list[tuple[str, str]]
    radios: list[str]
    scopes: list[str]
    text: str

    @classmethod
    def of(cls, page: httpx.Response) -> Form:
        text = page.text
        action = re.search(r'<form method="post" action="([^"]+)"', text)
        assert action, text
        tags = [dict(re.findall(r'([a-z-]+)="([^"]*)"', tag)) for tag in _inputs(text)]
        hidden = [(tag["name"], unescape(tag["value"])) for tag in tags if tag["type"] == "hidden"]
        radios = [tag["value"] for tag in tags if tag["type"] == "radio"]
        ticked = [
            unescape(dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))["value"])
            for tag in _inputs(text)
            if 'type="checkbox"' in tag and " checked" in tag
        ]
        return cls(str(page.url.join(action[1])), hidden, radios, ticked, text)

    def filled(self, **values: str) -> list[tuple[str, str]]:
        return self.fields + list(values.items())

    def approval(self, scopes: list[str] | None = None, **values: str) -> list[tuple[str, str]]:
        ticked = self.scopes if scopes is None else scopes
        return self.filled(**values, approve="yes") + [("scope", scope) for scope in ticked]


def _inputs(text: str) -> list[str]:
    return re.findall(r"<input[^>]*>", text)


async def send(
    http: httpx.AsyncClient, form: Form, fields: list[tuple[str, str]]
) -> httpx.Response:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return await http.post(form.action, content=urlencode(fields), headers=headers)


@dataclass
class Launch:
    """A standalone launch of a client, step by step."""

    world: World
    client_id: str
    scope: str
    http: httpx.AsyncClient
    verifier: str = ""
    changes: dict[str, str | None] = field(default_factory=dict[str, str | None])

    def parameters(self) -> dict[str, str]:
        self.verifier, challenge = pkce()
        values: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT,
            "scope": self.scope,
            "state": "a state + %26 ü",
            "aud": self.world.config.base_url,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "nonce": "n-123",
            **self.changes,
        }
        return {name: value for name, value in values.items() if value is not None}

    async def authorize(self) -> httpx.Response:
        return await self.http.get(self.world.url("authorize"), params=self.parameters())

    async def sign_in_page(self) -> httpx.Response:
        answer = await self.authorize()
        assert answer.status_code == 303, answer.text
        return await self.http.get(answer.headers["location"])

    async def consent_page(self, username: str) -> httpx.Response:
        self.http.cookies.clear()
        form = Form.of(await self.sign_in_page())
        fields = form.filled(username=username, password=f"{username}-password")
        answer = await send(self.http, form, fields)
        assert answer.status_code == 303, answer.text
        return await self.http.get(answer.headers["location"])

    async def approve(self, username: str, **values: str) -> httpx.Response:
        form = Form.of(await self.consent_page(username))
        return await send(self.http, form, form.approval(None, **values))

    async def code(self, username: str, **values: str) -> str:
        answer = await self.approve(username, **values)
        return redirected(answer)["code"]

    def exchange(self, code: str, /, **changes: str | None) -> dict[str, str]:
        values: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "client_id": self.client_id,
            "code_verifier": self.verifier,
            **changes,
        }
        return {name: value for name, value in values.items() if value is not None}

    async def tokens(self, username: str, **values: str) -> dict[str, Any]:
        code = await self.code(username, **values)
        answer = await self.world.token(self.exchange(code))
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def hmac_signed(header: dict[str, Any], body: str, key: bytes, digest: str) -> str:
    """A JWT whose HMAC key is whatever an attacker could know, such as a public key."""
    signed = f"{encoded(json.dumps(header).encode())}.{body}"
    return f"{signed}.{encoded(hmac.new(key, signed.encode(), digest).digest())}"


def redirected(answer: httpx.Response, to: str = REDIRECT) -> dict[str, str]:
    """The parameters that the browser carries to the app."""
    assert answer.status_code in (302, 303), answer.text
    location = answer.headers["location"]
    assert location.startswith(to), location
    query = parse_qs(urlsplit(location).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in query.values())
    return {name: values[0] for name, values in query.items()}


Launcher = Callable[..., Launch]


def assert_oauth_error(
    answer: httpx.Response, error: str, status: int | tuple[int, ...] = 400
) -> None:
    """RFC 6749 section 5.2, for every error of the JSON endpoints."""
    allowed = (status,) if isinstance(status, int) else status
    assert answer.status_code in allowed, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.json()["error"] == error, answer.text
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"].startswith("Basic ")
