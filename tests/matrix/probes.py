"""One probe for each interaction of the table: it asks for every target and judges each answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol, cast

import httpx

from fhir_server.interactions.table import TABLE
from resources.registry import REGISTRY
from tests.matrix import verdicts
from tests.matrix.callers import Kind
from tests.matrix.rules import HIDDEN, MIXED, SUBJECTS, Resource, owners, readable, walk
from tests.matrix.world import STORED, Asker, Version, World, entries, everything, ids
from tests.matrix.woven import A, B, about
from tests.serving import Caller

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
BUNDLED = ("Appointment", "Observation", "Organization", "Patient", "Subscription")

Versions = dict[str, dict[str, list[Version]]]
"""Type -> id -> versions, before anybody of the matrix wrote."""


class OperationProbe(Protocol):
    async def __call__(self, probe: Probe, *, method: str) -> None: ...


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


async def read(probe: Probe) -> None:
    """read, and HEAD, which tells the same in its headers."""
    for type_name in TYPES:
        for logical_id, versions in probe.targets(type_name).items():
            expected = verdicts.read(probe.kind, type_name, versions)
            place = f"{type_name}/{logical_id}"
            answer = await probe.ask(expected, "GET", place)
            if expected == 200:
                assert answer.json() == versions[-1].resource
            if type_name not in ("Observation", "Patient"):
                continue
            head = await probe.ask(expected, "HEAD", place)
            assert head.headers.get("etag") == answer.headers.get("etag")
            if expected in (401, 403, 404):
                assert "etag" not in head.headers
                assert "last-modified" not in head.headers


async def vread(probe: Probe) -> None:
    for type_name in TYPES:
        for logical_id, versions in probe.targets(type_name).items():
            beyond = type_name == "Patient"
            for number in range(1, len(versions) + 1 + beyond):
                expected = verdicts.read(probe.kind, type_name, versions, number)
                place = f"{type_name}/{logical_id}/_history/{number}"
                answer = await probe.ask(expected, "GET", place)
                if expected == 200:
                    assert answer.json() == versions[number - 1].resource


async def history(probe: Probe) -> None:
    for type_name in TYPES:
        for logical_id, versions in probe.targets(type_name).items():
            expected = verdicts.history(probe.kind, type_name, versions)
            answer = await probe.ask(expected, "GET", f"{type_name}/{logical_id}/_history")
            if expected == 200:
                seen = verdicts.shown(probe.kind, "r", versions)
                assert answer.json()["total"] == len(seen)
                tags = [entry["response"]["etag"] for entry in answer.json()["entry"]]
                assert tags == [f'W/"{one.number}"' for one in reversed(seen)]


RECENT = 60
"""Versions of the end of a history that are compared, since the matrix goes on writing."""


async def history_of_type(probe: Probe) -> None:
    for type_name in ("Appointment", "AuditEvent", "Observation", "Organization", "Patient"):
        expected = verdicts.search(probe.kind, type_name)
        await _recent(probe, expected, f"{type_name}/_history")
    await _as_it_was(probe, verdicts.search(probe.kind, "Appointment"), "Appointment/_history")


async def _as_it_was(probe: Probe, expected: int, path: str) -> None:
    """What the caller may see of what was current at an instant that has passed."""
    newest = (await timeline(probe.world.system, f"{path}?_count={RECENT}", pages=1))[-1]
    then = f"{path}?_at={newest['response']['lastModified'].replace('+', '%2B')}"
    if expected != 200:
        await probe.ask(expected, "GET", then)
        return
    seen = await shown(probe, await timeline(probe.world.system, f"{then}&_count=1000"))
    names = " ".join(one["fullUrl"] for one in seen)
    found = await timeline(probe.asker, then, check=partial(probe.check, asked=names))
    assert tags(found) == tags(seen), f"{probe.kind.name} {then}"


async def history_of_system(probe: Probe) -> None:
    """Types without a scope are left out, and refused where `_type` names them."""
    await _recent(probe, _expected(probe.kind, STORED), "_history")
    for types in (("Observation", "Appointment"), ("Condition", "Observation")):
        expected = max(verdicts.search(probe.kind, each) for each in types)
        await probe.ask(expected, "GET", f"_history?_type={','.join(types)}&_count=9")


async def _recent(probe: Probe, expected: int, path: str) -> None:
    """All pages since some instant: what the caller may see of what the system sees."""
    if expected != 200:
        await probe.ask(expected, "GET", f"{path}?_count=2")
        return
    last = await timeline(probe.world.system, f"{path}?_count={RECENT}", pages=1)
    since = last[-1]["response"]["lastModified"].replace("+", "%2B") if last else "2020"
    found, expects = await _settled(probe, f"{path}?_since={since}")
    assert tags(found) == tags(expects), f"{probe.kind.name} {path}"


async def _settled(probe: Probe, path: str) -> tuple[list[Resource], list[Resource]]:
    """What the caller sees and is to see, once the end of the history has settled: some
    transaction that another test left open may hold it until MongoDB ends that."""
    for _ in range(70):
        whole = await timeline(probe.world.system, f"{path}&_count=1000")
        seen = await shown(probe, whole)
        # What was moved into A's record has there the id that it had in B's.
        names = " ".join(one["fullUrl"] for one in seen)
        check = partial(probe.check, asked=names)
        found = await timeline(probe.asker, f"{path}&_count=25", check=check)
        if tags(whole) == tags(await timeline(probe.world.system, f"{path}&_count=1000")):
            return found, seen
        await asyncio.sleep(1)
    raise AssertionError("the history does not settle")


async def timeline(
    asker: Asker | Caller,
    path: str,
    pages: int = 1000,
    check: Callable[[httpx.Response], None] | None = None,
) -> list[Resource]:
    """The entries of a history over all its pages."""
    found: list[Resource] = []
    link: str | None = path
    while link is not None and pages:
        answer = await asker.get(link)
        assert answer.status_code == 200, f"{link}: {answer.text[:500]}"
        if check is not None:
            check(answer)
        found += answer.json().get("entry", [])
        links = {one["relation"]: one["url"] for one in answer.json()["link"]}
        link, pages = links.get("next"), pages - 1
    return found


def tags(entries: list[Resource]) -> list[tuple[str, str]]:
    return [(one["fullUrl"], one["response"]["etag"]) for one in entries]


async def shown(probe: Probe, entries: list[Resource]) -> list[Resource]:
    """Those whose own content the caller may search; a deletion with the version before it."""
    seen: list[Resource] = []
    last: dict[str, Resource] = {}
    for one in reversed(entries):
        place = one["fullUrl"]
        if "resource" in one:
            last[place] = one["resource"]
        elif place not in last:
            before = int(one["response"]["etag"][3:-1]) - 1
            last[place] = (await probe.world.system.get(f"{place}/_history/{before}")).json()
        seen += [one] if probe.kind.reaches("s", last[place]) else []
    return seen[::-1]


async def search(probe: Probe) -> None:
    """Open, over all pages: exactly what the scopes reach, counted too."""
    for type_name in TYPES:
        expected = verdicts.search(probe.kind, type_name)
        answer = await probe.ask(expected, "GET", f"{type_name}?_total=accurate&_count=0")
        if expected == 200:
            reached = await _reached(probe, type_name)
            found = await everything(probe.asker, f"{type_name}?_count=9")
            assert ids(found) == ids(reached), probe.kind.name
            assert answer.json()["total"] == len(reached)


async def search_by_post(probe: Probe) -> None:
    for type_name in TYPES:
        expected = verdicts.search(probe.kind, type_name)
        form = {"_count": "1000", "_total": "accurate"}
        answer = await probe.asker("POST", f"{type_name}/_search", data=form)
        assert answer.status_code == expected, f"{probe.kind.name} {type_name} {answer.text[:300]}"
        probe.check(answer)
        if expected == 200:
            reached = await _reached(probe, type_name)
            matches = [entry["resource"] for entry in answer.json().get("entry", [])]
            assert ids(matches) == ids(reached)
            assert answer.json()["total"] == len(reached)


async def _reached(probe: Probe, type_name: str) -> list[Resource]:
    stored = await probe.world.current(type_name)
    return [one for one in stored if probe.kind.reaches("s", one)]


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
            reached = await _reached(probe, type_name) if expected == 200 else []
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
                matches = [entry["resource"] for entry in answer.json().get("entry", [])]
                assert ids(matches) == ids(there), f"{kind.name} {place}"

    return search


async def search_everywhere(probe: Probe) -> None:
    """Of all types over all pages, in both kinds of order, what the scopes reach; of named types
    each needs its scope."""
    kind = probe.kind
    expected = _expected(kind, STORED)
    stored = await everything(probe.world.system, f"?_type={','.join(TYPES)}&_count=1000")
    reached = [each for each in stored if kind.reaches("s", each)]
    for sort in ("", "&_sort=-_lastUpdated"):
        await probe.ask(expected, "GET", f"?_count=2{sort}")
        if expected == 200:
            found = await everything(probe.asker, f"?_count=100{sort}")
            assert ids([one for one in found if one["resourceType"] in TYPES]) == ids(reached)
            assert all(kind.reaches("s", one) for one in found)
    await _named(probe, "", ("Observation", "Appointment"))
    await _named(probe, "", ("Condition", "Observation"))


async def search_everywhere_by_post(probe: Probe) -> None:
    expected = _expected(probe.kind, STORED)
    form = {"_count": "1000", "_total": "accurate", "_id": f"{A},{B},aaa-lab,bbb-lab,shared-main"}
    answer = await probe.ask(expected, "POST", "_search", data=form)
    if expected == 200:
        mine = await probe.ask(200, "GET", f"?_id={form['_id']}&_total=accurate&_count=1000")
        assert _matches(answer) == _matches(mine)
        assert answer.json()["total"] == len(_matches(mine))


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
                    assert ids(of_it) == _matches(one)
        await _named(probe, f"{name}/absent/*", types, name)

    return search


def throughout_by_post(name: str) -> Callable[[Probe], Awaitable[None]]:
    async def search(probe: Probe) -> None:
        expected = _throughout(probe.kind, name)
        for logical_id in await _owners(probe, name, 1):
            place = f"{name}/{logical_id}/*"
            form = {"_count": "1000"}
            answer = await probe.ask(expected, "POST", f"{place}/_search", data=form)
            mine = await probe.ask(expected, "GET", f"{place}?_count=1000")
            assert expected != 200 or _matches(answer) == _matches(mine)

    return search


async def _owners(probe: Probe, name: str, some: int) -> list[str]:
    return [one["id"] for one in await probe.world.current(name)][:some]


def _throughout(kind: Kind, name: str) -> int:
    """Somebody's compartment is for those who may read them, and search anything in it."""
    expected = _expected(kind, REGISTRY.compartment(name))
    covered = kind.speaks("r", name) or kind.speaks("s", name)
    return expected if covered or expected != 200 else 403


