"""Batches and transactions: their entries are judged as if each came alone."""

from __future__ import annotations

from typing import Any

import httpx

from tests.matrix import verdicts
from tests.matrix.probes.probe import Probe, proposals
from tests.matrix.rules import Resource
from tests.matrix.world import Version, ids


def entry(method: str, url: str, resource: Resource | None = None, **more: Any) -> Resource:
    made: Resource = {"request": {"method": method, "url": url, **more}}
    return made if resource is None else {**made, "resource": resource}


def bundle(kind: str, *some: Resource) -> Resource:
    return {"resourceType": "Bundle", "type": kind, "entry": list(some)}


BUNDLED = ("Appointment", "Observation", "Organization", "Patient", "Subscription")


async def bundles(probe: Probe) -> None:
    """Entries of a batch are judged one by one; one that is refused sinks a transaction (Z5)."""
    for type_name in BUNDLED:
        gets = [
            (f"{type_name}/{logical_id}", verdicts.read(probe.kind, type_name, versions))
            for logical_id, versions in probe.targets(type_name).items()
        ]
        gets.append((f"{type_name}?_count=1000", verdicts.search(probe.kind, type_name)))
        asked = [entry("GET", place) for place, _ in gets]
        answer = await _ask(probe, bundle("batch", *asked))
        if answer.status_code == 200:
            statuses = [int(one["response"]["status"][:3]) for one in answer.json()["entry"]]
            assert statuses == [expected for _, expected in gets], f"{probe.kind.name} {gets}"
            if statuses[-1] == 200:
                found = answer.json()["entry"][-1]["resource"].get("entry", [])
                reached = await probe.reached(type_name)
                assert ids([one["resource"] for one in found]) == ids(reached)
        worst = max((expected for _, expected in gets), default=200)
        answer = await _ask(probe, bundle("transaction", *asked))
        assert (answer.status_code == 200) == (worst == 200), f"{probe.kind.name} {type_name}"
    for type_name in ("Appointment", "Observation"):
        await _bundle_writes(probe, type_name)


async def _bundle_writes(probe: Probe, type_name: str) -> None:
    """The same writes as above, each alone in a batch and in a transaction."""
    kind = probe.kind
    for resource in proposals(probe.world, type_name):
        place, before = f"{type_name}/{resource['id']}", [Version(1, resource)]
        await probe.world.store(resource)
        for bundle_type in ("batch", "transaction"):
            cases = [
                (entry("POST", type_name, resource), verdicts.create(kind, resource)),
                (entry("PUT", place, resource), verdicts.update(kind, before, resource)),
                (entry("DELETE", place), verdicts.delete(kind, type_name, before)),
            ]
            for one, expected in cases:
                answer = await _ask(probe, bundle(bundle_type, one))
                status = answer.status_code
                if status == 200:
                    response = answer.json()["entry"][0]["response"]
                    status = int(response["status"][:3])
                    probe.world.made(response.get("location", place))
                assert status == expected, f"{kind.name} {bundle_type} {one['request']}"
                if status == 204:
                    await probe.world.store(resource)


async def _ask(probe: Probe, body: Resource) -> httpx.Response:
    answer = await probe.asker("POST", "", body)
    probe.check(answer, str(body))
    if not probe.kind.text:
        assert answer.status_code == 401
    return answer
