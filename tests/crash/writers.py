"""A write load over HTTP: creates, updates and transactions at once, until it is stopped.

A write counts as acknowledged when its 2xx answer has arrived whole. Whatever else happens to it,
nobody was promised anything but that it is there whole or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx

from tests.crash.journal import (
    OBSERVATIONS,
    Journal,
    new_mark,
    observation,
    patient,
    transaction,
)

CREATORS, UPDATERS, BUNDLERS = 4, 3, 2
PAUSE = 0.2
UNAVAILABLE = 503


class Writers:
    """Those who write at the same time, and their common journal."""

    def __init__(self, base: str, token: str, journal: Journal) -> None:
        self._journal = journal
        self._http = httpx.AsyncClient(
            base_url=base, headers={"authorization": f"Bearer {token}"}, timeout=20
        )
        self._over = asyncio.Event()
        self._progress = asyncio.Event()
        self.written = 0
        """Writes that this load has had acknowledged."""
        self.unexpected: list[str] = []
        """Answers that are neither a success nor a 503."""

    @asynccontextmanager
    async def at_work(self) -> AsyncGenerator[None]:
        """Everybody writes during the block."""
        async with self._http, asyncio.TaskGroup() as group:
            for _ in range(CREATORS):
                group.create_task(self._repeat(self._create))
            for _ in range(UPDATERS):
                group.create_task(self._repeat(await self._updater()))
            for _ in range(BUNDLERS):
                group.create_task(self._repeat(self._transaction))
            try:
                yield
            finally:
                self._over.set()

    async def until(self, written: int, seconds: float = 20.0) -> None:
        """Waits until so many writes are acknowledged."""
        async with asyncio.timeout(seconds):
            while self.written < written:
                self._progress.clear()
                await self._progress.wait()

    async def _repeat(self, write: Callable[[], Awaitable[bool]]) -> None:
        while not self._over.is_set():
            if not await write():
                await asyncio.sleep(PAUSE)

    async def _create(self) -> bool:
        mark = new_mark()
        answer = await self._send("POST", "/Observation", observation(mark))
        if answer is None:
            self._journal.unanswered_creates.append(mark)
            return False
        self._acknowledge(answer.headers["location"], mark)
        return True

    async def _updater(self) -> Callable[[], Awaitable[bool]]:
        """Writes version after version of one Patient."""
        first = new_mark()
        made = await self._http.post("/Patient", json=patient(first))
        assert made.status_code == 201, made.text
        self._acknowledge(made.headers["location"], first)
        logical_id = made.json()["id"]
        unanswered = self._journal.unanswered_updates.setdefault(f"Patient/{logical_id}", set())

        async def update() -> bool:
            mark = new_mark()
            body = {**patient(mark), "id": logical_id}
            answer = await self._send("PUT", f"/Patient/{logical_id}", body)
            if answer is None:
                unanswered.add(mark)
                return False
            self._acknowledge(answer.headers["location"], mark)
            return True

        return update

    async def _transaction(self) -> bool:
        group, marks = new_mark(), [new_mark() for _ in range(1 + OBSERVATIONS)]
        answer = await self._send("POST", "", transaction(group, marks))
        if answer is None:
            self._journal.unanswered_transactions.append(group)
            return False
        for entry, mark in zip(answer.json()["entry"], marks, strict=True):
            self._acknowledge(entry["response"]["location"], mark)
        return True

    async def _send(self, method: str, path: str, body: object) -> httpx.Response | None:
        """The answer, or None where there is none that acknowledges."""
        try:
            answer = await self._http.request(method, path, json=body)
        except httpx.TransportError:
            return None
        if answer.is_success:
            return answer
        if answer.status_code != UNAVAILABLE:
            self.unexpected.append(answer.text)
        return None

    def _acknowledge(self, location: str, mark: str) -> None:
        self._journal.acknowledge(location, mark)
        self.written += 1
        self._progress.set()
