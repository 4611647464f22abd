"""Operations on one resource, and those about the server."""

from __future__ import annotations

from tests.matrix import verdicts
from tests.matrix.probes.conditional import CONDITIONAL, patched
from tests.matrix.probes.probe import TYPES, Probe, proposals
from tests.matrix.world import Version, ids


async def versions(probe: Probe, *, method: str) -> None:
    """Tells of the server alone, to whoever has a good token."""
    await probe.ask(200 if probe.kind.text else 401, method, "$versions")


async def explain(probe: Probe, *, method: str) -> None:
    """Refused where the search is; plan and counts to systems that reach the whole type alone."""
    for type_name in TYPES if method == "GET" else ("Observation", "Organization"):
        expected = verdicts.search(probe.kind, type_name)
        form = {"data": {"_count": "5"}} if method == "POST" else {}
        answer = await probe.ask(expected, method, f"{type_name}/$explain", **form)
        if expected == 200:
            told = {part["name"]: part for part in answer.json()["parameter"]}
            system = all(scope.context == "system" for scope in probe.kind.scopes)
            assert ("plan" in told) == system, probe.kind.name
            reach = {part["name"]: part for part in told["access"]["part"]}["reach"]["valueCode"]
            reached = await probe.reached(type_name)
            stored = await probe.world.current(type_name)
            assert reach == "part" or bool(reached) == (reach == "everything")
            assert reach != "everything" or ids(reached) == ids(stored)


async def jobs(probe: Probe, *, method: str) -> None:
    """Of nobody's but one's own."""
    await probe.ask(404 if probe.kind.text else 401, method, "_job/another")


async def reindex(probe: Probe, *, method: str, path: str) -> None:
    """What is searched by holds for everybody: systems alone that write every SearchParameter."""
    kind = probe.kind
    systems = bool(kind.scopes) and all(scope.context == "system" for scope in kind.scopes)
    governs = systems and all(kind.whole(letter, "SearchParameter") for letter in "cu")
    expected = (202 if path == "$reindex" else 404) if governs else 403
    await probe.ask(expected if kind.text else 401, method, path)


async def meta(probe: Probe, *, method: str) -> None:
    """As a read of the same; by POST the same code is asked, so less of it."""
    for type_name in TYPES if method == "GET" else ("Appointment", "Observation"):
        for logical_id, versions in probe.targets(type_name).items():
            expected = verdicts.read(probe.kind, type_name, versions)
            answer = await probe.ask(expected, method, f"{type_name}/{logical_id}/$meta")
            if expected == 200:
                (told,) = answer.json()["parameter"]
                assert told["valueMeta"] == (versions[-1].resource or {})["meta"]


async def meta_of_version(probe: Probe, *, method: str) -> None:
    """As a vread of the same."""
    for type_name in ("Appointment", "AuditEvent", "Observation"):
        for logical_id, versions in probe.targets(type_name).items():
            for number in range(1, len(versions) + 1):
                expected = verdicts.read(probe.kind, type_name, versions, number)
                place = f"{type_name}/{logical_id}/_history/{number}/$meta"
                answer = await probe.ask(expected, method, place)
                if expected == 200:
                    (told,) = answer.json()["parameter"]
                    assert told["valueMeta"] == (versions[number - 1].resource or {})["meta"]


async def labels(probe: Probe, *, method: str, name: str) -> None:
    """As a patch that changes nothing else."""
    label = {"tag": [{"system": "urn:matrix", "code": "new"}]}
    body = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": label}]}
    for type_name in CONDITIONAL:
        for stored in proposals(probe.world, type_name):
            tags = stored["meta"].get("tag", []) + (label["tag"] if name == "$meta-delete" else [])
            stored = {**stored, "meta": {**stored["meta"], **({"tag": tags} if tags else {})}}
            version = await probe.store(stored)
            expected = patched(probe.kind, [Version(1, stored)], stored)
            place = f"{type_name}/{stored['id']}"
            await probe.ask(expected, method, f"{place}/{name}", body)
            await probe.stands(place, version + (expected == 200))
        expected = verdicts.read(probe.kind, type_name, [])
        await probe.ask(expected, method, f"{type_name}/absent/{name}", body)
