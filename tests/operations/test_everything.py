"""`Patient/$everything` and `Encounter/$everything` (R4 operation-patient-everything.html): what is
in a record, what comes along, and what never does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from fhir_server.store import Database, FhirStore, StoredVersion, UnrestrictedStore
from fhir_server.store.settling import GRACE
from resources.operations import operation_definitions
from tests.operations.checking import answered
from tests.serving import Caller, Served, assert_outcome

Resource = dict[str, Any]
DEFINED = operation_definitions()


def ref(place: str) -> Resource:
    return {"reference": place}


def observation(name: str, patient: str, day: str | None = None, **more: Any) -> Resource:
    made: Resource = {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "code": {"text": "x"},
        "subject": ref(patient),
        **more,
    }
    return {**made, "effectiveDateTime": day} if day else made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def who(system: Caller) -> AsyncIterator[dict[str, str]]:
    """A record with an encounter, what it refers to, and another's beside it."""
    mark = uuid4().hex[:8]
    p, q, e, doc, org, med = (f"{name}-{mark}" for name in ("p", "q", "e", "doc", "org", "med"))
    a, b = f"Patient/{p}", f"Patient/{q}"
    encounter = {
        "resourceType": "Encounter",
        "id": e,
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": ref(a),
        "period": {"start": "2020-03-01", "end": "2020-03-02"},
        "participant": [{"individual": ref(f"PractitionerRole/{doc}")}],
    }
    made: list[Resource] = [
        {"resourceType": "Organization", "id": org, "name": "x"},
        {"resourceType": "Practitioner", "id": doc},
        {
            "resourceType": "PractitionerRole",
            "id": doc,
            "practitioner": ref(f"Practitioner/{doc}"),
            "organization": ref(f"Organization/{org}"),
        },
        {"resourceType": "Medication", "id": med, "manufacturer": ref(f"Organization/{org}")},
        {
            "resourceType": "Patient",
            "id": p,
            "birthDate": "1950-01-01",
            "link": [{"other": ref(b), "type": "seealso"}],
            "contact": [{"organization": ref(f"Organization/{org}")}],
        },
        {
            "resourceType": "Patient",
            "id": q,
            "link": [{"other": ref(a), "type": "seealso"}],
        },
        encounter,
        observation(f"in-{mark}", a, "2020-03-01", encounter=ref(f"Encounter/{e}")),
        observation(
            f"later-{mark}", a, "2021-05-05T10:00:00Z", hasMember=[ref(f"Observation/bs-{mark}")]
        ),
        observation(f"undated-{mark}", a),
        observation(f"bs-{mark}", b, "2020-03-01", performer=[ref(a)]),
        observation(f"newborn-{mark}", b, "2020-03-01", encounter=ref(f"Encounter/{e}")),
        {
            "resourceType": "MedicationRequest",
            "id": f"mr-{mark}",
            "status": "active",
            "intent": "order",
            "medicationReference": ref(f"Medication/{med}"),
            "subject": ref(a),
            "encounter": ref(f"Encounter/{e}"),
            "authoredOn": "2020-03",
        },
        {
            "resourceType": "Task",
            "id": f"task-{mark}",
            "status": "draft",
            "intent": "order",
            "for": ref(a),
        },
    ]
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in made
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = await system.post("", bundle)
    assert answer.status_code == 200, answer.text
    yield {"p": p, "q": q, "e": e, "mark": mark}


def told(answer: httpx.Response, mark: str, mode: str) -> str:
    """`Type/name` of the entries of a mode, in their order."""
    assert answer.status_code == 200, answer.text
    bundle = answered(DEFINED["Patient-everything"], answer.content)
    assert bundle["type"] == "searchset"
    places = [
        f"{one['resource']['resourceType']}/{one['resource']['id']}".removesuffix(f"-{mark}")
        for one in bundle.get("entry", [])
        if one["search"]["mode"] == mode
    ]
    assert len(set(places)) == len(places)
    return " ".join(places)


WHOLE = (
    "Encounter/e MedicationRequest/mr Observation/later Observation/in Observation/undated "
    "Patient/p Task/task"
)
SHARED = "Medication/med Organization/org Practitioner/doc PractitionerRole/doc"
IN_2020 = "Encounter/e MedicationRequest/mr Observation/in Observation/undated Patient/p Task/task"

WITHOUT_THE_FIRST = IN_2020.replace(" Observation/in", "")


