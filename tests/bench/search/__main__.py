"""`python -m tests.bench.search`: what `make bench-search` runs."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from tests.bench.generator import LoadGenerator
from tests.bench.report import say
from tests.bench.search.criteria import Criteria
from tests.bench.search.figures import Comparison, Figure, Timing
from tests.bench.search.joins import JOINS, Join, ask
from tests.bench.search.practice import Practice
from tests.bench.search.shapes import BOTH, cases
from tests.bench.search.stores import Store, opened
from tests.bench.search.tables import as_json, joins_table, table

_HUNDREDTH: Final = 100


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.search", description=__doc__)
    parser.add_argument("--patients", type=int, default=10_000, help="of the large store")
    parser.add_argument("--only", default="", help="shapes whose names start so")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of small and large")
    parser.add_argument("--seconds", type=float, default=0.3, help="length of a burst")
    parser.add_argument("--no-latency", action="store_true", help="only what is examined")
    parser.add_argument("--cache-gb", type=float, default=4.0, help="MongoDB's, of either store")
    parser.add_argument("--stores", type=Path, default=Path(".bench"), help="where they are kept")
    parser.add_argument("--json", type=Path, default=Path("build/bench-search.json"))
    return parser.parse_args()


async def _figures(small: Store, large: Store, timing: Timing | None, only: str) -> list[Figure]:
    comparison = Comparison(small, large, timing)
    found: list[Figure] = []
    for shape, caller in cases():
        if shape.name.startswith(only):
            found += await comparison.figures(shape, caller)
    return found


async def _joins(large: Store) -> list[Join]:
    criteria = Criteria(large.practice)
    with large.asking.watch.watching():
        return [
            await ask(large.asking, template, criteria, caller)
            for template in JOINS
            for caller in BOTH
        ]


async def _measured(options: argparse.Namespace, generator: LoadGenerator) -> bool:
    timing = None if options.no_latency else Timing(generator, options.rounds, options.seconds)
    async with AsyncExitStack() as stack:
        small, large = [
            await stack.enter_async_context(
                opened(options.stores, Practice(patients), options.cache_gb)
            )
            for patients in (max(options.patients // _HUNDREDTH, 100), options.patients)
        ]
        figures = await _figures(small, large, timing, options.only)
        joins = [] if options.only else await _joins(large)
        say(f"\n{table(figures)}\n")
        if joins:
            say(f"{joins_table(joins)}\n")
        options.json.parent.mkdir(parents=True, exist_ok=True)
        found = as_json((small, large), figures, joins)
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return all(figure.holds for figure in figures) and all(join.bounded for join in joins)


def main() -> int:
    """Builds what is not there, measures; the status is 1 where a requirement is not met."""
    options = _options()
    begun = time.monotonic()
    with LoadGenerator() as generator:
        holds = asyncio.run(_measured(options, generator))
    say(f"{options.json} has every round; {time.monotonic() - begun:.0f} s altogether")
    say("every requirement is met" if holds else "a requirement is NOT met")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
