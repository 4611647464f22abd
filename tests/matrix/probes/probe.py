"""Who asks, and what every probe needs to ask and to judge by."""

from __future__ import annotations

from typing import Any

import httpx

from tests.matrix.callers import Kind
from tests.matrix.rules import HIDDEN, MIXED, SUBJECTS, Resource
from tests.matrix.world import Asker, Version, World, ids
from tests.matrix.woven import A, B, about

TYPES = (
    "Appointment",
    "AuditEvent",
    "Binary",
    "Communication",
    "Condition",
    "Device",
    "Group",
    "Observation",
    "Organization",
    "Patient",
    "Provenance",
    "Subscription",
)
"""One or more of each kind of row of the access table."""

WRITTEN = ("Appointment", "AuditEvent", "Device", "Observation", "Organization", "Subscription")

Versions = dict[str, dict[str, list[Version]]]
"""Type -> id -> versions, before anybody of the matrix wrote."""


class Probe:
    """An asker with the kind of token they have, in the world."""

    def __init__(self, world: World, kind: Kind, asker: Asker, versions: Versions) -> None:
        self.world, self.kind, self.asker, self.versions = world, kind, asker, versions

    @property
    def restricted(self) -> bool:
        """Whether nothing of B's may be in any answer."""
        return not self.kind.whole("r", "Observation")

    async def ask(
        self, expected: int, method: str, path: str, body: Any = None, **more: Any
    ) -> httpx.Response:
        answer = await self.asker(method, path, body, **more)
        what = f"{self.kind.name}: {method} {path}"
        assert answer.status_code == expected, (
            f"{what}: {answer.status_code}, not {expected}: {answer.text[:400]}"
        )
        self.check(answer, str(body))
        if expected == 401:
            assert answer.headers["www-authenticate"].startswith("Bearer")
        if expected >= 400 and method != "HEAD":
            assert answer.json()["resourceType"] == "OperationOutcome"
        assert "public" not in answer.headers.get("cache-control", "public")
        return answer

    def check(self, answer: httpx.Response, asked: str = "") -> None:
        if self.restricted:
            self.world.clean(answer, asked)

    @property
    def written(self) -> tuple[str, ...]:
        return WRITTEN if self.kind.gives else ("Device", "Observation")

    def targets(self, type_name: str) -> dict[str, list[Version]]:
        """Each resource of the type and one that is not there; few for who reaches nothing."""
        targets = self.versions[type_name]
        if not self.kind.gives:
            targets = dict(list(targets.items())[:2])
        return {**targets, "absent": []}

    async def reached(self, type_name: str) -> list[Resource]:
        """What a search of the type is to find."""
        stored = await self.world.current(type_name)
        return [one for one in stored if self.kind.reaches("s", one)]

    async def store(self, resource: Resource) -> int:
        """Stores it as the system; the version under which it is stored now."""
        await self.world.store(resource)
        answer = await self.world.system.get(f"{resource['resourceType']}/{resource['id']}")
        return int(answer.json()["meta"]["versionId"])

    async def stands(self, place: str, version: int | None) -> None:
        """What the system finds there now: this version, or a deletion."""
        answer = await self.world.system.get(place)
        if version is None:
            assert answer.status_code == 410
        else:
            assert answer.headers["etag"] == f'W/"{version}"', f"{self.kind.name} {place}"


def matched(answer: httpx.Response) -> list[str]:
    return ids([entry["resource"] for entry in answer.json().get("entry", [])])


def proposals(world: World, type_name: str) -> list[Resource]:
    """One for A, for B, for nobody and, where the type can have two, for both."""
    if type_name not in SUBJECTS and type_name not in HIDDEN:
        return [about(type_name, world.new_id("sss"), (), "SSS-new")]
    nobody = "SSS-new" if type_name in MIXED else "BBB-new"
    some: list[tuple[tuple[str, ...], str]]
    some = [((A,), "AAA-new"), ((B,), "BBB-new"), ((), nobody)]
    if type_name in ("Appointment", "Communication"):
        some.append(((A, B), "ABAB-new"))
    return [
        about(type_name, world.new_id(mark.split("-")[0].lower()), patients, mark)
        for patients, mark in some
    ]
