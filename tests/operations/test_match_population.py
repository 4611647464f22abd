"""`Patient/$match` among some thousand people: who is found, who is not, and what it costs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

import pytest
import pytest_asyncio

from fhir_server.interactions.call import Call, Service
from fhir_server.interactions.matching.candidates import searches
from fhir_server.interactions.operations.input import Input
from fhir_server.interactions.operations.match import match
from fhir_server.search.query import SearchQuery
from fhir_server.store import Database, UnrestrictedStore
from resources import fhir_json
from tests.operations.population import Population

Resource = dict[str, Any]
PEOPLE = 3000
BASE = "http://127.0.0.1/fhir"


@dataclass(frozen=True)
class Clinic:
    population: Population
    store: UnrestrictedStore

    async def reply(self, patient: Resource, **more: Any) -> Resource:
        service = Service(BASE, True, 20, 100, 10, 10, 1000)
        call = Call(service, self.store, type_name="Patient")
        values = {"resource": (patient,), **{name: (value,) for name, value in more.items()}}
        reply = await match(call, Input(values))
        return cast(Resource, fhir_json.parse(reply.body))

    async def match(self, patient: Resource, **more: Any) -> list[tuple[str, str]]:
        """Ids and grades."""
        entries = (await self.reply(patient, **more)).get("entry", [])
        matches = [one for one in entries if one["search"]["mode"] == "match"]
        return [
            (one["resource"]["id"], one["search"]["extension"][0]["valueCode"]) for one in matches
        ]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def clinic(mongodb_uri: str, database_name: str) -> AsyncIterator[Clinic]:
    population = Population(seed=20, people=PEOPLE)
    async with await Database.connect(
        mongodb_uri, database_name, cursor_key=b"k" * 32, base_url=BASE
    ) as database:
        store = UnrestrictedStore(database, "test")
        await store.create_many(
            [("Patient", one["id"], {**one}) for one in population.people.values()]
        )
        yield Clinic(population, store)


def anonymous(one: Resource) -> Resource:
    return {name: value for name, value in one.items() if name != "identifier"}


async def test_everybody_is_found_as_themselves(clinic: Clinic) -> None:
    for one in clinic.population.sample(40):
        found = await clinic.match(anonymous(one))
        assert found[0] == (one["id"], "certain")
        assert [grade for _, grade in found].count("certain") == 1
        assert await clinic.match(one, onlyCertainMatches=True) == [found[0]]


async def test_recall_and_precision(clinic: Clinic) -> None:
    """Of those with one thing wrong nearly all are found first, of those with three most; what
    is certain is right, and of what is probable all but a few."""
    for wrong, least in ((1, 0.98), (2, 0.95), (3, 0.9)):
        first = certain = mistaken = probable = misleading = 0
        some = clinic.population.sample(60)
        for one in some:
            found = await clinic.match(clinic.population.corrupted(anonymous(one), wrong))
            first += bool(found) and found[0][0] == one["id"]
            for logical_id, grade in found:
                certain += grade == "certain"
                mistaken += grade == "certain" and logical_id != one["id"]
                probable += grade == "probable"
                misleading += grade == "probable" and logical_id != one["id"]
        assert first / len(some) >= least, wrong
        assert certain
        assert mistaken == 0
        assert misleading <= 0.05 * probable


async def test_who_is_not_there_is_not_found(clinic: Clinic) -> None:
    """People of the same kind: nobody is certain, and hardly anybody probable."""
    strangers = Population(seed=21, people=300)
    found = [await clinic.match(anonymous(one)) for one in strangers.sample(60)]
    grades = [grade for some in found for _, grade in some]
    assert "certain" not in grades
    assert grades.count("probable") <= 3


async def test_what_is_examined_is_what_is_found(clinic: Clinic) -> None:
    """Each search walks an index: it looks at what it gives, and at the next one."""
    for one in clinic.population.sample(10):
        wanted = searches(one)
        assert len(wanted) == 8
        for what, where in wanted.items():
            told = await clinic.store.explain(SearchQuery("Patient", where, count=200))
            stats = told["executionStats"]
            assert stats["totalDocsExamined"] <= stats["nReturned"] + 1, what
            assert stats["totalKeysExamined"] <= 2 * stats["nReturned"] + 20, what


async def test_where_too_many_share_something_it_is_told(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("fhir_server.interactions.operations.match"), "MOST", 1)
    common = {"resourceType": "Patient", "name": [{"family": "Abberg", "given": ["Olga"]}]}
    reply = await clinic.reply(common)
    *_, last = reply["entry"]
    assert last["search"]["mode"] == "outcome"
    (issue,) = last["resource"]["issue"]
    assert issue["code"] == "incomplete"
    assert "share family and given name;" in issue["diagnostics"]
