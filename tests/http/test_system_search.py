"""Searches of several types over HTTP (Q10-Q13, F13): addresses, links, messages, batches."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.serving import Caller, Served, assert_outcome

FORM = {"content-type": "application/x-www-form-urlencoded"}
LENIENT = {"prefer": "handling=lenient"}


def _of(type_name: str, one: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": type_name, "id": one, **more}


def _to(place: str) -> dict[str, str]:
    return {"reference": place}


RESOURCES = [
    _of("Patient", "ann", name=[{"family": "Ash"}], gender="female"),
    _of("Patient", "bob", name=[{"family": "Birch"}], gender="male"),
    _of("Practitioner", "ann", name=[{"family": "Ash"}]),
    _of(
        "Encounter",
        "e1",
        status="finished",
        **{"class": {"code": "AMB"}},
        subject=_to("Patient/ann"),
    ),
    _of("Observation", "o1", status="final", code={"text": "x"}, subject=_to("Patient/ann")),
    _of("Observation", "o2", status="final", code={"text": "x"}, subject=_to("Patient/bob")),
    _of("Binary", "raw", contentType="text/plain", data="eA=="),
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def seeded(served: Served, system: Caller) -> AsyncIterator[Served]:
    for each in RESOURCES:
        place = f"{each['resourceType']}/{each['id']}"
        assert (await system.put(place, each)).status_code == 201
    yield served


def _places(bundle: dict[str, Any], mode: str = "match") -> str:
    found = [one for one in bundle.get("entry", ()) if one["search"]["mode"] == mode]
    return " ".join(one["fullUrl"].split("/fhir/")[1] for one in found)


@pytest.mark.parametrize(
    ("place", "query", "expected"),
    [
        (
            "",
            "",
            (
                "Binary/raw Encounter/e1 Observation/o2 Observation/o1 Patient/bob Patient/ann "
                "Practitioner/ann"
            ),
        ),
        ("", "_id=ann", "Patient/ann Practitioner/ann"),
        ("", "_sort=_id&_type=Patient,Practitioner", "Patient/ann Practitioner/ann Patient/bob"),
        ("", "_sort=-_lastUpdated&_count=2", "Binary/raw Observation/o2"),
        ("", "_type=Practitioner,Patient&family=ash", "Patient/ann Practitioner/ann"),
        ("", "_type=Observation,Encounter&patient.gender=male", "Observation/o2"),
        ("", "_type=Observation&status=final&patient=ann", "Observation/o1"),
        ("", "_lastUpdated=lt2000", ""),
        ("", "_type=Account", ""),
        ("Patient/ann/*", "", "Encounter/e1 Observation/o1"),
        ("Patient/ann/*", "_type=Encounter", "Encounter/e1"),
        ("Patient/ann/*", "_sort=-_lastUpdated&_count=1", "Observation/o1"),
        ("Patient/none/*", "", ""),
        ("Encounter/e1/*", "", "Encounter/e1"),
        ("Practitioner/ann/*", "", "Practitioner/ann"),
        ("Device/ann/*", "", ""),
        ("RelatedPerson/ann/*", "", ""),
    ],
)
async def test_q13_by_get_by_post_and_in_a_batch(
    seeded: Served, system: Caller, place: str, query: str, expected: str
) -> None:
    answer = await system.get(f"{place}?{query}")
    assert answer.status_code == 200, answer.text[:300]
    assert _places(answer.json()) == expected
    link = f"{seeded.base}/{place}".rstrip("/")
    assert answer.json()["link"][0]["url"] == (f"{link}?{query}" if query else link)
    posted = await system("POST", f"{place}/_search".lstrip("/"), query, headers=FORM)
    assert _places(posted.json()) == expected
    whole = f"{link}?{query}"
    for url in (f"{place}?{query}", f"/{place}?{query}", whole):
        entry = [{"request": {"method": "GET", "url": url}}]
        for kind in ("batch", "transaction"):
            bundle = {"resourceType": "Bundle", "type": kind, "entry": entry}
            done = (await system.post("", bundle)).json()
            assert _places(done["entry"][0]["resource"]) == expected, done


async def test_q11_links_lead_through_the_whole(seeded: Served, system: Caller) -> None:
    for start in ("?_count=2", "?_sort=-_id&_count=2", "Patient/ann/*?_count=1"):
        whole = (await system.get(start.replace("_count=", "_count=9"))).json()
        page = (await system.get(f"{start}&_total=accurate")).json()
        found, first = [_places(page)], page
        while nexts := [one["url"] for one in page["link"] if one["relation"] == "next"]:
            assert nexts[0].startswith(
                f"{seeded.base}{'' if start[0] == '?' else '/Patient/ann/*'}?"
            )
            page = (await system.get(nexts[0])).json()
            assert page["total"] == first["total"]
            found.append(_places(page))
        assert " ".join(found) == _places(whole)
        back = next(one["url"] for one in page["link"] if one["relation"] == "previous")
        assert _places((await system.get(back)).json()) == found[-2]
        other = await seeded.caller("system/*.rs")
        assert_outcome(await other.get(back.replace("_count=", "_count=1")), 400)


@pytest.mark.parametrize(
    ("place", "query", "told"),
    [
        ("", "_type=Patinet", "Patient"),
        ("", "_type=Patient,,Observation", "''"),
        ("", "_type=Parameters", "Parameters"),
        ("", "_type=Patient&_type=Observation", "twice"),
        ("", "_type:not=Patient", "_type:not"),
        ("", "family=x", "_type"),
        ("", "_tga=x", "_tag"),
        ("", "status=x", "AdverseEvent"),
        ("", "_type=Patient,Observation&family=x", "Observation"),
        ("", "_type=Patient,Practitioner&famly=x", "family"),
        ("", "_type=Patient&famly=x", "family"),
        ("", "_sort=family", "_lastUpdated"),
        ("", "_type=Patient,Observation&_sort=family", "_sort=family"),
        ("", "_include=Observation:nonsense", "Observation:nonsense"),
        ("", "_type=Patient&_include=Observation:subject", "Observation:subject"),
        ("", "_revinclude=Nonsense:target", "Nonsense:target"),
        ("", "_type=Binary&_revinclude=Observation:subject", "Observation:subject"),
        ("", "_elements=nonsense", "nonsense"),
        ("", "_type=Patient&_elements=Observation.status", "Observation.status"),
        ("", "_lastUpdated=yesterday", "_lastUpdated"),
        ("", "_count=-1", "_count"),
        ("", "_page=x", "page"),
        ("", "_tag=", "_tag"),
        ("", "_type=Observation,Encounter&date=x", "date"),
        ("Patient/ann/*", "_type=Medication", "Patient compartment"),
        ("Patient/ann/*", "code=x", "code"),
    ],
)
async def test_f13_what_is_wrong_is_told(
    seeded: Served, system: Caller, place: str, query: str, told: str
) -> None:
    assert told in assert_outcome(await system.get(f"{place}?{query}"), 400)["diagnostics"]


async def test_f13_lenient_leaves_out_what_is_not_shared(seeded: Served, system: Caller) -> None:
    query = "_type=Patient,Practitioner&_tag=&nonsense=1&gender=male&birthdate=1900&_id=ann"
    answer = await system.get(f"?{query}", headers=LENIENT)
    assert _places(answer.json()) == ""
    assert answer.json()["link"][0]["url"].endswith(
        "fhir?_type=Patient,Practitioner&gender=male&_id=ann"
    )
    outcome = answer.json()["entry"][-1]["resource"]
    told = [issue["diagnostics"].partition(":")[0].partition(" ")[0] for issue in outcome["issue"]]
    assert told == ["_tag", "nonsense", "birthdate"]
    for bad in ("_type=Patinet", "_lastUpdated=x", "_sort=x"):
        assert_outcome(await system.get(f"?{bad}", headers=LENIENT), 400)


async def test_q9_q12_includes_and_parts(seeded: Served, system: Caller) -> None:
    query = "?_type=Observation,Encounter&_include=Observation:subject&_include=Encounter:subject"
    bundle = (await system.get(f"{query}&_count=1000&_total=accurate")).json()
    assert bundle["total"] == 3
    assert sorted(_places(bundle, "include").split()) == ["Patient/ann", "Patient/bob"]
    bundle = (await system.get("?_id=ann&_revinclude=Observation:patient&_revinclude=*")).json()
    assert sorted(_places(bundle, "include").split()) == ["Encounter/e1", "Observation/o1"]
    bundle = (await system.get("?_type=Patient,Practitioner&_elements=Patient.name,id")).json()
    parts = {one["resource"]["resourceType"]: one["resource"] for one in bundle["entry"]}
    assert "name" in parts["Patient"]
    assert "name" not in parts["Practitioner"]
    assert "gender" not in parts["Patient"]
    counted = (await system.get("?_summary=count")).json()
    assert (counted["total"], "entry" in counted) == (len(RESOURCES), False)
    counted = (await system.get("?_type=Patient,Observation&_count=0")).json()
    assert (counted["total"], "entry" in counted) == (4, False)


async def test_z4_scopes(seeded: Served) -> None:
    ann = await seeded.caller("patient/Observation.rs patient/Patient.rs", "ann")
    assert _places((await ann.get("")).json()) == "Observation/o1 Patient/ann"
    assert _places((await ann.get("Patient/ann/*")).json()) == "Observation/o1"
    assert _places((await ann.get("Patient/bob/*")).json()) == ""
    issue = assert_outcome(await ann.get("?_type=Patient,Encounter"), 403)
    assert "patient/Encounter.s" in issue["diagnostics"]
    issue = assert_outcome(await ann.get("Encounter/e1/*"), 403)
    assert "patient/Encounter.rs" in issue["diagnostics"]


@pytest.mark.parametrize(
    ("method", "place", "status"),
    [
        ("PUT", "", 405),
        ("PUT", "_search", 405),
        ("GET", "*", 404),
        ("GET", "Group/x/*", 404),
        ("GET", "Patient/x/*/*", 404),
        ("GET", "Patient/an_n/*", 404),
        ("GET", "Patient/ann/*/_search", 405),
        ("DELETE", "Patient/ann/*", 405),
    ],
)
async def test_f3_other_addresses(system: Caller, method: str, place: str, status: int) -> None:
    assert_outcome(await system(method, place), status)


async def test_d17_the_statement_lists_it(served: Served) -> None:
    rest = (await served.http.get(f"{served.base}/metadata")).json()["rest"][0]
    assert {"code": "search-system"} in rest["interaction"]
    names = {one["name"] for one in rest["searchParam"]}
    assert {"_type", "_id", "_lastUpdated", "_tag", "_profile", "_security", "_source"} <= names
    assert all(name.startswith("_") for name in names)