@pytest.mark.parametrize(
    ("path", "matches", "support"),
    [
        ("Patient/{p}/$everything", WHOLE, SHARED),
        ("Patient/{p}/$everything?start=2020-03-01&end=2020-03-31", IN_2020, SHARED),
        ("Patient/{p}/$everything?start=2020-03-02&end=2020", WITHOUT_THE_FIRST, SHARED),
        ("Patient/{p}/$everything?end=2020-12-31", IN_2020, SHARED),
        (
            "Patient/{p}/$everything?start=2021-05-05",
            "Observation/later Observation/undated Patient/p Task/task",
            "Organization/org",
        ),
        # Out of the range but referred to from within it.
        (
            "Patient/{p}/$everything?start=2020-03-01&end=2020-03-01&_type=Observation,Encounter",
            "Encounter/e Observation/in Observation/undated",
            "",
        ),
        ("Patient/{p}/$everything?_type=Patient&_type=Task", "Patient/p Task/task", ""),
        (
            "Patient/{p}/$everything?_type=MedicationRequest,Medication",
            "MedicationRequest/mr",
            "Medication/med",
        ),
        ("Patient/{p}/$everything?_since=2100-01-01T00:00:00Z", "", ""),
        ("Patient/{p}/$everything?_since=2000-01-01T00:00:00Z&_type=Patient", "Patient/p", ""),
        (
            "Encounter/{e}/$everything",
            "Encounter/e MedicationRequest/mr Observation/in",
            "Medication/med Organization/org Patient/p Practitioner/doc PractitionerRole/doc",
        ),
        ("Encounter/{e}/$everything?_type=Observation", "Observation/in", ""),
    ],
)  # fmt: skip
async def test_a_record_and_what_it_refers_to(
    system: Caller, served: Served, who: dict[str, str], path: str, matches: str, support: str
) -> None:
    """Of system and patient the same: nothing of another patient, though it is linked, referred to,
    performed by this one or part of the same encounter."""
    own = await served.caller("patient/*.rs", who["p"])
    for caller in (system, own):
        answer = await caller.get(path.format(**who))
        assert told(answer, who["mark"], "match") == matches
        assert " ".join(sorted(told(answer, who["mark"], "include").split())) == support


async def test_what_is_referred_to_out_of_the_range(system: Caller, who: dict[str, str]) -> None:
    """It supports what is in it; the later one is not referred to and stays out."""
    path = f"Patient/{who['p']}/$everything?start=2020-03-01&end=2020-03-01&_type=Observation"
    answer = await system.get(f"{path}&_type=Encounter")
    assert told(answer, who["mark"], "match") == "Encounter/e Observation/in Observation/undated"
    moved = {"start": "2020-04-01", "end": "2020-04-02"}
    place = f"Encounter/{who['e']}"
    encounter = (await system.get(place)).json()
    assert (await system.put(place, {**encounter, "period": moved})).status_code == 200
    try:
        answer = await system.get(f"{path}&_type=Encounter")
        assert told(answer, who["mark"], "match") == "Observation/in Observation/undated"
        assert told(answer, who["mark"], "include") == "Encounter/e"
    finally:
        await system.put(place, encounter)


async def test_paging_by_key_gives_each_match_once(system: Caller, who: dict[str, str]) -> None:
    """Opaque links, bound to the query and the caller; what is a match on any page is never an
    include."""
    link: str | None = f"Patient/{who['p']}/$everything?_count=2"
    places: list[str] = []
    onward = ""
    while link:
        answer = await system.get(link)
        page = told(answer, who["mark"], "match").split()
        assert len(page) <= 2
        assert not set(told(answer, who["mark"], "include").split()) & set(WHOLE.split())
        places += page
        links = {one["relation"]: one["url"] for one in answer.json()["link"]}
        link = links.get("next")
        onward = link or onward
    assert " ".join(places) == WHOLE
    assert_outcome(await system.get(onward.replace(who["p"], who["q"])), 400)
    assert_outcome(await system.get(onward.replace("_count=2", "_count=3")), 400)
    assert_outcome(await system.get(f"{onward}x"), 400)


