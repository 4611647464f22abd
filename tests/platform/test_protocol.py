"""What callers may not do to a connection: dawdle, send ahead without end, smuggle (F11, O1)."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from fhir_server.cli import protocol
from fhir_server.cli.protocol import BoundedHttp
from fhir_server.http.logging import GONE, RequestLog
from tests.ports import free_port
from tests.serving import InLoop

PACE = 0.3
LARGE = 40_000_000


@dataclass
class Site:
    port: int
    lines: list[bytes] = field(default_factory=list[bytes])

    @property
    def statuses(self) -> list[int]:
        return [json.loads(line)["status"] for line in self.lines]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Tells what arrived; `/early` answers before the body, `/large` with more than fits."""
    if scope["path"] == "/early":
        await Response(status_code=401)(scope, receive, send)
    elif scope["path"] == "/large":
        await Response(b"x" * LARGE)(scope, receive, send)
    else:
        body = await Request(scope, receive).body()
        told = {"path": scope["path"], "body": len(body)}
        told["headers"] = [name.decode() for name, _ in scope["headers"]]
        await JSONResponse(told)(scope, receive, send)


@pytest_asyncio.fixture(scope="module", loop_scope="session", name="site")
async def _site() -> AsyncIterator[Site]:
    patch = pytest.MonkeyPatch()
    patch.setattr(protocol, "HEAD_SECONDS", PACE)
    patch.setattr(protocol, "PACE_SECONDS", PACE)
    site = Site(free_port())
    config = uvicorn.Config(
        RequestLog(application, site.lines.append),
        port=site.port,
        http=BoundedHttp,
        lifespan="off",
        log_config=None,
    )
    server = InLoop(config)
    running = asyncio.create_task(server.serve())
    try:
        while not server.started:  # noqa: ASYNC110  uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield site
    finally:
        server.should_exit = True
        await running
        patch.undo()


@asynccontextmanager
async def connected(site: Site) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What came until the server closed the connection."""
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        return b""


async def answer_to(site: Site, sent: bytes) -> bytes:
    async with connected(site) as (reader, writer):
        writer.write(sent)
        return await ended(reader)


POST = b"POST / HTTP/1.1\r\nhost: x\r\n"


@pytest.mark.parametrize(
    "begin",
    [b"", b"GET / HT", b"GET / HTTP/1.1\r\nhost: x\r\nx-a: "],
    ids=["nothing", "line", "header"],
)
async def test_f11_a_head_that_dawdles(site: Site, begin: bytes) -> None:
    async with connected(site) as (reader, writer):
        writer.write(begin)
        assert await ended(reader) == b""


async def test_f11_a_body_that_dawdles(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """RFC 9110 section 15.5.9; it is no fault of ours, and told as what it is."""
    caplog.set_level(logging.INFO, "fhir_server.request")
    site.lines.clear()
    async with connected(site) as (reader, writer):
        writer.write(POST + b"content-length: 1000\r\n\r\nabc")
        assert (await ended(reader)).startswith(b"HTTP/1.1 408 ")
    for _ in range(100):
        if site.lines:
            break
        await asyncio.sleep(0.02)
    assert site.statuses == [GONE]
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


async def test_f11_a_slow_body_that_keeps_coming_is_taken(site: Site) -> None:
    async with connected(site) as (reader, writer):
        writer.write(POST + b"connection: close\r\ncontent-length: 5000\r\n\r\n")
        for _ in range(10):
            writer.write(b"x" * 500)
            await asyncio.sleep(PACE / 4)
        assert b'"body":5000' in await ended(reader)


async def test_f11_a_body_that_is_refused_is_not_listened_to_for_ever(site: Site) -> None:
    async with connected(site) as (reader, writer):
        writer.write(b"POST /early HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")

        async def send() -> None:
            while True:
                writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
                await asyncio.sleep(0.01)

        sending = asyncio.create_task(send())
        assert (await reader.readline()).startswith(b"HTTP/1.1 401 ")
        await ended(reader)
        sending.cancel()


async def test_f11_an_answer_that_nobody_fetches(site: Site) -> None:
    """What does not go is given up, so that it is not kept in memory."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port, limit=1024)
    writer.write(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
    await asyncio.sleep(4 * PACE)
    assert len(await ended(reader)) < LARGE
    writer.close()


async def test_f11_requests_sent_ahead_are_answered_in_order_up_to_a_bound(site: Site) -> None:
    """RFC 9112 section 9.3.2."""

    def ahead(count: int) -> bytes:
        lines = [b"GET /%d HTTP/1.1\r\nhost: x\r\n\r\n" % each for each in range(count - 1)]
        return b"".join(lines) + b"GET /last HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"

    answered = await answer_to(site, ahead(40))
    places = [answered.find(b'"/%d"' % each) for each in range(39)] + [answered.find(b'"/last"')]
    assert places == sorted(places)
    assert min(places) > 0
    assert b'"/last"' not in await answer_to(site, ahead(8_000))


CHUNKED = POST + b"transfer-encoding: chunked\r\n"


async def test_f11_a_trailer_is_no_header(site: Site) -> None:
    """RFC 9110 section 6.5.1: else a token could come behind what a proxy has looked at."""
    body = b"3\r\nabc\r\n0\r\nauthorization: Bearer x\r\ncontent-encoding: gzip\r\n\r\n"
    answer = await answer_to(site, CHUNKED + b"connection: close\r\n\r\n" + body)
    assert b'"body":3' in answer
    assert b'"authorization"' not in answer
    assert b'"content-encoding"' not in answer


@pytest.mark.parametrize(
    "sent",
    [
        CHUNKED + b"\r\n0\r\n" + b"x-a: " + b"b" * 400_000,
        CHUNKED + b"\r\n0\r\n" + b"x-a: b\r\n" * 50_000,
        CHUNKED + b"\r\n3;" + b"a" * 400_000,
        b"GET / HTTP/1.1\r\nhost: x\r\n" + b"x-a: b\r\n" * 100_000,
        b"GET /" + b"a" * 400_000,
    ],
    ids=["trailer", "trailers", "extension", "headers", "line"],
)
async def test_f11_what_is_around_a_body_has_an_end(site: Site, sent: bytes) -> None:
    assert b"HTTP/1.1 200" not in await answer_to(site, sent)


@pytest.mark.parametrize(
    "head",
    [
        b"content-length: 3\r\ntransfer-encoding: chunked\r\n",
        b"transfer-encoding: chunked\r\ncontent-length: 3\r\n",
        b"content-length: 3\r\ncontent-length: 4\r\n",
        b"content-length: +3\r\n",
        b"content-length: 0x3\r\n",
        b"content-length : 3\r\n",
        b"transfer-encoding: xchunked\r\n",
        b"transfer-encoding: chunked, identity\r\n",
        b"x-a: b\r\n content-length: 3\r\n",
    ],
)
async def test_f11_a_length_that_can_be_read_in_two_ways(site: Site, head: bytes) -> None:
    """RFC 9112 section 6.3: what a proxy may read otherwise is refused, and nothing behind it."""
    body = b"3\r\nabc\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n"
    answer = await answer_to(site, POST + head + b"\r\n" + body)
    assert b"smuggled" not in answer
    assert answer.startswith(b"HTTP/1.1 400 ") or answer == b""
