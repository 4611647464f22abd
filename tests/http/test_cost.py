"""A request of at most a megabyte costs a few seconds of the processor at most (F11, F12, O1).

What is counted is the time of this process, in which the server runs, so that a busy machine makes
no difference. Without its bound each of these took from half a minute to more than anybody waits.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.serving import Caller, assert_outcome

MOST_SECONDS = 4.0
JSON = {"content-type": "application/fhir+json"}
PATCH = {"content-type": "application/json-patch+json"}
Json = dict[str, Any]


@contextmanager
def cheap() -> Iterator[None]:
    began = time.process_time()
    yield
    assert time.process_time() - began < MOST_SECONDS


def patient(**more: Any) -> Json:
    return {"resourceType": "Patient", **more}


def transaction(entries: list[Json]) -> Json:
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


NAMES = {
    "half a million words": "a " * 500_000,
    "accents out of order": "a" + "\u0300\u0323" * 120_000,
    "letters that are made of eighteen": "\ufdfa" * 100_000,
}


@pytest.mark.parametrize("family", NAMES.values(), ids=NAMES)
async def test_f11_long_names(system: Caller, family: str) -> None:
    body = json.dumps(patient(name=[{"family": family}]), ensure_ascii=False).encode()
    with cheap():
        answer = await system.post("Patient", body)
    assert answer.status_code == 201, answer.text[:300]
    assert json.loads(answer.content)["name"][0]["family"] == family


async def test_f12_a_long_name_is_found_by_its_words_and_accents(system: Caller) -> None:
    """The bounds leave alone what people are called."""
    last = uuid4().hex
    family = " ".join(f"w{number}" for number in range(30)) + f" {last}"
    accents = "Zoe\u0308" + "\u0301" * 40 + uuid4().hex
    for name in (family, accents):
        await system.post("Patient", patient(name=[{"family": name}]))
    assert (await system.get(f"Patient?family={last}&_summary=count")).json()["total"] == 1
    assert (await system.get(f"Patient?family=zoe{accents[-32:]}")).json()["total"] == 1


async def test_f11_criteria_of_thousands_of_conditional_creates(system: Caller) -> None:
    """W4: each is compared with those before it that have one of its keys, and no others."""
    mark = uuid4().hex

    def create(number: int, criteria: str) -> Json:
        identifier = {"system": "urn:cost", "value": f"{mark}-{number}"}
        request = {"method": "POST", "url": "Patient", "ifNoneExist": criteria}
        return {"resource": patient(identifier=[identifier]), "request": request}

    named = [create(each, f"identifier=urn:cost|{mark}-{each}") for each in range(300)]
    named += [create(each, f"identifier=urn:cost|{mark}-{each}") for each in range(300)]
    with cheap():
        answer = await system.post("", transaction(named))
    assert answer.status_code == 200, answer.text[:300]
    statuses = [each["response"]["status"] for each in answer.json()["entry"]]
    assert statuses == ["201 Created"] * 300 + ["200 OK"] * 300


@pytest.mark.parametrize(
    ("type_name", "query"),
    [
        ("Patient", "&".join(["name=" + ",".join(["a"] * 1_900)] * 100)),
        ("Patient", "&".join(["_id=" + ",".join(["a"] * 1_900)] * 100)),
        ("Patient", "&".join(["_filter=" + "name+co+a+or+" * 60 + "name+co+a"] * 100)),
        ("Observation", "&".join(["value-quantity=" + ",".join(["5"] * 1_900)] * 100)),
    ],
    ids=["names", "ids", "filters", "quantities"],
)
async def test_f12_values_by_the_thousand(system: Caller, type_name: str, query: str) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    with cheap():
        answer = await system.post(f"{type_name}/_search", query, headers=form)
    assert_outcome(answer, 422, "too-costly")
    fits = ",".join(f"a{each}" for each in range(700))
    answer = await system.post("Patient/_search", f"name={fits}", headers=form)
    assert answer.status_code == 200, answer.text[:300]


@pytest.mark.parametrize("include", ["_include:iterate=*", "_revinclude:iterate=*"])
async def test_f12_the_same_include_by_the_hundred(system: Caller, include: str) -> None:
    """R4 3.1.1.5.4; each counts once, whatever it is asked of."""
    mark = uuid4().hex
    body = patient(identifier=[{"value": mark}])
    entry = {"resource": body, "request": {"method": "POST", "url": "Patient"}}
    assert (await system.post("", transaction([entry] * 100))).status_code == 200
    query = f"identifier={mark}&_count=100&" + "&".join([include] * 990)
    form = {"content-type": "application/x-www-form-urlencoded"}
    with cheap():
        answer = await system.post("Patient/_search", query, headers=form)
    assert len(answer.json()["entry"]) == 100


BODIES = {
    "members": gzip.compress(b"") * 40_000,
    "more members than are counted": gzip.compress(b"") * 3_000 + gzip.compress(b"{}"),
    "blanks": gzip.compress(b" " * 60_000_000),
    "packed twice": gzip.compress(gzip.compress(b" " * 20_000_000)),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_f11_packed_bombs(system: Caller, body: bytes) -> None:
    with cheap():
        answer = await system.post("Patient", body, headers={**JSON, "content-encoding": "gzip"})
    assert_outcome(answer, 413 if answer.status_code == 413 else 400)


async def test_f11_members_without_end(system: Caller) -> None:
    """A body that unpacks to nothing ends at the limit of a body all the same."""

    async def members() -> AsyncIterator[bytes]:
        stored = b"\x1f\x8b\x08\x10\0\0\0\0\0\xff" + b"x" * 1_000_000 + b"\0\x03\0" + b"\0" * 8
        for _ in range(14):
            yield stored

    with cheap():
        answer = await system(
            "POST",
            "Patient",
            headers={**JSON, "content-encoding": "gzip"},
            content=members(),
        )
    assert_outcome(answer, 413, "too-long")


@pytest_asyncio.fixture(scope="module", loop_scope="session", name="long_list")
async def _long_list(system: Caller) -> str:
    body = patient(identifier=[{"value": f"{each}"} for each in range(2_000)])
    return f"Patient/{(await system.post('Patient', body)).json()['id']}"


def operation(kind: str, path: str, **values: Any) -> Json:
    parts = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}]
    parts += [{"name": name, **value} for name, value in values.items()]
    return {"name": "operation", "part": parts}


OPERATIONS = {
    "where": operation("delete", f"Patient.identifier.where({' or '.join(['value = 1'] * 60)})"),
    "where in where": operation("delete", f"Patient.identifier{'.where(value.exists())' * 20}[9]"),
    "add": operation("add", "Patient", name={"valueString": "identifier"}, value={}),
    "move": operation(
        "move", "Patient.identifier", source={"valueInteger": 0}, destination={"valueInteger": 9}
    ),
}
OPERATIONS["add"]["part"][-1]["valueIdentifier"] = {"value": "x"}


@pytest.mark.parametrize("one", OPERATIONS.values(), ids=OPERATIONS)
async def test_f11_paths_of_a_patch(system: Caller, long_list: str, one: Json) -> None:
    """R4 `fhirpatch.html`; a thousand operations on a list of thousands."""
    patch = {"resourceType": "Parameters", "parameter": [one] * 1_000}
    with cheap():
        answer = await system("PATCH", long_list, patch)
    assert_outcome(answer, 400)
    assert "look at more than" in answer.text


POINTERS = {
    "a place of five thousand digits": [
        {"op": "add", "path": "/identifier/" + "9" * 5_000, "value": {"value": "x"}}
    ],
    "segments": [{"op": "remove", "path": "/identifier" * 80_000}],
    "copies that double": [
        {"op": "copy", "from": "/identifier", "path": "/identifier/0"} for _ in range(900)
    ],
    "copies of the whole": [{"op": "copy", "from": "", "path": f"/x{each}"} for each in range(900)],
    "copies into themselves": [
        {"op": "copy", "from": "/identifier/0", "path": "/identifier/0" + "/x" * each}
        for each in range(1, 999)
    ],
    "tests": [{"op": "test", "path": "", "value": patient(x=[1] * 400)} for _ in range(999)],
}


@pytest.mark.parametrize("operations", POINTERS.values(), ids=POINTERS)
async def test_f11_pointers_of_a_patch(system: Caller, operations: list[Json]) -> None:
    """RFC 6902: what cannot be applied is refused and changes nothing."""
    body = patient(identifier=[{"value": "y"}])
    place = f"Patient/{(await system.post('Patient', body)).json()['id']}"
    with cheap():
        answer = await system("PATCH", place, operations, headers=PATCH)
    assert answer.status_code in (400, 409), answer.text[:300]
    assert (await system.get(place)).json()["meta"]["versionId"] == "1"
