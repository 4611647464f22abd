"""Chains and `_has` (Q6) against the specification's words, for callers who see all or little."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator, Callable, Generator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from fhir_server.access.context import Interaction
from fhir_server.access.grant import grant_access
from fhir_server.access.system import SystemAccess
from fhir_server.outcome import Category, FhirError
from fhir_server.search import bounds, joins, plan
from fhir_server.search.query import parse_criteria
from fhir_server.store import Database, FhirStore, UnrestrictedStore, joining
from resources.access_table import Kind, members, visibility
from tests.access.world import grant
from tests.search.finding import CATALOGUE, parsed
from tests.search.joined import ENDS, WAYS, Everyone, Resource
from tests.store.test_versions import refusal

PATIENTS = [f"p{number}" for number in range(6)]
NAMES = ("ada", "bea", "cleo", "dora")
CODES = ("a", "b", "c")


def _to(*places: str) -> list[Resource]:
    return [{"reference": place} for place in places]


def _resources() -> list[Resource]:
    """Records that are woven together by what is shared and by each other."""
    chance = random.Random(3)

    def some(kind: str, number: int) -> str:
        return f"{kind}/{kind[0].lower()}{chance.randrange(number)}"

    made: list[Resource] = []
    for number in range(3):
        name = [{"family": NAMES[number]}]
        made.append({"resourceType": "Practitioner", "id": f"pr{number}", "name": name})
        made.append({"resourceType": "Organization", "id": f"o{number}", "name": NAMES[number]})
    for number, one in enumerate(PATIENTS):
        patient = {
            "resourceType": "Patient",
            "id": one,
            "gender": ("female", "male")[number % 2],
            "name": [{"family": NAMES[number % 4]}],
            "managingOrganization": _to(some("Organization", 3))[0],
            "generalPractitioner": _to(f"Practitioner/pr{number % 3}", some("Organization", 3)),
        }
        if number % 2:
            other = _to(f"Patient/{PATIENTS[number - 1]}")[0]
            patient["link"] = [{"other": other, "type": "seealso"}]
        made.append(patient)
        if number % 3 == 0:
            entity = [{"entity": each} for each in _to(f"Patient/{one}", "Practitioner/pr1")]
            kind = {"type": "person", "actual": True, "member": entity}
            made.append({"resourceType": "Group", "id": f"g{number}", **kind})
    for number in range(9):
        encounter: Resource = {
            "resourceType": "Encounter",
            "id": f"e{number}",
            "status": chance.choice(("planned", "finished")),
            "class": {"code": "AMB"},
            "subject": _to(f"Patient/{chance.choice(PATIENTS)}")[0],
        }
        made.append({**encounter, "serviceProvider": _to(some("Organization", 3))[0]})
    for number in range(30):
        subject = f"Patient/{chance.choice(PATIENTS)}" if number % 7 else "Group/g0"
        observation = {
            "resourceType": "Observation",
            "id": f"b{number}",
            "status": chance.choice(("final", "amended")),
            "code": {"coding": [{"code": chance.choice(CODES)}]},
            "subject": _to(subject)[0],
            "encounter": _to(some("Encounter", 9))[0],
            "performer": _to(f"Practitioner/pr{number % 3}", some("Organization", 3)),
        }
        if number:
            observation["hasMember"] = _to(f"Observation/b{chance.randrange(number)}")
        made.append(observation)
    return made


EVERYONE = Everyone(_resources())
VALUES = {
    "gender": ("female", "male"),
    "family": NAMES,
    "name": NAMES,
    "status": ("final", "finished", "amended", "final,planned"),
    "code": (*CODES, "a,b"),
    "type": ("person", "animal"),
    "_id": ("p0", "p1", "pr1", "o1", "b3", "e2", "g0", "none", "p1,p2,e1"),
}


@dataclass(frozen=True)
class Caller:
    access: Any
    sees: Callable[[Resource], bool]


def _patient(who: str) -> Caller:
    def sees(resource: Resource) -> bool:
        kind = visibility(resource["resourceType"]).kind
        return kind is Kind.SHARED or (
            kind is not Kind.HIDDEN
            and (who in members(resource) or (kind is Kind.MIXED and not members(resource)))
        )

    given = replace(grant("patient/*.rs"), patient=who, fhir_user=f"Patient/{who}")
    return Caller(grant_access(given, CATALOGUE), sees)


CALLERS = {
    "all": Caller(SystemAccess("test"), lambda _: True),
    "p0": _patient("p0"),
    "p1": _patient("p1"),
    "none": _patient("stranger"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def joined(database: Database) -> AsyncIterator[Database]:
    system = UnrestrictedStore(database, "test")
    await system.create_many(
        [
            (each["resourceType"], each["id"], {k: v for k, v in each.items() if k != "id"})
            for each in EVERYONE.resources
        ]
    )
    yield database


TYPES = sorted({each["resourceType"] for each in EVERYONE.resources})


@st.composite
def _asked(draw: st.DrawFn) -> tuple[str, str, str]:
    """A type and a parameter of it that follows one to four references, there or back."""
    type_name = current = draw(st.sampled_from(TYPES))
    name = ""
    for _ in range(draw(st.integers(1, 4))):
        there = [
            (p, to) for (source, p), (_, tos) in WAYS.items() for to in tos if source == current
        ]
        back = [(p, source) for (source, p), (_, tos) in WAYS.items() if current in tos]
        if there and draw(st.booleans()):
            parameter, target = draw(st.sampled_from(there))
            name += f"{parameter}:{target}." if draw(st.booleans()) else f"{parameter}."
            current = target
        elif back:
            parameter, source = draw(st.sampled_from(back))
            name += f"_has:{source}:{parameter}:"
            current = source
    end = draw(st.sampled_from([p for (of, p) in ENDS if of == current]))
    value = draw(st.sampled_from(VALUES[end]))
    modifier = ":not" if end in ("gender", "status") and draw(st.booleans()) else ""
    return type_name, f"{name}{end}{modifier}", value


async def _found(store: FhirStore, search: str) -> set[str]:
    return {each.logical_id for each in (await store.search(parsed(search))).matches}


@settings(max_examples=300, deadline=None)
@given(asked=_asked(), caller=st.sampled_from(sorted(CALLERS)), few=st.booleans())
async def test_q6_y3_a_join_finds_what_following_it_by_hand_finds(
    joined: Database, asked: tuple[str, str, str], caller: str, few: bool
) -> None:
    """For whoever sees little, every step is as if there were nothing else; the same when what a
    step finds is too much to be merged in the order of an index."""
    type_name, name, value = asked
    try:
        parsed(f"{type_name}?{name}={value}")
    except FhirError as refused:
        if "say which" not in str(refused):
            raise
        reject()
    who = CALLERS[caller]
    store = FhirStore(joined, who.access)
    expected = EVERYONE.found(type_name, name, value, who.sees)
    with pytest.MonkeyPatch.context() as patch:
        if few:
            patch.setattr(joins, "MOST_KEYS", 1)
            patch.setattr(bounds, "MOST_SCANS", 2)
            patch.setattr(plan, "MOST_SCANS", 2)
        assert await _found(store, f"{type_name}?{name}={value}") == expected


@pytest.mark.parametrize("caller", sorted(CALLERS))
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("subject:Patient.gender=female", "encounter.status=finished"),
        ("code=a", "performer:Practitioner.name=ada"),
        ("_has:Observation:has-member:code=b", "patient.organization.name=bea"),
        ("_has:Observation:has-member:code=b", "_has:Observation:has-member:status=final"),
        ("_id=b1,b2,b3,b4,b5", "subject.name=ada,bea"),
    ],
)
async def test_q6b_several_hold_together(
    joined: Database, caller: str, one: str, other: str
) -> None:
    who = CALLERS[caller]
    store = FhirStore(joined, who.access)

    def alone(search: str) -> set[str]:
        name, _, value = search.partition("=")
        return EVERYONE.found("Observation", name, value, who.sees)

    assert await _found(store, f"Observation?{one}&{other}") == alone(one) & alone(other)


async def test_pages_of_a_join_are_the_whole_in_order(joined: Database) -> None:
    store = FhirStore(joined, CALLERS["all"].access)
    query = parsed("Observation?patient.gender=female&_count=3&_total=accurate")
    page = await store.search(query)
    found = list(page.matches)
    while page.next_cursor:
        assert page.total is not None
        page = await store.search(query, cursor=page.next_cursor)
        found += page.matches
    ids = [each.logical_id for each in found]
    expected = EVERYONE.found("Observation", "patient.gender", "female", lambda _: True)
    assert len(ids) == len(expected) == page.total
    assert set(ids) == expected


@pytest.mark.parametrize(
    ("search", "scopes", "named"),
    [
        ("Observation?subject:Patient.gender=male", "Observation.rs", "Patient.s"),
        ("Observation?subject:Patient.gender=male", "Observation.rs Patient.r", "Patient.s"),
        ("Observation?subject.name=x", "Observation.rs Patient.rs", "Location.s"),
        ("Observation?patient.organization.name=x", "Observation.rs Patient.rs", "Organization.s"),
        ("Patient?_has:Observation:patient:code=a", "Patient.rs", "Observation.s"),
        ("Patient?_id=none&_has:Observation:patient:code=a", "Patient.rs", "Observation.s"),
        (
            "Organization?_has:Patient:organization:_has:Observation:patient:code=a",
            "Organization.rs Observation.rs",
            "Patient.s",
        ),
        ("Observation?patient.gender=male", "Patient.rs", "Observation.s"),
    ],
)
async def test_z4_every_step_needs_its_scope(
    joined: Database, search: str, scopes: str, named: str
) -> None:
    """And says so whatever there is to be found."""
    given = grant(*(f"patient/{scope}" for scope in scopes.split()), patient="p0")
    store = FhirStore(joined, grant_access(given, CATALOGUE))
    refused = await refusal(store.search(parsed(search)))
    assert refused.category is Category.FORBIDDEN
    assert f"patient/{named}" in str(refused)
    assert (await refusal(store.explain(parsed(search)))).category is Category.FORBIDDEN


async def test_g3_a_step_keeps_to_the_constraint_of_its_scope(joined: Database) -> None:
    """What a granular scope leaves out cannot be found out by asking who has it."""
    given = grant("patient/Patient.rs", "patient/Observation.rs?code=a", patient="p0")
    store = FhirStore(joined, grant_access(given, CATALOGUE))
    mine = [each for each in EVERYONE.resources if each.get("subject") == _to("Patient/p0")[0]]
    codes = {each["code"]["coding"][0]["code"] for each in mine if "code" in each}
    assert codes == set(CODES)
    assert await _found(store, "Patient?_has:Observation:patient:code=a") == {"p0"}
    assert await _found(store, "Patient?_has:Observation:patient:code=b") == set()
    assert await _found(store, "Patient?_has:Observation:patient:code:not=a") == set()


class _TooCostly(Exception):
    """The server said so."""


@contextlib.contextmanager
def _telling_too_costly() -> Generator[None]:
    try:
        yield
    except FhirError as refused:
        if refused.category is not Category.TOO_COSTLY:
            raise
        raise _TooCostly from None


@settings(max_examples=100, deadline=None)
@given(
    asked=_asked(),
    caller=st.sampled_from(sorted(CALLERS)),
    ids=st.sets(st.sampled_from([each["id"] for each in EVERYONE.resources]), max_size=4),
    most=st.sampled_from((3, 8)),
)
async def test_q6_a_step_from_the_other_side_finds_the_same(
    joined: Database, asked: tuple[str, str, str], caller: str, ids: set[str], most: int
) -> None:
    """Few resources in question, and many that meet the chained condition: the step begins with
    the few, or says that it costs too much."""
    type_name, name, value = asked
    who = CALLERS[caller]
    store = FhirStore(joined, who.access)
    expected = EVERYONE.found(type_name, name, value, who.sees) & ids
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joined, "limits", replace(joined.limits, joined=most))
        search = f"{type_name}?{name}={value}&_id={','.join(sorted(ids)) or 'none'}"
        with contextlib.suppress(_TooCostly), _telling_too_costly():
            assert await _found(store, search) == expected


@pytest.mark.parametrize(
    ("type_name", "few", "many", "most", "expected"),
    [
        ("Observation", "_id=b1,b2,b3", "patient.gender:not=x", 3, {"b1", "b2", "b3"}),
        ("Patient", "_id=p1", "_has:Observation:patient:status:not=x", 6, {"p1"}),
    ],
)
async def test_q6_few_are_asked_though_many_meet_the_chained_condition(
    joined: Database, type_name: str, few: str, many: str, most: int, expected: set[str]
) -> None:
    store = FhirStore(joined, CALLERS["all"].access)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joined, "limits", replace(joined.limits, joined=most))
        refused = await refusal(store.search(parsed(f"{type_name}?{many}")))
        assert refused.category is Category.TOO_COSTLY
        assert await _found(store, f"{type_name}?{few}&{many}") == expected


async def test_a_step_that_finds_too_much_is_too_costly(joined: Database) -> None:
    store = FhirStore(joined, CALLERS["all"].access)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joined, "limits", replace(joined.limits, joined=3))
        assert await _found(store, "Patient?_has:Observation:patient:_id=b1,b2,b3") != set()
        for search in (
            "Patient?_has:Observation:patient:status=final",
            "Observation?patient.gender:not=x",
        ):
            refused = await refusal(store.search(parsed(search)))
            assert refused.category is Category.TOO_COSTLY
            assert "narrow" in str(refused)
            # A patient's own few are not too many, whatever others have.
        assert await _found(
            FhirStore(joined, CALLERS["p0"].access), "Observation?patient.gender:not=x"
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joining, "MOST_LOOKUPS", 3)
        many = "&".join(["patient.gender=male"] * 4)
        refused = await refusal(store.search(parsed(f"Observation?{many}")))
        assert refused.category is Category.TOO_COSTLY


async def test_what_a_step_finds_is_looked_up_by_the_index(joined: Database) -> None:
    """By the keys of what was found, in the order of the index; not by walking all."""
    store = FhirStore(joined, CALLERS["all"].access)
    explained = await store.explain(parsed("Observation?patient.family=dora&_count=2"))
    stats = explained["executionStats"]
    assert stats["nReturned"] == 3  # one more tells of the next page
    assert stats["totalDocsExamined"] <= stats["nReturned"] + 2
    assert "SORT" not in _stages(stats["executionStages"])


def _stages(stage: Any) -> list[str]:
    inner = [
        *stage.get("inputStages", ()),
        *([stage["inputStage"]] if "inputStage" in stage else []),
    ]
    return [stage["stage"], *(name for each in inner for name in _stages(each))]


async def test_the_criteria_of_a_conditional_interaction_may_be_chained(joined: Database) -> None:
    store = FhirStore(joined, CALLERS["all"].access)
    criteria = parse_criteria(CATALOGUE, "Encounter", "_id=e1,e2&patient.gender:not=x")
    found = await store.find("Encounter", criteria, limit=9)
    assert {each.logical_id for each in found} == {"e1", "e2"}


def test_a_granular_scope_with_a_chain_is_none() -> None:
    """It could not be decided from the resource alone, so it is not granted and gives nothing."""
    for constraint in ("patient.gender=male", "_has:Provenance:target:agent=x"):
        given = grant(f"patient/Observation.rs?{constraint}")
        access = grant_access(given, CATALOGUE)
        assert not access.covers(Interaction.SEARCH, "Observation")
