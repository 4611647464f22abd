"""transaction and batch over HTTP (requirements section 9, R4 `http.html#transaction`)."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.serving import Caller, Served, assert_outcome


def patient(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "name": [{"family": "Bundle"}], **more}


def observation(subject: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "weight"},
        "subject": {"reference": subject},
        **more,
    }


def entry(method: str, url: str, resource: Any = None, **more: Any) -> dict[str, Any]:
    full_url = more.pop("full_url", None)
    made: dict[str, Any] = {"request": {"method": method, "url": url, **more}}
    if resource is not None:
        made["resource"] = resource
    if full_url is not None:
        made["fullUrl"] = full_url
    return made


def bundle(kind: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


async def total(caller: Caller, query: str) -> int:
    answer = await caller.get(f"{query}&_total=accurate&_count=0")
    assert answer.status_code == 200, answer.text
    return answer.json()["total"]


async def test_w1_w3_responses_in_order_and_links_resolved(served: Served, system: Caller) -> None:
    one, two = f"urn:uuid:{uuid4()}", f"urn:uuid:{uuid4()}"
    narrative = f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{one}">who</a></div>'
    answer = await system.post(
        "",
        bundle(
            "transaction",
            entry(
                "POST",
                "Observation",
                observation(
                    one,
                    hasMember=[{"reference": two}],
                    text={"status": "generated", "div": narrative},
                    extension=[{"url": "http://example.org/link", "valueUri": one}],
                ),
            ),
            entry("POST", "Patient", patient(), full_url=one),
            entry("POST", "Observation", observation(one), full_url=two),
        ),
    )
    assert answer.status_code == 200, answer.text
    response = answer.json()
    assert response["type"] == "transaction-response"
    assert [item["response"]["status"] for item in response["entry"]] == ["201 Created"] * 3
    places = [item["response"]["location"] for item in response["entry"]]
    relative = [place.removeprefix(f"{served.base}/").split("/_history")[0] for place in places]
    assert [place.split("/")[0] for place in relative] == ["Observation", "Patient", "Observation"]
    first = (await system.get(relative[0])).json()
    assert first["subject"]["reference"] == relative[1]
    assert first["hasMember"][0]["reference"] == relative[2]
    assert first["extension"][0]["valueUri"] == relative[1]
    assert f'href="{relative[1]}"' in first["text"]["div"]
    assert "urn:uuid" not in str(first)


async def test_w3_absolute_full_urls_and_relative_references(system: Caller) -> None:
    base = "http://elsewhere.example.org/r4"
    answer = await system.post(
        "",
        bundle(
            "transaction",
            entry("POST", "Patient", patient(), full_url=f"{base}/Patient/77"),
            entry(
                "POST",
                "Observation",
                observation("Patient/77"),
                full_url=f"{base}/Observation/1",
            ),
        ),
    )
    places = [item["response"]["location"] for item in answer.json()["entry"]]
    found = (await system.get(places[1])).json()
    assert found["subject"]["reference"] == "/".join(places[0].split("/")[-4:-2])


@pytest.mark.parametrize(
    "bad",
    [
        entry("POST", "Observation", observation(f"urn:uuid:{uuid4()}")),
        entry("POST", "Observation", {"resourceType": "Observation", "status": "nonsense"}),
        entry("PUT", "Patient/w2-b", patient(id="other")),
        entry("PUT", "Patient/w2-b", patient(id="w2-b"), ifMatch='W/"7"'),
        entry("POST", "Observation", observation("Patient?identifier=http://x.org|none")),
        entry("POST", "Observation", observation("Patient?nonsense=1")),
        entry("GET", "Patient/absent-for-sure"),
        entry("GET", "Patient?nonsense=1"),
        entry("DELETE", "Patient/absent-for-sure"),
        entry("POST", "Nonsense", patient()),
        entry("POST", "Patient/1", patient()),
        entry("PATCH", "Patient/1", patient()),
        entry("POST", "Patient"),
    ],
    ids=lambda bad: f"{bad['request']['method']}-{bad['request']['url']}",
)
async def test_w2_a_transaction_that_fails_leaves_nothing(system: Caller, bad: Any) -> None:
    logical_id = str(uuid4())
    place = f"Patient/{logical_id}"
    await system.put(place, patient(id=logical_id))
    kept = f"Patient/{uuid4()}"
    await system.put(kept, patient(id=kept.split("/")[1]))
    before = await total(system, "Patient?family=Bundle")
    answer = await system.post(
        "",
        bundle(
            "transaction",
            entry("POST", "Patient", patient(), full_url=f"urn:uuid:{uuid4()}"),
            entry("PUT", place, patient(id=logical_id, active=True)),
            entry("DELETE", kept),
            bad,
        ),
    )
    assert 400 <= answer.status_code < 500
    issue = assert_outcome(answer, answer.status_code)
    assert issue["expression"][0].startswith("Bundle.entry[3]")
    assert await total(system, "Patient?family=Bundle") == before
    assert (await system.get(place)).headers["etag"] == 'W/"1"'
    assert (await system.get(f"{place}/_history")).json()["total"] == 1
    assert (await system.get(kept)).status_code == 200


async def test_w4_conditional_creates_and_references(system: Caller) -> None:
    key = f"http://example.org/w4|{uuid4()}"
    identifier = [{"system": key.split("|")[0], "value": key.split("|")[1]}]
    full_url = f"urn:uuid:{uuid4()}"
    body = bundle(
        "transaction",
        entry(
            "POST",
            "Patient",
            patient(identifier=identifier),
            full_url=full_url,
            ifNoneExist=f"identifier={key}",
        ),
        entry("POST", "Observation", observation(full_url)),
    )
    first = (await system.post("", body)).json()
    second = (await system.post("", body)).json()
    assert first["entry"][0]["response"]["status"].startswith("201")
    assert second["entry"][0]["response"]["status"].startswith("200")
    first_place, second_place = (one["entry"][0]["response"]["location"] for one in (first, second))
    assert first_place == second_place
    third = await system.post(
        "",
        bundle(
            "transaction", entry("POST", "Observation", observation(f"Patient?identifier={key}"))
        ),
    )
    place = third.json()["entry"][0]["response"]["location"]
    reference = (await system.get(place)).json()["subject"]["reference"]
    assert first_place.split("/_history")[0].endswith(reference)
    assert await total(system, f"Observation?subject={reference}") == 3


async def test_w5_order_delete_post_put_get(system: Caller) -> None:
    one, two = str(uuid4()), str(uuid4())
    for logical_id in (one, two):
        await system.put(f"Patient/{logical_id}", patient(id=logical_id))
    answer = await system.post(
        "",
        bundle(
            "transaction",
            entry("GET", f"Patient/{one}"),
            entry("GET", f"Patient?_id={two}"),
            entry("PUT", f"Patient/{one}", patient(id=one, active=False)),
            entry("DELETE", f"Patient/{two}"),
        ),
    )
    read, searched, updated, deleted = answer.json()["entry"]
    assert read["resource"]["active"] is False
    assert "entry" not in searched["resource"]
    assert updated["response"]["status"].startswith("200")
    assert deleted["response"]["status"].startswith("204")


async def test_w6_duplicate_identities_and_full_urls(system: Caller) -> None:
    twice = entry("PUT", "Patient/w6", patient(id="w6"))
    deleted = entry("DELETE", "Patient/w6")
    full_url = f"urn:uuid:{uuid4()}"
    named = entry("POST", "Patient", patient(), full_url=full_url)
    for pair in ((twice, twice), (twice, deleted), (named, named)):
        assert_outcome(await system.post("", bundle("transaction", *pair)), 400)
    assert_outcome(await system.get("Patient/w6"), 404)


async def test_w7_a_batch_answers_entry_by_entry(system: Caller) -> None:
    logical_id = str(uuid4())
    await system.put(f"Patient/{logical_id}", patient(id=logical_id))
    answer = await system.post(
        "",
        bundle(
            "batch",
            entry("GET", f"Patient/{logical_id}"),
            entry("GET", f"/Patient/{logical_id}"),
            entry("GET", f"{system.served.base}/Patient/{logical_id}"),
            entry("GET", f"Patient/{logical_id}", ifNoneMatch='W/"1"'),
            entry("PUT", f"Patient/{logical_id}", patient(id=logical_id), ifMatch='W/"9"'),
            entry("POST", "Observation", {"resourceType": "Observation"}),
            entry("GET", "Nonsense/1"),
            entry("POST", "Patient", patient(active=True)),
            entry("GET", "Patient?nonsense=1"),
            entry("HEAD", f"Patient/{logical_id}"),
        ),
    )
    assert answer.status_code == 200
    entries = answer.json()["entry"]
    statuses = [item["response"]["status"][:3] for item in entries]
    assert statuses == ["200", "200", "200", "304", "412", "400", "404", "201", "400", "200"]
    for item in entries:
        if item["response"]["status"][0] == "4":
            assert item["response"]["outcome"]["resourceType"] == "OperationOutcome"
    assert "resource" not in entries[9]


@pytest.mark.parametrize(
    "body",
    [
        {"resourceType": "Patient"},
        {"resourceType": "Bundle"},
        {"resourceType": "Bundle", "type": "collection"},
        {"resourceType": "Bundle", "type": "transaction", "entry": {}},
        {"resourceType": "Bundle", "type": "transaction", "entry": [1]},
        {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": patient()}]},
        {"resourceType": "Bundle", "type": "transaction", "entry": [{"request": {}}]},
        {"resourceType": "Bundle", "type": "batch", "entry": [entry("FROB", "Patient", patient())]},
        {"resourceType": "Bundle", "type": "batch", "nonsense": True},
        [],
    ],
    ids=range(10),
)
async def test_w8_what_is_no_transaction_or_batch(system: Caller, body: Any) -> None:
    assert_outcome(await system.post("", body), 400)


async def test_w8_an_empty_transaction_is_fine(system: Caller) -> None:
    answer = await system.post("", {"resourceType": "Bundle", "type": "transaction"})
    assert answer.json()["type"] == "transaction-response"
    assert "entry" not in answer.json()


async def test_w9_a_large_bundle_is_seen_whole_or_not_at_all(system: Caller) -> None:
    full_url = f"urn:uuid:{uuid4()}"
    mark = f"w9-{uuid4().hex}"
    tag = {"meta": {"tag": [{"system": "http://example.org/w9", "code": mark}]}}
    entries = [entry("POST", "Patient", patient(**tag), full_url=full_url)]
    entries += [entry("POST", "Observation", observation(full_url, **tag)) for _ in range(700)]
    seen: set[int] = set()

    async def watch() -> None:
        while True:
            seen.add(await total(system, f"Observation?_tag={mark}"))
            await asyncio.sleep(0.02)

    watcher = asyncio.create_task(watch())
    answer = await system.post("", bundle("transaction", *entries), timeout=60)
    watcher.cancel()
    assert answer.status_code == 200
    assert await total(system, f"Observation?_tag={mark}") == 700
    assert seen <= {0, 700}


async def test_w9_parallel_transactions_on_the_same_resources_serialise(system: Caller) -> None:
    ids = [str(uuid4()) for _ in range(3)]
    for logical_id in ids:
        await system.put(f"Patient/{logical_id}", patient(id=logical_id))

    async def write(number: int) -> int:
        order = ids if number % 2 else ids[::-1]
        puts = [
            entry("PUT", f"Patient/{one}", patient(id=one, multipleBirthInteger=number))
            for one in order
        ]
        return (await system.post("", bundle("transaction", *puts))).status_code

    statuses = await asyncio.gather(*(write(number) for number in range(12)))
    assert set(statuses) <= {200, 409}
    assert 200 in statuses
    final = [(await system.get(f"Patient/{one}")).json() for one in ids]
    assert len({one["multipleBirthInteger"] for one in final}) == 1
    assert len({one["meta"]["versionId"] for one in final}) == 1
    assert final[0]["meta"]["versionId"] == str(1 + statuses.count(200))
