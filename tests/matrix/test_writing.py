"""Y9, Z3, G6: nothing is written into, out of or about another's record, nor learnt by trying."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tests.matrix.probes.bundles import bundle, entry
from tests.matrix.rules import Resource
from tests.matrix.world import Asker, World, entries
from tests.matrix.woven import A, B, about, category, ref
from tests.serving import Caller

NUMBER = "http://example.org/number"


def observation(patient: str | None, mark: str = "AAA-new", **more: Any) -> Resource:
    resource = about("Observation", "x", (patient,) if patient else (), mark)
    del resource["id"]
    return {**resource, **more}


async def own(world: World, type_name: str = "Observation", **more: Any) -> Resource:
    """A fresh resource of A's, stored by the system."""
    resource = {**about(type_name, world.new_id("aaa"), (A,), "AAA-new"), **more}
    await world.store(resource)
    return resource


async def version_of(world: World, place: str) -> str:
    return (await world.system.get(place)).headers["etag"]


# ---- Y9: creating and moving ---------------------------------------------------------------------


def subjects(base: str) -> list[Any]:
    """Ways of saying that something is B's, or nobody's."""
    return [
        ref(f"Patient/{B}"),
        ref(f"{base}/Patient/{B}"),
        ref(f"Patient/{B}/_history/1"),
        ref(f"{base}/Patient/{B}/_history/1"),
        {"reference": f"Patient/{B}", "identifier": {"value": A}, "display": A},
        {"identifier": {"system": NUMBER, "value": "AAA-patient"}, "type": "Patient"},
        {"display": A},
        ref(f"http://other.example.org/fhir/Patient/{A}"),
        ref(f"urn:uuid:{'0' * 8}-0000-4000-8000-{'0' * 12}"),
        ref("#p"),
        ref(f"Patient/{A}x"),
        ref(f"Patient/{A.upper()}"),
        ref("Group/aaa-group"),
        ref("Location/shared-main"),
        ref(f"Patient?identifier={NUMBER}|BBB-patient"),
        ref(f"Patient?_id={B}"),
        ref(f"//Patient/{A}"),
        ref(f"Patient/{A} "),
        ref(f"Patient/{A}/../{B}"),
        ref(f"Patient/{A}?x=1"),
        ref(f"Patient/{A}%2F..%2F{B}"),
        None,
    ]


async def test_y9_create_and_move_are_for_the_own_record_alone(world: World) -> None:
    """By POST, by PUT over an own resource, and by both in either bundle; nothing is stored."""
    mine = await own(world)
    place = f"Observation/{mine['id']}"
    before = len(await world.current("Observation"))
    contained = [{"resourceType": "Patient", "id": "p", "name": [{"family": "x"}]}]
    for subject in subjects(world.base):
        body = observation(None)
        del body["subject"]
        if subject is not None:
            body["subject"] = subject
            if subject.get("reference") == "#p":
                body["contained"] = contained
        moved = {**body, "id": mine["id"]}
        for answer in (
            await world.a.post("Observation", body),
            await world.a.put(place, moved),
            await world.a.post("", bundle("transaction", entry("POST", "Observation", body))),
            await world.a.post("", bundle("transaction", entry("PUT", place, moved))),
        ):
            assert answer.status_code in (400, 403, 412, 422), f"{subject} {answer.text[:200]}"
            world.clean(answer, str(subject))
        for one in (entry("POST", "Observation", body), entry("PUT", place, moved)):
            answer = await world.a.post("", bundle("batch", one))
            status = answer.json()["entry"][0]["response"]["status"][:3]
            assert status in ("400", "403", "412", "422"), f"{subject} {answer.text[:300]}"
    assert len(await world.current("Observation")) == before
    assert await version_of(world, place) == 'W/"1"'


def _accepted(patient: str) -> Resource:
    return {"actor": ref(f"Patient/{patient}"), "status": "accepted"}


