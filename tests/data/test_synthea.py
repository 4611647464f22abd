"""Real (Synthea) bundles through plain HTTP: what comes out equals what went in.

The bundles lie beside the project in `../shared/data`; where they do not, these tests are not run.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from resources import fhir_json
from resources.references import parse_reference, references
from tests.serving import Caller, serving

SYNTHEA = Path(__file__).parents[3] / "shared" / "data" / "synthea"
FILES = sorted(SYNTHEA.rglob("*.json.gz"))
CHOSEN = [
    *[file for file in FILES if file.name.startswith(("00-", "01-"))],
    *[file for file in FILES if "v2.7" in str(file) and not file.name.startswith("0")][:1],
    *[file for file in FILES if "v2.4" in str(file)][:1],
]
"""The shared directory bundles first, then a few patients of either version."""

pytestmark = pytest.mark.skipif(not FILES, reason="../shared/data is not beside the project")


def documents() -> list[dict[str, Any]]:
    return [_parsed(gzip.decompress(file.read_bytes())) for file in CHOSEN]


def _parsed(body: bytes) -> dict[str, Any]:
    value = fhir_json.parse(body)
    assert isinstance(value, dict)
    return value


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def system(
    mongodb_uri: str, database_name: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Caller]:
    folder = tmp_path_factory.mktemp("synthea")
    async with serving(mongodb_uri, database_name, folder) as running:
        yield await running.caller("system/*.cruds")


def comparable(resource: dict[str, Any]) -> bytes:
    """The resource but for ids, references and meta, with every digit as it was written."""
    kept = {name: value for name, value in resource.items() if name not in ("id", "meta")}
    for link in references(kept):
        kind = parse_reference(link.text)
        link.replace("#" if link.text.startswith("#") else f"{kind.type_name or 'somebody'}/x")
    return fhir_json.dump(_sorted(kept))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


async def test_the_same_bundles_go_in_through_plain_http(system: Caller) -> None:
    expected: Counter[bytes] = Counter()
    stored: Counter[bytes] = Counter()
    seen: set[str] = set()
    for document in documents():
        answer = await system.post("", fhir_json.dump(document), timeout=120)
        assert answer.status_code == 200, answer.text[:1000]
        responses = answer.json()["entry"]
        assert len(responses) == len(document["entry"])
        for entry, response in zip(document["entry"], responses, strict=True):
            status = response["response"]["status"]
            assert status.startswith(("200", "201")), response
            place = response["response"]["location"]
            if place in seen:
                continue
            seen.add(place)
            resource = dict(entry["resource"])
            _name_urns(resource, document)
            expected[comparable(resource)] += 1
            read = await system.get(place)
            stored[comparable(_parsed(read.content))] += 1
    assert stored == expected
    assert sum(stored.values()) > 1000


def _name_urns(resource: dict[str, Any], document: dict[str, Any]) -> None:
    """What a `urn:uuid:` stands for keeps its type through the load."""
    types = {entry.get("fullUrl"): entry["resource"]["resourceType"] for entry in document["entry"]}
    for link in references(resource):
        if link.text in types:
            link.replace(f"{types[link.text]}/x")
        elif "?" in link.text:
            link.replace(f"{link.text.partition('?')[0]}/x")
