"""An acknowledged write is found by the next search, whichever worker answers it (Q14)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from fhir_server.store import Change, Database, FhirStore, UnrestrictedStore
from tests.search.finding import parsed
from tests.store.conftest import BASE_URL, CURSOR_KEY

Workers = tuple[FhirStore, FhirStore]


@pytest_asyncio.fixture(loop_scope="session")
async def workers(mongodb_uri: str, database_name: str) -> AsyncIterator[Workers]:
    """Two connections to a store, neither of which knows what the other has done."""
    connect = [
        Database.connect(mongodb_uri, database_name, cursor_key=CURSOR_KEY, base_url=BASE_URL)
        for _ in range(2)
    ]
    one, other = await asyncio.gather(*connect)
    async with one, other:
        yield UnrestrictedStore(one, "test"), UnrestrictedStore(other, "test")


async def _found(store: FhirStore, search: str) -> list[str]:
    return sorted(each.logical_id for each in (await store.search(parsed(search))).matches)


def _patient(family: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "name": [{"family": family}]}


def _encounter(patient: str) -> dict[str, Any]:
    subject = {"reference": f"Patient/{patient}"}
    return {"resourceType": "Encounter", "status": "planned", "subject": subject}


async def test_q14a_a_write_is_found_through_another_connection(workers: Workers) -> None:
    """The first of its type too, by itself, by a chain and by `_has`; and what is gone is gone."""
    assert await _found(workers[1], "Encounter?patient.family=x") == []
    for turn in range(12):
        here, there = workers if turn % 2 else workers[::-1]
        name = f"p{turn}"
        await here.create("Patient", _patient(name), logical_id=name)
        assert await _found(there, f"Patient?family:exact={name}") == [name]
        await there.create("Encounter", _encounter(name), logical_id=name)
        assert await _found(here, f"Encounter?patient.family:exact={name}") == [name]
        assert await _found(here, f"Patient?_has:Encounter:patient:_id={name}") == [name]
        await here.update_many([Change("Patient", name, _patient(f"{name}-new"))])
        assert await _found(there, f"Patient?family:exact={name}") == []
        assert await _found(there, f"Encounter?patient.family:exact={name}-new") == [name]
        await there.delete("Encounter", name)
        assert await _found(here, f"Patient?_has:Encounter:patient:_id={name}") == []
