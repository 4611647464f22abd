"""What US Core's clients do with what they found: follow references, attachments and pages."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Iterator
from hashlib import sha1
from typing import Any

import pytest

import seed_bundles
from resources.access_table import members
from seed_bundles.authoring.care import REVIEWED
from tests.demo.served import Record, name_of, names, resources, whole
from tests.serving import Caller

PATIENTS = [person["patient"] for person in seed_bundles.manifest()["people"]]


def references(node: Any) -> Iterator[str]:
    """Every literal reference of a resource."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "reference" and isinstance(value, str):
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


async def read(caller: Caller, names_: set[str]) -> set[str]:
    """Which of these the caller can read; a few at a time, as a browser would."""
    found: set[str] = set()
    waiting = sorted(names_)
    for start in range(0, len(waiting), 6):
        answers = await asyncio.gather(*(caller.get(each) for each in waiting[start : start + 6]))
        found |= names(each.json() for each in answers if each.status_code == 200)
    return found


@pytest.mark.parametrize("patient", PATIENTS)
async def test_every_reference_in_a_patients_data_can_be_read(
    demo_record: Record, patient: str
) -> None:
    """H6: with the patient's own token."""
    whose = frozenset((patient.removeprefix("Patient/"),))
    own = [each for each in demo_record.all if members(each) == whose]
    named = {each for one in own for each in references(one)}
    assert patient in named
    assert await read(await demo_record.app(patient), named) == named


async def test_a_patients_app_finds_the_whole_record_and_nothing_of_others(
    demo_record: Record,
) -> None:
    """H6: asked for every type, and for what others' data refers to."""
    whose = frozenset(("rosa-alvarez",))
    app = await demo_record.app("rosa-alvarez")
    found: set[str] = set()
    for type_name in demo_record.resources:
        answer = await resources(app, f"{type_name}?_count=500")
        assert all(members(each) <= whose for each in answer)
        found |= names(each for each in answer if members(each))
    assert found == names(each for each in demo_record.all if members(each) == whose)
    others = [each for each in demo_record.all if members(each) == {"margaret-osei"}]
    assert await read(app, names(others[:40])) == set()


@pytest.mark.parametrize("patient", PATIENTS)
async def test_attachments_resolve(demo_record: Record, patient: str) -> None:
    """H7: each attachment is a Binary that the patient's token reads, of its size and hash."""
    app = await demo_record.app(patient)
    attachments = [
        content["attachment"]
        for each in await resources(app, "DocumentReference?_count=500")
        for content in each["content"]
    ]
    for each in await resources(app, "DiagnosticReport?_count=500"):
        attachments += each.get("presentedForm", [])
    for attachment in attachments:
        binary = (await app.get(attachment["url"])).json()
        data = base64.b64decode(binary["data"])
        assert binary["contentType"] == attachment["contentType"]
        assert len(data) == attachment["size"]
        digest = sha1(data, usedforsecurity=False).digest()
        assert base64.b64encode(digest).decode() == attachment["hash"]


async def test_there_are_notes_and_reports_with_attachments(demo_record: Record) -> None:
    """H7: of more than one patient, so that the test above has something to resolve."""
    assert len(demo_record.of("DocumentReference")) >= 5
    assert any("presentedForm" in each for each in demo_record.of("DiagnosticReport"))


@pytest.mark.parametrize("type_name", sorted(REVIEWED))
async def test_provenance_comes_with_its_targets(demo_record: Record, type_name: str) -> None:
    """H5: `_revinclude=Provenance:target` on each profile's type, by the patient's app."""
    target = next(
        reference
        for each in demo_record.of("Provenance")
        for reference in references(each["target"])
        if reference.startswith(f"{type_name}/")
    )
    whose = next(iter(members(next(each for each in demo_record.all if name_of(each) == target))))
    app = await demo_record.app(whose)
    query = f"{type_name}?_id={target.partition('/')[2]}&_revinclude=Provenance:target"
    entries = await whole(app, query)
    matches = {name_of(each["resource"]) for each in entries if each["search"]["mode"] == "match"}
    included = {
        name_of(each["resource"]) for each in entries if each["search"]["mode"] == "include"
    }
    assert matches == {target}
    assert included == {
        name_of(each)
        for each in demo_record.of("Provenance")
        if target in references(each["target"])
    }


async def test_medications_come_with_their_orders(demo_record: Record) -> None:
    """H4: `_include=MedicationRequest:medication`, for a patient's app too."""
    for caller in (demo_record.system, await demo_record.app("walter-finch")):
        query = "MedicationRequest?patient=walter-finch&intent=order"
        entries = await whole(caller, f"{query}&_include=MedicationRequest:medication")
        included = [each for each in entries if each["search"]["mode"] == "include"]
        assert names(each["resource"] for each in included) == {"Medication/apixaban"}
        wanted = [
            each
            for each in demo_record.of("MedicationRequest")
            if each["subject"]["reference"] == "Patient/walter-finch" and each["intent"] == "order"
        ]
        assert len(entries) - len(included) == len(wanted)


async def test_practitioners_come_with_their_roles(demo_record: Record) -> None:
    """H3: `_include=PractitionerRole:practitioner`; a patient's app reads the directory."""
    app = await demo_record.app("rosa-alvarez")
    for each in demo_record.of("PractitionerRole"):
        code = each["specialty"][0]["coding"][0]["code"]
        entries = await whole(
            app, f"PractitionerRole?specialty={code}&_include=PractitionerRole:practitioner"
        )
        found = names(entry["resource"] for entry in entries)
        assert {name_of(each), each["practitioner"]["reference"]} <= found
    for type_name in ("Organization", "Location", "Practitioner", "PractitionerRole"):
        read = [await app.get(name_of(each)) for each in demo_record.of(type_name)]
        assert read
        assert all(each.status_code == 200 for each in read)


@pytest.mark.parametrize("count", [1, 7])
async def test_pages_joined_are_the_whole(demo_record: Record, count: int) -> None:
    """H8: by next links to the last page; nothing twice, nothing left out."""
    app = await demo_record.app("mia-keller")
    wanted = [
        name_of(each)
        for each in demo_record.of("Observation")
        if each["subject"]["reference"] == "Patient/mia-keller"
    ]
    found = await resources(app, f"Observation?patient=mia-keller&_count={count}")
    assert sorted(map(name_of, found)) == sorted(wanted)
    dates = [re.sub(r"T.*", "", each["effectiveDateTime"]) for each in found]
    assert dates == sorted(dates, reverse=True)
