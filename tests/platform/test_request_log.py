"""The request log's layer by itself: whatever happens inside, the outside learns no value."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Generator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Message, Receive, Scope, Send

from fhir_server.http.logging import LineSink, RequestLog, configure_logging

MARKED = "Zebedee-Quillfeather"


@pytest.fixture(name="log")
def _log(tmp_path: Path) -> Generator[Callable[[], str]]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, sys.excepthook)
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    configure_logging("info", descriptor)
    yield path.read_text
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level, sys.excepthook = before
    os.close(descriptor)


async def raises(scope: Scope, receive: Receive, send: Send) -> None:
    raise ValueError(MARKED)


async def raises_midway(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ValueError(MARKED)


def client_of(app: RequestLog) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://h")


async def test_what_is_raised_is_a_bare_500(log: Callable[[], str]) -> None:
    async with client_of(RequestLog(raises)) as client:
        answer = await client.get(f"/{MARKED}")
    assert answer.status_code == 500
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert answer.headers["content-type"] == "application/fhir+json"
    assert MARKED not in answer.text + log()
    assert "ValueError" in log()


async def test_the_route_is_told_by_its_template(log: Callable[[], str]) -> None:
    def page(_: Request) -> Response:
        return PlainTextResponse("")

    def inner(_: Request) -> Response:
        return PlainTextResponse("")

    app = FastAPI(openapi_url=None)
    app.router.routes[:] = [
        Route("/fhir/{type}/{id}", page),
        Mount("/a", routes=[Route("/{name}", inner)]),
        Mount("/static", PlainTextResponse("")),
    ]
    lines: list[bytes] = []
    async with client_of(RequestLog(app, lines.append)) as client:
        for path in ("/fhir/Patient/1", "/a/b", "/static/c.css", "/x", "/fhir/Patient/2"):
            await client.get(path)
    routes = [json.loads(line)["route"] for line in lines]
    matched = "/fhir/{type}/{id}"
    assert routes == [matched, "/a/{name}", "/static", "unmatched", matched]


async def test_what_is_raised_midway_goes_no_further(log: Callable[[], str]) -> None:
    sent: list[Message] = []

    async def keep(message: Message) -> None:
        sent.append(message)

    async def nothing() -> Message:
        return {"type": "http.request"}

    await RequestLog(raises_midway)({"type": "http", "method": "GET"}, nothing, keep)
    assert [message["type"] for message in sent] == ["http.response.start"]
    assert MARKED not in log()


def test_no_logger_tells_values(log: Callable[[], str]) -> None:
    logging.getLogger("pymongo.command").debug(MARKED)
    logging.getLogger("other.library").warning("Could not store %s", MARKED)
    logging.getLogger("other.library").error("Could not store: %s" % MARKED)  # noqa: UP031 (as libraries do)
    fault = ValueError(MARKED)
    logging.getLogger("smart_auth").error("failed", exc_info=fault)
    sys.excepthook(ValueError, fault, None)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.warn(f"odd value: {MARKED}", UserWarning, stacklevel=1)
    text = log()
    assert MARKED not in text
    assert "Could not store" in text
    assert len(text.splitlines()) == 5
    assert all(json.loads(line)["time"] for line in text.splitlines())


async def test_a_forgotten_task_tells_no_value(log: Callable[[], str]) -> None:
    async def live(scope: Scope, receive: Receive, send: Send) -> None:
        return

    async def ignore(message: Message) -> None:
        return

    async def nothing() -> Message:
        return {"type": "lifespan.startup"}

    loop = asyncio.get_running_loop()
    handler = loop.get_exception_handler()
    await RequestLog(live)({"type": "lifespan"}, nothing, ignore)
    loop.call_exception_handler({"message": MARKED, "exception": ValueError(MARKED)})
    loop.set_exception_handler(handler)
    assert "ValueError" in log()
    assert MARKED not in log()


def test_a_reader_that_sleeps_does_not_stop_the_server() -> None:
    reading, writing = os.pipe()
    sink = LineSink(writing)
    for _ in range(3000):
        sink.write(b"x" * 100)
    assert sink.dropped > 0
    os.read(reading, 65536)
    dropped = sink.dropped
    sink.write(b"again")
    assert sink.dropped == dropped
    os.close(reading)
    sink.write(b"nobody reads")
    os.close(writing)
