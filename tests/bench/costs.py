"""CPU seconds of processes, as the operating system counts them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of one side's process and of mongod."""

    process: float
    mongod: float

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.process - other.process, self.mongod - other.mongod)

    def __truediv__(self, number: int) -> Cost:
        return Cost(self.process / number, self.mongod / number)

    @property
    def both(self) -> float:
        return self.process + self.mongod


class Meter:
    """Reads the cost so far of a process (with its children) and of mongod."""

    def __init__(self, process_id: int, mongod_id: int) -> None:
        self._process = psutil.Process(process_id)
        self._mongod = psutil.Process(mongod_id)

    def read(self) -> Cost:
        family = [self._process, *self._process.children(recursive=True)]
        return Cost(sum(map(_seconds, family)), _seconds(self._mongod))


def _seconds(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0
