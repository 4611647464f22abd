"""HTTP/1.1 by hand: as little work as possible between a request and the next (RFC 9112).

The generator must not be what is measured, so it renders requests beforehand and looks at nothing
of an answer but its status and length.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Final, cast

LONGEST: Final = 120.0
"""Seconds after which a burst that should have ended is given up."""
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def render(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """One request on a connection that stays open."""
    head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n"
    head += "accept: application/fhir+json\r\n"
    if body:
        head += f"content-type: application/fhir+json\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


@dataclass(frozen=True, slots=True)
class Burst:
    """Requests to one port, over and over, until time or number is up."""

    port: int
    requests: tuple[bytes, ...]
    concurrency: int
    seconds: float
    most: int
    status: int


@dataclass(slots=True)
class Outcome:
    """What came of a burst."""

    elapsed: float = 0.0
    latencies: list[float] = field(default_factory=list[float])
    wrong: list[str] = field(default_factory=list[str])
    """The first lines of answers with another status than the one expected."""


class _Connection(asyncio.Protocol):
    """Sends a request when the answer to the one before is complete."""

    def __init__(self, burst: Burst, requests: Iterator[bytes], outcome: Outcome) -> None:
        self._burst = burst
        self._requests = requests
        self._outcome = outcome
        self._deadline = time.perf_counter() + burst.seconds
        self._received = bytearray()
        self._wanted = 0
        self.finished = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by behaviour alone
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._wanted:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _LENGTH.search(self._received, 0, end + 2)
            self._wanted = end + 4 + (int(length[1]) if length else 0)
        if len(self._received) >= self._wanted:
            self._answered()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.done():
            self.finished.set_exception(ConnectionError(f"the connection was lost: {exc}"))

    def _answered(self) -> None:
        now = time.perf_counter()
        self._outcome.latencies.append(now - self._sent)
        if int(self._received[9:12]) != self._burst.status:
            self._outcome.wrong.append(self._received[-300:].decode(errors="replace"))
        self._received.clear()
        self._wanted = 0
        if now < self._deadline:
            self._send()
        else:
            self._end()

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._end()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)

    def _end(self) -> None:
        if not self.finished.done():
            self.finished.set_result(None)
        self._transport.close()


async def send(burst: Burst) -> Outcome:
    """The burst over as many connections as its concurrency says."""
    outcome = Outcome()
    requests = islice(cycle(burst.requests), burst.most)
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    connections = [
        await loop.create_connection(
            lambda: _Connection(burst, requests, outcome), "127.0.0.1", burst.port
        )
        for _ in range(burst.concurrency)
    ]
    async with asyncio.timeout(burst.seconds + LONGEST):
        await asyncio.gather(*(protocol.finished for _, protocol in connections))
    outcome.elapsed = time.perf_counter() - begun
    return outcome
