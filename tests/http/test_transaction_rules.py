"""The processing rules of transactions and batches one by one (W1 to W8; R4 `http.html#trules`)."""

from __future__ import annotations

from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest

from tests.http.test_bundles import bundle, entry, observation, patient, total
from tests.resources.test_patching import operation
from tests.resources.test_patching import patch as parameters
from tests.serving import Caller, assert_outcome

Resource = dict[str, Any]
ELSEWHERE = "http://elsewhere.example.org/r4"
URN = "urn:uuid:5cdfb457-5818-4774-bb05-48fd395dc7bd"


def known(value: str, **more: Any) -> Resource:
    return patient(identifier=[{"system": "urn:r", "value": value}], **more)


def where(value: str) -> str:
    return f"Patient?identifier=urn:r|{value}"


async def send(system: Caller, *entries: Resource, **headers: str) -> list[Resource]:
    answer = await system.post("", bundle("transaction", *entries), headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["entry"]


async def refuse(system: Caller, status: int, *entries: Resource) -> Any:
    return assert_outcome(await system.post("", bundle("transaction", *entries)), status)


def place(answered: Resource) -> str:
    return "/".join(answered["response"]["location"].split("/_history")[0].split("/")[-2:])


async def made(system: Caller, answered: Resource) -> Resource:
    return (await system.get(place(answered))).json()


# ---- W1: the response --------------------------------------------------------------------------


@pytest.mark.parametrize("preferred", [None, "minimal", "representation", "OperationOutcome"])
async def test_w1_each_entry_tells_what_became_of_it(system: Caller, preferred: Any) -> None:
    value = uuid4().hex
    there = (await system.post("Patient", known(value))).json()["id"]
    headers = {} if preferred is None else {"prefer": f"return={preferred}"}
    created, updated, read, gone = await send(
        system,
        entry("POST", "Patient", patient()),
        entry("PUT", f"Patient/{there}", known(value, id=there, active=True)),
        entry("GET", f"Patient/{there}"),
        entry("DELETE", where("nobody")),
        **headers,
    )
    assert created["response"]["status"] == "201 Created"
    assert updated["response"]["status"] == "200 OK"
    told = preferred == "OperationOutcome"
    assert gone["response"]["status"] == ("200 OK" if told else "204 No Content")
    assert ("outcome" in gone["response"]) == told
    assert read["resource"]["active"] is True
    for one, version in ((created, 1), (updated, 2), (read, 2)):
        assert one["response"]["etag"] == f'W/"{version}"'
        assert one["response"]["lastModified"]
    for one in (created, updated):
        assert ("resource" in one) == (preferred == "representation")
        assert ("outcome" in one["response"]) == (preferred == "OperationOutcome")


# ---- W3: links ---------------------------------------------------------------------------------


def referring(url: str) -> Resource:
    """Links of every kind to the same resource."""
    div = '<div xmlns="http://www.w3.org/1999/xhtml"><a href="{0}">a</a><img src="{0}"/></div>'
    narrative = {"status": "generated", "div": div.format(url)}
    return {
        "resourceType": "Composition",
        "text": narrative,
        "status": "final",
        "type": {"text": "note"},
        "date": "2020-01-01",
        "title": "note",
        "subject": {"reference": url},
        "author": [{"reference": "#inner"}],
        "contained": [
            {
                "resourceType": "Device",
                "id": "inner",
                "patient": {"reference": url},
                "text": narrative,
            }
        ],
        "extension": [
            {"url": "http://example.org/a", "valueReference": {"reference": url}},
            {"url": "http://example.org/b", "valueUri": url},
            {"url": "http://example.org/c", "valueUrl": url},
            {"url": "http://example.org/d", "valueAttachment": {"url": url}},
            {"url": "http://example.org/e", "valueCanonical": url},
        ],
        "section": [{"title": "s", "section": [{"title": "t", "text": narrative}]}],
    }


@pytest.mark.parametrize("url", [URN, "urn:oid:1.2.36.146.595.217.0.1", f"{ELSEWHERE}/Patient/77"])
async def test_w3_links_of_every_kind_are_replaced(system: Caller, url: str) -> None:
    """Wherever they stand, and "elements of type canonical are not replaced"."""
    first, second = await send(
        system,
        entry("POST", "Composition", referring(url)),
        entry("POST", "Patient", patient(), full_url=url),
    )
    found = await made(system, first)
    expected = referring(place(second))
    expected["extension"][4]["valueCanonical"] = url
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("name", "url"), [("valueUuid", URN), ("valueOid", "urn:oid:1.2.840.113619")]
)
async def test_w3_uuid_and_oid_elements(system: Caller, name: str, url: str) -> None:
    held = [{"url": "http://example.org/a", name: url}]
    first, second = await send(
        system,
        entry("POST", "Basic", {"resourceType": "Basic", "code": {"text": "x"}, "extension": held}),
        entry("POST", "Patient", patient(), full_url=url),
    )
    assert (await made(system, first))["extension"][0][name] == place(second)


