"""Y2-Y7: no search finds, counts, orders by, includes or pages to what is another's."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from tests.matrix.rules import Resource, readable, walk
from tests.matrix.world import STORED, World, entries, everything, ids
from tests.matrix.woven import A, B
from tests.search.finding import CATALOGUE


def spellings(base: str, logical_id: str) -> tuple[str, ...]:
    """Another patient's id as a search may have it."""
    return (
        logical_id,
        f"Patient/{logical_id}",
        f"{base}/Patient/{logical_id}",
        f"Patient/{logical_id},Patient/{A}",
        f"{A},{logical_id}",
        f"Patient/{logical_id}/_history/1",
    )


async def same_but_for_reach(world: World, path: str) -> list[Resource]:
    """A's matches are the system's that A may read, in the same order; gives the system's."""
    whole = await world.system.get(f"{path}&_count=1000")
    mine = await world.a.get(f"{path}&_count=1000&_total=accurate")
    assert mine.status_code == whole.status_code, f"{path}: {mine.text[:300]}"
    world.clean(mine, path)
    if whole.status_code != 200:
        return []
    found = [one["resource"] for one in whole.json().get("entry", [])]
    allowed = [f"{one['resourceType']}/{one['id']}" for one in found if readable(one, A)]
    got = [
        f"{one['resource']['resourceType']}/{one['resource']['id']}"
        for one in mine.json().get("entry", [])
    ]
    assert sorted(got) == sorted(allowed), path
    if "_sort" in path:
        assert got == allowed, path
    assert mine.json()["total"] == len(allowed), path
    return found


@pytest.mark.parametrize("type_name", STORED)
async def test_y2_anothers_id_in_every_spelling(world: World, type_name: str) -> None:
    for name, field in CATALOGUE.fields(type_name).items():
        if field.type != "reference" or "Patient" not in field.targets:
            continue
        for spelt in spellings(world.base, B):
            await same_but_for_reach(world, f"{type_name}?{name}={quote(spelt)}")
        await same_but_for_reach(world, f"{type_name}?{name}:Patient={B}")
        await same_but_for_reach(world, f"{type_name}?{name}:missing=true")


@pytest.mark.parametrize("type_name", STORED)
async def test_y2_by_id_tag_and_identifier(world: World, type_name: str) -> None:
    """Each of the other's resources by everything that names it; the system does find it."""
    stored = await world.current(type_name)
    theirs = [one for one in stored if not readable(one, A)][:2]
    everyone = ",".join(one["id"] for one in stored[:100])
    assert await same_but_for_reach(world, f"{type_name}?_id={everyone}")
    for one in theirs:
        tag = quote(f"urn:example:matrix|{one['meta']['tag'][0]['code']}")
        paths = [f"_id={one['id']}", f"_tag={tag}", f"_id={one['id']}&_id={one['id']},aaa-patient"]
        if "identifier" in CATALOGUE.fields(type_name) and "identifier" in one:
            value: str = walk(one, "identifier.value")[0]
            paths += [
                f"identifier={quote(value)}",
                f"identifier=http://example.org/number|{quote(value)}",
                f"identifier=x,{quote(value)}",
            ]
        for path in paths:
            assert await same_but_for_reach(world, f"{type_name}?{path}"), path
        await same_but_for_reach(world, f"{type_name}?_tag:not={tag}")


