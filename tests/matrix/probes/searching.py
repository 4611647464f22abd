"""Searches of a type and of all types: exactly what the scopes reach."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.matrix import verdicts
from tests.matrix.callers import Kind
from tests.matrix.probes.probe import TYPES, Probe, matched
from tests.matrix.world import STORED, everything, ids
from tests.matrix.woven import A, B


async def search(probe: Probe) -> None:
    """Open, over all pages: exactly what the scopes reach, counted too."""
    for type_name in TYPES:
        expected = verdicts.search(probe.kind, type_name)
        answer = await probe.ask(expected, "GET", f"{type_name}?_total=accurate&_count=0")
        if expected == 200:
            reached = await probe.reached(type_name)
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
            reached = await probe.reached(type_name)
            assert matched(answer) == ids(reached)
            assert answer.json()["total"] == len(reached)


async def search_everywhere(probe: Probe) -> None:
    """Of all types over all pages, in both kinds of order, what the scopes reach; of named types
    each needs its scope."""
    kind = probe.kind
    expected = of_any(kind, STORED)
    stored = await everything(probe.world.system, f"?_type={','.join(TYPES)}&_count=1000")
    reached = [each for each in stored if kind.reaches("s", each)]
    for sort in ("", "&_sort=-_lastUpdated"):
        await probe.ask(expected, "GET", f"?_count=2{sort}")
        if expected == 200:
            found = await everything(probe.asker, f"?_count=100{sort}")
            assert ids([one for one in found if one["resourceType"] in TYPES]) == ids(reached)
            assert all(kind.reaches("s", one) for one in found)
    await named(probe, "", ("Observation", "Appointment"))
    await named(probe, "", ("Condition", "Observation"))


async def search_everywhere_by_post(probe: Probe) -> None:
    expected = of_any(probe.kind, STORED)
    form = {"_count": "1000", "_total": "accurate", "_id": f"{A},{B},aaa-lab,bbb-lab,shared-main"}
    answer = await probe.ask(expected, "POST", "_search", data=form)
    if expected == 200:
        mine = await probe.ask(200, "GET", f"?_id={form['_id']}&_total=accurate&_count=1000")
        assert matched(answer) == matched(mine)
        assert answer.json()["total"] == len(matched(mine))


def of_any(kind: Kind, types: Iterable[str]) -> int:
    """Refused only to those who may search nothing."""
    if not kind.text:
        return 401
    return 200 if any(kind.speaks("s", each) for each in types) else 403


async def named(probe: Probe, place: str, types: Sequence[str], owner: str = "") -> None:
    """Of the types all have to be covered, and the one in whose compartment they are."""
    kind = probe.kind
    refused = [verdicts.search(kind, each) for each in types]
    if owner and kind.text and not (kind.speaks("r", owner) or kind.speaks("s", owner)):
        refused.append(403)
    await probe.ask(max(refused), "GET", f"{place}?_type={','.join(types)}&_count=1000")
