"""The command line around a tiny application, to test all that `serve` does but the server itself.

Worker processes import this file again, so that they get the same application.
"""

from __future__ import annotations

import json
import os
import sys
import types
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from pymongo import AsyncMongoClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from fhir_server.cli import main
from fhir_server.http.logging import RequestLog
from fhir_server.settings import Settings
from fhir_server.store import StoreRefused


def create_app(settings: Settings, mongodb_uri: str) -> ASGIApp:
    """Answers who it is, counts in MongoDB, and raises what it is sent."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        if settings.organization_name == "Broken":
            raise ValueError("Zebedee-Quillfeather is not ready")
        if settings.organization_name == "Refused":
            raise StoreRefused("This store is newer than the server.")
        async with AsyncMongoClient[dict[str, Any]](mongodb_uri) as client:
            app.state.calls = client[settings.database]["calls"]
            yield

    async def show_pid(request: Request) -> Response:
        return PlainTextResponse(str(os.getpid()))

    async def count(request: Request) -> Response:
        request.scope["state"]["client_id"] = "an-app"
        await request.app.state.calls.insert_one({})
        return PlainTextResponse(str(await request.app.state.calls.count_documents({})))

    async def fail(request: Request) -> Response:
        raise ValueError(json.dumps([*request.path_params.values(), str(request.query_params)]))

    routes = [
        Route("/pid", show_pid),
        Route("/count", count),
        Mount("/fhir", routes=[Route("/{type}/{id}", fail)]),
    ]
    return RequestLog(Starlette(routes=routes, lifespan=lifespan))


app = types.ModuleType("fhir_server.app")
app.create_app = create_app  # type: ignore[attr-defined] (a module made by hand)
sys.modules["fhir_server.app"] = app

if __name__ == "__main__":
    sys.exit(main())
