"""Requests across origins (Fetch, R4 `security.html#cors`): any origin, never credentials."""

from __future__ import annotations

from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_EXPOSED: Final = (
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Location",
    "Content-Range",
    "ETag",
    "Last-Modified",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
    "X-Security-Context",
)


class CrossOrigin:
    """Starlette's CORS for the requests of browsers; all others pass it by.

    Answers are `no-store`, so that there is nothing that would have to vary with the origin.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._for_browsers = CORSMiddleware(
            app,
            allow_origins=["*"],
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["*"],
            expose_headers=_EXPOSED,
            max_age=600,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for name, _ in scope["headers"]:
            if name == b"origin":
                await self._for_browsers(scope, receive, send)
                return
        await self._app(scope, receive, send)
