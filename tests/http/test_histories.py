"""The history of types and of the system over HTTP (F4, Z2): links, entries, messages, batches."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio

from tests.serving import Caller, Served, assert_outcome


def _of(type_name: str, one: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": type_name, "id": one, **more}


BASIC = {"code": {"text": "x"}}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def told(served: Served, system: Caller) -> list[str]:
    """What is done, as `METHOD place version`, the last first."""
    assert (await system.put("Basic/a", _of("Basic", "a", **BASIC))).status_code == 201
    assert (await system.put("Patient/p", _of("Patient", "p"))).status_code == 201
    patch = [{"op": "add", "path": "/language", "value": "de"}]
    headers = {"content-type": "application/json-patch+json"}
    assert (await system("PATCH", "Basic/a", patch, headers=headers)).status_code == 200
    assert (await system("DELETE", "Patient/p")).status_code == 204
    location = (await system.post("Basic", _of("Basic", "x", **BASIC))).headers["location"]
    made = location.split("/fhir/")[1].partition("/_history")[0]
    assert (await system.put("Patient/p", _of("Patient", "p"))).status_code == 201
    done = "PUT Basic/a 1,PUT Patient/p 1,PATCH Basic/a 2,DELETE Patient/p 2"
    return [*done.split(","), f"POST {made} 1", "PUT Patient/p 3"][::-1]


def _told(bundle: dict[str, Any]) -> list[str]:
    return [
        f"{one['request']['method']} {one['fullUrl'].split('/fhir/')[1]} "
        f"{one['response']['etag'][3:-1]}"
        for one in bundle.get("entry", [])
    ]


def _links(bundle: dict[str, Any]) -> dict[str, str]:
    return {one["relation"]: one["url"] for one in bundle["link"]}


@pytest.mark.parametrize(
    ("path", "among"),
    [
        ("_history", "Basic Patient"),
        ("_history?_type=Basic", "Basic"),
        ("_history?_type=Patient,Basic", "Basic Patient"),
        ("Patient/_history", "Patient"),
        ("Basic/_history", "Basic"),
        ("Medication/_history", ""),
    ],
)
async def test_f4_what_was_written_is_there_at_once_newest_first(
    system: Caller, told: list[str], path: str, among: str
) -> None:
    expected = [each for each in told if each.split()[1].partition("/")[0] in among.split()]
    whole = (await system.get(path)).json()
    assert (whole["type"], _told(whole)) == ("history", expected)
    assert whole["total"] == len(expected)
    assert _links(whole)["self"].endswith(path.replace(",", "%2C"))
    joiner = "&" if "?" in path else "?"
    seen, link = list[str](), f"{path}{joiner}_count=2"
    while link:
        page = (await system.get(link)).json()
        assert len(page.get("entry", [])) <= 2
        seen += _told(page)
        link = _links(page).get("next", "")
    assert seen == expected


async def test_f4_entries_tell_what_was_asked_and_answered(
    served: Served, system: Caller, told: list[str]
) -> None:
    entries = (await system.get("_history?_type=Basic,Patient")).json()["entry"]
    revived, posted, deleted = entries[:3]
    assert revived["request"] == {"method": "PUT", "url": "Patient/p"}
    assert revived["resource"]["meta"]["versionId"] == "3"
    assert posted["request"] == {"method": "POST", "url": "Basic"}
    assert posted["response"]["status"] == "201 Created"
    assert deleted["fullUrl"] == f"{served.base}/Patient/p"
    assert deleted["response"]["status"] == "204 No Content"
    assert "resource" not in deleted
    instants = [each["response"]["lastModified"] for each in entries]
    assert instants == sorted(instants, reverse=True)


async def test_a_reader_goes_on_from_the_timestamp_of_the_bundle(
    system: Caller, told: list[str]
) -> None:
    """It is the instant up to which the history is complete, and not later than the answer."""
    first = (await system.get("Basic/_history")).json()
    timestamp = datetime.fromisoformat(first["timestamp"])
    newest = datetime.fromisoformat(first["entry"][0]["response"]["lastModified"])
    assert newest <= timestamp <= datetime.now(timestamp.tzinfo)
    created = (await system.post("Basic", _of("Basic", "x", **BASIC))).json()
    since = {"_since": first["timestamp"], "_count": "5"}
    later = (await system.get("Basic/_history", params=since)).json()
    assert [each["resource"] for each in later["entry"] if each["resource"] == created] == [created]
    assert len(later["entry"]) < len(first["entry"]) + 1
    await asyncio.sleep(0)
    empty = await system.get("Basic/_history?_since=2999-01-01T00:00:00Z")
    assert (empty.json()["total"], "entry" in empty.json()) == (0, False)


async def test_f4_at_an_instant_and_within_a_period(system: Caller, told: list[str]) -> None:
    """At the instant of the deletion: what was current then, the deletion too, and no more."""
    place, owner = "Location/at", "Organization/at"
    await system.put(place, _of("Location", "at"))
    await system.put(owner, _of("Organization", "at", name="x"))
    await system.put(place, _of("Location", "at", name="de"))
    await system("DELETE", owner)
    (deleted,) = (await system.get("Organization/_history?_count=1")).json()["entry"]
    await asyncio.sleep(0.002)
    await system.put(owner, _of("Organization", "at", name="x"))
    await system.put(place, _of("Location", "at", name="fr"))
    instant = deleted["response"]["lastModified"].replace("+", "%2B")
    expected = ["DELETE Organization/at 2", "PUT Location/at 2"]

    async def answered(path: str) -> list[str]:
        entries = _told((await system.get(path)).json())
        return [one for one in entries if one.split()[1] in (place, owner)]

    assert await answered(f"_history?_at={instant}") == expected
    assert (
        await answered(f"_history?_type=Location,Organization&_at={instant}&_count=1")
        == expected[:1]
    )
    assert await answered(f"Organization/_history?_at={instant}") == expected[:1]
    assert await answered(f"{owner}/_history?_at={instant}") == expected[:1]
    assert await answered(f"{place}/_history?_at={instant}") == expected[1:]
    assert await answered(f"{place}/_history?_at={instant}&_since={instant}") == []
    assert await answered(f"_history?_at={instant}&_since={instant}") == expected[:1]
    today = deleted["response"]["lastModified"][:10]
    for period in (today, today[:7], today[:4]):
        assert await answered(f"{place}/_history?_at={period}") == [
            f"PUT Location/at {version}" for version in (3, 2, 1)
        ]
    assert await answered("_history?_at=2001") == []
    assert await answered("Organization/_history?_at=2999") == ["PUT Organization/at 3"]
    assert_outcome(await system.get("Location/never/_history?_at=2001"), 404)


@pytest.mark.parametrize("address", ["_history", "Basic/_history", "Basic/a/_history"])
@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("ge2026", "prefix"),
        ("ap2026-11-22", "prefix"),
        ("2026-13", "YYYY-MM"),
        ("now", "YYYY-MM"),
        ("", "YYYY-MM"),
        ("2026&_at=2027", "once"),
    ],
)
async def test_f4_at_is_told_what_it_takes(
    system: Caller, told: list[str], address: str, value: str, named: str
) -> None:
    issue = assert_outcome(await system.get(f"{address}?_at={value}"), 400)
    assert "_at" in issue["diagnostics"]
    assert named in issue["diagnostics"]


@pytest.mark.parametrize(
    ("path", "status", "named"),
    [
        ("Patient/_history?_since=yesterday", 400, "_since"),
        ("Patient/_history?_count=-1", 400, "_count"),
        ("Patient/_history?_count=1&_count=2", 400, "_count"),
        ("Patient/_history?name=x", 400, "name"),
        ("Patient/_history?_type=Patient", 400, "_type"),
        ("_history?_type=Pateint", 400, "Patient"),
        ("_history?_before=3", 400, "_before"),
        ("_history?_page=abc", 400, "page"),
        ("Pateint/_history", 404, "Patient"),
    ],
)
async def test_what_is_asked_wrongly_is_told(
    system: Caller, path: str, status: int, named: str
) -> None:
    issue = assert_outcome(await system.get(path), status)
    assert named in issue["diagnostics"]


async def test_z2_without_a_scope_to_search(served: Served, told: list[str]) -> None:
    reader = await served.caller("system/Basic.s system/Patient.r")
    assert_outcome(await reader.get("Patient/_history"), 403)
    assert_outcome(await reader.get("_history?_type=Basic,Patient"), 403)
    kinds = {each.split("/")[0].split()[1] for each in _told((await reader.get("_history")).json())}
    assert kinds == {"Basic"}


async def test_in_a_batch_and_beside_a_transaction(system: Caller, told: list[str]) -> None:
    urls = ("_history?_type=Patient", "Patient/_history", "Patient/p/_history")
    gets = [{"request": {"method": "GET", "url": url}} for url in urls]
    expected = [each for each in told if " Patient/" in each]
    for kind in ("batch", "transaction"):
        bundle = {"resourceType": "Bundle", "type": kind, "entry": gets}
        answer = (await system.post("", bundle)).json()
        assert [_told(each["resource"]) for each in answer["entry"]] == [expected] * 3


async def test_what_a_transaction_writes_is_not_in_its_own_history(system: Caller) -> None:
    """It is settled when the transaction has ended, and not before."""
    put = {"method": "PUT", "url": "Account/new"}
    account = _of("Account", "new", status="active")
    get = {"request": {"method": "GET", "url": "Account/_history"}}
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"resource": account, "request": put}, get],
    }
    answer = (await system.post("", bundle)).json()
    assert "entry" not in answer["entry"][1]["resource"]
    assert _told((await system.get("Account/_history")).json()) == ["PUT Account/new 1"]


ENDS = ["9999-12-31T23:59:60Z", "9999", "0001-01-01T00:00:00%2B14:00"]


@pytest.mark.parametrize("at", ENDS)
async def test_f11_nothing_was_current_at_the_beginning_of_time(system: Caller, at: str) -> None:
    """And all that is current now is so until further notice."""
    created = await system.post("Basic", {"resourceType": "Basic", "code": {"text": "x"}})
    place = f"Basic/{created.json()['id']}"
    for address in ("_history", "Basic/_history", f"{place}/_history"):
        answer = await system.get(f"{address}?_at={at}&_count=2")
        assert answer.status_code == 200, answer.text
        assert ("entry" in answer.json()) == at.startswith("9999")


@pytest.mark.parametrize("since", ENDS)
async def test_f11_the_ends_of_time_are_times(system: Caller, since: str) -> None:
    created = await system.post("Basic", {"resourceType": "Basic", "code": {"text": "x"}})
    place = f"Basic/{created.json()['id']}"
    for address in ("_history", "Basic/_history", f"{place}/_history"):
        answer = await system.get(f"{address}?_since={since}&_count=2")
        assert answer.status_code == 200, answer.text
        assert ("entry" in answer.json()) == since.startswith("0001")
