"""Each operation that is listed: the smallest request for it; and those of R4 that are not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from resources.operations import Level, operation_definitions
from tests.capability.asked import Asked, Resource

TAG = {"tag": [{"system": "urn:example:matrix", "code": "more"}]}
META: Resource = {
    "resourceType": "Parameters",
    "parameter": [{"name": "meta", "valueMeta": TAG}],
}


async def _everything(asked: Asked) -> None:
    answer = await asked.ask(200, "GET", f"{asked.place}/$everything")
    assert asked.ids[0] in {each["resource"]["id"] for each in answer.resource()["entry"]}


async def _explain(asked: Asked) -> None:
    await asked.ask(200, "GET", f"{asked.type}/$explain?_id={asked.ids[0]}")


async def _lastn(asked: Asked) -> None:
    await asked.ask(200, "GET", f"{asked.type}/$lastn?patient=absent&category=laboratory")


async def _stats(asked: Asked) -> None:
    query = "subject=Patient/absent&system=urn:a&code=b&statistic=count"
    await asked.ask(200, "GET", f"{asked.type}/$stats?{query}")


async def _match(asked: Asked) -> None:
    parameter = [{"name": "resource", "resource": asked.resource()}]
    body = {"resourceType": "Parameters", "parameter": parameter}
    await asked.ask(200, "POST", f"{asked.type}/$match", body)


async def _validate(asked: Asked) -> None:
    await asked.ask(200, "POST", f"{asked.type}/$validate", asked.resource())
    await asked.ask(200, "GET", f"{asked.place}/$validate")


async def _reindex(asked: Asked) -> None:
    """A search parameter that is not active is told as what it is, once the job has ended."""
    await asked.ask(202, "POST", f"{asked.place}/$reindex")


async def _meta(asked: Asked) -> None:
    answer = await asked.ask(200, "GET", f"{asked.place}/$meta")
    assert answer.resource()["parameter"][0]["name"] == "return"


async def _meta_add(asked: Asked) -> None:
    await asked.ask(200, "POST", f"{asked.place}/$meta-add", META)


async def _meta_delete(asked: Asked) -> None:
    await asked.ask(200, "POST", f"{asked.place}/$meta-delete", META)


async def _versions(asked: Asked) -> None:
    answer = await asked.ask(200, "GET", "$versions")
    assert "4.0" in str(answer.content)


async def _reindex_all(asked: Asked) -> None:
    await asked.ask(202, "POST", "$reindex")


ON_TYPES: dict[str, Callable[[Asked], Awaitable[Any]]] = {
    "everything": _everything,
    "explain": _explain,
    "lastn": _lastn,
    "match": _match,
    "meta": _meta,
    "meta-add": _meta_add,
    "meta-delete": _meta_delete,
    "reindex": _reindex,
    "stats": _stats,
    "validate": _validate,
}
"""By name; none of them changes the version, but for labels that are there already."""
ON_THE_SYSTEM: dict[str, Callable[[Asked], Awaitable[Any]]] = {
    "reindex": _reindex_all,
    "versions": _versions,
}


def unlisted(type_name: str, listed: set[str]) -> list[str]:
    """Operations that R4 or this software defines for a type, or for the system where it is empty,
    and that are not listed there."""
    found: set[str] = set()
    for each in operation_definitions().values():
        of_type = each.for_every_type or type_name in each.types
        if type_name and of_type and each.levels - {Level.SYSTEM}:
            found.add(each.code)
        if not type_name and Level.SYSTEM in each.levels:
            found.add(each.code)
    return sorted(found - listed)


async def refused(asked: Asked) -> None:
    """Of one resource of the type, or of the system."""
    for name in unlisted(asked.type, asked.operations):
        place = f"{asked.place}/" if asked.type else ""
        await asked.ask(404, "GET", f"{place}${name}")
