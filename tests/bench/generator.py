"""The load generator: a process of its own, whose work is nobody's cost."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

import uvloop

from tests.bench.wire import LONGEST, Burst, Outcome, send


class LoadGenerator:
    """Sends bursts, one after the other."""

    def __init__(self) -> None:
        spawning = multiprocessing.get_context("spawn")
        self._here, there = spawning.Pipe()
        self._process = spawning.Process(target=_work, args=(there,), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._here.close()
        self._process.join(2)
        if self._process.is_alive():
            self._process.kill()

    def send(self, burst: Burst) -> Outcome:
        """Raises where an answer was not the one expected, or none came."""
        self._here.send(burst)
        if not self._here.poll(burst.seconds + 2 * LONGEST):
            raise TimeoutError("the load generator did not finish")
        outcome = self._here.recv()
        if isinstance(outcome, Exception):
            raise outcome
        assert isinstance(outcome, Outcome)
        if outcome.wrong:
            raise RuntimeError(f"{len(outcome.wrong)} unexpected answers: {outcome.wrong[0]}")
        return outcome


def _work(pipe: Connection[Outcome | Exception, Burst]) -> None:
    while True:
        try:
            burst = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(uvloop.run(send(burst)))
        except OSError as failure:
            pipe.send(failure)
