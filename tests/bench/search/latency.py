"""How long a page takes on either store: one client, rounds in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

from tests.bench.generator import LoadGenerator
from tests.bench.search.pages import Page
from tests.bench.search.stores import Store
from tests.bench.wire import Burst, render

_MS: Final = 1000.0
_WARM_UP: Final = 0.1
_TURNS: Final = 6
"""Of both sides in one round: the shorter, the more alike is what else the machine does."""


@dataclass(frozen=True, slots=True)
class Side:
    """One page on one store, in milliseconds."""

    rounds: tuple[float, ...]
    """The median of each round."""
    quiet: float
    """What a tenth of all requests stayed below: hardly touched by what else the machine does."""


@dataclass(frozen=True, slots=True)
class Latency:
    """The same page on either store."""

    small: Side
    large: Side

    @property
    def medians(self) -> tuple[float, float]:
        return median(self.small.rounds), median(self.large.rounds)

    @property
    def ratio(self) -> float:
        """Of the large store to the small one, round by round, then the median."""
        pairs = zip(self.large.rounds, self.small.rounds, strict=True)
        return median(ours / other for ours, other in pairs)

    @property
    def quiet_ratio(self) -> float:
        """That of a noisy machine's quiet moments."""
        return self.large.quiet / self.small.quiet


@dataclass(frozen=True, slots=True)
class Requests:
    """The same questions to one store, by whoever asks them."""

    store: Store
    rendered: tuple[bytes, ...]


async def requests(store: Store, pages: Sequence[Page]) -> Requests:
    """These pages again, each by whoever asked for it."""
    rendered = [
        render("GET", _path(store, page.address), (await store.asking.caller(page.patient)).token)
        for page in pages
    ]
    return Requests(store, tuple(rendered))


def _path(store: Store, address: str) -> str:
    """A query, or a link to a page."""
    served = store.asking.served
    whole = address if address.startswith("http") else f"{served.base}/{address}"
    return whole.removeprefix(served.root)


def measure(
    generator: LoadGenerator, small: Requests, large: Requests, rounds: int, seconds: float
) -> Latency:
    """Small, large, small, large …: whatever drifts, drifts for both."""
    for side in (small, large):
        _burst(generator, side, _WARM_UP)
    found = [_round(generator, small, large, seconds) for _ in range(rounds)]
    return Latency(_side([ours for ours, _ in found]), _side([others for _, others in found]))


def _side(rounds: Sequence[list[float]]) -> Side:
    every = [each * _MS for latencies in rounds for each in latencies]
    return Side(tuple(median(each) * _MS for each in rounds), quantiles(every, n=10)[0])


def _round(
    generator: LoadGenerator, small: Requests, large: Requests, seconds: float
) -> tuple[list[float], list[float]]:
    ours, others = list[float](), list[float]()
    for turn in range(_TURNS):
        ours += _burst(generator, small, seconds / _TURNS, turn)
        others += _burst(generator, large, seconds / _TURNS, turn)
    return ours, others


def _burst(generator: LoadGenerator, side: Requests, seconds: float, turn: int = 0) -> list[float]:
    """Each turn begins at another of the requests, so that all have theirs."""
    begin = len(side.rendered) * turn // _TURNS
    rendered = side.rendered[begin:] + side.rendered[:begin]
    burst = Burst(side.store.port, rendered, 1, seconds, 1_000_000, 200)
    return generator.send(burst).latencies
