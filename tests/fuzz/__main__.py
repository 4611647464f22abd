"""`make fuzz`: FUZZ_REQUESTS random requests to a server of its own, and what came of them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import httpx
import psutil

from tests.fuzz.attack import Findings, apps, attack
from tests.fuzz.document import described
from tests.fuzz.integrity import broken, contents, everything
from tests.fuzz.requests import Generator
from tests.ports import free_port

PATIENTS: Final = ("rosa-alvarez", "liam-novak", "margaret-osei")
"""Whose apps ask: each may write its patient's record and no other."""
WATCHED: Final = 400
"""Resources of which it is looked afterwards whether they are whole."""
TYPES: Final = ("Patient", "Observation", "Appointment", "Communication", "MedicationRequest")
OTHERS: Final = ("Practitioner", "Organization", "Location")
MOST_GROWTH: Final = 1.10
LONG: Final = 50_000
"""Requests from which on memory is judged: what is kept of the first ones fills up before."""
PROGRAM: Final = Path(sys.executable).with_name("fhir-server")


def run(folder: Path, *arguments: str) -> str:
    """What a command of ours prints."""
    place = ("--data-dir", str(folder))
    command = [str(PROGRAM), *arguments, *place]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def await_ready(root: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{root}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit("the server did not start")


async def fuzz(root: str, folder: Path, process_id: int, count: int, seed: int) -> Findings:
    base = f"{root}/fhir"
    reading = run(folder, "token", "--scope", "system/*.rs", "--lifetime", "3600")
    writing = ("token", "--scope", "patient/*.cruds", "--lifetime", "3600", "--patient")
    tokens = {each: run(folder, *writing, each) for each in PATIENTS}
    held = await everything(base, reading, (*TYPES, *OTHERS))
    others = [
        f"{each['resourceType']}/{each['id']}"
        for each in held
        if not any(patient in str(each) for patient in PATIENTS)
    ]
    before = await contents(base, reading, others)
    generator = Generator(seed, await _document(root), held, int(root.rpartition(":")[2]))
    server = psutil.Process(process_id)
    secrets = (reading.encode(), *(each.encode() for each in tokens.values()))
    among = apps(base, tokens, held, seed)
    sent, found = await asyncio.to_thread(described, root, tokens[PATIENTS[0]], count, seed)
    left = max(1, count - sent)
    findings = await attack(base, among, generator, left, secrets, lambda: server.memory_info().rss)
    findings.violations += found
    if not await _ready(root):
        findings.violations.append("the server is not ready afterwards")
    after = await contents(base, reading, others)
    changed = [name for name in others if before[name] != after[name]]
    if changed or not others:
        findings.violations.append(f"changed out of the caller's reach: {changed[:5]}")
    held = await everything(base, reading, (*TYPES, *OTHERS))
    findings.violations += await broken(base, reading, held[:: max(1, len(held) // WATCHED)])
    if (reindexed := run(folder, "reindex")) != "0 resources were brought up to date.":
        findings.violations.append(f"what is derived was not current: {reindexed}")
    return findings


async def _document(root: str) -> dict[str, Any]:
    async with httpx.AsyncClient() as http:
        return (await http.get(f"{root}/openapi.json")).json()


async def _ready(root: str) -> bool:
    async with httpx.AsyncClient() as http:
        return (await http.get(f"{root}/readyz")).status_code == 200


def check_log(log: bytes, findings: Findings) -> None:
    """O5: no stack trace, and no secret, in what the server wrote."""
    if b"Traceback" in log:
        findings.violations.append("a stack trace in the log")
    if any(secret in log for secret in findings.secrets):
        findings.violations.append("a token in the log")


def report(findings: Findings, seed: int) -> None:
    kinds: Counter[str] = Counter()
    for (kind, _), number in findings.statuses.items():
        kinds[kind] += number
    sent = sum(findings.statuses.values())
    speed = f"{sent / findings.seconds:.0f} a second, the slowest {findings.slowest:.2f} s"
    lines = [f"{sent} requests of ours, seed {seed}: {findings.seconds:.0f} s, {speed}"]
    for kind, number in sorted(kinds.items()):
        parts = sorted((s, n) for (k, s), n in findings.statuses.items() if k == kind)
        lines.append(f"  {kind:9}{number:8}  " + "  ".join(f"{s} {n}" for s, n in parts))
    if len(findings.memory) >= 8:
        peak = max(findings.memory) / 2**20
        lines.append(f"{findings.share('2xx'):.0%} were answered by 2xx")
        lines.append(
            f"memory: at most {peak:.0f} MB; last quarter {findings.growth():.3f} of second"
        )
        if sent >= LONG and findings.growth() > MOST_GROWTH:
            findings.violations.append("the memory grows")
    lines += [f"VIOLATION: {each}" for each in findings.violations[:20]]
    lines.append(f"{len(findings.violations)} violations")
    sys.stdout.write("\n".join(lines) + "\n")


def main() -> int:
    count = int(os.environ.get("FUZZ_REQUESTS", "100000"))
    seed = int(os.environ.get("FUZZ_SEED", "1"))
    with tempfile.TemporaryDirectory(prefix="fhir-fuzz-") as name:
        folder, port = Path(name), free_port()
        run(folder, "seed", "--demo")
        log = folder / "log"
        serve = [str(PROGRAM), "serve", "--data-dir", name, "--port", str(port)]
        with log.open("wb") as written:
            command = [*serve, "--metrics-port", "0"]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=written)
        try:
            root = f"http://127.0.0.1:{port}"
            await_ready(root, process)
            findings = asyncio.run(fuzz(root, folder, process.pid, count, seed))
        finally:
            process.terminate()
            process.wait(60)
        check_log(log.read_bytes(), findings)
    report(findings, seed)
    return 1 if findings.violations else 0


if __name__ == "__main__":
    sys.exit(main())
