"""Rounds of floor and server in turn, and the medians of what they took."""

from __future__ import annotations

from tests.bench.costs import Meter
from tests.bench.generator import LoadGenerator
from tests.bench.processes import Side
from tests.bench.results import Result, Round, medians, round_of
from tests.bench.shapes import Load, Shape
from tests.bench.stage import Stage
from tests.bench.wire import Burst, Outcome


class Measuring:
    """Drives both sides of a stage."""

    def __init__(self, stage: Stage, generator: LoadGenerator) -> None:
        self._stage = stage
        self._generator = generator

    def warm_up(self, shape: Shape) -> None:
        """Connections, caches and code paths, before anything counts."""
        load = Load(concurrency=4, seconds=0.5, most=max(2, 400 // shape.resources))
        for side, requests in self._sides(shape):
            self._burst(side, requests, shape, load)

    def measure(self, shape: Shape, load: Load, rounds: int) -> Result:
        """Floor, server, floor, server …: whatever drifts, drifts for both."""
        found: tuple[list[Round], list[Round]] = ([], [])
        for _ in range(rounds):
            for into, (side, requests) in zip(found, self._sides(shape), strict=True):
                into.append(self._round(side, requests, shape, load))
        floor, server = found
        return Result(
            shape.name,
            load.concurrency,
            medians(server),
            medians(floor),
            tuple(server),
            tuple(floor),
        )

    def _sides(self, shape: Shape) -> tuple[tuple[Side, tuple[bytes, ...]], ...]:
        return (self._stage.floor, shape.floor), (self._stage.server, shape.server)

    def _round(self, side: Side, requests: tuple[bytes, ...], shape: Shape, load: Load) -> Round:
        meter = Meter(side.process_id, self._stage.mongod_id)
        before = meter.read()
        outcome = self._burst(side, requests, shape, load)
        return round_of(meter.read() - before, outcome, shape.resources)

    def _burst(self, side: Side, requests: tuple[bytes, ...], shape: Shape, load: Load) -> Outcome:
        burst = Burst(side.port, requests, load.concurrency, load.seconds, load.most, shape.status)
        return self._generator.send(burst)
