"""Each interaction that a type may list: how it is asked for, and how it is refused where it is not
listed (R4 `http.html`, `capabilitystatement.html`)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

from tests.capability.asked import JSON, Asked, Resource, is_mime

Ask = Callable[[Asked], Awaitable[Any]]
JSON_PATCH = "application/json-patch+json"
REFUSED = 405
TURTLE = "text/turtle"


async def create(asked: Asked) -> None:
    """In each format that is a media type."""
    for mime in filter(is_mime, asked.formats):
        answer = await asked.ask(201, "POST", asked.type, asked.resource(), mime=mime, accept=mime)
        assert answer.headers["content-type"].startswith(mime)
        asked.ids.append(answer.headers["location"].split("/")[-3])
        assert answer.resource()["id"] == asked.ids[-1]
    # What is no FHIR is a Binary's content (R4 binary.html#rest).
    status = 201 if asked.type == "Binary" else 415
    await asked.ask(status, "POST", asked.type, asked.resource(), mime=TURTLE)


async def read_it(asked: Asked) -> None:
    """In each format that is a media type; what is none is seen in `vread` and in histories."""
    for mime in filter(is_mime, asked.formats):
        answer = await asked.ask(200, "GET", asked.place, accept=mime)
        assert answer.headers["content-type"].startswith(mime)
        assert answer.resource()["id"] == asked.ids[0]
    status = 200 if asked.type == "Binary" else 406
    await asked.ask(status, "GET", asked.place, accept=TURTLE)


async def vread(asked: Asked) -> None:
    """A version that is no longer current, by each short name of a format."""
    assert asked.version > 1
    for name in itertools.filterfalse(is_mime, asked.formats):
        answer = await asked.ask(200, "GET", f"{asked.place}/_history/1?_format={name}")
        assert name in answer.headers["content-type"]
        assert answer.resource()["meta"]["versionId"] == "1"


async def update(asked: Asked) -> None:
    body = asked.resource(asked.ids[0], language="en")
    answer = await asked.ask(200, "PUT", asked.place, body)
    asked.version += 1
    assert answer.headers["etag"] == f'W/"{asked.version}"'
    assert answer.resource()["language"] == "en"


def _patch(mime: str, type_name: str, language: str) -> Resource | bytes:
    if mime == JSON_PATCH:
        return b'[{"op": "replace", "path": "/language", "value": "%s"}]' % language.encode()
    operation = [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": f"{type_name}.language"},
        {"name": "value", "valueCode": language},
    ]
    parameter = [{"name": "operation", "part": operation}]
    return {"resourceType": "Parameters", "parameter": parameter}


async def patch(asked: Asked) -> None:
    """In each format of a patch."""
    for mime, language in zip(asked.statement["patchFormat"], ("de", "fr", "it"), strict=True):
        body = _patch(mime, asked.type, language)
        answer = await asked.ask(200, "PATCH", asked.place, body, mime=mime)
        assert answer.resource()["language"] == language
        asked.version += 1
    await asked.ask(415, "PATCH", asked.place, b"{}", mime="application/merge-patch+json")


async def history_instance(asked: Asked) -> None:
    answer = await asked.ask(200, "GET", f"{asked.place}/_history")
    assert answer.resource()["type"] == "history"
    assert answer.resource()["total"] == asked.version


async def history_type(asked: Asked) -> None:
    """Once those who wrote before have ended: what is newer than they are is not shown yet."""
    types: set[str] = set()
    for _ in range(100):
        answer = (await asked.ask(200, "GET", f"{asked.type}/_history?_count=3")).resource()
        assert answer["type"] == "history"
        types = {each["resource"]["resourceType"] for each in answer.get("entry", ())}
        if types:
            break
        await asyncio.sleep(0.2)
    assert types == {asked.type}


async def search_type(asked: Asked) -> None:
    """By GET and by POST."""
    form = f"_id={asked.ids[0]}".encode()
    for answer in (
        await asked.ask(200, "GET", f"{asked.type}?_id={asked.ids[0]}"),
        await asked.ask(
            200,
            "POST",
            f"{asked.type}/_search",
            form,
            mime="application/x-www-form-urlencoded",
        ),
    ):
        (entry,) = answer.resource()["entry"]
        assert entry["resource"]["id"] == asked.ids[0]


async def delete(asked: Asked) -> None:
    await asked.ask(204, "DELETE", asked.place)
    await asked.ask(410, "GET", asked.place)


WORKS: dict[str, Ask] = {
    "create": create,
    "read": read_it,
    "update": update,
    "vread": vread,
    "patch": patch,
    "history-instance": history_instance,
    "history-type": history_type,
    "search-type": search_type,
    "delete": delete,
}
"""By code of R4's `type-restful-interaction`, in an order in which each finds what it needs."""


