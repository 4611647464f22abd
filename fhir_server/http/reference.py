"""`/openapi.json` and `/docs`: what the server offers, for programs and for people.

Both are the same for everybody, and are sent anew only when they have changed (RFC 9110 section
13.1.2).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fhir_server.http.codings import COMPRESSORS, accepted_coding
from fhir_server.http.openapi.page import STYLE, page
from fhir_server.http.start import PAGE_HEADERS

_FRESH: Final = "public, max-age=300"
_CSS: Final = Path(__file__).parent / "openapi/page.css"
_SHARED: Final = {"cache-control": _FRESH, "vary": "accept-encoding"}


@dataclass(frozen=True, slots=True)
class _Document:
    """Bytes, what they are called, and the same bytes packed."""

    content_type: str
    body: bytes
    tag: str
    packed: dict[str, bytes]


def _document(content_type: str, body: bytes) -> _Document:
    packed = {coding: pack(body) for coding, pack in COMPRESSORS.items()}
    return _Document(content_type, body, sha256(body).hexdigest()[:32], packed)


@lru_cache(maxsize=1)
def _json(openapi: bytes) -> _Document:
    return _document("application/json", openapi)


@lru_cache(maxsize=1)
def _html(openapi: bytes) -> _Document:
    return _document("text/html; charset=utf-8", page(openapi).encode())


def reference_routes(openapi: Callable[[], Awaitable[bytes]]) -> list[BaseRoute]:
    """The document as JSON and as a page, and the page's style."""
    style = _document("text/css; charset=utf-8", _CSS.read_bytes())

    async def json(request: Request) -> Response:
        # Any origin may read it, as it may read the CapabilityStatement.
        return _answer(request, _json(await openapi()), {"access-control-allow-origin": "*"})

    async def html(request: Request) -> Response:
        return _answer(request, _html(await openapi()), {})

    async def css(request: Request) -> Response:
        return _answer(request, style, {})

    return [Route("/openapi.json", json), Route("/docs", html), Route(STYLE, css)]


def _answer(request: Request, document: _Document, more: dict[str, str]) -> Response:
    coding = accepted_coding(request.headers.get("accept-encoding"))
    # Weak: the same document, packed or not.
    headers = {**PAGE_HEADERS, **_SHARED, **more, "etag": f'W/"{document.tag}"'}
    if document.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if coding is not None:
        headers["content-encoding"] = coding
    body = document.body if coding is None else document.packed[coding]
    return Response(body, headers=headers, media_type=document.content_type)
