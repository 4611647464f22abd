"""`python -m tests.bench`: what `make bench` runs."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.generator import LoadGenerator
from tests.bench.measuring import Measuring
from tests.bench.records import PER_PATIENT
from tests.bench.report import as_json, say, table
from tests.bench.results import Result
from tests.bench.same_calls import differences
from tests.bench.shapes import (
    LARGE_BUNDLE,
    SMALL_BUNDLE,
    Load,
    Shape,
    callers,
    creates,
    reads,
    searches,
    transactions,
)
from tests.bench.stage import Stage, mint_tokens, stage
from tests.bench.targets import verdicts


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--scale", type=int, default=75_000, help="resources in the store")
    parser.add_argument("--rounds", type=int, default=9, help="rounds of floor and server")
    parser.add_argument("--seconds", type=float, default=0.6, help="length of a burst")
    parser.add_argument("--quick", action="store_true", help="a small store, short bursts")
    parser.add_argument("--only", default="", help="shapes whose names start so, comma-separated")
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"))
    parser.add_argument("--data-dir", type=Path, help="keep the store here, or use the one there")
    options = parser.parse_args()
    if options.quick:
        options.scale, options.rounds, options.seconds = 7_500, 5, 0.3
    return options


def _shapes(place: Stage, options: argparse.Namespace, patients: int) -> list[Shape]:
    people = callers(patients)
    ids = [one.patient.logical_id for one in people]
    tokens, backend = asyncio.run(mint_tokens(place, ids))
    seconds: float = options.seconds
    usual = tuple(Load(concurrency, seconds) for concurrency in (1, 8, 32))
    small = tuple(Load(number, 60, most=max(4, number)) for number in (1, 8, 32))
    large = (Load(1, 60, most=2, rounds=5),)
    if not options.quick:
        large = (*large, Load(8, 60, most=8, rounds=3))
    shapes = [
        reads(people, tokens, usual),
        searches(people, tokens, usual),
        creates(people, tokens, usual),
        transactions(SMALL_BUNDLE, backend, small),
        transactions(LARGE_BUNDLE, backend, large),
    ]
    wanted = tuple(options.only.split(","))
    return [shape for shape in shapes if shape.name.startswith(wanted)]


def _measure(place: Stage, shapes: list[Shape], rounds: int) -> list[Result]:
    results: list[Result] = []
    with LoadGenerator() as generator:
        measuring = Measuring(place, generator)
        for shape in shapes:
            measuring.warm_up(shape)
            for load in shape.loads:
                results.append(measuring.measure(shape, load, min(rounds, load.rounds or rounds)))
                say(f"measured {shape.name}, {load.concurrency} at once")
    return results


@contextmanager
def _folder(kept: Path | None) -> Generator[Path]:
    if kept is not None:
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="fhir-bench-") as temporary:
        yield Path(temporary)


def _report(
    results: list[Result], unlike: list[str], options: argparse.Namespace, resources: int
) -> None:
    judged = list(verdicts(results))
    say(f"\n{table(results)}\n")
    say("\n".join(map(str, judged)))
    for text in unlike:
        say(f"the floor's calls differ: {text}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    found = as_json(results, judged, resources, options.rounds)
    options.json.write_text(json.dumps(found, indent=1) + "\n")


def main() -> int:
    """Measures, prints the table and the targets; a missed target is a figure, not a failure."""
    options = _options()
    begun = time.monotonic()
    patients = max(4, options.scale // PER_PATIENT)
    with _folder(options.data_dir) as folder, stage(folder, patients) as place:
        shapes = _shapes(place, options, patients)
        unlike = asyncio.run(differences(place, shapes))
        results = _measure(place, shapes, options.rounds)
        _report(results, unlike, options, patients * PER_PATIENT)
    say(f"{options.json} has every round; {time.monotonic() - begun:.0f} s altogether")
    return 0


if __name__ == "__main__":
    sys.exit(main())
