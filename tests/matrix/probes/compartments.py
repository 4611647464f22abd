"""Searches in somebody's compartment, of one type and of all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from resources.registry import REGISTRY
from tests.matrix import verdicts
from tests.matrix.callers import Kind
from tests.matrix.probes.probe import Probe, matched
from tests.matrix.probes.searching import named, of_any
from tests.matrix.rules import walk
from tests.matrix.world import ids

INSIDE = {
    ("Patient", "Observation"): "subject performer",
    ("Patient", "Appointment"): "participant.actor",
    ("Practitioner", "Observation"): "performer",
    ("Practitioner", "Appointment"): "participant.actor",
    ("RelatedPerson", "Observation"): "performer",
    ("RelatedPerson", "Appointment"): "participant.actor",
    ("Device", "Observation"): "subject device",
    ("Device", "Appointment"): "participant.actor",
    ("Encounter", "Observation"): "encounter",
    ("Encounter", "Condition"): "encounter",
}
"""Where those of a type name the one in whose compartment they are, by CompartmentDefinition."""


def in_compartment(name: str, *, by_post: bool = False) -> Callable[[Probe], Awaitable[None]]:
    """What is in each one's compartment and in reach, if that one is; else nothing."""

    async def search(probe: Probe) -> None:
        kind = probe.kind
        owners = {one["id"]: one for one in await probe.world.current(name)}
        for type_name in (of for compartment, of in INSIDE if compartment == name):
            expected = verdicts.search(kind, type_name)
            if expected == 200 and not (kind.speaks("r", name) or kind.speaks("s", name)):
                expected = 403
            reached = await probe.reached(type_name) if expected == 200 else []
            for logical_id in [*list(owners)[:4], "absent"]:
                place = f"{name}/{logical_id}/{type_name}"
                if by_post:
                    form = {"data": {"_count": "1000"}}
                    answer = await probe.ask(expected, "POST", f"{place}/_search", **form)
                else:
                    answer = await probe.ask(expected, "GET", f"{place}?_count=1000")
                if expected != 200:
                    continue
                known = logical_id in owners and (
                    kind.reaches("r", owners[logical_id]) or kind.reaches("s", owners[logical_id])
                )
                there = [
                    one
                    for one in reached
                    if known
                    and any(
                        each.get("reference", "").partition("/_history/")[0]
                        == f"{name}/{logical_id}"
                        for path in INSIDE[name, type_name].split()
                        for each in walk(one, path)
                    )
                ]
                assert matched(answer) == ids(there), f"{kind.name} {place}"

    return search


def throughout(name: str) -> Callable[[Probe], Awaitable[None]]:
    """All types of each one's compartment: what the searches of its types find there."""

    async def search(probe: Probe) -> None:
        kind = probe.kind
        expected = _throughout(kind, name)
        types = [of for compartment, of in INSIDE if compartment == name]
        for logical_id in (*await _owners(probe, name, 2), "absent"):
            place = f"{name}/{logical_id}"
            answer = await probe.ask(expected, "GET", f"{place}/*?_count=1000")
            if expected != 200:
                continue
            found = [entry["resource"] for entry in answer.json().get("entry", [])]
            assert all(kind.reaches("s", one) for one in found)
            for type_name in types:
                if kind.speaks("s", type_name):
                    one = await probe.ask(200, "GET", f"{place}/{type_name}?_count=1000")
                    of_it = [each for each in found if each["resourceType"] == type_name]
                    assert ids(of_it) == matched(one)
        await named(probe, f"{name}/absent/*", types, name)

    return search


def throughout_by_post(name: str) -> Callable[[Probe], Awaitable[None]]:
    async def search(probe: Probe) -> None:
        expected = _throughout(probe.kind, name)
        for logical_id in await _owners(probe, name, 1):
            place = f"{name}/{logical_id}/*"
            form = {"_count": "1000"}
            answer = await probe.ask(expected, "POST", f"{place}/_search", data=form)
            mine = await probe.ask(expected, "GET", f"{place}?_count=1000")
            assert expected != 200 or matched(answer) == matched(mine)

    return search


async def _owners(probe: Probe, name: str, some: int) -> list[str]:
    return [one["id"] for one in await probe.world.current(name)][:some]


def _throughout(kind: Kind, name: str) -> int:
    """Somebody's compartment is for those who may read them, and search anything in it."""
    expected = of_any(kind, REGISTRY.compartment(name))
    covered = kind.speaks("r", name) or kind.speaks("s", name)
    return expected if covered or expected != 200 else 403
