"""What was found: rounds, their medians, and how the two sides compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Final

from tests.bench.costs import Cost
from tests.bench.wire import Outcome

_MS: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Round:
    """One burst: times in milliseconds, for each resource where a request has several."""

    process: float
    mongod: float
    per_second: float
    p50: float
    p95: float
    p99: float
    requests: int

    @property
    def both(self) -> float:
        return self.process + self.mongod


@dataclass(frozen=True, slots=True)
class Figures:
    """The medians over the rounds of one side; latencies are those of whole requests."""

    process: float
    mongod: float
    both: float
    per_second: float
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Result:
    """One shape at one concurrency."""

    shape: str
    concurrency: int
    server: Figures
    floor: Figures
    server_rounds: tuple[Round, ...]
    floor_rounds: tuple[Round, ...]

    @property
    def process_ratio(self) -> float:
        """CPU of our process to that of the floor's, round by round, then the median."""
        return self._ratio("process")

    @property
    def both_ratio(self) -> float:
        """The same with mongod's in both."""
        return self._ratio("both")

    def _ratio(self, what: str) -> float:
        pairs = zip(self.server_rounds, self.floor_rounds, strict=True)
        return median(getattr(ours, what) / getattr(floor, what) for ours, floor in pairs)


def round_of(cost: Cost, outcome: Outcome, resources: int) -> Round:
    number = len(outcome.latencies)
    each = cost / (number * resources)
    latencies = sorted(outcome.latencies)
    return Round(
        process=each.process * _MS,
        mongod=each.mongod * _MS,
        per_second=number * resources / outcome.elapsed,
        p50=_quantile(latencies, 0.50) * _MS,
        p95=_quantile(latencies, 0.95) * _MS,
        p99=_quantile(latencies, 0.99) * _MS,
        requests=number,
    )


def _quantile(ordered: Sequence[float], share: float) -> float:
    """The nearest rank: the least latency that so many requests did not exceed."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def medians(rounds: Sequence[Round]) -> Figures:
    names = Figures.__dataclass_fields__
    return Figures(**{name: median(getattr(one, name) for one in rounds) for name in names})
