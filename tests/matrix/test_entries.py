"""Y8: no spelling of an address inside a batch or transaction reaches what is another's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.matrix.probes.bundles import bundle, entry
from tests.matrix.rules import readable
from tests.matrix.world import World
from tests.matrix.woven import A, B

SPELLINGS: dict[str, Callable[[str, str], str]] = {
    "relative": lambda base, path: path,
    "slash": lambda base, path: f"/{path}",
    "absolute": lambda base, path: f"{base}/{path}",
    "trailing": lambda base, path: f"{path}/",
    "doubled": lambda base, path: path.replace("/", "//"),
    "three slashes": lambda base, path: f"///{path}",
    "base path": lambda base, path: f"/fhir/{path}",
    "base and slashes": lambda base, path: f"{base}//{path}",
    "glued to the base": lambda base, path: f"{base}{path}",
    "other host": lambda base, path: f"http://other.example.org/fhir/{path}",
    "no host": lambda base, path: f"//other.example.org/fhir/{path}",
    "encoded letter": lambda base, path: path.replace("b", "%62"),
    "encoded slash": lambda base, path: path.replace("/", "%2F"),
    "encoded twice": lambda base, path: path.replace("b", "%2562"),
    "dots": lambda base, path: f"Observation/../{path}",
    "own and dots": lambda base, path: f"Patient/{A}/../../{path}",
    "encoded dots": lambda base, path: f"Patient/{A}/%2E%2E/%2E%2E/{path}",
    "here": lambda base, path: f"./{path}",
    "query": lambda base, path: f"{path}{'&' if '?' in path else '?'}_format=json",
    "fragment": lambda base, path: f"{path}#x",
    "space": lambda base, path: f" {path}",
    "lower case": lambda base, path: path.lower(),
}
PLACES = (
    f"Patient/{B}",
    "Observation/bbb-lab",
    f"Patient/{B}/_history",
    f"Patient/{B}/_history/1",
    "Observation/hand-b-then-a/_history/1",
    f"Patient?_id={B}",
    f"Observation?subject=Patient/{B}",
    "Binary/bbb-binary",
)


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_y8_no_spelling_of_an_entry_reaches_another(world: World, spelling: str) -> None:
    """By GET and HEAD, in a batch and alone in a transaction; the plain one is a 404 or empty."""
    for place in PLACES:
        url = SPELLINGS[spelling](world.base, place)
        for method in ("GET", "HEAD"):
            answer = await world.a.post("", bundle("batch", entry(method, url)))
            world.clean(answer, url)
            if answer.status_code == 200:
                (only,) = answer.json()["entry"]
                status = int(only["response"]["status"][:3])
                assert status in ((200, 400, 404) if "?" in place else (400, 404)), url
                assert not only.get("resource", {}).get("entry"), url
            else:
                assert answer.status_code == 400
            answer = await world.a.post("", bundle("transaction", entry(method, url)))
            assert answer.status_code in ((200, 400, 404) if "?" in place else (400, 404)), url
            world.clean(answer, url)


async def test_y8_the_same_entry_brings_the_owner_his_own(world: World) -> None:
    """So that the test above can fail."""
    for spelling in ("relative", "slash", "absolute"):
        for place in PLACES[:6]:
            url = SPELLINGS[spelling](world.base, place)
            answer = await world.b.post("", bundle("batch", entry("GET", url)))
            assert answer.json()["entry"][0]["response"]["status"] == "200 OK", url
            assert "BBB-" in answer.text


async def test_y8_entries_are_judged_one_by_one(world: World) -> None:
    answer = await world.a.post(
        "",
        bundle(
            "batch",
            entry("GET", f"Patient/{B}"),
            entry("GET", f"Patient/{A}"),
            entry("GET", "Observation?_count=1000"),
            entry("GET", f"Patient/{B}", ifNoneMatch='W/"1"'),
            entry("GET", "metadata"),
        ),
    )
    world.clean(answer, B)
    got = [int(one["response"]["status"][:3]) for one in answer.json()["entry"]]
    assert got == [404, 200, 200, 404, 404]
    found = answer.json()["entry"][2]["resource"]["entry"]
    assert all(readable(one["resource"], A) for one in found)
