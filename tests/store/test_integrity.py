"""Referential integrity, where it is asked for: of the store, and over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from fhir_server.access.system import SystemAccess
from fhir_server.outcome import Category, FhirError
from fhir_server.search.expression import Everything, Ids
from fhir_server.store import Database, FhirStore, Integrity, UnrestrictedStore
from fhir_server.store import integrity as module
from tests.serving import Caller, Served, assert_outcome, serving
from tests.store.conftest import BASE_URL, CURSOR_KEY, Rights

PATIENT = {"resourceType": "Patient", "active": True}


def observation(subject: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": subject},
        **more,
    }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def kept(mongodb_uri: str, database_name: str) -> AsyncIterator[Database]:
    async with await Database.connect(
        mongodb_uri,
        database_name,
        cursor_key=CURSOR_KEY,
        base_url=BASE_URL,
        integrity=Integrity.DELETE,
    ) as connected:
        yield connected


@pytest.fixture(scope="module")
def checking(kept: Database) -> FhirStore:
    return FhirStore(kept, SystemAccess("test"))


async def refused(call: Awaitable[Any]) -> tuple[Category, list[str | None]]:
    with pytest.raises(FhirError) as caught:
        await call
    return caught.value.category, [issue.expression for issue in caught.value.issues]


async def _patient(store: FhirStore) -> str:
    return f"Patient/{(await store.create('Patient', PATIENT)).logical_id}"


REFERENCES: list[tuple[str, bool]] = [
    ("Patient/{id}", True),
    ("Patient/{id}/_history/1", True),
    ("http://elsewhere.example/fhir/Patient/absent", True),
    ("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", True),
    ("Patient/absent", False),
    (f"{BASE_URL}/Patient/absent", False),
    ("Patient/absent/_history/1", False),
    ("Group/{id}", False),
    ("Device/absent", False),
]


@pytest.mark.parametrize(("reference", "taken"), REFERENCES)
async def test_a_local_reference_names_what_is_there(
    checking: FhirStore, reference: str, taken: bool
) -> None:
    """In create, update and in extensions and contained resources as well."""
    place = await _patient(checking)
    text = reference.replace("{id}", place.partition("/")[2])
    extension = [{"url": "u:x", "valueReference": {"reference": text}}]
    cases = [
        (observation(text), "Observation.subject"),
        (
            observation(place, extension=extension),
            "Observation.extension[0].value.ofType(Reference)",
        ),
    ]
    for resource, element in cases:
        stored = await checking.create("Observation", observation(place))
        writes = (
            lambda: checking.create("Observation", resource),  # noqa: B023 - called at once
            lambda: checking.update("Observation", stored.logical_id, resource),  # noqa: B023 - called at once
        )
        for write in writes:
            if taken:
                await write()
            else:
                assert await refused(write()) == (Category.BUSINESS_RULE, [element])


async def test_what_is_deleted_is_not_there(checking: FhirStore) -> None:
    place = await _patient(checking)
    await checking.delete(*place.split("/"))
    assert (await refused(checking.create("Observation", observation(place))))[0] is (
        Category.BUSINESS_RULE
    )


async def test_a_transaction_is_judged_as_a_whole(checking: FhirStore) -> None:
    """What it makes counts whenever it is made; what it deletes does not."""

    async def forward(store: FhirStore) -> None:
        await store.create("Observation", observation("Patient/later"))
        await store.create("Patient", PATIENT, logical_id="later")

    async def together(store: FhirStore) -> None:
        await store.delete("Patient", "later")
        for one in await store.find("Observation", Everything(), limit=100):
            if b"Patient/later" in one.json:
                await store.delete("Observation", one.logical_id)

    async def taken_away(store: FhirStore) -> None:
        await store.create("Observation", observation("Patient/later"))
        await store.delete("Patient", "later")

    await checking.run_transaction(forward)
    assert (await refused(checking.run_transaction(taken_away)))[0] is Category.BUSINESS_RULE
    assert (await refused(checking.delete("Patient", "later")))[0] is Category.CONFLICT
    await checking.run_transaction(together)


async def test_what_others_refer_to_stays(checking: FhirStore) -> None:
    place = await _patient(checking)
    stored = await checking.create("Observation", observation(place))
    with pytest.raises(FhirError, match=r"resources of 1 type \(Observation\) refer") as caught:
        await checking.delete(*place.split("/"))
    assert caught.value.category is Category.CONFLICT
    await checking.delete("Observation", stored.logical_id)
    assert await checking.delete(*place.split("/")) is not None


async def test_z_nobody_learns_of_what_is_out_of_reach(kept: Database, checking: FhirStore) -> None:
    """Absent and another's are refused in the same words; who refers is not told."""
    own, other = await _patient(checking), await _patient(checking)
    logical_id = own.partition("/")[2]
    named = Ids(frozenset((logical_id,)))
    caller = FhirStore(kept, Rights(Everything(), {"Patient": named, "Group": None}))
    await caller.create("Observation", observation(own))
    texts: set[str] = set()
    for subject in (other, "Patient/absent", "Group/absent"):
        with pytest.raises(FhirError) as caught:
            await caller.create("Observation", observation(subject))
        texts.add(str(caught.value).replace(subject, "X"))
    assert len(texts) == 1
    blind = FhirStore(kept, Rights(Everything(), {"Observation": Ids(frozenset(("none",)))}))
    with pytest.raises(FhirError, match="other resources refer to it") as caught:
        await blind.delete("Patient", logical_id)
    assert "Observation" not in str(caught.value)


