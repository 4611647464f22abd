"""Histories of a type and of the system: what the caller may see of what the system sees."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import httpx

from tests.matrix import verdicts
from tests.matrix.probes.probe import Probe
from tests.matrix.probes.searching import of_any
from tests.matrix.rules import Resource
from tests.matrix.world import STORED, Asker
from tests.serving import Caller


async def history_of_type(probe: Probe) -> None:
    for type_name in ("Appointment", "AuditEvent", "Observation", "Organization", "Patient"):
        expected = verdicts.search(probe.kind, type_name)
        await _recent(probe, expected, f"{type_name}/_history")
    await _as_it_was(probe, verdicts.search(probe.kind, "Appointment"), "Appointment/_history")


async def _as_it_was(probe: Probe, expected: int, path: str) -> None:
    """What the caller may see of what was current at an instant that has passed."""
    newest = (await timeline(probe.world.system, f"{path}?_count={RECENT}", pages=1))[-1]
    then = f"{path}?_at={newest['response']['lastModified'].replace('+', '%2B')}"
    if expected != 200:
        await probe.ask(expected, "GET", then)
        return
    seen = await shown(probe, await timeline(probe.world.system, f"{then}&_count=1000"))
    names = " ".join(one["fullUrl"] for one in seen)
    found = await timeline(probe.asker, then, check=partial(probe.check, asked=names))
    assert tags(found) == tags(seen), f"{probe.kind.name} {then}"


async def history_of_system(probe: Probe) -> None:
    """Types without a scope are left out, and refused where `_type` names them."""
    await _recent(probe, of_any(probe.kind, STORED), "_history")
    for types in (("Observation", "Appointment"), ("Condition", "Observation")):
        expected = max(verdicts.search(probe.kind, each) for each in types)
        await probe.ask(expected, "GET", f"_history?_type={','.join(types)}&_count=9")


RECENT = 60
"""Versions of the end of a history that are compared, since the matrix goes on writing."""


async def _recent(probe: Probe, expected: int, path: str) -> None:
    """All pages since some instant: what the caller may see of what the system sees."""
    if expected != 200:
        await probe.ask(expected, "GET", f"{path}?_count=2")
        return
    last = await timeline(probe.world.system, f"{path}?_count={RECENT}", pages=1)
    since = last[-1]["response"]["lastModified"].replace("+", "%2B") if last else "2020"
    found, expects = await _settled(probe, f"{path}?_since={since}")
    assert tags(found) == tags(expects), f"{probe.kind.name} {path}"


async def _settled(probe: Probe, path: str) -> tuple[list[Resource], list[Resource]]:
    """What the caller sees and is to see, once the end of the history has settled: some
    transaction that another test left open may hold it until MongoDB ends that."""
    for _ in range(70):
        whole = await timeline(probe.world.system, f"{path}&_count=1000")
        seen = await shown(probe, whole)
        # What was moved into A's record has there the id that it had in B's.
        names = " ".join(one["fullUrl"] for one in seen)
        check = partial(probe.check, asked=names)
        found = await timeline(probe.asker, f"{path}&_count=25", check=check)
        if tags(whole) == tags(await timeline(probe.world.system, f"{path}&_count=1000")):
            return found, seen
        await asyncio.sleep(1)
    raise AssertionError("the history does not settle")


async def timeline(
    asker: Asker | Caller,
    path: str,
    pages: int = 1000,
    check: Callable[[httpx.Response], None] | None = None,
) -> list[Resource]:
    """The entries of a history over all its pages."""
    found: list[Resource] = []
    link: str | None = path
    while link is not None and pages:
        answer = await asker.get(link)
        assert answer.status_code == 200, f"{link}: {answer.text[:500]}"
        if check is not None:
            check(answer)
        found += answer.json().get("entry", [])
        links = {one["relation"]: one["url"] for one in answer.json()["link"]}
        link, pages = links.get("next"), pages - 1
    return found


def tags(entries: list[Resource]) -> list[tuple[str, str]]:
    return [(one["fullUrl"], one["response"]["etag"]) for one in entries]


async def shown(probe: Probe, entries: list[Resource]) -> list[Resource]:
    """Those whose own content the caller may search; a deletion with the version before it."""
    seen: list[Resource] = []
    last: dict[str, Resource] = {}
    for one in reversed(entries):
        place = one["fullUrl"]
        if "resource" in one:
            last[place] = one["resource"]
        elif place not in last:
            before = int(one["response"]["etag"][3:-1]) - 1
            last[place] = (await probe.world.system.get(f"{place}/_history/{before}")).json()
        seen += [one] if probe.kind.reaches("s", last[place]) else []
    return seen[::-1]
