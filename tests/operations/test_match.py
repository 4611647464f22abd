"""`Patient/$match` over HTTP (R4 operation-patient-match.html): what is given, told and refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from resources import fhir_json, fhir_xml
from resources.operations import operation_definitions
from tests.operations.checking import answered
from tests.serving import Caller, Served, assert_outcome

DEFINED = operation_definitions()["Patient-match"]
GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
Resource = dict[str, Any]


def asked(patient: Resource, **more: Any) -> Resource:
    """The `Parameters`."""
    listed: list[Resource] = [{"name": "resource", "resource": patient}]
    for name, value in more.items():
        kind = "valueBoolean" if isinstance(value, bool) else "valueInteger"
        listed.append({"name": name, kind: value})
    return {"resourceType": "Parameters", "parameter": listed}


def told(answer: httpx.Response) -> tuple[list[tuple[str, str, float]], list[Resource]]:
    """Ids, grades and scores; and the issues of the outcome."""
    assert answer.status_code == 200, answer.text
    bundle = answered(DEFINED, answer.content)
    assert bundle["type"] == "searchset"
    found: list[tuple[str, str, float]] = []
    issues: list[Resource] = []
    for entry in bundle.get("entry", []):
        search = entry["search"]
        if search["mode"] == "outcome":
            issues += entry["resource"]["issue"]
            continue
        assert entry["fullUrl"].endswith(f"Patient/{entry['resource']['id']}")
        grades = [one["valueCode"] for one in search["extension"] if one["url"] == GRADE]
        found.append((entry["resource"]["id"], *grades, float(search["score"])))
    scores = [score for *_, score in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    return found, issues


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mark(system: Caller) -> AsyncIterator[str]:
    """A family name of nobody else's, and with it some people."""
    mark = "Mt" + uuid4().hex[:8].translate(str.maketrans("0123456789", "ghijklmnop"))
    born = {"birthDate": "1950-03-04", "gender": "male"}
    home = [{"line": ["1 Elm"], "postalCode": "12345", "city": "Ulm"}]
    rows: dict[str, Resource] = {
        "eva": {"given": "Eva", "birthDate": "1980-05-12", "gender": "female", "address": home},
        "olga": {"given": "Olga", "birthDate": "1980-05-12", "gender": "female", "address": home},
        "tom": {"given": "Tom", **born},
        "tom-old": {
            "given": "Tom",
            **born,
            "link": [{"type": "replaced-by", "other": {"reference": f"Patient/{mark}-tom"}}],
        },
        "ann": {"given": "Ann", **born, "gender": "female", "active": False},
        "ann-2": {"given": "Ann", **born, "gender": "female"},
        "numbered": {
            "given": "Zoe",
            "birthDate": "1999-09-09",
            "identifier": [{"system": "urn:mrn", "value": mark}],
        },
    }
    entries: list[Resource] = []
    for name, more in rows.items():
        given = more.pop("given")
        resource = {
            "resourceType": "Patient",
            "id": f"{mark}-{name}",
            "name": [{"family": mark, "given": [given]}],
            **more,
        }
        place = {"method": "PUT", "url": f"Patient/{mark}-{name}"}
        entries.append({"resource": resource, "request": place})
    body = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = await system.post("", body)
    assert answer.status_code == 200, answer.text
    yield mark


def person(mark: str, given: str, born: str | None = None, **more: Any) -> Resource:
    made = {"resourceType": "Patient", "name": [{"family": mark, "given": [given]}], **more}
    return made | ({"birthDate": born} if born else {})


async def test_the_best_comes_first_with_grade_and_score(system: Caller, mark: str) -> None:
    """And what each field said, for whoever has to decide."""
    answer = await system.post("Patient/$match", asked(person(mark, "Eva", "1980-05-12")))
    found, issues = told(answer)
    assert [one[:2] for one in found] == [(f"{mark}-eva", "certain"), (f"{mark}-olga", "possible")]
    assert issues == []
    assert answer.json()["total"] == 2
    why = answer.json()["entry"][0]["search"]["extension"][1]["valueString"]
    assert why == "family same +10; given same +7; birthDate same +15"
    score = answer.json()["entry"][0]["search"]["score"]
    assert score == pytest.approx(4096 / 4097, abs=1e-6)  # pyright: ignore[reportUnknownMemberType]


