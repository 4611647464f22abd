"""Every search is bounded (issue 3): it finds what is asked for, or says that it costs too much."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from fhir_server.outcome import Category
from fhir_server.search import plan
from fhir_server.search.query import SearchQuery
from fhir_server.store import Database, FhirStore, Limits, UnrestrictedStore
from tests.search.finding import found, parsed
from tests.store.conftest import BASE_URL, CURSOR_KEY
from tests.store.test_versions import refusal

MOST = 20
UCUM = "http://unitsofmeasure.org"
Resource = dict[str, Any]


def _observation(number: int) -> Resource:
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "code": {"coding": [{"system": "urn:s", "code": "c"}], "text": "Weight"},
        "subject": {"reference": f"Patient/p{number % 40}"},
        "effectiveDateTime": f"2024-01-{number % 28 + 1:02}",
        "valueQuantity": {"value": Decimal(number), "unit": "mg", "system": UCUM, "code": "mg"},
    }


def _patient(number: int) -> Resource:
    return {
        "resourceType": "Patient",
        "id": f"p{number}",
        "birthDate": f"19{number + 10}-02-03",
        "name": [{"family": f"N{number:02}", "given": ["Ann"]}],
        "deceasedDateTime": f"20{number + 10}-02",
    }


def _location(number: int) -> Resource:
    position = {"longitude": Decimal(number * 9 - 180), "latitude": Decimal(number * 4 - 80)}
    return {"resourceType": "Location", "id": f"l{number}", "position": position}


RESOURCES = [
    *(_observation(number) for number in range(60)),
    *(_patient(number) for number in range(40)),
    *(_location(number) for number in range(41)),
]


@pytest.fixture(scope="module", autouse=True)
def few() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "SORT_LIMIT", MOST)
        patch.setattr(plan, "RANGE_LIMIT", MOST)
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def seeded(mongodb_uri: str, database_name: str) -> AsyncIterator[FhirStore]:
    limits = Limits(candidates=MOST, joined=MOST)
    async with await Database.connect(
        mongodb_uri, database_name, cursor_key=CURSOR_KEY, base_url=BASE_URL, limits=limits
    ) as database:
        store = UnrestrictedStore(database, "test")
        await store.create_many(
            [(each["resourceType"], each["id"], {**each}) for each in RESOURCES]
        )
        yield store


async def _ids(store: FhirStore, query: SearchQuery) -> list[str]:
    page = await store.search(query)
    found = [match.logical_id for match in page.matches]
    while page.next_cursor is not None:
        page = await store.search(query, cursor=page.next_cursor)
        found += [match.logical_id for match in page.matches]
    return found


@pytest.mark.parametrize(
    "search",
    [
        "Observation?value-quantity=gt1000",
        "Observation?value-quantity=gt1000||mg",
        "Observation?code=c&value-quantity=gt1000",
        "Observation?code:text=height",
        "Observation?code:not=c",
        "Observation?status:missing=true",
        "Observation?_lastUpdated=gt2000&value-quantity=gt1000",
        "Observation?value-quantity=gt1000&_sort=-_lastUpdated",
        "Observation?value-quantity=gt1000&_sort=_id",
        "Observation?_sort=value-quantity",
        "Observation?value-quantity=gt3|http://unitsofmeasure.org|mg&_sort=value-quantity",
        "Patient?_sort=family",
        "Patient?name=n&_sort=family",
        "Patient?name=n&gender:missing=false",
        "Patient?name:contains=zzz",
        "Patient?name=n,ann&gender:missing=false",
        "Patient?death-date=ge2000&gender:missing=false",
        "Location?near=0|0|30000|km&name:missing=false",
        "Observation?patient.name:contains=zzz",
        "Patient?_has:Observation:patient:value-quantity=gt1000",
    ],
)
async def test_what_looks_at_too_much_is_too_costly(seeded: FhirStore, search: str) -> None:
    """With parameters of the type that narrow it."""
    refused = await refusal(seeded.search(parsed(f"{search}&_count=5")))
    assert refused.category is Category.TOO_COSTLY
    assert "narrow it" in str(refused)
    assert any(name in str(refused) for name in ("patient", "identifier", "name"))


@pytest.mark.parametrize(
    "search",
    [
        "Observation?value-quantity=57|http://unitsofmeasure.org|mg",
        "Observation?value-quantity=lt0.004|http://unitsofmeasure.org|g",
        "Observation?value-quantity=3|http://unitsofmeasure.org|mg,0.05|http://unitsofmeasure.org|g",
        "Observation?code=c&value-quantity=ge58|http://unitsofmeasure.org|mg",
        "Observation?value-quantity=ge58|http://unitsofmeasure.org|mg&_sort=value-quantity",
        "Observation?subject=Patient/p1&value-quantity=gt10",
        "Observation?code=urn:s|c&date=2024-01-05",
        "Patient?name=n01,n02",
        "Patient?name=n01,n2",
        "Patient?name=n01&_sort=-family",
        "Patient?name=n0&_sort=birthdate",
        "Patient?name=ann&family=n03",
        "Patient?death-date=2017",
        "Patient?death-date=2017,2019-02",
        "Patient?death-date=sa2045-01",
        "Patient?death-date=ap2017-02-10",
        "Location?near=0|0|900|km",
        "Location?near=80|180|2000|km",
        "Location?near=0|0|900|km,80|180|2000|km",
    ],
)
async def test_what_an_index_bounds_is_found(seeded: FhirStore, search: str) -> None:
    """Q4 to Q7: by ranges of keys too, page by page."""
    expected = found(search, RESOURCES).split()
    assert expected
    assert sorted(await _ids(seeded, parsed(f"{search}&_count=3"))) == sorted(expected)


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("Observation?patient.death-date=2017", {"o7", "o47"}),
        ("Observation?patient.name=n01,n39", {"o1", "o41", "o39"}),
        (f"Patient?_has:Observation:patient:value-quantity=gt57|{UCUM}|mg", {"p18", "p19"}),
    ],
)
async def test_a_step_of_a_chain_is_bounded_so_too(
    seeded: FhirStore, search: str, expected: set[str]
) -> None:
    assert set(await _ids(seeded, parsed(f"{search}&_count=3"))) == expected


async def test_what_is_found_often_is_found_by_walking(seeded: FhirStore) -> None:
    """More match than are sorted; the newest ten are near the beginning."""
    for search in (
        "Observation?value-quantity=ge0",
        "Observation?value-quantity=ge0|http://unitsofmeasure.org|mg",
        "Patient?name=n,a",
        "Patient?name:contains=n&_sort=-birthdate",
        "Patient?death-date=ge2000",
    ):
        query = parsed(f"{search}&_count=10")
        assert sorted(await _ids(seeded, query)) == sorted(found(search, RESOURCES).split())
