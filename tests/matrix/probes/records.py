"""Operations that gather from a record: `$everything`, `$lastn`, `$stats`."""

from __future__ import annotations

from typing import Any, cast

import httpx

from tests.matrix import verdicts
from tests.matrix.probes.probe import Probe
from tests.matrix.rules import MIXED, SUBJECTS, Resource, owners, readable, walk
from tests.matrix.world import STORED, Version, entries, everything, ids
from tests.matrix.woven import A, B, about


def _referred(value: Any) -> set[str]:
    """`Type/id` of whatever stands in a `reference` or `url`, anywhere."""
    if isinstance(value, list):
        return set[str]().union(*map(_referred, cast("list[Any]", value)))
    if not isinstance(value, dict):
        return set()
    element = cast("dict[str, Any]", value)
    found = set[str]().union(*map(_referred, element.values()))
    named = [element.get(name) for name in ("reference", "url")]
    return found | {each.split("/_history/")[0] for each in named if isinstance(each, str)}


async def everything_of(probe: Probe, *, method: str, name: str) -> None:
    """The record and what it refers to: all of it that is reached and that the patient's own app
    could be shown; of an encounter, what is in its compartment."""
    kind, world = probe.kind, probe.world
    owners_of = {one["id"]: one for one in await world.current(name)}
    some = [*owners_of][: 2 if kind.gives else 1]
    for logical_id in [*some, "absent"]:
        place = f"{name}/{logical_id}"
        there = await probe.world.system.get(place)
        stored = [Version(1, there.json())] if there.status_code == 200 else []
        expected = verdicts.read(kind, name, stored)
        if expected == 200 and not any(kind.speaks("s", each) for each in (*SUBJECTS, *MIXED)):
            expected = 403
        answer = await probe.ask(expected, method, f"{place}/$everything")
        if expected == 200:
            await _judge_record(probe, answer, owners_of[logical_id])


async def _judge_record(probe: Probe, answer: httpx.Response, owner: Resource) -> None:
    kind, name = probe.kind, owner["resourceType"]
    (patient,) = owners(owner)
    whole = await everything(probe.world.system, f"?_type={','.join(STORED)}&_count=1000")
    inside = whole
    if name == "Encounter":
        inside = await everything(probe.world.system, f"Encounter/{owner['id']}/*?_count=1000")
    record = {
        _place(one): one for one in inside if patient in owners(one) and kind.reaches("s", one)
    }
    assert entries(answer, "match") == sorted(record), f"{kind.name} {_place(owner)}"
    named = set[str]().union(*map(_referred, record.values()))
    support = entries(answer, "include")
    assert len(set(support)) == len(support)
    allowed = {
        _place(one)
        for one in whole
        if _place(one) not in record
        and readable(one, patient)
        and (kind.reaches("r", one) or kind.reaches("s", one))
    }
    assert named & allowed <= set(support) <= allowed, f"{kind.name} {_place(owner)}"


def _place(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


async def lastn(probe: Probe, *, method: str) -> None:
    """Of what is reached the newest of each code, here all of one code and all of one day or none:
    the patients of whom nothing is reached have none."""
    expected = verdicts.search(probe.kind, "Observation")
    for patient in (A, B, "absent"):
        asked = f"patient={patient}&category=laboratory,vital-signs,survey"
        path = f"Observation/$lastn?{asked}&max=1000"
        answer = await probe.ask(expected, method, path)
        found = await probe.ask(expected, "GET", f"Observation?{asked}&_count=1000")
        assert expected != 200 or entries(answer) == entries(found)


async def match(probe: Probe, *, method: str) -> None:
    """By the name and day of birth of either patient: who is reached is found, and nobody else."""
    expected = verdicts.search(probe.kind, "Patient")
    for stored in await probe.world.current("Patient"):
        if stored["id"] in (A, B):
            asked = {name: stored[name] for name in ("resourceType", "name", "birthDate")}
            answer = await probe.ask(expected, method, "Patient/$match", asked)
            reached = expected == 200 and probe.kind.reaches("s", stored)
            found = [f"Patient/{stored['id']}"] if reached else []
            assert expected != 200 or entries(answer, "match") == found


async def stats(probe: Probe, *, method: str) -> None:
    """Of what is reached: of another's it counts as many as of nobody's."""
    expected, world = verdicts.search(probe.kind, "Observation"), probe.world
    coding = {"system": "urn:matrix", "code": "measured"}
    for patient, mark in ((A, "AAA"), (B, "BBB"), (B, "BBB")):
        made = about("Observation", world.new_id(mark.lower()), (patient,), f"{mark}-new")
        await world.store({**made, "code": {"coding": [coding]}})
    stored = await probe.reached("Observation") if expected == 200 else []
    for patient in (A, B, "absent"):
        asked = f"subject=Patient/{patient}&system=urn:matrix&code=measured&include=true"
        path = f"Observation/$stats?{asked}&statistic=total-count"
        answer = await probe.ask(expected, method, path)
        if expected != 200:
            continue
        there = [
            one
            for one in stored
            if coding in walk(one, "code.coding")
            and one["subject"]["reference"] == f"Patient/{patient}"
        ]
        told, *sources = [one["resource"] for one in answer.json()["parameter"]]
        assert ids(sources) == ids(there), f"{probe.kind.name} {patient}"
        assert told["component"][0]["valueQuantity"]["value"] == len(there)
