"""The demo record as a server holds it on the day on which it was taken, and who asks for it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import seed_bundles
from seed_bundles.authoring.elements import ANCHOR
from tests.demo.rare import RARE
from tests.serving import Caller, Served, serving

Resource = dict[str, Any]
READING = "launch/patient openid fhirUser patient/*.rs"


@dataclass
class Record:
    """All of the record, a caller who reaches it all, and each patient's app."""

    served: Served
    system: Caller
    resources: dict[str, list[Resource]]
    apps: dict[str, Caller] = field(default_factory=dict[str, Caller])

    def of(self, type_name: str) -> list[Resource]:
        return self.resources.get(type_name, [])

    @property
    def all(self) -> list[Resource]:
        return [each for many in self.resources.values() for each in many]

    @property
    def patients(self) -> list[str]:
        return [each["id"] for each in self.of("Patient")]

    async def app(self, patient: str) -> Caller:
        """An app that this patient (an id or a reference) launched."""
        patient = patient.removeprefix("Patient/")
        if patient not in self.apps:
            self.apps[patient] = await self.served.caller(READING, patient)
        return self.apps[patient]


def name_of(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def names(resources: Iterable[Resource]) -> set[str]:
    return {name_of(each) for each in resources}


async def whole(caller: Caller, query: str) -> list[Resource]:
    """All entries of a search, by its next links."""
    found: list[Resource] = []
    address: str | None = query
    while address:
        answer = await caller.get(address)
        assert answer.status_code == 200, f"{query}: {answer.text[:500]}"
        bundle = answer.json()
        found += bundle.get("entry", [])
        links = {link["relation"]: link["url"] for link in bundle["link"]}
        address = links.get("next")
    return found


async def resources(caller: Caller, query: str) -> list[Resource]:
    return [entry["resource"] for entry in await whole(caller, query)]


@asynccontextmanager
async def serving_record(mongodb_uri: str, database: str, folder: Path) -> AsyncIterator[Record]:
    """The record, and a few resources that have what nothing in it has; nobody changes them."""
    async with serving(mongodb_uri, database, folder, ig="us-core") as served:
        system = await served.caller("system/*.cruds")
        types = {each["resourceType"] for each in RARE}
        for name, text in seed_bundles.bundles(ANCHOR):
            answer = await system.post("", text)
            assert answer.status_code == 200, f"{name}: {answer.text[:500]}"
            types |= {entry["resource"]["resourceType"] for entry in json.loads(text)["entry"]}
        for each in RARE:
            answer = await system.put(name_of(each), each)
            assert answer.status_code == 201, answer.text[:500]
        held = {each: await resources(system, f"{each}?_count=500") for each in sorted(types)}
        yield Record(served, system, held)