@pytest.mark.parametrize(
    "query",
    [
        "Patient?family=BBB-family",
        "Patient?name=BBB",
        "Patient?name:exact=BBB-family",
        "Patient?name:contains=family",
        "Patient?birthdate=1971-02-03",
        "Patient?birthdate=lt1980",
        "Patient?birthdate=gt1900",
        "Patient?organization=Organization/shared-main",
        "Patient?general-practitioner=Practitioner/shared-main",
        f"Patient?link=Patient/{B}",
        f"Patient?link=Patient/{A}",
        "Observation?category=laboratory",
        "Observation?category:not=laboratory",
        "Observation?category:missing=true",
        f"Observation?subject=Patient/{B}&performer=Patient/{A}",
        f"Observation?performer=Patient/{B}",
        f"Observation?subject=Patient/{A}&subject=Patient/{B}",
        "Observation?has-member=Observation/bbb-observation",
        "Observation?encounter=Encounter/bbb-encounter",
        "Observation?specimen=bbb-specimen",
        f"Appointment?actor=Patient/{A}&actor=Patient/{B}",
        f"List?item=Patient/{B}",
        f"Provenance?target=Patient/{B}",
        "Provenance?target=Observation/bbb-observation",
        "MedicationRequest?medication=Medication/shared-main",
        "Slot?schedule=Schedule/bbb-schedule",
        "Schedule?actor=Practitioner/shared-main",
        f"Schedule?actor=Patient/{B}",
        "Device?status:missing=true",
        f"Group?member=Patient/{A}",
        f"Group?member=Patient/{B}",
        "Observation?_lastUpdated=gt2000",
        "Observation?_lastUpdated=lt2000",
        f"Observation?_filter=not (subject eq Patient/{A})",
        f"Observation?_filter=subject eq Patient/{B} or performer eq Patient/{B}",
        "Observation?_filter=subject ne nobody or not (status pr true)",
        "Patient?_filter=family co bbb or family co aaa",
        "Patient?_content=BBB",
        "Condition?_content=aaa or bbb",
        "Condition?_content=not aaa",
        "Observation?_text:missing=true",
        *(
            f"Observation?_sort={sort}"
            for sort in ("_id", "-_id", "_lastUpdated", "-_lastUpdated,_id", "status,_id")
        ),
        *(f"Patient?_sort={sort}" for sort in ("family,_id", "-birthdate,_id", "-_id")),
        "Communication?_sort=-_id",
    ],
)
async def test_y2_y6_filters_and_sorts(world: World, query: str) -> None:
    await same_but_for_reach(world, query)


@pytest.mark.parametrize(
    "query",
    [
        "Patient?_has:Observation:patient:_tag={}",
        "Organization?_has:Patient:organization:family={}",
        "Organization?_has:Patient:organization:_id={}",
        "Practitioner?_has:Patient:general-practitioner:_id={}",
        "Observation?subject.family={}",
        "Observation?subject:Patient.family={}",
        "Observation?patient.identifier={}",
        "Observation?has-member.subject={}",
        "MedicationRequest?medication.identifier={}&patient.family={}",
        "Slot?schedule.actor={}",
        "Slot?schedule.actor:Patient.family={}",
        "Observation?_text={}",
        "Observation?_content={}",
        "Observation?_filter=subject eq {}",
        'Observation?_filter=subject.family co "{}" or subject:Patient._id eq {}',
        "Patient?_filter=link[family eq {}].gender pr true",
        "Organization?_has:Patient:organization:_filter=family co {}",
        "Patient?_list={},aaa-of-as",
        "Observation?subject:identifier={}",
        "Observation?_query={}",
        "Observation?subject:above={}",
        "Observation?subject[$ne]={}",
        "Observation?$where={}",
        "Observation?k={}",
        "Observation?m={}",
        "Observation?resource.subject.reference={}",
        "Patient?_include=*&_id={}",
        "Patient?_revinclude=*&_id={}",
        "Patient?_include:iterate=Patient:link&_id={}",
        "Patient?_summary=count&_id={}",
        "Patient?_elements=id&_id={}",
    ],
)
async def test_y3_joins_are_no_oracle(world: World, query: str) -> None:
    """Chains, `_has` and the like: one answer for values that are there and that are not."""
    said: set[tuple[int, str]] = set()
    for value in (B, "BBB-family", f"Patient/{B}", "BBB-patient", "zzz-none"):
        answer = await world.a.get(query.replace("{}", value))
        assert answer.status_code in (200, 400)
        world.clean(answer, query)
        if answer.status_code == 200:
            plain = "&".join(each for each in query.split("&") if "{}" not in each)
            assert all(readable(one["resource"], A) for one in answer.json().get("entry", []))
            said.add((200, "_summary" if "_summary" in plain else str(entries(answer))))
        else:
            said.add((400, answer.text.replace(value, "VALUE")))
    assert len(said) == 1, said


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("Patient?_list=aaa-of-bs", ""),
        ("Observation?_list=aaa-of-bs", ""),
        ("Patient?_list=bbb-of-as", ""),
        ("Observation?_list=bbb-of-as", ""),
        ("Observation?_list=bbb-of-as,zzz-none", ""),
        ("Observation?_list=aaa-of-as", "aaa-lab"),
        ("Observation?_filter=not (_id pr false)&_list=aaa-of-as", "aaa-lab"),
        ("Patient/aaa-patient/Observation?_list=List/aaa-of-as", "aaa-lab"),
    ],
)
async def test_y2_lists_of_the_callers_own(world: World, query: str, found: str) -> None:
    """Y2: another's List is none, and one's own brings nothing that is another's."""
    answer = await world.a.get(query)
    assert answer.status_code == 200
    world.clean(answer, query)
    assert " ".join(one["resource"]["id"] for one in answer.json().get("entry", ())) == found


