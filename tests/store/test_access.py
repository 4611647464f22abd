"""Y1-Y5: what a caller reaches, against the plain decision on each version's own content."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from fhir_server.access.context import Interaction
from fhir_server.outcome import Category, FhirError
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import (
    And,
    Everything,
    Expression,
    Ids,
    Key,
    Member,
    Not,
    Nothing,
    Or,
)
from fhir_server.search.matching import matches
from fhir_server.search.query import Include, SearchQuery
from fhir_server.store import Change, Database, FhirStore, StoredVersion, UnrestrictedStore
from fhir_server.store.document import SENT, entry_of
from fhir_server.store.preconditions import only
from fhir_server.store.reach import Reach
from resources.fhir_json import Resource, parse
from tests.store.conftest import BASE_URL, Rights
from tests.store.test_versions import refusal

ANN, BOB = Member(frozenset({"ann"})), Member(frozenset({"bob"}))
LAB = Key("category\x1fc\x1flaboratory")


def observation(patient: str, category: str) -> Resource:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"code": category}]}],
        "code": {"text": "x"},
        "subject": {"reference": f"Patient/{patient}"},
    }


@dataclass(frozen=True)
class World:
    """Two interwoven records, with resources that changed hands, were deleted and came back."""

    database: Database
    system: FhirStore
    ids: list[tuple[str, str]]

    def of(self, rights: Rights) -> FhirStore:
        return FhirStore(self.database, rights)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(database: Database) -> AsyncIterator[World]:
    system = UnrestrictedStore(database, "test")
    ids = []
    for who in ("ann", "bob"):
        await system.update("Patient", who, {"resourceType": "Patient"})
        ids.append(("Patient", who))
    lives = {
        "a-lab": ["ann laboratory"],
        "a-vital": ["ann vital-signs"],
        "b-lab": ["bob laboratory"],
        "a-then-b": ["ann laboratory", "bob laboratory"],
        "b-then-a": ["bob laboratory", "ann vital-signs", "ann laboratory"],
        "a-gone": ["ann laboratory", ""],
        "b-gone": ["bob laboratory", ""],
        "a-b-gone": ["ann laboratory", "bob vital-signs", ""],
        "a-back-as-b": ["ann laboratory", "", "bob laboratory"],
        "b-vital-back-as-a-lab": ["bob vital-signs", "", "ann laboratory", "", "ann laboratory"],
    }
    for one, versions in lives.items():
        ids.append(("Observation", one))
        for content in versions:
            if content:
                await system.update("Observation", one, observation(*content.split()))
            else:
                await system.delete("Observation", one)
    yield World(database, system, ids)


POLICIES: dict[str, Expression] = {
    "everything": Everything(),
    "nothing": Nothing(),
    "ann": ANN,
    "bob": BOB,
    "both": Member(frozenset({"ann", "bob"})),
    "nobody": Member(frozenset()),
    "ann's labs": And((ANN, LAB)),
    "labs": LAB,
    "not labs": Not(LAB),
    "ann or labs": Or((ANN, LAB)),
    "one id": Ids(frozenset({"a-gone", "b-lab", "ann"})),
}


def visible(policy: Expression, version: StoredVersion, before: StoredVersion | None) -> bool:
    """The reference: a version by its own content, a delete marker by the one it ended."""
    judged = before if version.deleted else version
    assert judged is not None
    return matches(policy, entry_of(Catalogue(BASE_URL), parse(judged.json)))


async def answer(call: Any) -> StoredVersion | Category:
    try:
        return await call
    except FhirError as problem:
        return problem.category


@pytest.mark.parametrize("name", POLICIES)
async def test_y1_every_version_answers_as_the_policy_decides(world: World, name: str) -> None:
    policy = POLICIES[name]
    store = world.of(Rights(policy))
    for type_name, one in world.ids:
        versions = (await world.system.history(type_name, one, count=99)).versions
        shown = []
        for version, before in zip(versions, [*versions[1:], None], strict=True):
            seen = visible(policy, version, before)
            expected: Any = version if seen else Category.NOT_FOUND
            if seen and version.deleted:
                expected = Category.GONE
            assert await answer(store.vread(type_name, one, str(version.version))) == expected
            if version is versions[0]:
                assert await answer(store.read(type_name, one)) == expected
            shown += [version] if seen else []
        if shown:
            page = await store.history(type_name, one, count=99)
            assert (list(page.versions), page.total) == (shown, len(shown))
            first = await store.history(type_name, one, count=1)
            assert first.versions == (shown[0],)
            assert first.next_before == (shown[0].version if len(shown) > 1 else None)
        else:
            history = answer(store.history(type_name, one, count=99))
            assert await history is Category.NOT_FOUND


@pytest.mark.parametrize("name", POLICIES)
async def test_y2_search_finds_the_current_ones_within_reach(world: World, name: str) -> None:
    policy = POLICIES[name]
    store = world.of(Rights(policy))
    for type_name in ("Patient", "Observation"):
        expected = set()
        for one in [one for each, one in world.ids if each == type_name]:
            current = (await world.system.history(type_name, one, count=1)).versions[0]
            if not current.deleted and visible(policy, current, None):
                expected.add(one)
        query = SearchQuery(type_name, Everything(), total="accurate")
        page = await store.search(query)
        assert {match.logical_id for match in page.matches} == expected
        assert page.total == len(expected)
        found = await store.find(type_name, Everything(), limit=99)
        assert {version.logical_id for version in found} == expected


async def test_y_out_of_reach_is_absent_byte_for_byte(world: World) -> None:
    store = world.of(Rights(ANN))

    async def text(call: Any, one: str) -> str:
        refused = await refusal(call)
        return f"{refused.category} {refused.outcome} {refused.headers}".replace(one, "ID")

    for one in ("b-lab", "b-gone", "a-then-b", "a-b-gone", "a-back-as-b"):
        body = observation("ann", "laboratory")
        pairs = [
            (store.read("Observation", one), store.read("Observation", "none")),
            (store.update("Observation", one, body), store.update("Observation", "none", body)),
            (
                store.update("Observation", one, body, condition=only(7)),
                store.update("Observation", "none", body, condition=only(7)),
            ),
            (store.delete("Observation", one), store.delete("Observation", "none")),
            (
                store.delete("Observation", one, condition=only(7)),
                store.delete("Observation", "none", condition=only(7)),
            ),
            (store.vread("Observation", one, "9"), store.vread("Observation", "none", "9")),
        ]
        for theirs, absent in pairs:
            assert await text(theirs, one) == await text(absent, "none")


async def test_g6_neither_old_nor_new_content_may_lie_outside(world: World) -> None:
    store = world.of(Rights(And((ANN, LAB))))
    for body in (observation("bob", "laboratory"), observation("ann", "vital-signs")):
        created = await refusal(store.create("Observation", body))
        assert created.category is Category.FORBIDDEN
        updated = await refusal(store.update("Observation", "a-lab", body))
        assert updated.category is Category.FORBIDDEN
        many = await refusal(store.create_many([("Observation", None, body)]))
        assert many.category is Category.FORBIDDEN
    fine = observation("ann", "laboratory")
    assert (await refusal(store.update("Observation", "a-vital", fine))).category is (
        Category.NOT_FOUND
    )
    assert (await world.system.read("Observation", "a-lab")).version == 1
    assert (await world.system.read("Observation", "a-vital")).version == 1
    made = await store.create("Observation", fine)
    again = await store.update("Observation", made.logical_id, fine)
    assert again.stored.version == 2
    marker = await store.delete("Observation", made.logical_id)
    assert marker is not None
    revived = await store.update("Observation", made.logical_id, fine)
    assert (revived.created, revived.stored.version) == (True, 4)
    assert await store.delete("Observation", made.logical_id, condition=only(4)) is not None


async def test_update_as_create_needs_the_whole_type_for_both(world: World) -> None:
    fine = observation("ann", "laboratory")
    create, update = Interaction.CREATE, Interaction.UPDATE
    for rights in (
        Rights(ANN),
        Rights(Everything(), by_interaction={create: ANN}),
        Rights(Everything(), by_interaction={update: ANN}),
    ):
        refused = await refusal(world.of(rights).update("Observation", "new", fine))
        assert refused.category is Category.NOT_FOUND
    whole = Rights(Nothing(), by_interaction={create: Everything(), update: Everything()})
    (written,) = await world.of(whole).update_many([Change("Observation", "new", fine)])
    assert written.created
    await world.system.delete("Observation", "new")


LAB_OF_ANN = observation("ann", "laboratory")
ALL = SearchQuery("Observation", Everything())


@pytest.mark.parametrize(
    ("needed", "call"),
    [
        (Interaction.READ, lambda store: store.read("Observation", "a-lab")),
        (Interaction.READ, lambda store: store.vread("Observation", "a-lab", "1")),
        (Interaction.READ, lambda store: store.history("Observation", "a-lab", count=1)),
        (Interaction.SEARCH, lambda store: store.search(ALL)),
        (Interaction.SEARCH, lambda store: store.find("Observation", Everything())),
        (Interaction.SEARCH, lambda store: store.explain(ALL)),
        (Interaction.CREATE, lambda store: store.create("Observation", LAB_OF_ANN)),
        (
            Interaction.CREATE,
            lambda store: store.create_many([("Observation", None, LAB_OF_ANN)]),
        ),
        (Interaction.CREATE, lambda store: store.update("Observation", "no-such", LAB_OF_ANN)),
        (Interaction.UPDATE, lambda store: store.update("Observation", "a-lab", LAB_OF_ANN)),
        (Interaction.DELETE, lambda store: store.delete("Observation", "a-lab")),
    ],
)
async def test_each_interaction_asks_for_its_own_right(
    world: World, needed: Interaction, call: Any
) -> None:
    store = world.of(Rights(Everything(), by_interaction={needed: None}))
    assert (await refusal(call(store))).category is Category.FORBIDDEN


async def test_a_missing_policy_is_an_error_and_never_no_filter(world: World) -> None:
    class Broken(Rights):
        def policy(self, interaction: Interaction, type_name: str) -> Any:
            return None

    store = world.of(Broken(Everything()))
    with pytest.raises(TypeError):
        await store.read("Observation", "a-lab")
    with pytest.raises(TypeError):
        await store.search(ALL)


async def test_z4_includes_keep_to_the_policy_of_their_type(world: World) -> None:
    include = (Include("Observation", "subject", None),)
    query = SearchQuery("Observation", Everything(), includes=include)
    for by_type, expected in (
        ({}, {"ann", "bob"}),
        ({"Patient": ANN}, {"ann"}),
        ({"Patient": Nothing()}, set()),
        ({"Patient": None}, set()),
    ):
        page = await world.of(Rights(Everything(), by_type)).search(query)
        assert {version.logical_id for version in page.included} == expected
        assert not page.capped
    back = SearchQuery(
        "Patient", Everything(), revincludes=(Include("Observation", "subject", None),)
    )
    page = await world.of(Rights(Everything(), {"Observation": And((ANN, LAB))})).search(back)
    labs = {"a-lab", "b-then-a", "b-vital-back-as-a-lab"}
    assert {version.logical_id for version in page.included} == labs
    assert {version.logical_id for version in page.matches} == {"ann", "bob"}


async def test_a_read_examines_one_key_and_one_document(world: World) -> None:
    for policy in (Everything(), ANN, And((ANN, LAB))):
        rule = Reach(world.database, Rights(policy)).rule(Interaction.READ, "Observation")
        find = world.database.find("Observation", rule.among(["a-lab"]), SENT, None, limit=1)
        find.pop("readConcern")
        explained = await world.database.run({"explain": find, "verbosity": "executionStats"}, None)
        stats = explained["executionStats"]
        assert stats["nReturned"] == 1
        assert stats["totalKeysExamined"] == 1
        assert stats["totalDocsExamined"] == 1
