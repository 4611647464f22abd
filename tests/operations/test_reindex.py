"""Search parameters that are added while the server runs (R4 `searchparameter.html`)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from fhir_server.store import Database, finish, refresh
from fhir_server.store.database import STORE
from tests.serving import Caller, Served, assert_outcome

Resource = dict[str, Any]

EXTENSION = "http://example.org/extension"
MASS = "http://unitsofmeasure.org"


def parameter(code: str, kind: str, expression: str, **more: Any) -> Resource:
    return {
        "resourceType": "SearchParameter",
        "id": code,
        "url": f"http://example.org/SearchParameter/{code}",
        "name": "Custom",
        "status": "active",
        "description": "A parameter of a test.",
        "code": code,
        "base": ["Basic"],
        "type": kind,
        "expression": expression,
    } | more


def part(name: str) -> str:
    return f"Basic.extension('{EXTENSION}/{name}').value"


PARAMETERS = [
    parameter("x-token", "token", part("token")),
    parameter("x-string", "string", f"{part('string')}.ofType(string) | {part('name')}.as(string)"),
    parameter("x-date", "date", part("date")),
    parameter("x-reference", "reference", part("reference"), target=["Organization"]),
    parameter("x-quantity", "quantity", part("quantity")),
    parameter("x-number", "number", part("number")),
    parameter("x-uri", "uri", part("uri")),
    parameter(
        "x-composite",
        "composite",
        "Basic",
        component=[
            {"definition": "http://example.org/SearchParameter/x-token", "expression": part(name)}
            for name in ("token", "token")
        ],
    ),
]
PARAMETERS[-1]["component"][1] = {
    "definition": "http://example.org/SearchParameter/x-number",
    "expression": part("number"),
}
VALUES: dict[str, Resource] = {
    "token": {"valueCoding": {"system": "urn:s", "code": "a"}},
    "string": {"valueString": "Ångström"},
    "date": {"valueDateTime": "2024-03-01"},
    "reference": {"valueReference": {"reference": "Organization/o1"}},
    "quantity": {"valueQuantity": {"value": 2, "system": MASS, "code": "g"}},
    "number": {"valueInteger": 7},
    "uri": {"valueUri": "http://example.org/a"},
}
HITS = {
    "x-token": "urn:s|a",
    "x-string": "angs",
    "x-date": "ge2024-02",
    "x-reference": "Organization/o1",
    "x-quantity": f"2000|{MASS}|mg",
    "x-number": "lt8",
    "x-uri": "http://example.org/a",
    "x-composite": "urn:s|a$7",
}
MISSES = {
    "x-token": "urn:s|b",
    "x-string": "strom",
    "x-date": "lt2024",
    "x-reference": "o2",
    "x-quantity": f"2|{MASS}|mg",
    "x-number": "8",
    "x-uri": "http://example.org/b",
    "x-composite": "urn:s|a$8",
}


def basic(**more: Any) -> Resource:
    extensions = [{"url": f"{EXTENSION}/{name}"} | value for name, value in VALUES.items()]
    return {"resourceType": "Basic", "code": {"text": "x"}, "extension": extensions} | more


async def another(served: Served) -> Database:
    """Another process on the same store, as far as the store can tell."""
    return await Database.connect(
        served.mongodb_uri,
        served.settings.database,
        cursor_key=b"k" * 32,
        base_url=served.base,
    )


async def done(system: Caller, place: str) -> Resource:
    """What the job came to."""
    for _ in range(200):
        answer = await system.get(place)
        if answer.status_code != 202:
            assert answer.status_code == 200, answer.text
            return answer.json()
        assert answer.headers["retry-after"]
        assert answer.headers["x-progress"]
        await asyncio.sleep(0.05)
    raise AssertionError("the job did not end")


async def reindexed(system: Caller, path: str = "$reindex") -> Resource:
    answer = await system.post(path, None)
    assert answer.status_code == 202, answer.text
    return await done(system, answer.headers["content-location"])


async def ids(caller: Caller, search: str) -> list[str]:
    answer = await caller.get(search)
    assert answer.status_code == 200, answer.text
    return [each["resource"]["id"] for each in answer.json().get("entry", [])]


async def test_a_parameter_of_each_type_finds_after_reindex_and_not_before(
    served: Served, system: Caller
) -> None:
    """Q: what was there, what is written meanwhile by any process, and what comes later."""
    before = await system.put("Basic/before", basic(id="before"))
    assert before.status_code == 201
    for each in PARAMETERS:
        assert (await system.put(f"SearchParameter/{each['id']}", each)).status_code == 201
        assert_outcome(await system.get(f"Basic?{each['code']}=x"), 400, "invalid")
    begun = await system.post("$reindex", None)
    assert begun.status_code == 202
    pending = await system.get("Basic?x-token=a")
    assert (
        "is being indexed on Basic" in assert_outcome(pending, 400, "not-supported")["diagnostics"]
    )
    meanwhile: list[str] = []
    place = begun.headers["content-location"]
    while (await system.get(place)).status_code == 202:
        meanwhile.append(f"meanwhile-{len(meanwhile)}")
        await system.put(f"Basic/{meanwhile[-1]}", basic(id=meanwhile[-1]))
        await asyncio.sleep(0.1)
    outcome = await done(system, place)
    assert [issue["severity"] for issue in outcome["issue"]] == ["information"]
    await system.put("Basic/after", basic(id="after"))
    expected = {"before", *meanwhile, "after"}
    for code, value in HITS.items():
        found = await ids(system, f"Basic?{code}={value}&_count=500")
        assert set(found) == expected, code
        assert await ids(system, f"Basic?{code}={MISSES[code]}") == [], code
    statement = (await system.get("metadata")).json()["rest"][0]["resource"]
    listed = next(each for each in statement if each["type"] == "Basic")["searchParam"]
    assert {each["definition"] for each in listed} >= {each["url"] for each in PARAMETERS}
    async with await another(served) as there:
        assert set(HITS) <= set(there.catalogue.fields("Basic"))


async def test_a_change_is_known_everywhere_within_a_second(served: Served, system: Caller) -> None:
    async with await another(served) as first, await another(served) as second:
        one = parameter("x-new", "token", part("token"), id="x-new")
        await system.put("SearchParameter/x-new", one)
        await refresh(first)
        assert "x-new" in first.catalogue.indexed("Basic")
        assert "x-new" not in first.catalogue.fields("Basic")
        published = monotonic()
        while "x-new" not in second.catalogue.indexed("Basic"):
            await second.keep_up()
            await asyncio.sleep(0.02)
        assert monotonic() - published < 1
        await finish(first)
        activated = monotonic()
        while "x-new" not in second.catalogue.fields("Basic"):
            await second.keep_up()
            await asyncio.sleep(0.02)
        assert monotonic() - activated < 1


async def test_what_was_interrupted_goes_on(served: Served, system: Caller) -> None:
    """Its worker was killed: it holds the lease, and gives no sign of life."""
    await system.put("Basic/left", basic(id="left"))
    await system.put("SearchParameter/x-left", parameter("x-left", "uri", part("uri")))
    async with await another(served) as database:
        await refresh(database)
        assert (await database.additions.read()).waiting == ("Basic",)
        assert await database.additions.take("somebody who was killed")
        last_sign = {"$set": {"lease": datetime.now(UTC) - timedelta(seconds=1)}}
        await database.collection(STORE).update_one({"_id": "search-parameters"}, last_sign)
        assert await finish(database) >= 1
        assert not (await database.additions.read()).unfinished
    await asyncio.sleep(0.6)
    assert "left" in await ids(system, "Basic?x-left=http://example.org/a&_count=500")


async def test_a_job_that_is_given_up_leaves_nothing_pending(
    served: Served, system: Caller
) -> None:
    """R4 `async.html`: DELETE ends the report; what is searched by is what the definitions say."""
    await system.put("Basic/given-up", basic(id="given-up"))
    await system.put("SearchParameter/x-given-up", parameter("x-given-up", "uri", part("uri")))
    begun = await system.post("$reindex", None)
    place = begun.headers["content-location"]
    assert (await system("DELETE", place)).status_code == 202
    assert_outcome(await system.get(place), 404, "not-found")
    async with await another(served) as database:
        deadline = monotonic() + 20
        while (await database.additions.read()).unfinished:
            assert monotonic() < deadline
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.6)
    assert "given-up" in await ids(system, "Basic?x-given-up=http://example.org/a&_count=500")


async def test_it_keeps_to_what_the_caller_may_see(served: Served, system: Caller) -> None:
    """Y: under a patient's reach, and in the constraint of a granular scope."""
    for patient in ("a", "b"):
        await system.put(f"Patient/{patient}", {"resourceType": "Patient", "id": patient})
        mine = basic(id=f"of-{patient}", subject={"reference": f"Patient/{patient}"})
        assert (await system.put(f"Basic/of-{patient}", mine)).status_code == 201
    app = await served.caller("patient/*.rs", patient="a")
    assert await ids(app, "Basic?x-token=urn:s|a") == ["of-a"]
    assert await ids(app, "Basic?x-composite=urn:s|a$7") == ["of-a"]
    other = basic(
        id="other-a",
        subject={"reference": "Patient/a"},
        extension=[{"url": f"{EXTENSION}/token", "valueCoding": {"system": "urn:s", "code": "z"}}],
    )
    await system.put("Basic/other-a", other)
    narrow = await served.caller("patient/Basic.rs?x-token=urn:s|z", patient="a")
    assert await ids(narrow, "Basic") == ["other-a"]
    assert await ids(narrow, "Basic?x-token=urn:s|a") == []
    assert (await narrow.get("Basic/of-a")).status_code == 404