async def test_w3_versions_stay_versions_and_are_the_ones_made(system: Caller) -> None:
    """ "a client can use arbitrarily chosen version references since they will all be re-assigned
    anyway"; what is no entry of the bundle is left untouched."""
    value = uuid4().hex
    there = (await system.post("Patient", known(value))).json()["id"]
    found = (await system.post("Patient", known(f"{value}-2"))).json()["id"]
    await system.put(f"Patient/{found}", known(f"{value}-2", id=found, active=True))
    wants = "http://hl7.org/fhir/StructureDefinition/resolve-as-version-specific"
    urns = [f"urn:uuid:{uuid4()}" for _ in range(2)]
    targets = [
        {"reference": f"{ELSEWHERE}/Patient/new/_history/77"},
        {"reference": f"{ELSEWHERE}/Patient/{there}/_history/1"},
        {"reference": f"{urns[0]}/_history/9"},
        {"reference": urns[1], "extension": [{"url": wants, "valueBoolean": True}]},
        {"reference": urns[1]},
        {"reference": f"Patient/{there}/_history/1"},
    ]
    provenance = {
        "resourceType": "Provenance",
        "target": targets,
        "recorded": "2020-01-01T00:00:00Z",
        "agent": [{"who": {"display": "x"}}],
    }
    answered = await send(
        system,
        entry("POST", "Provenance", provenance),
        entry("POST", "Patient", patient(), full_url=f"{ELSEWHERE}/Patient/new"),
        entry(
            "PUT",
            f"Patient/{there}",
            known(value, id=there, active=True),
            full_url=f"{ELSEWHERE}/Patient/{there}",
        ),
        entry(
            "POST",
            "Patient",
            patient(),
            full_url=urns[0],
            ifNoneExist=where(f"{value}-2").split("?")[1],
        ),
        entry(
            "PATCH",
            where(value).replace(value, "absent") if False else f"Patient/{found}",
            parameters(operation("delete", "Patient.active")),
            full_url=urns[1],
        ),
    )
    references = [one["reference"] for one in (await made(system, answered[0]))["target"]]
    assert references == [
        f"{place(answered[1])}/_history/1",
        f"Patient/{there}/_history/2",
        f"Patient/{found}/_history/3",
        f"Patient/{found}/_history/3",
        f"Patient/{found}",
        f"Patient/{there}/_history/1",
    ]


