"""Every shape on both stores: what is examined, and how long the same page takes on either."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench.generator import LoadGenerator
from tests.bench.search.criteria import Criteria
from tests.bench.search.latency import Latency, measure, requests
from tests.bench.search.pages import Page
from tests.bench.search.shapes import Shape, asked
from tests.bench.search.stores import Store

SLOWER: Final = 1.3
"""So many times the latency on the small store may a page on the large one take."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One shape, one caller, the first page or a later one."""

    shape: str
    caller: str
    place: str
    small: Page
    """The page that examined most for what it returned."""
    large: Page
    bounded: bool
    """All of them are."""
    compared: int
    """Pages with as many entries on both stores, of which the latency is; where there are none,
    there is no latency."""
    latency: Latency | None

    @property
    def quick(self) -> bool:
        return self.latency is None or self.latency.ratio <= SLOWER

    @property
    def holds(self) -> bool:
        return self.bounded and self.quick


@dataclass(frozen=True, slots=True)
class Timing:
    """How latencies are taken."""

    generator: LoadGenerator
    rounds: int
    seconds: float


class Comparison:
    """The two stores, and the values to ask them by. Without a timing there are no latencies."""

    def __init__(self, small: Store, large: Store, timing: Timing | None) -> None:
        self._small, self._large = small, large
        self._criteria = Criteria(small.practice), Criteria(large.practice)
        self._timing = timing

    async def figures(self, shape: Shape, caller: str) -> list[Figure]:
        """Of the first page and, where there is one, of a later one."""
        small = await _pages(self._small, self._criteria[0], shape, caller)
        large = await _pages(self._large, self._criteria[1], shape, caller)
        return [
            await self._figure(shape, caller, place, small[place], large[place])
            for place in ("first", "later")
            if place == "first" or shape.pages
        ]

    async def _figure(
        self, shape: Shape, caller: str, place: str, small: Sequence[Page], large: Sequence[Page]
    ) -> Figure:
        alike = _alike(small, large)
        return Figure(
            shape.name,
            caller,
            place,
            max(small, key=lambda page: page.excess),
            max(large, key=lambda page: page.excess),
            all(page.bounded for page in (*small, *large)),
            len(alike),
            await self._latency(self._timing, alike) if self._timing and alike else None,
        )

    async def _latency(self, timing: Timing, alike: Sequence[tuple[Page, Page]]) -> Latency:
        small = await requests(self._small, [page for page, _ in alike])
        large = await requests(self._large, [page for _, page in alike])
        return measure(timing.generator, small, large, timing.rounds, timing.seconds)


async def _pages(
    store: Store, criteria: Criteria, shape: Shape, caller: str
) -> dict[str, list[Page]]:
    found: defaultdict[str, list[Page]] = defaultdict(list)
    with store.asking.watch.watching():
        for one in asked(shape, caller, criteria):
            async for page in store.asking.pages(one):
                found["first" if page.number == 1 else "later"].append(page)
    return found


def _alike(small: Sequence[Page], large: Sequence[Page]) -> list[tuple[Page, Page]]:
    """Pairs of pages with the same number and equally many entries."""
    others: defaultdict[tuple[int, int], list[Page]] = defaultdict(list)
    for page in large:
        others[page.number, page.entries].append(page)
    pairs = ((page, others[page.number, page.entries]) for page in small)
    return [(page, fitting.pop(0)) for page, fitting in pairs if fitting]
