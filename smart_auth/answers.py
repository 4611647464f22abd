"""JSON answers of the OAuth endpoints: never cached, readable from any origin.

Errors follow RFC 6749 section 5.2; they never repeat what was sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from authlib.oauth2.rfc6749.errors import OAuth2Error
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from smart_auth.storage.protocols import StorageUnavailable

Handler = Callable[[Request], Awaitable[Response]]

# Tokens, and errors about them, are "no-store" and, for HTTP/1.0, "no-cache" (section 5.1).
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
# Any origin may ask, and never with the browser's own credentials.
ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
_EVERY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def json_answer(
    body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return JSONResponse(dict(body), status, {**NO_STORE, **ANY_ORIGIN, **(headers or {})})


def public_document(body: Mapping[str, Any]) -> Response:
    return JSONResponse(dict(body), headers={"Cache-Control": "no-cache", **ANY_ORIGIN})


def error_answer(failure: OAuth2Error) -> Response:
    status = failure.status_code
    # Section 5.2: a failed client authentication is a 401 that names the scheme.
    headers = {"WWW-Authenticate": 'Basic realm="token endpoint"'} if status == 401 else {}
    body = {"error": failure.error or "invalid_request"}
    if failure.description:
        body["error_description"] = failure.description
    return json_answer(body, status, headers)


def _unavailable() -> Response:
    body = {"error": "temporarily_unavailable", "error_description": "try again shortly"}
    return json_answer(body, 503, {"Retry-After": "1"})


def _preflight(methods: Sequence[str]) -> Response:
    allowed = {
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Allow-Headers": "Authorization, Content-Type, Accept",
        "Access-Control-Max-Age": "600",
    }
    return Response(status_code=204, headers={**ANY_ORIGIN, **allowed})


def json_route(path: str, method: str, handler: Handler) -> Route:
    """A route for one method, with its CORS preflight and JSON errors for everything else."""
    methods = ["GET", "HEAD"] if method == "GET" else [method]

    async def endpoint(request: Request) -> Response:
        if request.method == "OPTIONS":
            return _preflight(methods)
        if request.method not in methods:
            body = {"error": "invalid_request", "error_description": f"use {method}"}
            return json_answer(body, 405, {"Allow": ", ".join(methods)})
        try:
            return await handler(request)
        except OAuth2Error as failure:
            return error_answer(failure)
        except StorageUnavailable:
            return _unavailable()

    return Route(path, endpoint, methods=_EVERY_METHOD)
