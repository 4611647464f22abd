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
from tests.serving import Caller
from tests.us_core.record import Record, Resource, name_of, names, resources, whole

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


async def everything(record: Record, caller: Caller) -> list[Resource]:
    """What an app finds when it asks for every type of the record."""
    found = await asyncio.gather(
        *(resources(caller, f"{each}?_count=500") for each in record.resources)
    )
    return [each for many in found for each in many]


@pytest.mark.parametrize("patient", PATIENTS)
async def test_every_reference_in_a_patients_data_can_be_read(record: Record, patient: str) -> None:
    """H6: with the patient's own token; and what it finds is nobody else's."""
    app = await record.app(patient)
    found = await everything(record, app)
    assert all(members(each) <= {patient.removeprefix("Patient/")} for each in found)
    own = {name_of(each) for each in found if members(each)}
    assert own == {
        name_of(each)
        for each in record.all
        if members(each) == frozenset((patient.removeprefix("Patient/"),))
    }
    named = {each for one in found if name_of(one) in own for each in references(one)}
    assert patient in named
    answers = await asyncio.gather(*(app.get(each) for each in sorted(named)))
    unread = [str(each.url) for each in answers if each.status_code != 200]
    assert unread == []
    assert names(each.json() for each in answers) == named


@pytest.mark.parametrize("patient", PATIENTS)
async def test_attachments_resolve(record: Record, patient: str) -> None:
    """H7: each attachment is a Binary that the patient's token reads, of its size and hash."""
    app = await record.app(patient)
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


async def test_there_are_notes_and_reports_with_attachments(record: Record) -> None:
    """H7: of more than one patient, so that the test above has something to resolve."""
    assert len(record.of("DocumentReference")) >= 5
    assert any("presentedForm" in each for each in record.of("DiagnosticReport"))


@pytest.mark.parametrize("type_name", sorted(REVIEWED))
async def test_provenance_comes_with_its_targets(record: Record, type_name: str) -> None:
    """H5: `_revinclude=Provenance:target` on each profile's type, by the patient's app."""
    target = next(
        reference
        for each in record.of("Provenance")
        for reference in references(each["target"])
        if reference.startswith(f"{type_name}/")
    )
    whose = next(iter(members(next(each for each in record.all if name_of(each) == target))))
    app = await record.app(whose)
    query = f"{type_name}?_id={target.partition('/')[2]}&_revinclude=Provenance:target"
    entries = await whole(app, query)
    matches = {name_of(each["resource"]) for each in entries if each["search"]["mode"] == "match"}
    included = {
        name_of(each["resource"]) for each in entries if each["search"]["mode"] == "include"
    }
    assert matches == {target}
    assert included == {
        name_of(each) for each in record.of("Provenance") if target in references(each["target"])
    }


async def test_medications_come_with_their_orders(record: Record) -> None:
    """H4: `_include=MedicationRequest:medication`, for a patient's app too."""
    for caller in (record.system, await record.app("walter-finch")):
        query = "MedicationRequest?patient=walter-finch&intent=order"
        entries = await whole(caller, f"{query}&_include=MedicationRequest:medication")
        included = [each for each in entries if each["search"]["mode"] == "include"]
        assert names(each["resource"] for each in included) == {"Medication/apixaban"}
        wanted = [
            each
            for each in record.of("MedicationRequest")
            if each["subject"]["reference"] == "Patient/walter-finch" and each["intent"] == "order"
        ]
        assert len(entries) - len(included) == len(wanted)


async def test_practitioners_come_with_their_roles(record: Record) -> None:
    """H3: `_include=PractitionerRole:practitioner`; a patient's app reads the directory."""
    app = await record.app("rosa-alvarez")
    for each in record.of("PractitionerRole"):
        code = each["specialty"][0]["coding"][0]["code"]
        entries = await whole(
            app, f"PractitionerRole?specialty={code}&_include=PractitionerRole:practitioner"
        )
        found = names(entry["resource"] for entry in entries)
        assert {name_of(each), each["practitioner"]["reference"]} <= found
    for type_name in ("Organization", "Location", "Practitioner", "PractitionerRole"):
        read = [await app.get(name_of(each)) for each in record.of(type_name)]
        assert read
        assert all(each.status_code == 200 for each in read)


@pytest.mark.parametrize("count", [1, 7])
async def test_pages_joined_are_the_whole(record: Record, count: int) -> None:
    """H8: by next links to the last page; nothing twice, nothing left out."""
    app = await record.app("mia-keller")
    wanted = [
        name_of(each)
        for each in record.of("Observation")
        if each["subject"]["reference"] == "Patient/mia-keller"
    ]
    found = await resources(app, f"Observation?patient=mia-keller&_count={count}")
    assert sorted(map(name_of, found)) == sorted(wanted)
    dates = [re.sub(r"T.*", "", each["effectiveDateTime"]) for each in found]
    assert dates == sorted(dates, reverse=True)
