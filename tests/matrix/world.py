"""The woven world on a running server, and the scan of every answer for what is the other's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast
from urllib.parse import unquote

import httpx

from resources.registry import REGISTRY
from tests.matrix.callers import Kind, patient_kind
from tests.matrix.rules import HIDDEN, SUBJECTS, Resource, readable
from tests.matrix.woven import SHARED, A, B, changing_hands, woven
from tests.serving import Caller, Served

ALL = "patient/*.cruds"
STORED = sorted({*SUBJECTS, *HIDDEN, *SHARED, "Endpoint"})
"""Types of which the world has resources."""
_MARK = re.compile(r"BBB-[A-Za-z0-9-]*")
_ID = re.compile(r"\b(?:bbb|nobody)-[a-z0-9-]*")


@dataclass(frozen=True)
class Version:
    """One version as the system sees it; None where it is a deletion."""

    number: int
    resource: Resource | None


@dataclass(repr=False)
class World:
    """Two patients' data on a server, and everybody who asks for it."""

    served: Served
    system: Caller
    a: Caller
    b: Caller
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    fresh: set[str] = field(default_factory=set[str])
    """Places of what the matrix made, until it tidies up."""
    _told: set[str] = field(default_factory=set[str])

    @property
    def base(self) -> str:
        return self.served.base

    async def caller(self, kind: Kind) -> Asker:
        """Somebody with this kind of token, or with none."""
        if not kind.text:
            return Asker(self.served, kind.bad)
        token = await self.served.token(kind.text, kind.patient, fhir_user=kind.fhir_user)
        return Asker(self.served, f"Bearer {token}")

    async def patient(self, *scopes: str, patient: str = A) -> Asker:
        return await self.caller(patient_kind("some", *scopes, patient=patient))

    def new_id(self, prefix: str) -> str:
        return f"{prefix}-new-{next(self._numbers)}"

    async def store(self, *resources: Resource) -> None:
        """Puts them as the system; those of A's may name others' ids from now on."""
        for resource in resources:
            place = f"{resource['resourceType']}/{resource['id']}"
            answer = await self.system.put(place, resource)
            assert answer.status_code in (200, 201), f"{place}: {answer.text[:500]}"
            if "-new-" in place:
                self.fresh.add(place)
        self.learn(resources)

    async def tidy(self) -> None:
        """Deletes what was made since, so that searches do not grow from test to test."""
        entries = [{"request": {"method": "DELETE", "url": place}} for place in sorted(self.fresh)]
        if entries:
            bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
            answer = await self.system.post("", bundle)
            assert answer.status_code == 200, answer.text[:500]
        self.fresh.clear()

    def made(self, location: str) -> None:
        """A resource that somebody created is to be tidied up too."""
        self.fresh.add("/".join(location.removeprefix(f"{self.base}/").split("/")[:2]))

    def learn(self, resources: tuple[Resource, ...] | list[Resource]) -> None:
        for resource in resources:
            if readable(resource, A):
                self._told.update(_ID.findall(json.dumps(resource)))

    async def current(self, type_name: str) -> list[Resource]:
        """All of a type, as the system finds them over all pages."""
        return await everything(self.system, f"{type_name}?_count=1000")

    async def versions(self, type_name: str) -> dict[str, list[Version]]:
        """Every version of each resource of the matrix, oldest first, deleted ones too."""
        ids = {one["id"] for one in await self.current(type_name)}
        if type_name == "Observation":
            ids |= {chain[0]["id"] for chain in changing_hands() if chain[0]}
        found: dict[str, list[Version]] = {}
        for logical_id in sorted(ids):
            answer = await self.system.get(f"{type_name}/{logical_id}/_history?_count=100")
            entries = answer.json()["entry"][::-1]
            found[logical_id] = [
                Version(number, entry.get("resource")) for number, entry in enumerate(entries, 1)
            ]
        return found

    def clean(self, answer: httpx.Response, *asked: str, text: str | None = None) -> None:
        """Nothing of B's is in an answer to A, but for ids that A's own data or request names."""
        request = " ".join((unquote(str(answer.request.url)), *asked))
        head = " ".join(f"{name}: {value}" for name, value in answer.headers.items())
        body = answer.text if text is None else text
        contents = json.dumps(list(_contents(json.loads(body)))) if body.startswith("{") else body
        assert not _MARK.findall(contents), f"{request}: {contents[:2000]}"
        assert set(_MARK.findall(head + body)) <= set(_MARK.findall(request)), head + body[:2000]
        known = self._told | set(_ID.findall(request))
        assert set(_ID.findall(head + body)) <= known, f"{request}: {body[:2000]}"


@dataclass(repr=False)
class Asker:
    """Somebody who sends this `Authorization` header, or none."""

    served: Served
    authorization: str | None

    async def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        sent = {"accept": "application/fhir+json", **(headers or {})}
        if self.authorization is not None:
            sent["authorization"] = self.authorization
        if body is not None:
            sent.setdefault("content-type", "application/fhir+json")
            more["json"] = body
        url = path if path.startswith("http") else f"{self.served.base}/{path}".rstrip("/")
        return await self.served.http.request(method, url, headers=sent, **more)

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self("GET", path, **more)


def _contents(value: Any) -> Iterator[str]:
    """The strings that are data, not quotations of the request."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _contents(item)
    elif isinstance(value, dict):
        element = cast("dict[str, Any]", value)
        bundle = element.get("resourceType") == "Bundle"
        for name, item in element.items():
            if name != "diagnostics" and not (name == "link" and bundle):
                yield from _contents(item)


async def everything(caller: Caller | Asker, path: str) -> list[Resource]:
    """The matches of a search over all its pages."""
    found: list[Resource] = []
    link: str | None = path
    while link is not None:
        answer = await caller.get(link)
        assert answer.status_code == 200, f"{link}: {answer.text[:500]}"
        bundle = answer.json()
        found += [
            entry["resource"]
            for entry in bundle.get("entry", [])
            if entry["search"]["mode"] == "match"
        ]
        link = next((one["url"] for one in bundle["link"] if one["relation"] == "next"), None)
    return found


def ids(resources: list[Resource]) -> list[str]:
    return sorted(resource["id"] for resource in resources)


def entries(answer: httpx.Response, mode: str | None = None) -> list[str]:
    """`Type/id` of the entries of a bundle, of one mode where it is given."""
    return sorted(
        f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        for entry in answer.json().get("entry", [])
        if "id" in entry.get("resource", {}) and mode in (None, entry["search"]["mode"])
    )


async def weave(served: Served) -> World:
    """Stores everything through HTTP: what there is, then what changes hands."""
    system = await served.caller("system/*.cruds")
    a = await served.caller(ALL, A, fhir_user=f"Patient/{A}")
    b = await served.caller(ALL, B, fhir_user=f"Patient/{B}")
    world = World(served, system, a, b)
    resources = woven()
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "resource": one,
                "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"},
            }
            for one in resources
        ],
    }
    answer = await system.post("", bundle)
    assert answer.status_code == 200, answer.text[:2000]
    world.learn(resources)
    for chain in changing_hands():
        for version in chain:
            if version is not None:
                await world.store(version)
            else:
                place = f"Observation/{chain[0]['id'] if chain[0] else ''}"
                assert (await system("DELETE", place)).status_code == 204
    return world


assert set(STORED) <= set(REGISTRY.endpoints)
