"""All steps of one search read at one instant (Q14), whatever is written between them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import pytest
import pytest_asyncio

from fhir_server.outcome import Category
from fhir_server.search.mixed import parse_mixed
from fhir_server.store import Change, Database, FhirStore, SearchPage, UnrestrictedStore
from fhir_server.store.queries import Queries
from resources.fhir_json import parse
from tests.search.finding import CATALOGUE, parsed
from tests.store.conftest import BASE_URL, CURSOR_KEY
from tests.store.test_versions import refusal

Move = Callable[[], Awaitable[Any]]


class Between:
    """Runs something once, after the first command that a search sends."""

    def __init__(self, patch: pytest.MonkeyPatch, database: Database) -> None:
        self._original = Queries.run
        self._database = database
        self._move: Move | None = None
        self.commands = 0
        patch.setattr(Queries, "run", self._run)

    def steps(self, move: Move) -> None:
        self._move, self.commands = move, 0

    @property
    def _run(self) -> Callable[..., Awaitable[Any]]:
        async def run(queries: Queries, *given: Any) -> Any:
            reply = await self._original(queries, *given)
            if queries is self._database:
                self.commands += 1
                move, self._move = self._move, None
                if move is not None:
                    await move()
            return reply

        return run


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch, database: Database) -> Between:
    return Between(monkeypatch, database)


def _patient(name: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "name": [{"family": name}]}


def _observation(status: str, patient: str) -> dict[str, Any]:
    subject = {"reference": f"Patient/{patient}"}
    return {
        "resourceType": "Observation",
        "status": status,
        "code": {"text": "x"},
        "subject": subject,
    }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def other(mongodb_uri: str, database: Database) -> AsyncIterator[UnrestrictedStore]:
    """The same store through another connection, as another worker has it."""
    name = database.collection("Patient").database.name
    async with await Database.connect(
        mongodb_uri, name, cursor_key=CURSOR_KEY, base_url=BASE_URL
    ) as connected:
        yield UnrestrictedStore(connected, "test")


async def _state(other: FhirStore, name: str, word: str, status: str) -> None:
    """Patient and Observation say the same at every instant."""
    changes = [
        Change("Patient", name, _patient(word)),
        Change("Observation", name, _observation(status, name)),
    ]
    await other.update_many(changes)


@pytest.mark.parametrize(
    ("search", "before", "after"),
    [
        ("Observation?subject:Patient.family=before&status=final", ["a"], []),
        ("Observation?subject:Patient.family=before&status=amended", [], []),
        ("Observation?subject:Patient.family=after&status=final", [], []),
        ("Observation?subject:Patient.family=after&status=amended", [], ["a"]),
        ("Patient?family=before&_has:Observation:patient:status=final", ["a"], []),
        ("Patient?family=before&_has:Observation:patient:status=amended", [], []),
    ],
)
async def test_q6_a_chain_never_sees_half_of_a_transaction(
    store: FhirStore,
    other: FhirStore,
    between: Between,
    search: str,
    before: list[str],
    after: list[str],
) -> None:
    """What a transaction moved is found as it was before, or as it is after."""
    await _state(other, "a", "before", "final")
    between.steps(lambda: _state(other, "a", "after", "amended"))
    page = await store.search(parsed(search))
    assert [match.logical_id for match in page.matches] == before
    page = await store.search(parsed(search))
    assert [match.logical_id for match in page.matches] == after


def _said(page: SearchPage) -> set[str]:
    """The names and statuses in it."""
    found = [cast("dict[str, Any]", parse(each.json)) for each in (*page.matches, *page.included)]
    return {one["status"] if "status" in one else one["name"][0]["family"] for one in found}


async def test_q9_an_include_is_of_the_instant_of_its_match(
    store: FhirStore, other: FhirStore, between: Between
) -> None:
    for query in ("Observation?_id=b&_include=Observation:subject", "Patient?_id=b&_revinclude=*"):
        await _state(other, "b", "before", "final")
        between.steps(lambda: _state(other, "b", "after", "amended"))
        assert _said(await store.search(parsed(query))) == {"before", "final"}
        assert _said(await store.search(parsed(query))) == {"after", "amended"}


@pytest.mark.parametrize("asked", ["", "_sort=_id&", "_sort=-_lastUpdated&", "_count=0&"])
async def test_q13_a_search_of_several_types_is_of_one_instant(
    store: FhirStore, other: FhirStore, between: Between, asked: str
) -> None:
    """What goes from one type to another, even to one that is new, is there once."""
    number = {"identifier": [{"value": "m"}]}
    await other.update("Practitioner", "mv", {"resourceType": "Practitioner", **number})
    turn = [("Account", "Practitioner"), ("Practitioner", "Account")]
    for old, new in (turn[1], turn[0], turn[1]):

        async def work(inside: FhirStore, old: str = old, new: str = new) -> None:
            await inside.delete(old, "mv")
            resource = {"resourceType": new, "status": "active", **number}
            if new == "Practitioner":
                del resource["status"]
            await inside.update(new, "mv", resource)

        def move(work: Any = work) -> Awaitable[None]:
            return other.run_transaction(work, types=("Practitioner", "Account"))

        between.steps(move)
        pairs = [pair.split("=") for pair in f"{asked}_id=mv&_total=accurate".split("&")]
        query = parse_mixed(
            CATALOGUE,
            [(name, value) for name, value in pairs],
            strict=True,
            default_count=9,
            max_count=9,
        )
        page = await store.search_mixed(query)
        assert page.total == 1
        if query.whole.count:
            assert len(page.matches) == 1
    await other.delete("Account", "mv")


async def test_q12_a_total_is_of_the_instant_of_its_page(
    store: FhirStore, other: FhirStore, between: Between
) -> None:
    await _state(other, "c", "counted", "final")
    between.steps(lambda: other.delete("Patient", "c"))
    page = await store.search(parsed("Patient?family=counted&_total=accurate"))
    assert (page.total, len(page.matches)) == (1, 1)


async def test_q14_what_moves_into_a_new_collection_is_not_lost(
    store: FhirStore, other: FhirStore, between: Between
) -> None:
    """Its collection is younger than the snapshot of the first step: the search begins anew."""
    await other.create("Group", {"resourceType": "Group"}, logical_id="g")
    await other.create("Patient", _patient("member"), logical_id="m")
    device = {"resourceType": "Device", "patient": {"reference": "Patient/m"}}
    between.steps(lambda: other.create("Device", device, logical_id="new"))
    page = await store.search(parsed("Patient?_id=m&_revinclude=Device:patient"))
    assert [one.logical_id for one in page.included] == ["new"]


async def test_q14_a_step_without_a_collection_is_of_the_same_instant(
    store: FhirStore, other: FhirStore, between: Between
) -> None:
    """The first type asked has no collection; what is moved there was in one that is asked later,
    so that it has to be found in the one or in the other."""
    number = {"identifier": [{"value": "moving"}]}
    places = ("CareTeam/x", "RelatedPerson/x")
    observation = _observation("final", "nobody")
    observation["performer"] = [{"reference": place} for place in places]
    await other.create("Observation", observation, logical_id="performed")
    person = {"resourceType": "RelatedPerson", "patient": {"reference": "Patient/p"}, **number}
    await other.create("RelatedPerson", person, logical_id="x")

    async def work(inside: FhirStore) -> None:
        await inside.delete("RelatedPerson", "x")
        await inside.create("CareTeam", {"resourceType": "CareTeam", **number}, logical_id="x")

    between.steps(lambda: other.run_transaction(work, types=("RelatedPerson", "CareTeam")))
    query = "Observation?performer.identifier=moving"
    page = await store.search(parsed(query))
    assert [one.logical_id for one in page.matches] == ["performed"]


async def test_q14_an_acknowledged_write_of_another_worker_is_seen(
    store: FhirStore, other: FhirStore
) -> None:
    for number in range(20):
        await _state(other, f"own{number}", f"word{number}", "final")
        query = f"Observation?subject:Patient.family=word{number}&_include=Observation:subject"
        page = await store.search(parsed(query))
        assert [one.logical_id for one in (*page.matches, *page.included)] == [f"own{number}"] * 2


async def test_q14_one_step_is_still_one_command(store: FhirStore, between: Between) -> None:
    async def nothing() -> None:
        return None

    between.steps(nothing)
    await store.search(parsed("Patient?family=nobody"))
    assert between.commands == 1


async def test_a_snapshot_that_is_lost_each_time_is_no_fault_of_ours(
    store: FhirStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fhir_server.store.snapshot._PATIENCE", 0)
    problem = await refusal(store.search(parsed("Patient?_id=m")))
    assert problem.category is Category.UNAVAILABLE