def not_there(method: str, path: str, body: Resource | None = None) -> Ask:
    async def refused(asked: Asked) -> None:
        await asked.ask(REFUSED, method, path.format(type=asked.type), body)

    return refused


MISSING: dict[str, Ask] = {
    "create": not_there("POST", "{type}", {}),
    "read": not_there("GET", "{type}/absent"),
    "update": not_there("PUT", "{type}/absent", {}),
    "vread": not_there("GET", "{type}/absent/_history/1"),
    "patch": not_there("PATCH", "{type}/absent", {}),
    "history-instance": not_there("GET", "{type}/absent/_history"),
    "history-type": not_there("GET", "{type}/_history"),
    "search-type": not_there("GET", "{type}"),
    "delete": not_there("DELETE", "{type}/absent"),
}
"""The same where they are not listed."""


async def update_create(asked: Asked) -> None:
    logical_id = f"own-{asked.mark}"
    expected = 201 if asked.listed["updateCreate"] else REFUSED
    await asked.ask(expected, "PUT", f"{asked.type}/{logical_id}", asked.resource(logical_id))
    if asked.listed["updateCreate"]:
        asked.ids.append(logical_id)


async def conditional_create(asked: Asked) -> None:
    """Something matches, so that nothing is created; where it is not listed it is refused."""
    expected = 200 if asked.listed["conditionalCreate"] else 412
    criteria = f"_id={asked.ids[0]}"
    await asked.ask(expected, "POST", asked.type, asked.resource(), if_none_exist=criteria)


async def conditional_read(asked: Asked) -> None:
    """By version, and by HEAD since a time to come."""
    support = asked.listed["conditionalRead"]
    expected = 304 if support in ("full-support", "not-match") else 200
    current = await asked.ask(200, "HEAD", asked.place)
    await asked.ask(expected, "GET", asked.place, if_none_match=current.headers["etag"])
    expected = 304 if support in ("full-support", "modified-since") else 200
    later = "Fri, 01 Jan 2100 00:00:00 GMT"
    await asked.ask(expected, "HEAD", asked.place, if_modified_since=later)


async def conditional_update(asked: Asked) -> None:
    body = asked.resource(asked.ids[0], language="en")
    expected = 200 if asked.listed["conditionalUpdate"] else REFUSED
    await asked.ask(expected, "PUT", f"{asked.type}?_id={asked.ids[0]}", body)
    asked.version += asked.listed["conditionalUpdate"]


async def versioning(asked: Asked) -> None:
    """`versioned-update`: an update can be bound to a version."""
    assert asked.listed["versioning"] == "versioned-update"
    body = asked.resource(asked.ids[0])
    await asked.ask(412, "PUT", asked.place, body, if_match='W/"99"')


async def read_history(asked: Asked) -> None:
    """Which `vread` has shown, where it is listed."""
    assert asked.listed["readHistory"] == ("vread" in asked.codes)


async def conditional_delete(asked: Asked) -> None:
    """Of all that the test has made of the type, which are several; then of one."""
    support = asked.listed["conditionalDelete"]
    assert len(asked.ids) > 1
    expected = {"multiple": 204, "single": 412, "not-supported": REFUSED}[support]
    await asked.ask(expected, "DELETE", f"{asked.type}?{asked.tagged}")
    if support == "single":
        await asked.ask(204, "DELETE", f"{asked.type}?_id={asked.ids[1]}")
    if support == "multiple":
        await asked.ask(410, "GET", asked.place)


FLAGS: dict[str, Ask] = {
    "readHistory": read_history,
    "versioning": versioning,
    "updateCreate": update_create,
    "conditionalCreate": conditional_create,
    "conditionalRead": conditional_read,
    "conditionalUpdate": conditional_update,
    "conditionalDelete": conditional_delete,
}
"""By element of `CapabilityStatement.rest.resource`."""

NEVER = (
    ("POST", "{type}/any"),
    ("DELETE", "{type}/any/_history"),
)
"""What R4 has no interaction for."""


async def nothing_else(asked: Asked) -> None:
    for method, path in NEVER:
        await asked.ask(REFUSED, method, path.format(type=asked.type), mime=JSON)