def _expected(kind: Kind, types: Iterable[str]) -> int:
    """Refused only to those who may search nothing."""
    if not kind.text:
        return 401
    return 200 if any(kind.speaks("s", each) for each in types) else 403


async def _named(probe: Probe, place: str, types: Sequence[str], owner: str = "") -> None:
    """Of the types all have to be covered, and the one in whose compartment they are."""
    kind = probe.kind
    refused = [verdicts.search(kind, each) for each in types]
    if owner and kind.text and not (kind.speaks("r", owner) or kind.speaks("s", owner)):
        refused.append(403)
    await probe.ask(max(refused), "GET", f"{place}?_type={','.join(types)}&_count=1000")


def _matches(answer: httpx.Response) -> list[str]:
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
            await _stands(probe, place, None if expected == 204 else 1)
        expected = verdicts.delete(probe.kind, type_name, [])
        await probe.ask(expected, "DELETE", f"{type_name}/absent")


async def _stands(probe: Probe, place: str, version: int | None) -> None:
    """What the system finds there now: this version, or a deletion."""
    answer = await probe.world.system.get(place)
    if version is None:
        assert answer.status_code == 410
    else:
        assert answer.headers["etag"] == f'W/"{version}"', f"{probe.kind.name} {place}"


CONDITIONAL = ("Appointment", "Observation")


