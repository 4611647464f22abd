"""`/healthz` and `/readyz`, for whoever watches over the process."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from fhir_server.store import Database


def health_routes(database: Database) -> list[Route]:
    """200 while the process lives; 200 while MongoDB takes majority writes."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(_: Request) -> Response:
        if await database.ready():
            return PlainTextResponse("ready\n")
        return PlainTextResponse(
            "MongoDB takes no writes\n", status_code=503, headers={"retry-after": "1"}
        )

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
