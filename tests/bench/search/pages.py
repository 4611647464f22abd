"""Asks for a page over HTTP and says what MongoDB did for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from tests.bench.search.shapes import Asked
from tests.bench.search.watching import Watch, Work
from tests.serving import Caller, Served

LATER: Final = 3
"""The page that stands for the later ones, or the last where there are fewer."""
READING: Final = "rs"


@dataclass(frozen=True, slots=True)
class Page:
    """One answer."""

    number: int
    address: str
    patient: str | None
    """Who asked, if it was a patient."""
    entries: int
    work: Work

    @property
    def excess(self) -> int:
        """Documents examined beyond two for each that is returned."""
        return self.work.documents - 2 * self.entries

    @property
    def bounded(self) -> bool:
        """At most two documents for each that is returned, plus two; nothing sorted or scanned."""
        return self.excess <= 2 and not self.work.sorts and not self.work.scans


class Asking:
    """A server with tokens for whoever asks, and the profiler of its database."""

    def __init__(self, served: Served, watch: Watch) -> None:
        self.served = served
        self.watch = watch
        self._callers: dict[str | None, Caller] = {}

    async def caller(self, patient: str | None) -> Caller:
        """Somebody who reaches everything, or this patient's app."""
        if patient not in self._callers:
            scope = f"{'system' if patient is None else 'patient'}/*.{READING}"
            self._callers[patient] = await self.served.caller(scope, patient)
        return self._callers[patient]

    async def pages(self, asked: Asked) -> AsyncIterator[Page]:
        """The first page, and a later one where there is one."""
        caller = await self.caller(asked.patient)
        address, number = asked.query, 1
        while address:
            mark = self.watch.mark()
            response = await caller.get(address)
            response.raise_for_status()
            body = response.json()
            work = self.watch.since(mark)
            following = _next(body) if number < LATER else None
            if number == 1 or following is None:
                yield Page(number, address, asked.patient, len(body.get("entry", ())), work)
            address, number = following, number + 1


def _next(bundle: dict[str, Any]) -> str | None:
    links = (link["url"] for link in bundle["link"] if link["relation"] == "next")
    return next(links, None)
