"""Work that outlives the request which asked for it, within one worker."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Final

_AGAIN: Final = 1.0
"""Seconds after which work that goes on is cancelled again: Python 3.11's `asyncio.wait_for`, which
PyMongo sends by, forgets a cancellation that comes in the moment in which it ends."""


class Background:
    """What this worker does besides; it ends with the worker."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Gives up what still runs."""
        tasks = going_on = set(self._tasks)
        while going_on:
            for task in going_on:
                task.cancel()
            _, going_on = await asyncio.wait(going_on, timeout=_AGAIN)
        await asyncio.gather(*tasks, return_exceptions=True)
