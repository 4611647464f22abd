"""Everything below `/fhir` as a list of Starlette routes, made from the interaction table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from fhir_server.http.addresses import route_path
from fhir_server.http.cors import CrossOrigin
from fhir_server.http.endpoint import Endpoint, Gate
from fhir_server.http.head import Head
from fhir_server.http.limits import Limits
from fhir_server.http.rendering import PLAIN, refusal, steering
from fhir_server.http.room import Room
from fhir_server.interactions.call import Service
from fhir_server.interactions.reply import Reply
from fhir_server.interactions.row import Row
from fhir_server.interactions.table import TABLE
from fhir_server.outcome import Category, FhirError, error
from fhir_server.store import Contents

PUBLIC_PATHS = ("/metadata", "/.well-known/smart-configuration")
"""What may be read without a token, and nothing else."""
_READ: Final = {"allow": "GET, HEAD, OPTIONS"}


def fhir_routes(
    service: Service,
    gate: Gate,
    limits: Limits,
    room: Room,
    contents: Contents,
    metadata: ASGIApp,
    smart_configuration: Callable[[], Mapping[str, Any]],
) -> list[BaseRoute]:
    """The FHIR base. Any origin may ask, none with credentials (R4 `security.html#cors`)."""
    by_path: dict[str, list[Row]] = {}
    for row in TABLE:
        by_path.setdefault(row.path, []).append(row)

    def endpoint(path: str) -> Endpoint:
        return Endpoint(by_path[path], service, gate, limits, room, contents)

    endpoints = {path: endpoint(path) for path in by_path}
    published = {
        "/metadata": _Published(metadata),
        # SMART App Launch, "Conformance": JSON, whatever the Accept header asks for.
        "/.well-known/smart-configuration": _Published(_json(smart_configuration)),
    }
    applications: dict[str, ASGIApp] = {
        **endpoints,
        **published,
        # Whatever has no FHIR address is refused as FHIR refuses.
        "/": endpoint(""),
        "/{rest:fhir_rest}": _Unknown(limits),
    }
    return [_route(path, application) for path, application in applications.items()]


def _route(path: str, application: ASGIApp) -> Route:
    return Route(f"/fhir{route_path(path)}", application, middleware=[Middleware(CrossOrigin)])


def _json(document: Callable[[], Mapping[str, Any]]) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse(dict(document()))(scope, receive, send)

    return answer


class _Published:
    """What anybody may read."""

    def __init__(self, answer: ASGIApp) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] == "OPTIONS":
                await PLAIN.respond(send, Reply(204, headers=tuple(_READ.items())))
                return
            if scope["method"] not in ("GET", "HEAD"):
                raise error(Category.METHOD, "This can only be read.", headers=_READ)
            await self._answer(scope, receive, send)
        except FhirError as problem:
            await PLAIN.respond(send, refusal(problem))


class _Unknown:
    """Any other address below the base."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        rendering = PLAIN
        try:
            rendering = steering(scope, Head(scope), self._limits).rendering()
            text = "No FHIR interaction has this address; see /fhir/metadata."
            raise error(Category.UNKNOWN_ROUTE, text)
        except FhirError as problem:
            await rendering.respond(send, refusal(problem))