@pytest.mark.parametrize(
    ("type_name", "more"),
    [
        ("Appointment", {"participant": [_accepted(A), _accepted(B)]}),
        ("Communication", {"recipient": [ref(f"Patient/{A}"), ref(f"Patient/{B}")]}),
        ("Communication", {"sender": ref(f"Patient/{B}")}),
        ("Task", {"owner": ref(f"Patient/{B}")}),
        ("Coverage", {"subscriber": ref(f"Patient/{B}")}),
        ("Group", {"member": [{"entity": ref(f"Patient/{A}")}, {"entity": ref(f"Patient/{B}")}]}),
        ("Provenance", {"target": [ref(f"Patient/{A}"), ref(f"Patient/{B}")]}),
        ("Provenance", {"target": [ref("Observation/bbb-lab")]}),
        ("Person", {"link": [{"target": ref(f"Patient/{A}")}, {"target": ref(f"Patient/{B}")}]}),
        ("Binary", {"securityContext": ref(f"Patient/{B}")}),
        ("Binary", {"securityContext": ref("DocumentReference/aaa-documentreference")}),
        ("Device", {"patient": ref(f"Patient/{B}")}),
        ("Schedule", {"actor": [ref(f"Patient/{A}"), ref(f"Patient/{B}")]}),
        ("Schedule", {"actor": [ref(f"Patient/{A}"), {"identifier": {"value": "x"}}]}),
        ("RelatedPerson", {"patient": ref(f"Patient/{B}")}),
        ("AuditEvent", {}),
        ("Organization", {}),
        ("Subscription", {}),
        ("Patient", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else str(sorted(value)),
)  # fmt: skip
async def test_y9_no_part_in_anothers_record(
    world: World, type_name: str, more: dict[str, Any]
) -> None:
    """Neither new nor as the next version of what is the caller's alone."""
    body = {**about(type_name, "x", (A,), "AAA-new"), **more}
    answer = await world.a.post(type_name, body)
    assert answer.status_code == 403, answer.text[:300]
    world.clean(answer, str(body))
    if more:
        mine = await own(world, type_name)
        place = f"{type_name}/{mine['id']}"
        answer = await world.a.put(place, {**body, "id": mine["id"]})
        assert answer.status_code == 403, answer.text[:300]
        assert await version_of(world, place) == 'W/"1"'
        fine = await world.a.put(place, {**mine, "language": "en"})
        assert fine.status_code == 200, fine.text[:300]


async def test_y9_a_bundle_with_one_bad_entry_writes_nothing(world: World) -> None:
    mine = await own(world)
    place = f"Observation/{mine['id']}"
    bad = [
        entry("PUT", "Observation/bbb-lab", {**observation(A), "id": "bbb-lab"}),
        entry("DELETE", "Observation/bbb-lab"),
        entry("POST", "Observation", observation(B)),
        entry("GET", "Observation/bbb-lab"),
        entry("PUT", f"Patient/{B}", {"resourceType": "Patient", "id": B}),
        entry("POST", "Observation", observation(A, subject=ref(f"Patient?_id={B}"))),
    ]
    count = len(await world.current("Observation"))
    for one in bad:
        fine = entry("PUT", place, {**mine, "status": "amended"})
        answer = await world.a.post(
            "", bundle("transaction", fine, entry("POST", "Observation", observation(A)), one)
        )
        assert answer.status_code in (403, 404, 412, 422), answer.text[:300]
        world.clean(answer, str(one))
        assert await version_of(world, place) == 'W/"1"'
    assert len(await world.current("Observation")) == count
    assert await version_of(world, "Observation/bbb-lab") == 'W/"1"'


async def test_y9_ids_of_others_cannot_be_taken(world: World) -> None:
    """An id in a POST is ignored, a fullUrl names only the new one, a PUT is a 404."""
    before = await world.system.get("Observation/bbb-lab")
    body = {**observation(A), "id": "bbb-lab"}
    alone = await world.a.post("Observation", body)
    assert alone.status_code == 201
    assert "bbb-lab" not in alone.headers["location"]
    full = entry("POST", "Observation", body) | {"fullUrl": f"{world.base}/Observation/bbb-lab"}
    listed = {
        **about("List", "x", (A,), "AAA-new"),
        "entry": [{"item": ref("Observation/bbb-lab")}],
    }
    answer = await world.a.post("", bundle("transaction", full, entry("POST", "List", listed)))
    assert answer.status_code in (200, 400), answer.text
    for place in ("Observation/bbb-lab", "Observation/hand-b-gone", f"Observation/{B}"):
        logical_id = place.split("/")[1]
        answer = await world.a.put(place, {**observation(A), "id": logical_id})
        assert answer.status_code == 404
    after = await world.system.get("Observation/bbb-lab")
    assert after.content == before.content
    assert (await world.system.get("Observation/hand-b-gone")).status_code == 410


# ---- Y9, Z3: conditional interactions ------------------------------------------------------------


async def _created(
    caller: Caller | Asker, criteria: str, body: Resource, *, bundled: bool
) -> tuple[httpx.Response, int]:
    if not bundled:
        answer = await caller("POST", "Condition", body, headers={"if-none-exist": criteria})
        return answer, answer.status_code
    one = entry("POST", "Condition", body, ifNoneExist=criteria)
    answer = await caller("POST", "", bundle("transaction", one))
    if answer.status_code != 200:
        return answer, answer.status_code
    return answer, int(answer.json()["entry"][0]["response"]["status"][:3])


@pytest.mark.parametrize("bundled", [False, True], ids=["alone", "in a transaction"])
async def test_y9_conditional_create_is_blind_to_others(world: World, bundled: bool) -> None:
    """Criteria that only B's data meet create, as those that nothing meets do (no 200, no 412)."""
    body = about("Condition", "x", (A,), "AAA-new")
    body.pop("id")
    body.pop("identifier")
    for criteria in (
        f"identifier={NUMBER}|BBB-condition",
        f"identifier={NUMBER}|zzz-nothing",
        f"subject=Patient/{B}",
        f"patient={B}&identifier=BBB-condition",
        "_id=bbb-condition",
        "_id=bbb-condition,bbb-asserted-by-a",
        "_tag=urn:example:matrix|BBB-condition",
    ):
        answer, status = await _created(world.a, criteria, body, bundled=bundled)
        assert status == 201, f"{criteria}: {answer.text[:300]}"
        world.clean(answer, criteria)
        answer, status = await _created(world.system, criteria, body, bundled=bundled)
        assert status != 201 or "zzz" in criteria, criteria
    both = f"identifier={NUMBER}|BBB-condition,{NUMBER}|AAA-condition"
    answer, status = await _created(world.a, both, body, bundled=bundled)
    assert status == 200
    assert "Condition/aaa-condition" in answer.text + answer.headers.get("location", "")


@pytest.mark.parametrize("bundled", [False, True], ids=["alone", "in a transaction"])
async def test_z3_create_alone_tells_of_no_match(world: World, bundled: bool) -> None:
    """With `c` and no `s` the answer is the same whether there is a match or not."""
    blind = await world.patient("patient/Condition.c")
    body = about("Condition", "x", (A,), "AAA-new")
    for value in ("AAA-condition", "BBB-condition", "zzz-nothing"):
        answer, status = await _created(
            blind, f"identifier={NUMBER}|{value}", body, bundled=bundled
        )
        assert status == 403
        world.clean(answer, value)


@pytest.mark.parametrize("kind", ["batch", "transaction"])
async def test_y9_conditional_references_are_blind_to_others(world: World, kind: str) -> None:
    """One to B's data says what one to nothing says; nothing is stored."""
    said: set[str] = set()
    for value in ("BBB-patient", "zzz-patient"):
        asked = f"Patient?identifier={NUMBER}|{value}"
        body = observation(A, performer=[ref(asked)])
        answer = await world.a.post("", bundle(kind, entry("POST", "Observation", body)))
        world.clean(answer, asked)
        text = re.sub(r'"timestamp":"[^"]*"', "", answer.text)
        said.add(f"{answer.status_code} {text.replace(value, 'VALUE')}")
    assert len(said) == 1
    assert "422" in said.pop()
    body = observation(A, performer=[ref(f"Patient?identifier={NUMBER}|AAA-patient")])
    answer = await world.a.post("", bundle(kind, entry("POST", "Observation", body)))
    assert "201 Created" in answer.text


# ---- Y9: links do not open what they lead to -----------------------------------------------------


async def test_y9_own_links_to_others_open_nothing(world: World) -> None:
    patient = (await world.a.get(f"Patient/{A}")).json()
    linked = {**patient, "link": [{"other": ref(f"Patient/{B}"), "type": "replaces"}]}
    assert (await world.a.put(f"Patient/{A}", linked)).status_code == 200
    listed = {
        **about("List", "x", (A,), "AAA-new"),
        "entry": [{"item": ref(f"Patient/{B}")}, {"item": ref("Observation/bbb-lab")}],
    }
    made = await world.a.post("List", listed)
    assert made.status_code == 201
    signed = {
        **about("Provenance", "x", (A,), "AAA-new"),
        "target": [ref(f"Patient/{A}"), ref("Observation/bbb-lab")],
    }
    assert (await world.a.post("Provenance", signed)).status_code == 201
    for query in (
        f"Patient?_id={A}&_include=Patient:link",
        f"List?_id={made.json()['id']}&_include=List:item",
        "Provenance?_include=Provenance:target&_count=1000",
    ):
        answer = await world.a.get(query)
        assert answer.status_code == 200
        assert not [place for place in entries(answer) if "/bbb-" in place]
        assert "BBB-" not in answer.text
    theirs = await world.b.get("Observation?_id=bbb-lab&_revinclude=Provenance:target")
    assert not [
        place for place in entries(theirs) if place.startswith("Provenance/") and "bbb" not in place
    ]
    assert "AAA-" not in theirs.text
    assert (await world.a.get(f"Patient/{B}")).status_code == 404
    restored = {**patient, "link": [{"other": ref(f"Patient/{B}"), "type": "seealso"}]}
    assert (await world.a.put(f"Patient/{A}", restored)).status_code == 200


# ---- what may be read and not written ------------------------------------------------------------


@pytest.mark.parametrize(
    "place",
    [
        "Appointment/both-group",
        "Communication/message",
        "Organization/shared-main",
        "Device/shared-device",
        "AuditEvent/aaa-auditevent",
    ],
)
async def test_403_tells_why_where_a_read_shows_it(world: World, place: str) -> None:
    place = place.replace("/message", "/both-message")
    stored = await world.a.get(place)
    assert stored.status_code == 200
    for answer in (await world.a.put(place, stored.json()), await world.a("DELETE", place)):
        assert answer.status_code == 403
        assert "write" in answer.json()["issue"][0]["diagnostics"]
    writer = await world.patient("patient/*.ud")
    for answer in (await writer("PUT", place, stored.json()), await writer("DELETE", place)):
        assert answer.status_code == 404
    assert await version_of(world, place) == stored.headers["etag"]


# ---- G6 ------------------------------------------------------------------------------------------


async def test_g6_both_versions_meet_the_constraint(world: World) -> None:
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    lab = await world.patient(
        f"patient/Observation.cruds?category={system}|laboratory", "patient/Observation.rs"
    )
    labs = await own(world, category=category("laboratory"))
    vitals = await own(world, category=category("vital-signs"))
    none = await own(world)
    for stored in (labs, vitals, none):
        for wanted in ("laboratory", "vital-signs", None):
            place = f"Observation/{stored['id']}"
            body = {name: value for name, value in stored.items() if name != "category"}
            if wanted is not None:
                body["category"] = category(wanted)
            answer = await lab("PUT", place, body)
            fine = stored is labs and wanted == "laboratory"
            assert answer.status_code == (200 if fine else 403), (stored["id"], wanted)
    for wanted, status in (("laboratory", 201), ("vital-signs", 403)):
        answer = await lab("POST", "Observation", observation(A, category=category(wanted)))
        assert answer.status_code == status
    answer = await lab("POST", "Observation", observation(B, category=category("laboratory")))
    assert answer.status_code == 403
    for stored, status in ((vitals, 403), (none, 403), (labs, 204)):
        answer = await lab("DELETE", f"Observation/{stored['id']}")
        assert answer.status_code == status