async def patch(probe: Probe) -> None:
    """As an update to the same content and to another's, after a read that shows it."""
    for type_name in CONDITIONAL:
        for stored in proposals(probe.world, type_name):
            for content in proposals(probe.world, type_name):
                version = await _stored(probe, stored)
                proposed = {**content, "id": stored["id"]}
                expected = _patched(probe.kind, [Version(1, stored)], proposed)
                place = f"{type_name}/{stored['id']}"
                await _ask_patch(probe, expected, place, proposed)
                await _stands(probe, place, version + (expected == 200))
        expected = verdicts.read(probe.kind, type_name, [])
        await _ask_patch(probe, expected, f"{type_name}/absent", {"resourceType": type_name})


async def _stored(probe: Probe, resource: Resource) -> int:
    """The version under which it is stored now."""
    await probe.world.store(resource)
    answer = await probe.world.system.get(f"{resource['resourceType']}/{resource['id']}")
    return int(answer.json()["meta"]["versionId"])


def _patched(kind: Kind, versions: list[Version], proposed: Resource) -> int:
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
            expected = expected or _patched(probe.kind, [Version(1, stored)], stored)
            await _ask_patch(probe, expected, f"{type_name}?_id={stored['id']}", stored)
            await _stands(probe, f"{type_name}/{stored['id']}", 2 if expected == 200 else 1)