async def test_w3_a_patch_may_refer_to_what_the_bundle_makes(system: Caller) -> None:
    value, url = uuid4().hex, f"urn:uuid:{uuid4()}"
    there = (await system.post("Patient", patient())).json()["id"]
    organization = {
        "resourceType": "Organization",
        "identifier": [{"system": "urn:r", "value": value}],
    }
    add = {"name": "managingOrganization", "value": {"valueReference": {"reference": url}}}
    sought = {"reference": f"Organization?identifier=urn:r|{value}"}
    practitioner = {"name": "generalPractitioner", "value": {"valueReference": sought}}
    answered = await send(
        system,
        entry(
            "PATCH",
            f"Patient/{there}",
            parameters(
                operation("add", "Patient", **add), operation("add", "Patient", **practitioner)
            ),
        ),
        entry("POST", "Organization", organization, full_url=url),
    )
    found = (await system.get(f"Patient/{there}")).json()
    assert found["managingOrganization"]["reference"] == place(answered[1])
    assert found["generalPractitioner"][0]["reference"] == place(answered[1])


# ---- W4: criteria ------------------------------------------------------------------------------


async def test_w4_conditional_references_see_what_the_transaction_makes(system: Caller) -> None:
    """They are resolved last: what is created or updated counts, what was deleted does not."""
    value = uuid4().hex
    there = (await system.post("Patient", known(f"{value}-old"))).json()["id"]
    gone = (await system.post("Patient", known(f"{value}-1"))).json()["id"]
    answered = await send(
        system,
        entry("POST", "Observation", observation(where(f"{value}-1"))),
        entry("POST", "Observation", observation(where(f"{value}-2"))),
        entry("POST", "Patient", known(f"{value}-1")),
        entry("PUT", f"Patient/{there}", known(f"{value}-2", id=there)),
        entry("DELETE", f"Patient/{gone}"),
    )
    found = [(await made(system, one))["subject"]["reference"] for one in answered[:2]]
    assert found == [place(answered[2]), f"Patient/{there}"]
    for lost in (
        [entry("PUT", f"Patient/{there}", known("other", id=there))],
        [entry("DELETE", f"Patient/{there}")],
    ):
        sought = entry("POST", "Observation", observation(where(f"{value}-2")))
        await refuse(system, 422, sought, *lost)
    twice = entry("POST", "Patient", known(f"{value}-2"))
    await refuse(system, 412, twice, entry("POST", "Observation", observation(where(f"{value}-2"))))


async def test_w4_those_who_refer_by_search_find_each_other(system: Caller) -> None:
    """Each of these is found by what the other is to be, and not by what it was."""
    value = uuid4().hex

    def linked(own: str, other: str, **more: Any) -> Resource:
        link = {"other": {"reference": where(other)}, "type": "seealso"}
        return known(own, link=[link], **more)

    there = (await system.post("Patient", known(f"{value}-0"))).json()["id"]
    first, second = await send(
        system,
        entry("POST", "Patient", linked(f"{value}-1", f"{value}-2")),
        entry("PUT", f"Patient/{there}", linked(f"{value}-2", f"{value}-1", id=there)),
    )
    assert (await made(system, first))["link"][0]["other"]["reference"] == place(second)
    assert (await made(system, second))["link"][0]["other"]["reference"] == place(first)
    await refuse(
        system,
        422,
        entry("POST", "Patient", linked(f"{value}-3", f"{value}-2")),
        entry("PUT", f"Patient/{there}", linked(f"{value}-4", f"{value}-1", id=there)),
    )


async def test_w4_the_order_of_the_entries_does_not_matter(system: Caller) -> None:
    """ "The outcome of processing the transaction SHALL NOT depend on the order"."""
    for order in permutations(range(4)):
        value, url = uuid4().hex, f"urn:uuid:{uuid4()}"
        criteria = where(value).split("?")[1]
        entries = [
            entry("POST", "Patient", known(value)),
            entry("POST", "Patient", known(value), full_url=url, ifNoneExist=criteria),
            entry("POST", "Observation", observation(url)),
            entry("GET", where(value)),
        ]
        answered = await send(system, *(entries[index] for index in order))
        statuses = [answered[order.index(index)]["response"]["status"][:3] for index in range(4)]
        assert statuses == ["201", "200", "201", "200"]
        assert answered[order.index(3)]["resource"]["total"] == 1
        subject = (await made(system, answered[order.index(2)]))["subject"]["reference"]
        assert subject == place(answered[order.index(0)])


