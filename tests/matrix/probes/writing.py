"""Creates, updates and deletes: what is stored and what is proposed both count."""

from __future__ import annotations

from tests.matrix import verdicts
from tests.matrix.probes.probe import Probe, proposals
from tests.matrix.rules import Resource, readable
from tests.matrix.world import Version
from tests.matrix.woven import A


async def create(probe: Probe) -> None:
    for type_name in probe.written:
        for resource in proposals(probe.world, type_name):
            expected = verdicts.create(probe.kind, resource)
            answer = await probe.ask(expected, "POST", type_name, resource)
            if expected == 201:
                assert readable(answer.json(), A) or not probe.restricted
                probe.world.made(answer.headers["location"])


async def update(probe: Probe) -> None:
    """Each stored resource with each content: unchanged, and moved between the records."""
    for type_name in probe.written:
        contents = proposals(probe.world, type_name)
        for stored in contents:
            version = 0
            for content in contents:
                version = await _put(probe, stored, {**content, "id": stored["id"]}, version)
        absent = {**contents[0], "id": "absent"}
        expected = verdicts.update(probe.kind, [], absent)
        if expected == 201:
            absent["id"] = probe.world.new_id("aaa")
            probe.world.fresh.add(f"{type_name}/{absent['id']}")
        await probe.ask(expected, "PUT", f"{type_name}/{absent['id']}", absent)


async def _put(probe: Probe, stored: Resource, proposed: Resource, version: int) -> int:
    """One PUT over what is stored as this version, or 0 where it has to be stored anew."""
    if not version:
        await probe.world.store(stored)
        version = 1
    place = f"{stored['resourceType']}/{stored['id']}"
    expected = verdicts.update(probe.kind, [Version(version, stored)], proposed)
    await probe.ask(expected, "PUT", place, proposed)
    answer = await probe.world.system.get(place)
    if expected != 200:
        assert answer.headers["etag"] == f'W/"{version}"', f"{probe.kind.name} {place}"
        return version
    assert answer.headers["etag"] == f'W/"{version + 1}"', f"{probe.kind.name} {place}"
    if proposed["meta"] == stored["meta"]:
        return version + 1
    await probe.world.store(stored)
    return version + 2


async def delete(probe: Probe) -> None:
    for type_name in probe.written:
        for resource in proposals(probe.world, type_name):
            await probe.world.store(resource)
            expected = verdicts.delete(probe.kind, type_name, [Version(1, resource)])
            place = f"{type_name}/{resource['id']}"
            await probe.ask(expected, "DELETE", place)
            await probe.stands(place, None if expected == 204 else 1)
        expected = verdicts.delete(probe.kind, type_name, [])
        await probe.ask(expected, "DELETE", f"{type_name}/absent")