async def conditional_update(probe: Probe) -> None:
    """What the criteria may not find is as absent: then it is a create."""
    for type_name in CONDITIONAL:
        for stored in proposals(probe.world, type_name):
            for content in proposals(probe.world, type_name):
                version = await _stored(probe, stored)
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
                await _stands(probe, place, version + (expected == 200))


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
            await _stands(probe, place, None if found and expected == 204 else 1)


def _refused(kind: Kind, letters: str, type_name: str) -> int | None:
    if not kind.text:
        return 401
    return None if all(kind.speaks(letter, type_name) for letter in letters) else 403


async def bundles(probe: Probe) -> None:
    """Entries of a batch are judged one by one; one that is refused sinks a transaction (Z5)."""
    for type_name in BUNDLED:
        gets = [
            (f"{type_name}/{logical_id}", verdicts.read(probe.kind, type_name, versions))
            for logical_id, versions in probe.targets(type_name).items()
        ]
        gets.append((f"{type_name}?_count=1000", verdicts.search(probe.kind, type_name)))
        answer = await _bundle(probe, "batch", [entry("GET", place) for place, _ in gets])
        if answer.status_code == 200:
            statuses = [int(one["response"]["status"][:3]) for one in answer.json()["entry"]]
            assert statuses == [expected for _, expected in gets], f"{probe.kind.name} {gets}"
            if statuses[-1] == 200:
                found = answer.json()["entry"][-1]["resource"].get("entry", [])
                reached = await _reached(probe, type_name)
                assert ids([one["resource"] for one in found]) == ids(reached)
        worst = max((expected for _, expected in gets), default=200)
        answer = await _bundle(probe, "transaction", [entry("GET", place) for place, _ in gets])
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
                answer = await _bundle(probe, bundle_type, [one])
                status = answer.status_code
                if status == 200:
                    response = answer.json()["entry"][0]["response"]
                    status = int(response["status"][:3])
                    probe.world.made(response.get("location", place))
                assert status == expected, f"{kind.name} {bundle_type} {one['request']}"
                if status == 204:
                    await probe.world.store(resource)


async def _bundle(probe: Probe, kind: str, some: list[Resource]) -> httpx.Response:
    body = {"resourceType": "Bundle", "type": kind, "entry": some}
    answer = await probe.asker("POST", "", body)
    probe.check(answer, str(body))
    if not probe.kind.text:
        assert answer.status_code == 401
    return answer


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
            reached = await _reached(probe, type_name)
            stored = await probe.world.current(type_name)
            assert reach == "part" or bool(reached) == (reach == "everything")
            assert reach != "everything" or ids(reached) == ids(stored)


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
            await _stands(probe, place, 1)


_TOLD = {403: {"forbidden"}, 404: {"not-found"}}


def _rehearsed(probe: Probe, answer: httpx.Response, expected: int) -> None:
    codes = {one["code"] for one in answer.json()["issue"] if one["severity"] == "error"}
    assert codes == _TOLD.get(expected, set()), f"{probe.kind.name}: {answer.text}"


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
    stored = await _reached(probe, "Observation") if expected == 200 else []
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


