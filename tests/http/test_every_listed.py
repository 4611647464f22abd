"""What the CapabilityStatement lists of searching is answered, and nothing else is (D18, F13).

Many parameters of a type are asked together, each of which would be refused by its name, and a
type's questions go in one batch: thousands in seconds, through the whole server down to MongoDB.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import pytest

from fhir_server.search.expression import Prefix
from fhir_server.search.fields import SORTABLE
from resources.registry import REGISTRY
from tests.search.finding import CATALOGUE
from tests.serving import Caller, Served

STRICT = {"prefer": "handling=strict"}
VALUES = {
    "date": "2020",
    "token": "true",
    "string": "x",
    "reference": "x",
    "number": "1.5",
    "quantity": "1.5||mg",
    "uri": "http://x.org/y",
    "special": "1|2|3",
}
OF_MODIFIER = {"missing": "true", "of-type": "a|b|c", "identifier": "a|b"}
TOGETHER = 80
"""Parameters in one question."""
RULES = 6
"""Of one sort."""
PREFIXED = ("date", "number", "quantity")
PREFIXES = ("", *(prefix.value for prefix in Prefix))


async def _statement(served: Served) -> list[dict[str, Any]]:
    answer = await served.http.get(f"{served.base}/metadata")
    return answer.json()["rest"][0]["resource"]


def _value(type_name: str, listed: dict[str, str]) -> str:
    parts = [each.whole.type for each in CATALOGUE.fields(type_name)[listed["name"]].components]
    return "$".join(VALUES[each] for each in parts) or VALUES[listed["type"]]


def _asked(resource: dict[str, Any]) -> Iterator[str]:
    """`name:modifier=value` of each parameter, plain, with each prefix and with each modifier."""
    for one in resource["searchParam"]:
        name, value = one["name"], quote(_value(resource["type"], one))
        prefixes = PREFIXES if one["type"] in PREFIXED else ("",)
        yield from (f"{name}={prefix}{value}" for prefix in prefixes)
        words = one.get("documentation", "").partition("Modifiers: ")[2].split(", ")
        for modifier in (word.removeprefix(":") for word in words if word):
            yield f"{name}:{modifier}={OF_MODIFIER.get(modifier, value)}"


def _questions(resource: dict[str, Any]) -> Iterator[str]:
    yield from ("&".join(some) for some in _shared_out(list(_asked(resource)), TOGETHER))
    for name, listed in (("_include", "searchInclude"), ("_revinclude", "searchRevInclude")):
        found = [f"{name}={value}" for value in resource.get(listed, ())]
        yield from ("&".join(some) for some in _shared_out(found, TOGETHER))
    sorts = [
        f"-{one['name']}"
        for one in resource["searchParam"]
        if one["type"] in SORTABLE and CATALOGUE.fields(resource["type"])[one["name"]].sortable
    ]
    yield from ("_sort=" + ",".join(some) for some in _shared_out(sorts, RULES))


def _shared_out(all_of: Sequence[str], most: int) -> Iterator[list[str]]:
    for start in range(0, len(all_of), most):
        yield list(all_of[start : start + most])


async def _statuses(system: Caller, urls: list[str]) -> list[tuple[str, str, Any]]:
    entry = [{"request": {"method": "GET", "url": url}} for url in urls]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entry}
    answer = await system.post("", bundle, headers=STRICT)
    assert answer.status_code == 200, answer.text[:500]
    return [
        (url, each["response"]["status"], each["response"].get("outcome"))
        for url, each in zip(urls, answer.json()["entry"], strict=True)
    ]


@pytest.mark.parametrize("start", sorted({each[0] for each in REGISTRY.endpoints}))
async def test_d18_everything_listed_is_answered(
    served: Served, system: Caller, start: str
) -> None:
    """Each parameter of each type, with each modifier and prefix; includes and sorts too."""
    for resource in await _statement(served):
        if resource["type"].startswith(start):
            urls = [f"{resource['type']}?_count=1&{each}" for each in _questions(resource)]
            wrong = [each for each in await _statuses(system, urls) if each[1] != "200 OK"]
            assert wrong == []


async def test_f13_what_r4_has_and_is_not_listed_is_refused_by_name(
    served: Served, system: Caller
) -> None:
    """Parameters of the definitions, and modifiers of other types of parameter."""
    urls: dict[str, str] = {}
    for resource in await _statement(served):
        listed = {one["name"] for one in resource["searchParam"]}
        for name in REGISTRY.parameters(resource["type"]).keys() - listed:
            urls[f"{resource['type']}?{name}=x"] = name
        urls[f"{resource['type']}?_id:exact=x"] = "_id:exact"
        urls[f"{resource['type']}?_lastUpdated:contains=2020"] = "_lastUpdated:contains"
    for some in _shared_out(list(urls), 400):
        for url, status, outcome in await _statuses(system, some):
            assert status.startswith("400"), url
            assert urls[url] in outcome["issue"][0]["diagnostics"], url