async def test_w6_criteria_that_select_what_the_bundle_creates_overlap(system: Caller) -> None:
    value = uuid4().hex
    created = entry("POST", "Patient", known(value))
    put = entry("PUT", where(value), known(value))
    patch = entry("PATCH", where(value), parameters(operation("delete", "Patient.active")))
    for first, second, blamed in ((created, put, 1), (put, put, 0), (created, patch, 1)):
        issue = await refuse(system, 400, first, second)
        assert issue["expression"] == [f"Bundle.entry[{blamed}].request.url"]
        await refuse(system, 400, second, first)
    assert await total(system, where(value)) == 0


async def test_w6_deletes_that_select_the_same_overlap(system: Caller) -> None:
    value = uuid4().hex
    there = (await system.post("Patient", known(value))).json()["id"]
    by_criteria, by_id = entry("DELETE", where(value)), entry("DELETE", f"Patient/{there}")
    for first, second in ((by_criteria, by_criteria), (by_criteria, by_id), (by_id, by_criteria)):
        await refuse(system, 400, first, second)
    assert (await system.get(f"Patient/{there}")).status_code == 200


# ---- W7, W8: batches, and what is neither ------------------------------------------------------


async def test_w7_what_is_wrong_with_one_entry_is_nothing_to_the_others(system: Caller) -> None:
    url = f"urn:uuid:{uuid4()}"
    there = (await system.post("Patient", patient())).json()
    place_, moment = f"Patient/{there['id']}", there["meta"]["lastUpdated"]
    asked: list[tuple[Resource, int]] = [
        (entry("PUT", "Patient/1"), 400),
        (entry("POST", "Patient"), 400),
        (entry("GET", "Patient?" + "&".join(["active=true"] * 5000)), 414),
        (entry("POST", "Patient", patient(), full_url=url), 201),
        (entry("POST", "Observation", observation(url)), 400),
        (entry("GET", place_, ifModifiedSince="2999-01-01T00:00:00Z"), 304),
        (entry("GET", place_, ifModifiedSince=moment), 304),
        (entry("GET", place_, ifModifiedSince="2000-01-01T00:00:00+01:00"), 200),
        (entry("GET", place_, ifModifiedSince="2016-12-31T23:59:60Z"), 200),
        (entry("GET", f"{place_}/_history/1"), 200),
        (entry("GET", f"{place_}/_history"), 200),
        (entry("GET", f"{place_}/$meta"), 200),
        (entry("HEAD", "Patient/absent"), 404),
        (entry("DELETE", place_, ifMatch='W/"7"'), 412),
        (entry("GET", "_history?_count=1"), 200),
    ]
    answer = await system.post("", bundle("batch", *(one for one, _ in asked)))
    assert answer.json()["type"] == "batch-response"
    entries = answer.json()["entry"]
    assert [int(one["response"]["status"][:3]) for one in entries] == [s for _, s in asked]
    assert "transaction" in entries[4]["response"]["outcome"]["issue"][0]["diagnostics"]


@pytest.mark.parametrize("kind", ["document", "message", "history", "searchset", "collection"])
async def test_w8_bundles_of_other_types_are_stored_and_not_processed(
    system: Caller, kind: str
) -> None:
    issue = assert_outcome(await system.post("", bundle(kind)), 400, "invalid")
    assert (issue["expression"], kind in issue["diagnostics"]) == (["Bundle.type"], True)


async def test_w8_a_bundle_at_its_own_type_is_a_resource_like_any_other(system: Caller) -> None:
    body = bundle("transaction", entry("DELETE", "Patient/nobody"))
    stored = await system.post("Bundle", body)
    assert stored.status_code == 201
    assert (await system.get(f"Bundle/{stored.json()['id']}")).json()["entry"] == body["entry"]
