"""Each interaction that the whole system may list (R4 `http.html#transaction`, `#history`,
`#search`)."""

from __future__ import annotations

from tests.capability.asked import Asked, Resource, is_mime
from tests.capability.of_types import REFUSED, Ask, not_there

EMPTY: Resource = {"resourceType": "Bundle", "type": "transaction", "entry": []}
FORM = "application/x-www-form-urlencoded"


def _bundle(kind: str) -> Ask:
    async def send(asked: Asked) -> None:
        body = {
            "resourceType": "Bundle",
            "type": kind,
            "entry": [{"request": {"method": "GET", "url": "Patient?_count=1"}}],
        }
        for mime in filter(is_mime, asked.formats):
            answer = await asked.ask(200, "POST", "", body, mime=mime)
            assert answer.resource()["type"] == f"{kind}-response"

    return send


async def search_system(asked: Asked) -> None:
    for answer in (
        await asked.ask(200, "GET", "?_type=Patient,Observation&_count=1"),
        await asked.ask(200, "POST", "_search", b"_type=Patient,Observation&_count=1", mime=FORM),
    ):
        assert answer.resource()["type"] == "searchset"


async def history_system(asked: Asked) -> None:
    answer = await asked.ask(200, "GET", "_history?_count=1")
    assert answer.resource()["type"] == "history"


WORKS: dict[str, Ask] = {
    "transaction": _bundle("transaction"),
    "batch": _bundle("batch"),
    "search-system": search_system,
    "history-system": history_system,
}
"""By code of R4's `system-restful-interaction`."""
MISSING: dict[str, Ask] = {
    "transaction": not_there("POST", "", EMPTY),
    "batch": not_there("POST", "", EMPTY | {"type": "batch"}),
    "search-system": not_there("GET", ""),
    "history-system": not_there("GET", "_history"),
}


async def compartments(asked: Asked) -> None:
    """Those that are listed can be searched in; no other type has one."""
    listed = {each.rpartition("/")[2] for each in asked.listed["compartment"]}
    for each in asked.listed["resource"]:
        expected = 200 if each["type"].lower() in listed else 404
        for inside in ("Observation", "*"):
            await asked.ask(expected, "GET", f"{each['type']}/absent/{inside}?_count=1")


async def nothing_else(asked: Asked) -> None:
    """No other method at the base, no type that is not listed, and none that is abstract."""
    for method in ("PUT", "PATCH", "DELETE"):
        await asked.ask(REFUSED, method, "")
    for name in ("Parameters", "Resource", "DomainResource", "patient", "Nonsense"):
        await asked.ask(404, "GET", f"{name}/any")
        await asked.ask(404, "POST", name, {"resourceType": name})
