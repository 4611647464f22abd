"""Logs without health data: one JSON line a request, and nothing that a value could hide in.

No query, id, body, header or token is written. Of an exception only its type and where it was
raised are written, since its message may quote a resource; of other libraries' messages only the
constant part.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import select
import stat
import sys
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fhir_server.http.metrics import record

OURS = ("fhir_server", "smart_auth", "uvicorn")
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
UNMATCHED = "unmatched"
GONE = 499
"""Of a request whose sender hung up before its end, as nginx has it; nobody gets this answer."""
FAULT = (
    b'{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"exception",'
    b'"diagnostics":"The server could not do this; it is logged."}]}'
)

_requests = logging.getLogger("fhir_server.request")
_faults = logging.getLogger("fhir_server.fault")
_encode = msgspec.json.encode


class LineSink:
    """Writes whole lines to a descriptor, and rather drops one than waits for a slow reader."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._poll: select.poll | None = None
        self.dropped = 0
        # A regular file never makes a writer wait; a pipe whose reader sleeps does.
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            self._poll = select.poll()
            self._poll.register(descriptor, select.POLLOUT)

    def write(self, line: bytes) -> None:
        if self._poll is not None and not self._poll.poll(0):
            self.dropped += 1
            return
        try:
            os.write(self._descriptor, line + b"\n")
        except OSError:
            self.dropped += 1


class JsonLines(logging.Handler):
    """Every logger's records as JSON lines."""

    def __init__(self, sink: LineSink) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        line: dict[str, object] = {
            "time": _now(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message_of(record),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line |= fault_of(record.exc_info[1])
        self._sink.write(_encode(line))


def message_of(record: logging.LogRecord) -> str:
    """The message; of a logger that is not ours without its arguments, which may be values."""
    if record.name.partition(".")[0] in OURS:
        return record.getMessage()
    if record.args:
        return str(record.msg)
    # Composed before it was logged (asyncio, warnings): its first line's constant beginning.
    return str(record.msg).partition("\n")[0].partition(":")[0]


def fault_of(error: BaseException) -> dict[str, object]:
    """The type of an exception and the frames it came through, innermost first."""
    frames = [
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in reversed(traceback.extract_tb(error.__traceback__))
    ]
    return {"exception": type(error).__name__, "frames": frames}


def configure_logging(level: str, descriptor: int = 2) -> None:
    """Send all loggers and warnings of the process, as JSON lines, to a descriptor."""
    root = logging.getLogger()
    root.handlers[:] = [JsonLines(LineSink(descriptor))]
    root.setLevel(LEVELS[level])
    # At debug level PyMongo logs its commands whole.
    for chatty in ("pymongo", "asyncio", "httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(max(LEVELS[level], logging.WARNING))
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught


def _log_uncaught(_kind: type[BaseException], error: BaseException, _trace: object) -> None:
    if not isinstance(error, KeyboardInterrupt):
        _faults.error("uncaught", exc_info=error)


def _log_loop_fault(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Asyncio's own handler would print the failed task and its exception."""
    _faults.error("in the background", exc_info=context.get("exception"))


class RequestLog:
    """Outermost ASGI layer: a line and the metrics of each request, and no exception beyond it.

    The route template is `scope["state"]["route_template"]` or the route that matched; the client
    is `scope["state"]["client_id"]`. Adds `X-Request-Id` (R4 http.html#custom).
    """

    def __init__(self, app: ASGIApp, write: Callable[[bytes], None] | None = None) -> None:
        self._app = app
        self._write = write or LineSink(2).write
        self._prefix = os.urandom(6).hex()
        self._numbers = itertools.count(1)
        self._templates = RouteTemplates()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._live(scope, receive, send)
            return
        began = perf_counter()
        request_id = f"{self._prefix}-{next(self._numbers):x}"
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        status = 0

        async def numbered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self._app(scope, receive, numbered)
        except ClientDisconnect:
            status = status or GONE
        except Exception as fault:  # noqa: BLE001 (the server would log it with its message)
            _faults.error("unhandled", exc_info=fault)
            if not status:
                await _answer_fault(numbered)
        finally:
            self._line(scope, status, perf_counter() - began)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The lifespan: what fails at the start is told without its message, too."""
        asyncio.get_running_loop().set_exception_handler(_log_loop_fault)

        async def terse(message: Message) -> None:
            await send({"type": message["type"]})

        try:
            await self._app(scope, receive, terse)
        except Exception as fault:
            _faults.error("at start or stop", exc_info=fault)
            raise

    def _line(self, scope: Scope, status: int, seconds: float) -> None:
        state = scope["state"]
        route = state.get("route_template") or self._templates.of(scope)
        record(route, scope["method"], status, seconds)
        if not _requests.isEnabledFor(logging.INFO):
            return
        line = {
            "time": _now(),
            "level": "info",
            "logger": "fhir_server.request",
            "route": route,
            "method": scope["method"],
            "status": status,
            "ms": round(seconds * 1000, 2),
            "request_id": state["request_id"],
            "client_id": state.get("client_id"),
        }
        self._write(_encode(line))


class RouteTemplates:
    """From the endpoint that a router chose to the path of its route, names in place of values.

    FastAPI's router leaves no other trace of the route in the scope.
    """

    def __init__(self) -> None:
        self._by_endpoint: dict[int, str] = {}

    def of(self, scope: Scope) -> str:
        endpoint = scope.get("endpoint")
        if endpoint is None:
            return UNMATCHED
        template = self._by_endpoint.get(id(endpoint))
        if template is None:
            self._collect(getattr(scope.get("router"), "routes", ()), "")
            template = self._by_endpoint.setdefault(id(endpoint), UNMATCHED)
        return template

    def _collect(self, routes: Iterable[BaseRoute], prefix: str) -> None:
        for route in routes:
            path = f"{prefix}{getattr(route, 'path', '')}"
            if isinstance(route, Mount):
                self._by_endpoint[id(route.app)] = path
                self._collect(route.routes, path)
            elif isinstance(route, Route):
                self._by_endpoint[id(route.endpoint)] = f"{prefix}{route.path_format}"


async def _answer_fault(send: Send) -> None:
    headers = [(b"content-type", b"application/fhir+json")]
    headers.append((b"content-length", str(len(FAULT)).encode()))
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": FAULT})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
