"""Reads and versions of one resource, and its history."""

from __future__ import annotations

from tests.matrix import verdicts
from tests.matrix.probes.probe import TYPES, Probe


async def read(probe: Probe) -> None:
    """read, and HEAD, which tells the same in its headers."""
    for type_name in TYPES:
        for logical_id, versions in probe.targets(type_name).items():
            expected = verdicts.read(probe.kind, type_name, versions)
            place = f"{type_name}/{logical_id}"
            answer = await probe.ask(expected, "GET", place)
            if expected == 200:
                assert answer.json() == versions[-1].resource
            if type_name not in ("Observation", "Patient"):
                continue
            head = await probe.ask(expected, "HEAD", place)
            assert head.headers.get("etag") == answer.headers.get("etag")
            if expected in (401, 403, 404):
                assert "etag" not in head.headers
                assert "last-modified" not in head.headers


async def vread(probe: Probe) -> None:
    for type_name in TYPES:
        for logical_id, versions in probe.targets(type_name).items():
            beyond = type_name == "Patient"
            for number in range(1, len(versions) + 1 + beyond):
                expected = verdicts.read(probe.kind, type_name, versions, number)
                place = f"{type_name}/{logical_id}/_history/{number}"
                answer = await probe.ask(expected, "GET", place)
                if expected == 200:
                    assert answer.json() == versions[number - 1].resource


async def history(probe: Probe) -> None:
    for type_name in TYPES:
        for logical_id, versions in probe.targets(type_name).items():
            expected = verdicts.history(probe.kind, type_name, versions)
            answer = await probe.ask(expected, "GET", f"{type_name}/{logical_id}/_history")
            if expected == 200:
                seen = verdicts.shown(probe.kind, "r", versions)
                assert answer.json()["total"] == len(seen)
                tags = [entry["response"]["etag"] for entry in answer.json()["entry"]]
                assert tags == [f'W/"{one.number}"' for one in reversed(seen)]
