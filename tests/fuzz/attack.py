"""Sends random requests over several connections and looks at every answer."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx

from tests.fuzz.journeys import Journey
from tests.fuzz.requests import Fuzzed, Generator, Json

CONNECTIONS: Final = 8
PATIENCE: Final = 60.0
ALLOWED: Final = frozenset((501,))
"""Not a fault: what is not there."""
_TRACE: Final = re.compile(rb'Traceback \(most recent|File "/|pymongo|WriteError')
SAMPLES: Final = 200
"""How often the memory is looked at."""


@dataclass(frozen=True, slots=True)
class App:
    """Who asks: the app of one patient."""

    token: str
    journey: Journey
    foreign: re.Pattern[bytes]
    """References to other patients, which no answer has to be about."""


def apps(base: str, tokens: Mapping[str, str], held: Sequence[Json], seed: int) -> tuple[App, ...]:
    """One for each patient's token."""
    patients = {each["id"] for each in held if each["resourceType"] == "Patient"}
    found: list[App] = []
    for number, (patient, token) in enumerate(tokens.items()):
        record = [each for each in held if f"Patient/{patient}" in json.dumps(each)]
        journey = Journey(seed * 100 + number, patient, record, base)
        others = b"|".join(re.escape(each.encode()) for each in sorted(patients - {patient}))
        about = rb'"Patient/(%s)"|"Patient","id":"(%s)"' % (others, others)
        found.append(App(token, journey, re.compile(about)))
    return tuple(found)


@dataclass
class Findings:
    """What came of it."""

    secrets: tuple[bytes, ...]
    statuses: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    violations: list[str] = field(default_factory=list[str])
    memory: list[int] = field(default_factory=list[int])
    slowest: float = 0.0
    seconds: float = 0.0

    def judge(
        self, sent: Fuzzed, status: int, answer: bytes, foreign: re.Pattern[bytes] | None = None
    ) -> None:
        self.statuses[sent.kind, f"{status // 100}xx"] += 1
        if status >= 500 and status not in ALLOWED:
            self.violations.append(f"{status} to {told(sent)}")
        if _TRACE.search(answer):
            self.violations.append(f"a stack trace in the answer to {told(sent)}")
        if foreign is not None and foreign.search(answer) and not foreign.search(sent.body):
            self.violations.append(f"another's record in the answer to {told(sent)}")
        if any(secret in answer for secret in self.secrets):
            self.violations.append(f"a secret in the answer to {told(sent)}")

    def share(self, status: str) -> float:
        """Of all answers."""
        wanted = sum(n for (_, each), n in self.statuses.items() if each == status)
        return wanted / sum(self.statuses.values())

    def growth(self) -> float:
        """Resident memory of the last quarter over that of the second."""
        quarter = len(self.memory) // 4
        second, last = self.memory[quarter : 2 * quarter], self.memory[-quarter:]
        return (sum(last) / len(last)) / (sum(second) / len(second))


def told(sent: Fuzzed) -> str:
    """The request, so that it can be sent again."""
    return f"{sent.kind}: {sent.method} {sent.path!r} {sent.headers} {sent.body[:2000]!r}"


async def attack(
    base: str,
    among: Sequence[App],
    generator: Generator,
    count: int,
    secrets: tuple[bytes, ...],
    memory: Callable[[], int] | None = None,
) -> Findings:
    """`count` requests of these apps, one after the other on each connection; of each second one it
    is hardly to be expected that it is taken."""
    findings = Findings(secrets)
    began = time.perf_counter()
    numbers = iter(range(count))
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(timeout=PATIENCE, limits=limits) as http:

        async def work() -> None:
            for number in numbers:
                if memory is not None and number % max(1, count // SAMPLES) == 0:
                    findings.memory.append(memory())
                app = among[number // 2 % len(among)]
                sent = generator.next() if number % 2 else app.journey.next()
                await _ask(http, base, sent, app, findings)

        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(work())
    findings.seconds = time.perf_counter() - began
    return findings


async def _ask(
    http: httpx.AsyncClient, base: str, sent: Fuzzed, app: App, findings: Findings
) -> None:
    began = time.perf_counter()
    try:
        if sent.kind == "bytes":
            answer = await _raw(base, sent.body)
            status = int(answer[9:12]) if answer[:7] == b"HTTP/1." else 0
            findings.judge(sent, status, answer)
        else:
            reply = await http.request(
                sent.method,
                f"{base}/{sent.path}",
                headers={"authorization": f"Bearer {app.token}", **sent.headers},
                content=sent.body,
            )
            findings.judge(sent, reply.status_code, reply.content, app.foreign)
            app.journey.learn(reply.status_code, reply.headers)
    except (httpx.InvalidURL, UnicodeError, httpx.UnsupportedProtocol):
        findings.statuses[sent.kind, "unsendable"] += 1
    except (httpx.TransportError, httpx.DecodingError, OSError, TimeoutError) as trouble:
        findings.violations.append(f"{type(trouble).__name__} at {told(sent)}")
    findings.slowest = max(findings.slowest, time.perf_counter() - began)


async def _raw(base: str, sent: bytes) -> bytes:
    """What comes back for bytes that are hardly HTTP; the sender hangs up after them."""
    address = httpx.URL(base)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        writer.write(sent)
        writer.write_eof()
        return await asyncio.wait_for(reader.read(), PATIENCE)
    except ConnectionError:
        return b""
    finally:
        writer.close()
