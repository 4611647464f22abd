"""What a request may cost: against its floor, and in milliseconds of CPU altogether."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench.results import Result

_RATIOS: Final = {"read": 1.5, "search": 1.7}
_MILLISECONDS: Final = {"read": 0.4, "search": 1.42, "create": 2.3, "transaction": 2.1}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One target at one concurrency, and whether it was reached."""

    shape: str
    concurrency: int
    what: str
    limit: float
    found: float

    @property
    def reached(self) -> bool:
        return self.found <= self.limit

    def __str__(self) -> str:
        mark = "pass" if self.reached else "FAIL"
        name = f"{self.shape}, {self.concurrency} at once"
        return f"{mark}  {name:<38} {self.what:<36} {self.found:6.2f}  (limit {self.limit})"


def verdicts(results: Sequence[Result]) -> Iterator[Verdict]:
    """All of the targets, at every concurrency."""
    for result in results:
        kind = result.shape.split()[0]
        place = (result.shape, result.concurrency)
        if kind in _RATIOS:
            limit = _RATIOS[kind]
            yield Verdict(*place, "CPU with mongod, times the floor's", limit, result.both_ratio)
            yield Verdict(
                *place, "CPU of the process, times the floor's", limit, result.process_ratio
            )
        yield Verdict(*place, "CPU with mongod, ms", _MILLISECONDS[kind], result.server.both)
