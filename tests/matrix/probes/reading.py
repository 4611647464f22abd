"""Reads and versions of one resource, and its history."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime
from urllib.parse import quote

import httpx

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
            if type_name == "Binary":
                await _read_native(probe, expected, place, answer)
            if type_name not in ("Observation", "Patient"):
                continue
            head = await probe.ask(expected, "HEAD", place)
            assert head.headers.get("etag") == answer.headers.get("etag")
            if expected in (401, 403, 404):
                assert "etag" not in head.headers
                assert "last-modified" not in head.headers


async def _read_native(probe: Probe, expected: int, place: str, as_fhir: httpx.Response) -> None:
    """F14, Y10: the content goes to whom the resource goes, and refusals are equal."""
    known = as_fhir.json().get("data", "") if expected == 200 else ""
    for headers in ({"accept": "*/*"}, {"accept": "*/*", "range": "bytes=0-"}):
        status = 206 if known and "range" in headers else expected
        if expected == 200 and not known and "range" in headers:
            continue
        answer = await probe.ask(status, "GET", place, headers=headers)
        if expected == 200:
            assert answer.content == b64decode(known)
            assert answer.headers["etag"] == as_fhir.headers["etag"]
        else:
            assert answer.content == as_fhir.content


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
                if type_name == "Binary":
                    await _read_native(probe, expected, place, answer)


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
                if type_name in ("Observation", "Patient"):
                    await _history_at(probe, f"{type_name}/{logical_id}/_history", tags)


async def _history_at(probe: Probe, place: str, shown: list[str]) -> None:
    """F4: `_at` chooses among the versions that the caller is shown. What is current now is the
    last of them, or none where the last is not theirs to see."""
    instant = datetime.now(UTC).isoformat()
    assert await _tags_at(probe, place, instant) in (shown[:1], [])
    assert set(await _tags_at(probe, place, instant[:4])) <= set(shown)


async def _tags_at(probe: Probe, place: str, moment: str) -> list[str]:
    answer = await probe.ask(200, "GET", f"{place}?_at={quote(moment)}")
    return [entry["response"]["etag"] for entry in answer.json().get("entry", [])]
