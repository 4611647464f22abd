"""`/`: what this server is and where its pages are; `/app`: the demo app."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from smart_auth.storage.protocols import Clients

APP: Final = Path(__file__).with_name("app")
DEMO_CLIENT: Final = "demo-app"
"""The client id of the demo app, which `make demo` registers."""

PAGE_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
        "img-src 'self' data:"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""Of every page: nothing foreign, nothing inline."""


def page_routes(organization: str, base_url: str, clients: Clients) -> list[BaseRoute]:
    """The start page and the demo app; without its built files, `/app` says what is missing."""

    async def start(_: Request) -> Response:
        return HTMLResponse(_start_page(organization, base_url), headers=PAGE_HEADERS)

    async def config(_: Request) -> Response:
        known = await clients.client(DEMO_CLIENT) is not None
        client_id = DEMO_CLIENT if known else None
        return JSONResponse(
            {"client_id": client_id, "iss": base_url}, headers={"cache-control": "no-store"}
        )

    async def to_app(_: Request) -> Response:
        return RedirectResponse("/app/", 308)

    routes: list[BaseRoute] = [Route("/", start), Route("/app/config.json", config)]
    built = APP / "dist"
    if (built / "index.html").is_file():
        return [
            *routes,
            Route("/app", to_app),
            Mount("/app", _StaticApp(directory=built, html=True)),
        ]

    async def missing(_: Request) -> Response:
        return FileResponse(APP / "missing.html", status_code=503, headers=PAGE_HEADERS)

    return [*routes, Route("/app", missing), Route("/app/", missing)]


class _StaticApp(StaticFiles):
    """The built app, under a policy that lets nothing foreign in."""

    def file_response(self, *args: object, **more: object) -> Response:
        response = super().file_response(*args, **more)  # pyright: ignore[reportArgumentType]
        response.headers.update(PAGE_HEADERS)
        return response


def _start_page(organization: str, base_url: str) -> str:
    name = escape(organization)
    links = (
        ("/app/", "Open the demo app and sign in as one of the demo patients"),
        ("/docs", "How to ask it: every interaction with its parameters (OpenAPI)"),
        ("/fhir/metadata", "What this server can do (CapabilityStatement)"),
        ("/fhir/.well-known/smart-configuration", "Where apps begin (SMART configuration)"),
        ("/readyz", "Whether it is ready"),
    )
    items = "".join(f'<li><a href="{link}">{escape(text)}</a></li>' for link, text in links)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,"></head>'
        f"<body><main><h1>{name}</h1><p>A FHIR R4 server with SMART App Launch. "
        f"Its FHIR base is <code>{escape(base_url)}</code>.</p>"
        f"<ul>{items}</ul></main></body></html>"
    )