async def test_the_patient_alone_is_the_one_resource_parameter(system: Caller, mark: str) -> None:
    patient = person(mark, "Eva", "1980-05-12")
    bare = await system.post("Patient/$match", patient)
    whole = await system.post("Patient/$match", asked(patient))
    assert told(bare) == told(whole)
    narrowed = await system.post("Patient/$match?count=1", person(mark, "Tom"))
    assert len(told(narrowed)[0]) == 1


async def test_twins_are_told_apart(system: Caller, mark: str) -> None:
    home = [{"line": ["1 Elm"], "postalCode": "12345", "city": "Ulm"}]
    found, _ = told(
        await system.post("Patient/$match", person(mark, "Olga", "1980-05-12", address=home))
    )
    assert [one[:2] for one in found] == [(f"{mark}-olga", "certain"), (f"{mark}-eva", "possible")]


async def test_count_gives_the_best(system: Caller, mark: str) -> None:
    name = asked(person(mark, "Ann"))
    every = await system.post("Patient/$match", name)
    best = await system.post("Patient/$match", asked(person(mark, "Ann"), count=1))
    assert len(told(every)[0]) == 2
    assert told(best)[0] == told(every)[0][:1]
    assert best.json()["total"] == 2


async def test_only_certain_matches(system: Caller, mark: str) -> None:
    """One; none where several are, which is told; and how many were close."""

    async def certain(*given: str, **more: Any) -> tuple[list[str], list[str]]:
        patient = person(mark, *given, **more)
        answer = await system.post("Patient/$match", asked(patient, onlyCertainMatches=True))
        found, issues = told(answer)
        assert answer.json()["total"] == len(found)
        return [one[0] for one in found], [one["code"] for one in issues]

    assert await certain("Eva", "1980-05-12") == ([f"{mark}-eva"], ["informational"])
    assert await certain("Zoe", "1999-09-09") == ([f"{mark}-numbered"], [])
    assert await certain("Ann", "1950-03-04") == ([], ["multiple-matches"])
    assert await certain("Ann") == ([], ["informational"])
    assert await certain("Nobody", "1901-01-01") == ([], [])


async def test_who_was_replaced_is_never_certain(system: Caller, mark: str) -> None:
    patient = person(mark, "Tom", "1950-03-04", gender="male")
    found, issues = told(await system.post("Patient/$match", asked(patient)))
    assert [one[:2] for one in found] == [
        (f"{mark}-tom", "certain"),
        (f"{mark}-tom-old", "probable"),
    ]
    (issue,) = issues
    assert issue["diagnostics"].startswith(
        f"Patient/{mark}-tom-old was replaced by Patient/{mark}-tom,"
    )
    patient = asked(patient, onlyCertainMatches=True)
    found, _ = told(await system.post("Patient/$match", patient))
    assert [one[0] for one in found] == [f"{mark}-tom"]


async def test_who_is_not_active_is_named(system: Caller, mark: str) -> None:
    ann = person(mark, "Ann", "1950-03-04", gender="female")
    _, issues = told(await system.post("Patient/$match", ann))
    assert [one["diagnostics"] for one in issues] == [f"Patient/{mark}-ann is not in active use."]


