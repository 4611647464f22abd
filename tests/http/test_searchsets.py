"""What a searchset is, and what it is while others write (Q9 to Q11, Q14; R4 3.1.1.3, 3.1.1.5)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Caller, Served, assert_outcome

STRICT, LENIENT = {"prefer": "handling=strict"}, {"prefer": "handling=lenient"}


async def _stored(system: Caller, resource: dict[str, Any]) -> None:
    place = f"{resource['resourceType']}/{resource['id']}"
    answer = await system.put(place, resource)
    assert answer.status_code in (200, 201), answer.text[:300]


def _slot(one: str, mark: str, minute: int) -> dict[str, Any]:
    return {
        "resourceType": "Slot",
        "id": one,
        "schedule": {"reference": "Schedule/any"},
        "status": "free",
        "start": f"2024-01-01T10:{minute:02}:00Z",
        "end": "2024-01-01T12:00:00Z",
        "identifier": [{"value": mark}],
    }


@pytest.mark.parametrize(
    "query",
    [
        "_include=Slot:nothing",
        "_include=Nothing:schedule",
        "_include=Slot:schedule:Patient",
        "_include=Observation:subject",
        "_include=Slot",
        "_revinclude=Appointment:nothing",
        "_revinclude=Nothing:slot",
        "_revinclude=Observation:subject",
        "_include:nothing=Slot:schedule",
        "_include:iterate=Nothing:schedule",
    ],
)
async def test_q9c_an_unknown_include_is_refused(system: Caller, query: str) -> None:
    """It says which it was; a bad value of a known parameter is so under lenient handling too."""
    for headers in (STRICT, LENIENT, {}):
        issue = assert_outcome(await system.get(f"Slot?{query}", headers=headers), 400)
        assert query.partition("=")[0] in issue["diagnostics"]


async def test_q10a_the_shape_of_a_searchset(served: Served, system: Caller) -> None:
    """And an empty one has no entry, since FHIR's JSON has no empty arrays."""
    await _stored(system, _slot("shape", "shape", 0))
    bundle = (await system.get("Slot?identifier=shape&_include=Slot:schedule")).json()
    assert (bundle["resourceType"], bundle["type"], bundle["total"]) == ("Bundle", "searchset", 1)
    (entry,) = bundle["entry"]
    assert entry["fullUrl"] == f"{served.base}/Slot/shape"
    assert entry["search"] == {"mode": "match"}
    assert entry["resource"]["meta"]["versionId"] == "1"
    (link,) = bundle["link"]
    assert link["relation"] == "self"
    assert link["url"] == f"{served.base}/Slot?identifier=shape&_include=Slot:schedule"
    empty = (await system.get("Slot?identifier=shapeless")).json()
    assert empty["total"] == 0
    assert "entry" not in empty


async def _ids(system: Caller, url: str) -> tuple[list[str], str | None]:
    """A page's ids, and where the next one is."""
    answer = await system.get(url)
    assert answer.status_code == 200, answer.text[:300]
    bundle = answer.json()
    links = {each["relation"]: each["url"] for each in bundle["link"]}
    return [each["resource"]["id"] for each in bundle.get("entry", ())], links.get("next")


@pytest.mark.parametrize("sort", ["", "&_sort=start", "&_sort=-start", "&_sort=_lastUpdated",
                                  "&_sort=-_id", "&_sort=status,-_lastUpdated"])  # fmt: skip
async def test_q11b_q11d_pages_while_others_write(
    served: Served, system: Caller, sort: str
) -> None:
    """What does not change comes once on the pages of a search, whatever else comes and goes.

    Between two pages one of the others is deleted on each side of the position, one is inserted
    on each side, and one that was seen already is changed.
    """
    mark = f"pages{len(sort)}"
    still = [f"{mark}-k{number}" for number in range(0, 20, 2)]
    passing = [f"{mark}-k{number}" for number in range(1, 20, 2)]
    for number in range(20):
        await _stored(system, _slot(f"{mark}-k{number}", mark, number))
    seen: list[str] = []
    url: str | None = f"Slot?identifier={mark}&_count=3{sort}"
    step = 0
    while url is not None:
        found, url = await _ids(system, url)
        seen += found
        assert url is None or url.startswith(f"{served.base}/Slot?")
        for gone in (passing.pop(0), passing.pop()) if len(passing) > 1 else ():
            assert (await system("DELETE", f"Slot/{gone}")).status_code in (200, 204)
        for new, minute in ((f"{mark}-a{step}", 0), (f"{mark}-z{step}", 30)) if step < 4 else ():
            await _stored(system, _slot(new, mark, minute))
        step += 1
    assert sorted(one for one in seen if one in still) == sorted(still)
    assert len(seen) == len(set(seen))


async def test_q14a_what_was_written_is_found_at_once(system: Caller) -> None:
    """By a create, an update, a transaction and a delete, each asked for by the next request."""
    for number in range(10):
        mark = f"own{number}"
        await _stored(system, _slot(mark, mark, 0))
        assert await _ids(system, f"Slot?identifier={mark}") == ([mark], None)
        await _stored(system, _slot(mark, f"{mark}-new", 0))
        assert await _ids(system, f"Slot?identifier={mark}") == ([], None)
        assert await _ids(system, f"Slot?identifier={mark}-new") == ([mark], None)
        entry = [
            {
                "resource": _slot(f"{mark}-t", f"{mark}-new", 0),
                "request": {"method": "PUT", "url": f"Slot/{mark}-t"},
            }
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entry}
        assert (await system.post("", bundle)).status_code == 200
        found, _ = await _ids(system, f"Slot?identifier={mark}-new&_sort=_id")
        assert found == [mark, f"{mark}-t"]
        await system("DELETE", f"Slot/{mark}")
        assert await _ids(system, f"Slot?identifier={mark}-new") == ([f"{mark}-t"], None)


@pytest.mark.parametrize("literal", ["1.00", "0.10", "1E2", "123456789012345678901234.5", "-0.0"])
async def test_q14b_decimals_come_back_as_written(system: Caller, literal: str) -> None:
    """Digits that say how precise it is are part of a decimal (R4 `datatypes.html#decimal`)."""
    one = f"decimal-{literal.lower().replace('e', 'x')}"
    body = (
        f'{{"resourceType":"Observation","id":"{one}","status":"final","code":{{"text":"x"}},'
        f'"valueQuantity":{{"value":{literal},"unit":"g"}}}}'
    )
    assert (await system.put(f"Observation/{one}", body.encode())).status_code in (200, 201)
    answer = await system.get(f"Observation?_id={one}")
    assert f'"value":{literal},' in answer.text.replace('": ', '":')
    found, _ = await _ids(system, f"Observation?value-quantity={literal}&_id={one}")
    assert found == [one]


async def test_q14c_a_contained_resource_is_no_match(system: Caller) -> None:
    """Nor does a chain lead to it: it has no identity of its own (R4 `references.html`)."""
    inner = {"resourceType": "Patient", "id": "inner", "name": [{"family": "Contained"}]}
    await _stored(
        system,
        {
            "resourceType": "Observation",
            "id": "container",
            "status": "final",
            "code": {"text": "x"},
            "subject": {"reference": "#inner"},
            "contained": [inner],
        },
    )
    for search in (
        "Patient?family=contained",
        "Patient?_id=inner",
        "Observation?subject:Patient.family=contained",
        "Observation?subject=inner",
    ):
        assert await _ids(system, search) == ([], None), search
    assert await _ids(system, "Observation?_id=container") == (["container"], None)
