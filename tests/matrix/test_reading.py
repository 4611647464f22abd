"""Y1, Y13, Y14: what is another's answers like what is not there, whatever way it is asked for."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest

from tests.matrix.probes.probe import TYPES
from tests.matrix.rules import readable
from tests.matrix.world import STORED, Asker, World, entries
from tests.matrix.woven import A, B
from tests.serving import Caller

CONDITIONS: tuple[dict[str, str], ...] = (
    {},
    {"if-match": 'W/"1"'},
    {"if-match": 'W/"99"'},
    {"if-none-match": 'W/"1"'},
    {"if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT"},
    {"prefer": "return=representation"},
)
"""Headers that could tell more than the address does."""


async def likeness(
    caller: Caller | Asker,
    world: World,
    method: str,
    place: str,
    logical_id: str,
    headers: dict[str, str],
    body: Any,
) -> tuple[int, str, dict[str, str]]:
    """All that an answer says, with the id that was asked for blotted out."""
    answer = await caller(method, place, body, headers=headers)
    world.clean(answer, place)
    told = {
        name: value
        for name, value in answer.headers.items()
        if name not in ("date", "x-request-id", "content-length")
    }
    return answer.status_code, answer.text.replace(logical_id, "ID"), told


@pytest.mark.parametrize("type_name", STORED)
async def test_y1_y14_anothers_is_absent_byte_for_byte(world: World, type_name: str) -> None:
    """read, HEAD, vread, history, update, delete, with every condition; the store unchanged."""
    stored = [one for one in await world.current(type_name) if not readable(one, A)]
    for resource in stored[:1]:
        logical_id = resource["id"]
        absent = f"zzz{logical_id[3:]}"
        for headers in CONDITIONS if type_name in TYPES else CONDITIONS[:1]:
            for method, tail in (
                ("GET", ""),
                ("HEAD", ""),
                ("GET", "/_history"),
                ("GET", "/_history/1"),
                ("PUT", ""),
                ("DELETE", ""),
            ):
                body = resource if method == "PUT" else None
                there = await likeness(
                    world.a, world, method, f"{type_name}/{logical_id}{tail}", logical_id,
                    headers=headers, body=body,
                )  # fmt: skip
                body = {**resource, "id": absent} if method == "PUT" else None
                nowhere = await likeness(
                    world.a, world, method, f"{type_name}/{absent}{tail}", absent,
                    headers=headers, body=body,
                )  # fmt: skip
                assert there == nowhere
                assert there[0] == 404, (method, tail, headers, there)
    again = {one["id"]: one["meta"] for one in await world.current(type_name)}
    assert all(again[one["id"]] == one["meta"] for one in stored)


HANDS = [
    ("hand-b-then-a", 200, {1: 404, 2: 200}),
    ("hand-a-then-b", 404, {1: 200, 2: 404}),
    ("hand-a-b-a", 200, {1: 200, 2: 404, 3: 200}),
    ("hand-a-gone", 410, {1: 200, 2: 410}),
    ("hand-b-gone", 404, {1: 404, 2: 404}),
    ("hand-b-a-gone", 410, {1: 404, 2: 200, 3: 410}),
    ("hand-a-b-gone", 404, {1: 200, 2: 404, 3: 404}),
    ("hand-b-gone-a", 200, {1: 404, 2: 404, 3: 200}),
    ("hand-a-gone-b", 404, {1: 200, 2: 410, 3: 404}),
]


@pytest.mark.parametrize(("logical_id", "now", "versions"), HANDS, ids=[row[0] for row in HANDS])
async def test_y1_each_version_is_judged_by_itself(
    world: World, logical_id: str, now: int, versions: dict[int, int]
) -> None:
    place = f"Observation/{logical_id}"
    answer = await world.a.get(place)
    assert answer.status_code == now
    world.clean(answer)
    for number, status in versions.items():
        answer = await world.a.get(f"{place}/_history/{number}")
        assert answer.status_code == status, number
        world.clean(answer)
    answer = await world.a.get(f"{place}/_history?_count=1")
    seen: list[int] = []
    while answer.status_code == 200:
        world.clean(answer)
        told = [entry["response"]["etag"] for entry in answer.json().get("entry", [])]
        seen += [int(tag[3:-1]) for tag in told]
        onward = [one["url"] for one in answer.json()["link"] if one["relation"] == "next"]
        if not onward:
            break
        answer = await world.a.get(onward[0])
    shown = [number for number, status in versions.items() if status != 404]
    assert seen == shown[::-1]
    assert (answer.status_code == 200) == bool(shown)


TRICKS = [
    "Patient/bbb-patient/",
    "Patient//bbb-patient",
    "//Patient/bbb-patient",
    "Patient/%62bb-patient",
    "Patient/bbb%2Dpatient",
    "%50atient/bbb-patient",
    "Patient%2Fbbb-patient",
    "Patient/aaa-patient/../bbb-patient",
    "Patient/aaa-patient/%2E%2E/bbb-patient",
    "Patient/aaa-patient%2F..%2Fbbb-patient",
    "Patient/aaa-patient/../../Patient/bbb-patient",
    "./Patient/bbb-patient",
    "Observation/../Patient/bbb-patient",
    "patient/bbb-patient",
    "PATIENT/bbb-patient",
    "Patient/BBB-patient",
    "Patient/bbb-patient%00",
    "Patient/bbb-patient%20",
    "Patient/bbb-patient;x=1",
    "Patient/bbb-patient.json",
    "Patient/bbb-patient%0A",
    "Patient/aaa-patient,bbb-patient",
    "Patient/aaa-patient|bbb-patient",
    "Patient/*",
    "Patient/$everything",
    "Patient/bbb-patient/$everything",
    "Patient/bbb-patient/_history/%31",
    "Patient/bbb-patient/_history/01",
    "Patient/bbb-patient/_history/+1",
    "Patient/bbb-patient/_history/1.0",
    "Patient/bbb-patient/_history/-1",
    "Patient/bbb-patient/_history/0",
    "Patient/bbb-patient/_history/1/",
    "Patient/bbb-patient/_history/",
    "Patient/bbb-patient/_search",
    "_search?_type=Patient",
    "$export",
    "Group/nobody-group/$export",
    "Patient/bbb-patient?_elements=id",
    "Patient/bbb-patient?_summary=true",
    "Patient/bbb-patient?_format=json",
    "Patient/bbb-patient?_pretty=true",
    "Patient/bbb-patient?access_token=x",
    "Patient/bbb-patient?_method=GET",
]


@pytest.mark.parametrize("path", TRICKS)
async def test_y13_no_spelling_of_an_address_reaches_another(world: World, path: str) -> None:
    for headers in ({}, {"x-http-method-override": "GET"}, {"x-original-url": "/fhir/metadata"}):
        answer = await world.a.get(f"{world.base}/{path}", headers=headers)
        assert 400 <= answer.status_code < 500, f"{answer.status_code} {answer.text[:300]}"
        world.clean(answer, path)
        assert answer.headers["cache-control"] == "no-store"
    if "bbb-patient" in path and "?" not in path and "%" not in path:
        own = await world.a.get(f"{world.base}/{path.replace('bbb-patient', A)}")
        assert own.status_code < 500


@pytest.mark.parametrize(
    "path", ["Patient/bbb-patient/*", "?_type=Patient", "?_id=bbb-patient", "?_tag=BBB-patient"]
)
async def test_y13_no_search_of_several_types_reaches_another(world: World, path: str) -> None:
    answer = await world.a.get(f"{world.base}/{path}")
    assert answer.status_code == 200
    world.clean(answer, path)
    found = {entry["resource"]["id"] for entry in answer.json().get("entry", [])}
    assert found == ({A} if path == "?_type=Patient" else set())


@pytest.mark.parametrize("path", ["Patient/_history", "_history", "_history?_type=Patient"])
async def test_y13_no_history_of_types_reaches_another(world: World, path: str) -> None:
    answer = await world.a.get(f"{world.base}/{path}")
    assert answer.status_code == 200
    world.clean(answer, path)
    assert f"/{A}" in answer.text


async def test_y5_the_compartment_of_another_is_as_empty_as_one_of_nobody(world: World) -> None:
    """A search for another patient's id is an empty bundle, never a 403."""
    told: list[Any] = []
    for patient in (B, "absent-for-sure"):
        answer = await world.a.get(f"Patient/{patient}/Observation")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        world.clean(answer, patient)
        bundle = answer.json()
        assert bundle["total"] == 0
        assert "entry" not in bundle
        told.append([link["url"].replace(patient, "ID") for link in bundle["link"]])
    assert told[0] == told[1]
    assert (await world.a.get(f"Patient/{A}/Observation")).json()["entry"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_y12_no_method_override(world: World, method: str) -> None:
    """A GET that calls itself something else stays a GET, and the other way round."""
    for header in ("x-http-method-override", "x-http-method", "x-method-override"):
        answer = await world.a.get(f"Patient/{A}", headers={header: method})
        assert answer.status_code == 200
        answer = await world.a("POST", f"Patient/{B}", {}, headers={header: "GET"})
        assert answer.status_code in (404, 405)
        world.clean(answer)


async def test_y14_nothing_of_a_record_may_be_kept_by_caches(world: World) -> None:
    for path in (f"Patient/{A}", "Observation", f"Patient/{A}/_history", f"Patient/{B}", "List"):
        answer = await world.a.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers.get("access-control-allow-credentials") is None


async def test_y14_requests_of_two_at_once_stay_apart(world: World) -> None:
    """Answers of many requests in flight, each to its own token."""

    async def one(number: int) -> tuple[str, httpx.Response]:
        caller, other = (world.a, "BBB-") if number % 2 else (world.b, "AAA-")
        own = A if number % 2 else B
        paths = (f"Patient/{own}", "Observation?_count=5", f"Patient?_id={A},{B}", "Condition")
        return other, await caller.get(paths[number % 4 if number % 3 else 0])

    for other, answer in await asyncio.gather(*(one(number) for number in range(80))):
        assert answer.status_code == 200, answer.text
        assert other not in answer.text
        assert re.search("AAA-" if other == "BBB-" else "BBB-", answer.text)


async def test_y12_contained_resources_are_not_found_alone(world: World) -> None:
    for place in (f"Patient?family=Within&_id={A}", "Patient?family=Within", "Patient/p"):
        answer = await world.a.get(place)
        assert answer.status_code == 404 or entries(answer) == []
    answer = await world.a.get("Observation/aaa-contains")
    assert "Within" in answer.text
