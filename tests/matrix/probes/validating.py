"""`$validate`, which tells what the write itself would."""

from __future__ import annotations

import httpx

from tests.matrix import verdicts
from tests.matrix.probes.conditional import CONDITIONAL
from tests.matrix.probes.probe import Probe, proposals
from tests.matrix.world import Version


async def validate(probe: Probe, *, method: str) -> None:
    """Of what is sent, to whoever has a good token; a mode tells what the write itself would."""
    status = 200 if probe.kind.text else 401
    if method == "GET":
        await probe.ask(status if status != 200 else 400, "GET", "Observation/$validate")
        return
    for type_name in CONDITIONAL:
        for proposed in proposals(probe.world, type_name):
            place = f"{type_name}/$validate"
            await probe.ask(status, "POST", place, proposed)
            answer = await probe.ask(status, "POST", f"{place}?mode=create", proposed)
            if status == 200:
                _rehearsed(probe, answer, verdicts.create(probe.kind, proposed))


async def validate_instance(probe: Probe, *, method: str) -> None:
    """What is stored, to whom a read shows it; a mode tells what the write itself would."""
    for type_name in CONDITIONAL:
        for stored in proposals(probe.world, type_name):
            await probe.world.store(stored)
            place, versions = f"{type_name}/{stored['id']}", [Version(1, stored)]
            path = f"{place}/$validate"
            await probe.ask(verdicts.read(probe.kind, type_name, versions), method, path)
            status = 200 if probe.kind.text else 401
            deleted = await probe.ask(status, method, f"{path}?mode=delete")
            if status == 200:
                _rehearsed(probe, deleted, verdicts.delete(probe.kind, type_name, versions))
            if method == "POST" and status == 200:
                for content in proposals(probe.world, type_name):
                    proposed = {**content, "id": stored["id"]}
                    answer = await probe.ask(200, "POST", f"{path}?mode=update", proposed)
                    _rehearsed(probe, answer, verdicts.update(probe.kind, versions, proposed))
            await probe.stands(place, 1)


_TOLD = {403: {"forbidden"}, 404: {"not-found"}}


def _rehearsed(probe: Probe, answer: httpx.Response, expected: int) -> None:
    codes = {one["code"] for one in answer.json()["issue"] if one["severity"] == "error"}
    assert codes == _TOLD.get(expected, set()), f"{probe.kind.name}: {answer.text}"