@pytest.mark.parametrize("type_name", STORED)
async def test_y4_includes_bring_only_what_is_in_reach(world: World, type_name: str) -> None:
    """Every `_include` and `_revinclude` at once, against the system's for the same matches."""
    found = await everything(world.a, f"{type_name}?_count=1000")
    if not found:
        return
    form = {
        "_id": ",".join(ids(found)),
        "_count": "1000",
        "_include": list(CATALOGUE.includes(type_name)),
        "_revinclude": list(CATALOGUE.revincludes(type_name)),
    }
    whole = await world.system("POST", f"{type_name}/_search", data=form)
    mine = await world.a("POST", f"{type_name}/_search", data=form)
    assert mine.status_code == whole.status_code == 200, whole.text[:300]
    world.clean(mine, str(form))
    got, all_of_them = entries(mine), entries(whole)
    allowed = sorted(
        f"{one['resource']['resourceType']}/{one['resource']['id']}"
        for one in whole.json()["entry"]
        if readable(one["resource"], A)
    )
    assert got == allowed
    if type_name in ("Patient", "Observation", "List", "Organization", "Appointment"):
        assert len(all_of_them) > len(got)


@pytest.mark.parametrize(
    ("query", "kept_out"),
    [
        ("Observation?_id=aaa-points-at-b&_include=Observation:has-member", "Observation/bbb-"),
        ("Observation?_id=aaa-points-at-b&_include=Observation:encounter", "Encounter/bbb-"),
        ("List?_id=aaa-of-bs&_include=List:item", "Patient/bbb-"),
        ("Patient?_id=aaa-patient&_include=Patient:link", "Patient/bbb-"),
        ("Organization?_id=shared-main&_revinclude=Patient:organization", "Patient/bbb-"),
        ("Practitioner?_revinclude=MedicationRequest:requester", "MedicationRequest/bbb-"),
        ("Medication?_revinclude=MedicationRequest:medication", "MedicationRequest/bbb-"),
        ("Slot?_include=Slot:schedule", "Schedule/bbb-"),
        ("Appointment?_id=both-group&_include=Appointment:patient", "Patient/bbb-"),
        ("Patient?_id=aaa-patient&_revinclude=Observation:performer", "Observation/bbb-"),
        ("Patient?_id=aaa-patient&_revinclude=Provenance:target", "Provenance/nobody-"),
        ("Patient?_id=aaa-patient&_revinclude=AuditEvent:entity", "AuditEvent/nobody-"),
        ("Observation?_id=aaa-observation&_revinclude=Provenance:target", "Provenance/bbb-"),
    ],
)
async def test_y4_through_own_and_shared_resources(world: World, query: str, kept_out: str) -> None:
    """The system does get what is kept from A, who asks the same."""
    whole, mine = entries(await world.system.get(query)), entries(await world.a.get(query))
    assert any(kept_out in place for place in whole), whole
    assert not any(kept_out in place for place in mine)
    assert mine