async def test_an_identifier_that_all_else_denies_is_certainly_not(
    system: Caller, mark: str
) -> None:
    number = {"identifier": [{"system": "urn:mrn", "value": mark}]}
    denied = person("Somebody", "Else", "1911-11-11", **number)
    found, _ = told(await system.post("Patient/$match", denied))
    assert [one[:2] for one in found] == [(f"{mark}-numbered", "certainly-not")]
    found, _ = told(await system.post("Patient/$match", {"resourceType": "Patient", **number}))
    assert [one[:2] for one in found] == [(f"{mark}-numbered", "probable")]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"resourceType": "Parameters"}, "needs the parameter resource"),
        ({"resourceType": "Person", "gender": "male"}, "compares a Patient"),
        ({"resourceType": "Patient"}, "needs more to go by"),
        ({"resourceType": "Patient", "gender": "male", "birthDate": "1980-05-12"}, "day of birth"),
        ({"resourceType": "Patient", "name": [{"family": "Keller"}]}, "family and given name"),
        ({"resourceType": "Patient", "birthDate": "12.5.1980"}, "must be a date"),
        ({"resourceType": "Patient", "name": "Keller"}, ""),
        ({"resourceType": "Patient", "nonsense": 1}, "nonsense"),
        (asked({"resourceType": "Patient", "birthDate": 5}), ""),
        (asked({"resourceType": "Patient"}, count=0), ""),
        ({"resourceType": "Patient", "identifier": [{"value": "7"}]}, "with its system"),
        (asked(person("Keller", "Eva"), count=0), "1 or more"),
        (asked({"resourceType": "Patient"}, certain=True), "onlyCertainMatches"),
        ({"resourceType": "Parameters", "parameter": [{"name": "resource"}]}, "resource"),
    ],
)
async def test_f10_what_cannot_be_matched(system: Caller, body: Resource, says: str) -> None:
    """ "BadRequest … insufficient properties in patient fragment", with what would do."""
    issue = assert_outcome(await system.post("Patient/$match", body), 400)
    assert says in issue["diagnostics"]


async def test_what_is_required_of_a_stored_patient_may_be_missing(
    system: Caller, mark: str
) -> None:
    """ "Nor does it need to pass validation (i.e. mandatory fields don't need to be populated)"."""
    patient = person(mark, "Eva", "1980-05-12", communication=[{"preferred": True}])
    assert_outcome(await system.post("Patient", patient), 400)
    assert told(await system.post("Patient/$match", patient))[0][0][0] == f"{mark}-eva"


async def test_in_a_batch_and_as_xml(system: Caller, mark: str) -> None:
    patient = person(mark, "Eva", "1980-05-12")
    whole = told(await system.post("Patient/$match", patient))
    request = {"method": "POST", "url": "Patient/$match"}
    entries: list[Resource] = [{"request": request, "resource": asked(patient)}]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    (entry,) = (await system.post("", bundle)).json()["entry"]
    assert [one["resource"]["id"] for one in entry["resource"]["entry"]] == [
        one[0] for one in whole[0]
    ]
    sent = {"accept": "application/fhir+xml"}
    answer = await system.post("Patient/$match", patient, headers=sent)
    found = fhir_xml.parse(answer.content)
    assert told(httpx.Response(200, content=fhir_json.dump(found))) == whole


async def test_it_is_asked_by_post_alone(system: Caller) -> None:
    assert_outcome(await system.get("Patient/$match?count=1"), 405)


async def test_y2_a_patients_app_finds_its_patient_alone(served: Served, mark: str) -> None:
    own = await served.caller("patient/*.rs", f"{mark}-eva")
    found, _ = told(await own.post("Patient/$match", person(mark, "Eva", "1980-05-12")))
    assert [one[0] for one in found] == [f"{mark}-eva"]
    for other in (person(mark, "Tom", "1950-03-04"), person(mark, "Olga", "1980-05-12")):
        found, issues = told(await own.post("Patient/$match", other))
        assert f"{mark}-eva" in [one[0] for one in found] or not found
        assert {one[0] for one in found} <= {f"{mark}-eva"}
        assert issues == []
    without = await served.caller("patient/Observation.rs", f"{mark}-eva")
    assert_outcome(await without.post("Patient/$match", person(mark, "Eva")), 403)
    reader = await served.caller("patient/Patient.r", f"{mark}-eva")
    assert_outcome(await reader.post("Patient/$match", person(mark, "Eva")), 403)