async def test_by_post(system: Caller, who: dict[str, str]) -> None:
    given = {"name": "_type", "valueCode": "Patient"}
    body = {"resourceType": "Parameters", "parameter": [given]}
    answer = await system.post(f"Patient/{who['p']}/$everything", body)
    assert told(answer, who["mark"], "match") == "Patient/p"
    assert answer.json()["link"][0]["url"].endswith(f"Patient/{who['p']}/$everything?_type=Patient")
    assert answer.json()["total"] == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("Patient/absent/$everything", 404),
        ("Encounter/absent/$everything", 404),
        ("Patient/$everything", 404),
        ("Observation/x/$everything", 404),
        ("Patient/{p}/$everything?start=yesterday", 400),
        ("Patient/{p}/$everything?start=2020&start=2021", 400),
        ("Patient/{p}/$everything?_since=2020", 400),
        ("Patient/{p}/$everything?_count=0", 400),
        ("Patient/{p}/$everything?_count=x", 400),
        ("Patient/{p}/$everything?_type=Nonsense", 400),
        ("Patient/{p}/$everything?_type=Practitioner", 400),
        ("Patient/{p}/$everything?_include=*", 400),
        ("Patient/{p}/$everything?_page=x", 400),
        ("Encounter/{e}/$everything?start=2020-01-01", 400),
    ],
)
async def test_f3_what_cannot_be_asked(
    system: Caller, who: dict[str, str], path: str, status: int
) -> None:
    assert_outcome(await system.get(path.format(**who)), status)


async def test_z4_g3_scopes_are_kept_to(served: Served, who: dict[str, str]) -> None:
    """Types without a scope are left out, and refused where they are named; another is absent."""
    place = f"Patient/{who['p']}/$everything"
    some = await served.caller("patient/Patient.rs patient/MedicationRequest.rs", who["p"])
    answer = await some.get(place)
    assert told(answer, who["mark"], "match") == "MedicationRequest/mr Patient/p"
    assert told(answer, who["mark"], "include") == ""
    assert_outcome(await some.get(f"{place}?_type=Observation"), 403)
    assert_outcome(await some.get(f"{place}?_type=MedicationRequest,Medication"), 403)
    assert_outcome(await some.get(f"Patient/{who['q']}/$everything"), 404)
    without = await served.caller("patient/Observation.rs", who["p"])
    assert_outcome(await without.get(place), 403)


async def test_a_part_of_each_resource(system: Caller, who: dict[str, str]) -> None:
    """R4 3.1.0.1.5: `_summary` and `_elements` are "for use with all interactions"."""
    path = f"Patient/{who['p']}/$everything"
    whole = (await system.get(path)).json()
    for asked, kept in (("_summary=true", "subject"), ("_elements=subject", "subject")):
        answer = await system.get(f"{path}?{asked}&_type=Observation,Practitioner")
        assert answer.json()["link"][0]["url"].endswith(f"&{asked}")
        for entry in answer.json()["entry"]:
            tags = entry["resource"]["meta"]["tag"]
            assert [one["code"] for one in tags] == ["SUBSETTED"]
            assert kept in entry["resource"]
            assert "performer" not in entry["resource"]
    counted = (await system.get(f"{path}?_summary=count")).json()
    matches = [one for one in whole["entry"] if one["search"]["mode"] == "match"]
    assert (counted["total"], "entry" in counted) == (len(matches), False)
    paged = await system.get(f"{path}?_count=2&_summary=data")
    links = {one["relation"]: one["url"] for one in paged.json()["link"]}
    following = (await system.get(links["next"])).json()
    assert "SUBSETTED" in str(following["entry"][0]["resource"]["meta"])
    for wrong in ("_summary=some", "_elements=nonsense", "_summary=", "_summary=true&_elements=id"):
        assert_outcome(await system.get(f"{path}?{wrong}"), 400)


async def test_who_asks_since_the_timestamp_misses_nothing(
    served: Served, system: Caller, who: dict[str, str]
) -> None:
    """ "Servers should ensure that the timestamps [are] managed such that the client does not miss
    any changes": not even those of a transaction that was open while the first page was read."""
    path = f"Patient/{who['p']}/$everything"
    name = f"slow-{who['mark']}"
    written, may_end = asyncio.Event(), asyncio.Event()

    async def slowly(store: FhirStore) -> StoredVersion:
        made = observation(name, f"Patient/{who['p']}")
        created = await store.create("Observation", made, logical_id=name)
        written.set()
        await may_end.wait()
        return created

    async with await Database.connect(
        served.mongodb_uri, served.settings.database, cursor_key=b"k" * 32, base_url=served.base
    ) as database:
        writing = asyncio.create_task(UnrestrictedStore(database, "test").run_transaction(slowly))
        await written.wait()
        await asyncio.sleep(GRACE.total_seconds() + 0.1)
        before = await system.get(path)
        may_end.set()
        late = await writing
    assert "Observation/slow" not in told(before, who["mark"], "match")
    timestamp = before.json()["timestamp"]
    assert datetime.fromisoformat(timestamp) <= late.last_updated
    since = timestamp.replace("+", "%2B")
    after = await system.get(f"{path}?_since={since}&_type=Observation")
    assert "Observation/slow" in told(after, who["mark"], "match")
    assert (await system("DELETE", f"Observation/{name}")).status_code == 204