async def test_y6_totals_of_every_kind(world: World) -> None:
    own = [one for one in await world.current("Observation") if readable(one, A)]
    for total in ("accurate", "estimate"):
        answer = await world.a.get(f"Observation?_total={total}&_count=1")
        assert answer.json()["total"] == len(own)
        for spelt in (f"patient={B}", f"subject=Patient/{B}", "_id=bbb-observation"):
            for count in (0, 1):
                path = f"Observation?{spelt}&_total={total}&_count={count}"
                assert (await world.a.get(path)).json()["total"] == 0
    assert "total" not in (await world.a.get("Observation?_total=none")).json()


async def _next(world: World, path: str) -> str:
    links = (await world.b.get(path)).json()["link"]
    return next(one["url"] for one in links if one["relation"] == "next")


async def test_y7_next_links_are_no_proof(world: World) -> None:
    """B's link with A's token: refused, or A's own data; with none 401; tampered 400."""
    for path in ("Observation?_count=2", "Observation?_count=2&_sort=-_lastUpdated"):
        link: str | None = await _next(world, path)
        assert (await world.served.http.get(str(link))).status_code == 401
        while link is not None:
            mine = await world.a.get(link)
            assert mine.status_code in (200, 400)
            world.clean(mine, link)
            if mine.status_code == 400:
                break
            assert all(readable(one["resource"], A) for one in mine.json().get("entry", []))
            links = {one["relation"]: one["url"] for one in mine.json()["link"]}
            link = links.get("next")


async def test_y7_tampered_links_are_refused(world: World) -> None:
    link = await _next(world, "Observation?_count=2")
    page = dict(parse_qsl(urlsplit(link).query))["_page"]
    for changed in (
        *(page[:at] + ("A" if page[at] != "A" else "B") + page[at + 1 :] for at in range(0, 40, 3)),
        page[:-3],
        page + page,
        "",
        "x",
        "AAAA",
        "é",
        page[::-1],
    ):
        answer = await world.b.get(f"Observation?_count=2&_page={quote(changed)}")
        assert answer.status_code == 400, changed
    for query in (f"patient={A}&_count=2", "_count=3", "_count=2&_sort=_id", "_count=2&status=x"):
        answer = await world.b.get(f"Observation?{query}&_page={quote(page)}")
        assert answer.status_code == 400, query
    other_type = await world.b.get(f"Condition?_count=2&_page={quote(page)}")
    assert other_type.status_code == 400


async def test_y7_pages_join_to_the_whole(world: World) -> None:
    for query in ("Observation?", "Observation?_sort=-_id&", "Provenance?", "AuditEvent?"):
        whole: list[Any] = await everything(world.a, f"{query}_count=1000")
        for count in (1, 2, 3):
            assert await everything(world.a, f"{query}_count={count}") == whole or (
                ids(await everything(world.a, f"{query}_count={count}")) == ids(whole)
            )


@pytest.mark.parametrize(
    "query",
    [
        f"patient={B}&patient={A}",
        f"patient={A}&patient={B}",
        "_count=1&_count=1000",
        f"subject=Patient/{A}&subject=Patient/{B}",
        f"_id={A}&_id={B}",
        "_page=x&_page=y",
        "_total=none&_total=accurate",
        f"patient[]={B}",
        f"patient%00={B}",
        f"patient={B}%00",
        f"patient=%24{B}",
        f"patient={{$ne:1}}&_id={B}",
        f"PATIENT={B}",
        f"patient%3D{B}",
        f"patient={A}%26patient={B}",
        f"patient={A}%23{B}",
        f"patient={A}\\,{B}",
    ],
)
async def test_y13_doubled_and_operator_like_parameters(world: World, query: str) -> None:
    for answer in (
        await world.a.get(f"Observation?{query}"),
        await world.a.get(f"Observation?{query}", headers={"prefer": "handling=lenient"}),
        await world.a(
            "POST",
            "Observation/_search?_count=1000",
            query,
            headers={"content-type": "application/x-www-form-urlencoded"},
        ),
    ):
        assert answer.status_code in (200, 400), answer.text[:300]
        world.clean(answer, query)
        if answer.status_code == 200:
            found = [one["resource"] for one in answer.json().get("entry", [])]
            assert all(readable(one, A) for one in found if "id" in one)