async def labels(probe: Probe, *, method: str, name: str) -> None:
    """As a patch that changes nothing else."""
    label = {"tag": [{"system": "urn:matrix", "code": "new"}]}
    body = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": label}]}
    for type_name in CONDITIONAL:
        for stored in proposals(probe.world, type_name):
            tags = stored["meta"].get("tag", []) + (label["tag"] if name == "$meta-delete" else [])
            stored = {**stored, "meta": {**stored["meta"], **({"tag": tags} if tags else {})}}
            version = await _stored(probe, stored)
            expected = _patched(probe.kind, [Version(1, stored)], stored)
            place = f"{type_name}/{stored['id']}"
            await probe.ask(expected, method, f"{place}/{name}", body)
            await _stands(probe, place, version + (expected == 200))
        expected = verdicts.read(probe.kind, type_name, [])
        await probe.ask(expected, method, f"{type_name}/absent/{name}", body)


OPERATION_PROBES: dict[str, OperationProbe] = {
    "/$reindex": partial(reindex, path="$reindex"),
    "/Encounter/{id}/$everything": partial(everything_of, name="Encounter"),
    "/Observation/$lastn": lastn,
    "/Observation/$stats": stats,
    "/Patient/$match": match,
    "/Patient/{id}/$everything": partial(everything_of, name="Patient"),
    "/$versions": versions,
    "/SearchParameter/{id}/$reindex": partial(reindex, path="SearchParameter/none/$reindex"),
    "/_job/{id}": jobs,
    "/{type}/$explain": explain,
    "/{type}/{id}/$meta": meta,
    "/{type}/{id}/$meta-add": partial(labels, name="$meta-add"),
    "/{type}/{id}/$meta-delete": partial(labels, name="$meta-delete"),
    "/{type}/$validate": validate,
    "/{type}/{id}/$validate": validate_instance,
}
"""By path of the row; each is asked by all the methods that the row has."""


def entry(method: str, url: str, resource: Resource | None = None, **more: Any) -> Resource:
    made: Resource = {"request": {"method": method, "url": url, **more}}
    return made if resource is None else {**made, "resource": resource}


def bundle(kind: str, *some: Resource) -> Resource:
    return {"resourceType": "Bundle", "type": kind, "entry": list(some)}


PROBES: dict[tuple[str, str, str], Callable[[Probe], Awaitable[None]]] = {
    ("read", "GET", "/{type}/{id}"): read,
    ("vread", "GET", "/{type}/{id}/_history/{version}"): vread,
    ("history-instance", "GET", "/{type}/{id}/_history"): history,
    ("history-type", "GET", "/{type}/_history"): history_of_type,
    ("history-system", "GET", "/_history"): history_of_system,
    ("search-type", "GET", "/{type}"): search,
    ("search-type", "POST", "/{type}/_search"): search_by_post,
    **{
        ("search-type", "GET", f"/{name}/{{id}}/{{type}}"): in_compartment(name)
        for name, _ in INSIDE
    },
    **{
        ("search-type", "POST", f"/{name}/{{id}}/{{type}}/_search"): in_compartment(
            name, by_post=True
        )
        for name, _ in INSIDE
    },
    ("search-system", "GET", ""): search_everywhere,
    ("search-system", "POST", "/_search"): search_everywhere_by_post,
    **{
        ("search-system", "GET", f"/{name}/{{id}}/*"): throughout(name)
        for name in REGISTRY.compartments
    },
    **{
        ("search-system", "POST", f"/{name}/{{id}}/*/_search"): throughout_by_post(name)
        for name in REGISTRY.compartments
    },
    ("create", "POST", "/{type}"): create,
    ("update", "PUT", "/{type}/{id}"): update,
    ("delete", "DELETE", "/{type}/{id}"): delete,
    ("patch", "PATCH", "/{type}/{id}"): patch,
    ("patch", "PATCH", "/{type}"): conditional_patch,
    ("update", "PUT", "/{type}"): conditional_update,
    ("delete", "DELETE", "/{type}"): conditional_delete,
    ("transaction", "POST", ""): bundles,
    **{
        (row.code, row.method, row.path): partial(OPERATION_PROBES[row.path], method=row.method)
        for row in TABLE
        if row.code == "operation" and row.path in OPERATION_PROBES
    },
}
"""By code, method and path of the row."""
