"""The figures as tables and as JSON."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

import psutil

from tests.bench.search.figures import Figure
from tests.bench.search.joins import Join
from tests.bench.search.pages import Page
from tests.bench.search.stores import Store

_HEAD: Final = (
    f"{'shape':<46} {'by':<3} {'page':<5} | {'returned':>8} {'keys':>5} {'docs':>5} |"
    f" {'small ms':>8} {'large ms':>8} {'ratio':>5} {'quiet':>5} |"
)
_JOINS: Final = f"{'by':<3} {'ms':>6} {'keys':>7} {'docs':>7}  {'answer':<12} query"


def table(figures: Sequence[Figure]) -> str:
    """A line for each shape, caller and place; what is examined is that of the large store."""
    return "\n".join([_HEAD, "-" * len(_HEAD), *map(_line, figures)])


def _line(figure: Figure) -> str:
    page = figure.large
    return (
        f"{figure.shape:<46} {figure.caller:<3} {figure.place:<5} |"
        f" {page.entries:>8} {page.work.keys:>5} {page.work.documents:>5} |"
        f" {_latency(figure)} | {'ok' if figure.holds else _trouble(figure)}"
    )


def _latency(figure: Figure) -> str:
    if figure.latency is None:
        return f"{'not compared':>29}"
    small, large = figure.latency.medians
    ratios = f"{figure.latency.ratio:5.2f} {figure.latency.quiet_ratio:5.2f}"
    return f"{small:8.2f} {large:8.2f} {ratios}"


def _trouble(figure: Figure) -> str:
    page = figure.large if not figure.large.bounded else figure.small
    found = [
        (not figure.bounded and page.excess > 2, "examines too much"),
        (not figure.bounded and page.work.sorts, "sorts in memory"),
        (not figure.bounded and page.work.scans, "scans the collection"),
        (not figure.quick, "slower"),
    ]
    return "FAIL " + ", ".join(text for true, text in found if true)


def joins_table(joins: Sequence[Join]) -> str:
    """A line for each chained query, with its time."""
    return "\n".join([_JOINS, "-" * len(_JOINS), *map(_join, joins)])


def _join(join: Join) -> str:
    mark = "" if join.bounded else "FAIL "
    return (
        f"{join.caller:<3} {join.seconds * 1000:6.0f} {join.work.keys:7} {join.work.documents:7}"
        f"  {mark}{join.answer:<12} {join.query}"
    )


def as_json(
    stores: Sequence[Store], figures: Sequence[Figure], joins: Sequence[Join]
) -> dict[str, Any]:
    """Everything that was found, with the machine that it was found on."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cores": psutil.cpu_count(),
            "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
            "load": psutil.getloadavg()[0],
            "system": platform.platform(),
        },
        "stores": [{"patients": one.practice.patients, **one.loaded} for one in stores],
        "shapes": [_figure(figure) for figure in figures],
        "joins": [{**_worked(asdict(join)), "bounded": join.bounded} for join in joins],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    latency = figure.latency
    return {
        "shape": figure.shape,
        "caller": figure.caller,
        "page": figure.place,
        "small": _page(figure.small),
        "large": _page(figure.large),
        "bounded": figure.bounded,
        "compared": figure.compared,
        "latency_ms": latency
        and {**asdict(latency), "ratio": latency.ratio, "quiet_ratio": latency.quiet_ratio},
        "holds": figure.holds,
    }


def _page(page: Page) -> dict[str, Any]:
    return {"entries": page.entries, **_worked(asdict(page))["work"]}


def _worked(given: dict[str, Any]) -> dict[str, Any]:
    """JSON has no sets."""
    return {**given, "work": {**given["work"], "stages": sorted(given["work"]["stages"])}}
