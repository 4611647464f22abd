"""Patches, and writes of what criteria find."""

from __future__ import annotations

from tests.matrix import verdicts
from tests.matrix.callers import Kind
from tests.matrix.probes.probe import Probe, proposals
from tests.matrix.rules import Resource
from tests.matrix.world import Version

CONDITIONAL = ("Appointment", "Observation")


async def patch(probe: Probe) -> None:
    """As an update to the same content and to another's, after a read that shows it."""
    for type_name in CONDITIONAL:
        for stored in proposals(probe.world, type_name):
            for content in proposals(probe.world, type_name):
                version = await probe.store(stored)
                proposed = {**content, "id": stored["id"]}
                expected = patched(probe.kind, [Version(1, stored)], proposed)
                place = f"{type_name}/{stored['id']}"
                await _ask_patch(probe, expected, place, proposed)
                await probe.stands(place, version + (expected == 200))
        expected = verdicts.read(probe.kind, type_name, [])
        await _ask_patch(probe, expected, f"{type_name}/absent", {"resourceType": type_name})


def patched(kind: Kind, versions: list[Version], proposed: Resource) -> int:
    seen = verdicts.read(kind, proposed["resourceType"], versions)
    return verdicts.update(kind, versions, proposed) if seen == 200 else seen


async def _ask_patch(probe: Probe, expected: int, place: str, proposed: Resource) -> None:
    operations = [{"op": "replace", "path": "", "value": proposed}]
    headers = {"content-type": "application/json-patch+json"}
    await probe.ask(expected, "PATCH", place, operations, headers=headers)


async def conditional_patch(probe: Probe) -> None:
    for type_name in CONDITIONAL:
        for stored in proposals(probe.world, type_name):
            await probe.world.store(stored)
            expected = _refused(probe.kind, "us", type_name)
            if expected is None and not probe.kind.reaches("s", stored):
                expected = 404
            expected = expected or patched(probe.kind, [Version(1, stored)], stored)
            await _ask_patch(probe, expected, f"{type_name}?_id={stored['id']}", stored)
            await probe.stands(f"{type_name}/{stored['id']}", 2 if expected == 200 else 1)


async def conditional_update(probe: Probe) -> None:
    """What the criteria may not find is as absent: then it is a create."""
    for type_name in CONDITIONAL:
        for stored in proposals(probe.world, type_name):
            for content in proposals(probe.world, type_name):
                version = await probe.store(stored)
                body = {name: value for name, value in content.items() if name != "id"}
                expected = _refused(probe.kind, "us", type_name)
                if expected is None and probe.kind.reaches("s", stored):
                    proposed = {**content, "id": stored["id"]}
                    expected = verdicts.update(probe.kind, [Version(1, stored)], proposed)
                expected = expected or verdicts.create(probe.kind, body)
                where = f"{type_name}?_id={stored['id']}"
                answer = await probe.ask(expected, "PUT", where, body)
                if expected == 201:
                    probe.world.made(answer.headers["location"])
                place = f"{type_name}/{stored['id']}"
                await probe.stands(place, version + (expected == 200))


async def conditional_delete(probe: Probe) -> None:
    """What the criteria may not find is as absent: then there is nothing to delete."""
    for type_name in CONDITIONAL:
        for stored in proposals(probe.world, type_name):
            await probe.world.store(stored)
            expected = _refused(probe.kind, "ds", type_name)
            found = expected is None and probe.kind.reaches("s", stored)
            if found:
                expected = verdicts.delete(probe.kind, type_name, [Version(1, stored)])
            place = f"{type_name}/{stored['id']}"
            await probe.ask(expected or 204, "DELETE", f"{type_name}?_id={stored['id']}")
            await probe.stands(place, None if found and expected == 204 else 1)


def _refused(kind: Kind, letters: str, type_name: str) -> int | None:
    if not kind.text:
        return 401
    return None if all(kind.speaks(letter, type_name) for letter in letters) else 403
