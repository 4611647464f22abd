"""`$meta`, `$meta-add` and `$meta-delete` (R4 resource-operations.html)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from fhir_server.interactions.operations.meta import add, remove
from resources.operations import operation_definitions
from tests.operations.checking import answered
from tests.serving import Caller, assert_outcome

Meta = dict[str, Any]
DEFINED = operation_definitions()
KEPT = {"system": "urn:t", "code": "kept", "display": "Kept"}
GONE = {"system": "urn:t", "code": "gone"}


def coding(code: str, **more: str) -> Meta:
    return {"system": "urn:t", "code": code, **more}


@pytest.mark.parametrize(
    ("known", "more", "expected"),
    [
        ({}, {"tag": [coding("a")]}, {"tag": [coding("a")]}),
        ({"tag": [coding("a")]}, {"tag": [coding("b")]}, {"tag": [coding("a"), coding("b")]}),
        # The same system and code, whatever the version and display.
        (
            {"tag": [coding("a", display="A")]},
            {"tag": [coding("a", version="2")]},
            {"tag": [coding("a", display="A")]},
        ),
        ({}, {"tag": [coding("a"), coding("a")]}, {"tag": [coding("a")]}),
        ({"tag": [{"code": "a"}]}, {"tag": [coding("a")]}, {"tag": [{"code": "a"}, coding("a")]}),
        ({"tag": [coding("a")]}, {"security": [coding("a")]}, None),
        ({"profile": ["urn:a"]}, {"profile": ["urn:a", "urn:b"]}, {"profile": ["urn:a", "urn:b"]}),
        (
            {"profile": ["urn:a"], "_profile": [{"id": "x"}]},
            {"profile": ["urn:b"]},
            {"profile": ["urn:a", "urn:b"], "_profile": [{"id": "x"}, None]},
        ),
        ({"source": "urn:s"}, {"source": "urn:other", "versionId": "9"}, {"source": "urn:s"}),
    ],
)
def test_labels_are_sets(known: Meta, more: Meta, expected: Meta | None) -> None:
    wanted = {**known, **more} if expected is None else expected
    add(known, more)
    assert known == wanted


@pytest.mark.parametrize(
    ("known", "less", "expected"),
    [
        ({"tag": [coding("a"), coding("b")]}, {"tag": [coding("a")]}, {"tag": [coding("b")]}),
        ({"tag": [coding("a", display="A")]}, {"tag": [coding("a", version="2")]}, {}),
        ({"tag": [coding("a")]}, {"tag": [coding("c")]}, {"tag": [coding("a")]}),
        ({"tag": [coding("a")]}, {"security": [coding("a")]}, {"tag": [coding("a")]}),
        ({"source": "urn:s"}, {"source": "urn:s", "profile": ["urn:a"]}, {"source": "urn:s"}),
        (
            {"profile": ["urn:a", "urn:b"], "_profile": [None, {"id": "x"}]},
            {"profile": ["urn:a"]},
            {"profile": ["urn:b"], "_profile": [{"id": "x"}]},
        ),
        (
            {"profile": ["urn:a", "urn:b"], "_profile": [None, {"id": "x"}]},
            {"profile": ["urn:b"]},
            {"profile": ["urn:a"]},
        ),
    ],
)
def test_what_is_taken_away_is_gone(known: Meta, less: Meta, expected: Meta) -> None:
    remove(known, less)
    assert known == expected


async def stored(system: Caller) -> str:
    made = {"resourceType": "Basic", "code": {"text": "x"}, "meta": {"tag": [KEPT, GONE]}}
    place = f"Basic/{uuid4()}"
    answer = await system.put(place, {**made, "id": place.partition("/")[2]})
    assert answer.status_code == 201
    return place


def given(meta: Meta) -> Meta:
    return {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": meta}]}


def told(name: str, answer: httpx.Response) -> Meta:
    assert answer.status_code == 200, answer.text
    (only,) = answered(DEFINED[f"Resource-{name}"], answer.content)["parameter"]
    return only["valueMeta"]


async def test_meta_is_what_a_read_gives(system: Caller) -> None:
    place = await stored(system)
    read = await system.get(place)
    for method in ("GET", "POST"):
        answer = await system(method, f"{place}/$meta")
        assert told("meta", answer) == read.json()["meta"]
        assert answer.headers["etag"] == read.headers["etag"]
    assert_outcome(await system.get("Basic/absent/$meta"), 404)
    assert_outcome(await system.get("Basic/$meta"), 404)
    assert_outcome(await system.get("$meta"), 404)


async def test_meta_of_a_version_is_what_a_vread_gives(system: Caller) -> None:
    """And that version stays as it is: nothing can be added to it or taken away."""
    place = await stored(system)
    await system.post(f"{place}/$meta-add", given({"security": [coding("R")]}))
    await system("DELETE", place)
    for method in ("GET", "POST"):
        for number in (1, 2):
            read = await system.get(f"{place}/_history/{number}")
            answer = await system(method, f"{place}/_history/{number}/$meta")
            assert told("meta", answer) == read.json()["meta"]
            assert answer.headers["etag"] == read.headers["etag"] == f'W/"{number}"'
    assert_outcome(await system.get(f"{place}/_history/3/$meta"), 410)
    assert_outcome(await system.get(f"{place}/_history/4/$meta"), 404)
    assert_outcome(await system.get("Basic/absent/_history/1/$meta"), 404)
    for name in ("$meta-add", "$meta-delete"):
        answer = await system.post(f"{place}/_history/1/{name}", given({"tag": [KEPT]}))
        assert_outcome(answer, 404)


async def test_adding_and_deleting_make_a_version_where_something_changes(system: Caller) -> None:
    place = await stored(system)
    added = await system.post(f"{place}/$meta-add", given({"security": [coding("R")]}))
    meta = told("meta-add", added)
    assert (meta["versionId"], meta["tag"]) == ("2", [KEPT, GONE])
    assert added.headers["etag"] == 'W/"2"'
    again = await system.post(f"{place}/$meta-add", given({"security": [coding("R")]}))
    assert told("meta-add", again) == meta
    less = await system.post(f"{place}/$meta-delete", given({"tag": [GONE, coding("never")]}))
    meta = told("meta-delete", less)
    assert (meta["versionId"], meta["tag"]) == ("3", [KEPT])
    read = (await system.get(place)).json()
    assert read["meta"] == meta
    assert read["code"] == {"text": "x"}
    found = await system.get(f"Basic?_security=urn:t|R&_id={read['id']}&_tag=urn:t|gone")
    assert "entry" not in found.json()
    history = (await system.get(f"{place}/_history")).json()
    assert history["total"] == 3


async def test_what_is_refused(system: Caller) -> None:
    place = await stored(system)
    for name in ("$meta-add", "$meta-delete"):
        assert_outcome(await system.get(f"{place}/{name}"), 405)
        assert_outcome(await system("POST", f"{place}/{name}"), 400)
        assert_outcome(await system.post(f"{place}/{name}", given({"tag": [{"code": 1}]})), 400)
        assert_outcome(await system.post(f"Basic/absent/{name}", given({"tag": [KEPT]})), 404)
        sent = {"if-match": 'W/"7"'}
        body = given({"tag": [coding("x")]})
        assert_outcome(await system.post(f"{place}/{name}", body, headers=sent), 412)
    await system("DELETE", place)
    assert_outcome(await system.post(f"{place}/$meta-add", given({"tag": [KEPT]})), 410)
    assert_outcome(await system.get(f"{place}/$meta"), 410)
