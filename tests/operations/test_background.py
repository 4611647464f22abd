"""What a worker does besides ends with it."""

from __future__ import annotations

import asyncio

import pytest

from fhir_server.interactions import background
from fhir_server.interactions.background import Background


async def test_work_ends_that_loses_its_first_cancellation(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `asyncio.wait_for` of Python 3.11 does when what it waits for is done in that moment."""
    monkeypatch.setattr(background, "_AGAIN", 0.05)
    lost: list[str] = []

    async def work() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if lost:
                    raise
                lost.append("once")

    async def fails() -> None:
        raise ValueError

    some = Background()
    for each in (work(), fails(), work()):
        some.start(each)
    await asyncio.sleep(0)
    await asyncio.wait_for(some.close(), 10)
    assert lost
