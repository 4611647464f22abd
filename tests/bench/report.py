"""The figures as a table and as JSON."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

import psutil

from tests.bench.results import Result
from tests.bench.targets import Verdict

_HEAD: Final = (
    "                        at |  server: CPU ms |  floor: CPU ms  |  ratio     |   per second   "
    "|  latency ms, server   |  floor\n"
    "                      once | own  mongod  all| own  mongod  all| own   all  |  server  floor "
    "|    p50     p95     p99|    p50"
)


def say(text: str) -> None:
    """A line for whoever is waiting."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def table(results: Sequence[Result]) -> str:
    """A line for each shape and concurrency; a transaction's figures are for each resource."""
    return "\n".join([_HEAD, "-" * len(_HEAD.splitlines()[1]), *map(_line, results)])


def _line(result: Result) -> str:
    ours, floor = result.server, result.floor
    return (
        f"{result.shape:<20} {result.concurrency:5} "
        f"|{ours.process:5.2f} {ours.mongod:5.2f} {ours.both:5.2f}"
        f"|{floor.process:5.2f} {floor.mongod:5.2f} {floor.both:5.2f}"
        f"|{result.process_ratio:5.2f} {result.both_ratio:5.2f} "
        f"|{ours.per_second:8.0f}{floor.per_second:8.0f}"
        f"|{ours.p50:7.1f} {ours.p95:7.1f} {ours.p99:7.1f}"
        f"|{floor.p50:7.1f}"
    )


def as_json(
    results: Sequence[Result], verdicts: Sequence[Verdict], resources: int, rounds: int
) -> dict[str, Any]:
    """Everything that was found, with the machine that it was found on."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cores": psutil.cpu_count(),
            "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "resources": resources,
        "rounds": rounds,
        "results": [
            {**asdict(one), "process_ratio": one.process_ratio, "both_ratio": one.both_ratio}
            for one in results
        ],
        "targets": [{**asdict(one), "reached": one.reached} for one in verdicts],
    }