async def test_write_skew_between_a_reference_and_a_delete(
    checking: FhirStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both judged on their own snapshots before either commits: one of them must give way."""
    inside = asyncio.Barrier(2)
    to_meet: set[str] = set()
    there = module._there  # pyright: ignore[reportPrivateUsage]

    async def meeting(*given: Any) -> Any:
        """Once each, they wait for the other one, whom the locks are to keep out."""
        found = await there(*given)
        name = getattr(asyncio.current_task(), "get_name", str)()
        if name in to_meet:
            to_meet.discard(name)
            with suppress(TimeoutError):
                await asyncio.wait_for(inside.wait(), 0.3)
        return found

    monkeypatch.setattr(module, "_there", meeting)
    for _ in range(3):
        to_meet |= {"refer", "delete"}
        place = await _patient(checking)
        refer = asyncio.create_task(
            checking.create("Observation", observation(place)), name="refer"
        )
        delete = asyncio.create_task(checking.delete(*place.split("/")), name="delete")
        results = await asyncio.gather(refer, delete, return_exceptions=True)
        failures = [one for one in results if isinstance(one, FhirError)]
        assert len(failures) == 1, results
        assert failures[0].category in (Category.BUSINESS_RULE, Category.CONFLICT)


async def test_a_load_by_the_operator_and_the_default_ask_for_nothing(
    kept: Database, store: FhirStore
) -> None:
    for each in (UnrestrictedStore(kept, "test"), store):
        await each.create("Observation", observation("Patient/absent"))


# --- over HTTP ---


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(
    mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    database = f"integrity_{uuid4().hex[:8]}"
    folder = tmp_path_factory.mktemp("integrity")
    async with serving(mongodb_uri, database, folder, referential_integrity="delete") as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def system(served: Served) -> Caller:
    return await served.caller("system/*.cruds")


def bundle(*some: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(some)}


def post(resource: dict[str, Any], full_url: str) -> dict[str, Any]:
    request = {"method": "POST", "url": resource["resourceType"]}
    return {"fullUrl": full_url, "resource": resource, "request": request}


async def test_every_way_to_write_is_judged(system: Caller) -> None:
    wrong = observation("Patient/absent")
    issue = assert_outcome(await system.post("Observation", wrong), 422)
    assert (issue["code"], issue["expression"]) == ("business-rule", ["Observation.subject"])
    new = f"urn:uuid:{uuid4()}"
    made = await system.post("", bundle(post(observation(new), "urn:uuid:1"), post(PATIENT, new)))
    assert made.status_code == 200, made.text
    places = [one["response"]["location"].split("/_history")[0] for one in made.json()["entry"]]
    one, patient = (place.removeprefix(f"{system.served.base}/") for place in places)
    answer = await system.post("", bundle(post(PATIENT, new), post(wrong, "urn:uuid:1")))
    issue = assert_outcome(answer, 422)
    assert issue["expression"] == ["Bundle.entry[1].resource.subject"]
    stored = (await system.get(one)).json()
    moved = {**wrong, "id": stored["id"]}
    patch = [{"op": "replace", "path": "/subject/reference", "value": "Patient/absent"}]
    json_patch = {"content-type": "application/json-patch+json"}
    writes: list[Callable[[], Awaitable[Any]]] = [
        lambda: system.put(one, moved),
        lambda: system.put(f"Observation?_id={stored['id']}", moved),
        lambda: system("PATCH", one, patch, headers=json_patch),
        lambda: system.post("Observation", wrong, headers={"if-none-exist": "identifier=x"}),
    ]
    for write in writes:
        assert_outcome(await write(), 422)
    assert_outcome(await system("DELETE", patient), 409)
    told = (await system.post(f"{patient}/$validate?mode=delete", None)).json()["issue"]
    assert [each["code"] for each in told] == ["conflict"]
    told = (await system.post("Observation/$validate?mode=create", wrong)).json()["issue"]
    assert "business-rule" in [each["code"] for each in told]
    assert (await system.get(one)).headers["etag"] == 'W/"1"'
    assert (await system("DELETE", one)).status_code == 204
    assert (await system("DELETE", patient)).status_code == 204


async def test_the_capability_statement_says_so(served: Served) -> None:
    rest = (await served.http.get(f"{served.base}/metadata")).json()["rest"][0]
    assert all("enforced" in resource["referencePolicy"] for resource in rest["resource"])