async def test_without_its_definition_it_is_gone_after_the_next_reindex(
    served: Served, system: Caller
) -> None:
    await system("DELETE", "SearchParameter/x-uri")
    assert await ids(system, "Basic?x-uri=http://example.org/a")
    changed = parameter("x-date", "date", part("other"))
    assert (await system.put("SearchParameter/x-date", changed)).status_code == 200
    await reindexed(system)
    assert_outcome(await system.get("Basic?x-uri=http://example.org/a"), 400, "invalid")
    assert await ids(system, "Basic?x-date=ge2024-02") == []
    async with AsyncMongoClient[dict[str, Any]](served.mongodb_uri) as client:
        stored = await client[served.settings.database]["Basic"].find_one({"_id": "before"})
    assert stored is not None
    assert "x-uri" not in stored["p"]
    assert "x-date" not in stored["dt"]


async def test_what_cannot_be_searched_by_is_refused_when_it_is_written(system: Caller) -> None:
    bad = parameter("code", "token", "Basic.code")
    issue = assert_outcome(await system.put("SearchParameter/code", bad), 422, "business-rule")
    assert "Basic-code" in issue["diagnostics"] or "already" in issue["diagnostics"]
    assert issue["expression"] == ["SearchParameter.code"]
    entry = {"resource": bad, "request": {"method": "POST", "url": "SearchParameter"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    issue = assert_outcome(await system.post("", bundle), 422, "business-rule")
    assert issue["expression"] == ["Bundle.entry[0].resource.code"]
    entry = {"resource": {"resourceType": "Basic"}, "request": {"method": "POST", "url": "Basic"}}
    mixed = await system.post("", {**bundle, "entry": [*bundle["entry"], entry]})
    assert_outcome(mixed, 400, "business-rule")
    assert [issue["code"] for issue in mixed.json()["issue"]] == ["business-rule", "required"]
    draft = bad | {"status": "draft"}
    assert (await system.put("SearchParameter/code", draft)).status_code == 201
    assert_outcome(await system.post("SearchParameter/none/$reindex", None), 404, "not-found")
    component = {"definition": "http://nowhere", "expression": "code"}
    odd = parameter("x-odd", "composite", "Basic", component=[component, component])
    assert (await system.put("SearchParameter/x-odd", odd)).status_code == 201
    refused = await system.post("SearchParameter/x-odd/$reindex", None)
    assert "http://nowhere is no" in assert_outcome(refused, 422, "business-rule")["diagnostics"]


@pytest.mark.parametrize(
    ("scope", "more"),
    [
        ("patient/*.cruds", {"patient": "a"}),
        ("user/*.cruds", {"fhir_user": "Practitioner/p"}),
        ("system/*.rs", {}),
        ("system/SearchParameter.c", {}),
        ("system/*.cruds user/*.rs", {"fhir_user": "Practitioner/p"}),
    ],
)
async def test_only_a_system_decides(served: Served, scope: str, more: dict[str, Any]) -> None:
    caller = await served.caller(scope, **more)
    assert_outcome(await caller.post("$reindex", None), 403, "forbidden")
