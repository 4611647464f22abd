"""Everything below `/fhir` as a list of Starlette routes, made from the interaction table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from fhir_server.http.addresses import route_path
from fhir_server.http.body import query_pairs
from fhir_server.http.cors import CrossOrigin
from fhir_server.http.endpoint import Endpoint, Gate, Limits, failure
from fhir_server.http.negotiation import CONTENT_TYPE, check_acceptable, split_steering
from fhir_server.interactions.call import Service
from fhir_server.interactions.row import Row
from fhir_server.interactions.table import TABLE
from fhir_server.outcome import Category, FhirError, error

PUBLIC_PATHS = ("/metadata", "/.well-known/smart-configuration")
"""What may be read without a token, and nothing else."""


def fhir_routes(
    service: Service,
    gate: Gate,
    limits: Limits,
    capability: bytes,
    smart_configuration: Callable[[], Mapping[str, Any]],
) -> list[BaseRoute]:
    """The FHIR base. Any origin may ask, none with credentials (R4 `security.html#cors`)."""
    by_path: dict[str, list[Row]] = {}
    for row in TABLE:
        by_path.setdefault(row.path, []).append(row)
    endpoints = {path: Endpoint(rows, service, gate, limits) for path, rows in by_path.items()}
    published = {
        "/metadata": _Published(lambda request: _metadata(request, capability)),
        # SMART App Launch, "Conformance": JSON, whatever the Accept header asks for.
        "/.well-known/smart-configuration": _Published(
            lambda _: JSONResponse(dict(smart_configuration()))
        ),
    }
    applications: dict[str, ASGIApp] = {
        **endpoints,
        **published,
        # Whatever has no FHIR address is refused as FHIR refuses.
        "/": Endpoint(by_path[""], service, gate, limits),
        "/{rest:path}": _Unknown(),
    }
    return [_route(path, application) for path, application in applications.items()]


def _route(path: str, application: ASGIApp) -> Route:
    return Route(f"/fhir{route_path(path)}", application, middleware=[Middleware(CrossOrigin)])


def _metadata(request: Request, capability: bytes) -> Response:
    _, asked_format, _ = split_steering(query_pairs(request.scope["query_string"]))
    check_acceptable(request.headers.get("accept"), asked_format)
    return Response(capability, headers={"content-type": CONTENT_TYPE})


class _Published:
    """What anybody may read."""

    def __init__(self, answer: Callable[[Request], Response]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] not in ("GET", "HEAD"):
                raise error(
                    Category.METHOD, "This can only be read.", headers={"allow": "GET, HEAD"}
                )
            response = self._answer(Request(scope, receive))
        except FhirError as problem:
            response = failure(problem)
        await response(scope, receive, send)


class _Unknown:
    """Any other address below the base."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = error(
            Category.UNKNOWN_ROUTE, "No FHIR interaction has this address; see /fhir/metadata."
        )
        await failure(problem)(scope, receive, send)
