"""`Observation/$lastn` (R4 observation-operation-lastn.html): the newest of each code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.search.newest import Candidate, newest
from resources.operations import operation_definitions
from tests.operations.checking import answered
from tests.serving import Caller, Served, assert_outcome

DEFINED = operation_definitions()["Observation-lastn"]


def made(codes: str, day: int | None = None) -> Candidate:
    """Codings by letters; a word in quotes is text alone."""
    labels: list[tuple[str | None, str]]
    labels = [(None, codes)] if codes.startswith("'") else [("urn:s", each) for each in codes]
    return Candidate(tuple(labels), None if day is None else ("effectiveDateTime", day))


@pytest.mark.parametrize(
    ("codes", "groups"),
    [
        # The table of the operation's description.
        (["a", "b", "c"], 3),
        (["a", "b", "ac"], 2),
        (["a", "b", "ab"], 1),
        (["'textM'", "'Text'", "'t e x t'"], 3),
        (["'x'", "'x'"], 1),
        (["ab", "bc", "cd", "e"], 2),
        (["a", "b", "c", "d", "ab", "cd", "bd"], 1),
    ],
)
def test_codes_and_their_translations_are_one(codes: list[str], groups: int) -> None:
    assert len(newest([made(one) for one in codes], 1)) == groups


@pytest.mark.parametrize(
    ("days", "wanted", "chosen"),
    [
        ([5, 4, 3], 1, [0]),
        ([5, 4, 3], 2, [0, 1]),
        ([5, 5, 3], 1, [0, 1]),
        ([6, 5, 4, 4, 4, 3], 3, [0, 1, 2, 3, 4]),
        ([5, 4], 9, [0, 1]),
        ([None, None], 1, [0]),
        ([], 1, []),
    ],
)
def test_a_tie_with_the_last_comes_too(
    days: list[int | None], wanted: int, chosen: list[int]
) -> None:
    assert newest([made("a", day) for day in days], wanted) == chosen


SOME = st.lists(
    st.tuples(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 4)), max_size=12
)


@given(SOME, st.integers(1, 3))
def test_as_plain_closure_says(some: list[tuple[str, int]], wanted: int) -> None:
    """Reference: groups grow until nothing joins; of each, who has fewer than n newer ones."""
    some = sorted(some, key=lambda each: -each[1])
    groups = [set(codes) for codes, _ in some]
    for _ in some:
        groups = [set[str]().union(*(b for b in groups if a & b)) for a in groups]
    expected = [
        at
        for at, (_, day) in enumerate(some)
        if sum(
            1 for other, (_, when) in enumerate(some) if groups[other] & groups[at] and when > day
        )
        < wanted
    ]
    assert newest([made(codes, day) for codes, day in some], wanted) == expected


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def patient(system: Caller) -> AsyncIterator[str]:
    mark = f"lastn-{uuid4().hex[:8]}"
    rows = [
        ("pulse-1", "8867-4", "2024-01-01", "final"),
        ("pulse-2", "8867-4", "2024-02-01", "final"),
        ("pulse-3", "8867-4", "2024-03-01T12:00:00+02:00", "entered-in-error"),
        ("pulse-4", "8867-4", "2024-03-01T10:00:00Z", "final"),
        ("weight-1", "29463-7", "2023-01-01", "final"),
        ("weight-2", "29463-7", None, "final"),
    ]
    entries: list[Any] = [
        {
            "resource": {"resourceType": "Patient", "id": mark},
            "request": {"method": "PUT", "url": f"Patient/{mark}"},
        }
    ]
    for name, code, day, status in rows:
        category = "http://terminology.hl7.org/CodeSystem/observation-category"
        resource = {
            "resourceType": "Observation",
            "id": f"{mark}-{name}",
            "status": status,
            "category": [{"coding": [{"system": category, "code": "vital-signs"}]}],
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "subject": {"reference": f"Patient/{mark}"},
            **({"effectiveDateTime": day} if day else {}),
        }
        place = f"Observation/{resource['id']}"
        entries.append({"resource": resource, "request": {"method": "PUT", "url": place}})
    body = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = await system.post("", body)
    assert answer.status_code == 200, answer.text
    yield mark


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("patient={p}&category=vital-signs", "pulse-4 pulse-3 weight-1"),
        ("subject=Patient/{p}&category=vital-signs", "pulse-4 pulse-3 weight-1"),
        ("patient={p}&category=vital-signs&max=3", "pulse-4 pulse-3 pulse-2 weight-1 weight-2"),
        ("patient={p}&code=http://loinc.org|8867-4", "pulse-4 pulse-3"),
        ("patient={p}&code=http://loinc.org|8867-4&max=3", "pulse-4 pulse-3 pulse-2"),
        ("patient={p}&code=8867-4,29463-7", "pulse-4 pulse-3 weight-1"),
        ("patient={p}&category=vital-signs&status=final", "pulse-4 weight-1"),
        ("patient={p}&category=vital-signs&date=lt2024-03", "pulse-2 weight-1"),
        ("patient={p}&code:not=8867-4", "weight-1"),
        ("patient={p}&category=laboratory", ""),
        ("patient=absent&category=vital-signs", ""),
    ],
)
async def test_the_newest_of_each_code(
    system: Caller, served: Served, patient: str, query: str, found: str
) -> None:
    own = await served.caller("patient/*.rs", patient)
    for caller in (system, own):
        answer = await caller.get(f"Observation/$lastn?{query.format(p=patient)}")
        assert answer.status_code == 200, answer.text
        bundle = answered(DEFINED, answer.content)
        ids = [one["resource"]["id"] for one in bundle.get("entry", [])]
        assert " ".join(each.removeprefix(f"{patient}-") for each in ids) == found
        assert bundle["total"] == len(ids)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("category=vital-signs", 400),
        ("patient={p}", 400),
        ("patient={p}&date=2024", 400),
        ("patient={p},other&category=x", 400),
        ("patient={p}&subject=Patient/{p}&category=x", 400),
        ("patient={p}&category=x&max=0", 400),
        ("patient={p}&category=x&max=100000", 400),
        ("patient={p}&category=x&max=1&max=2", 400),
        ("patient={p}&category=x&nonsense=1", 400),
        ("patient={p}&category=x&_sort=date", 400),
        ("patient={p}&category=x&_count=3", 400),
    ],
)
async def test_f3_what_cannot_be_asked(
    system: Caller, patient: str, query: str, status: int
) -> None:
    answer = await system.get(f"Observation/$lastn?{query.format(p=patient)}")
    assert_outcome(answer, status)


async def test_a_count_alone(system: Caller, patient: str) -> None:
    path = f"Observation/$lastn?patient={patient}&category=vital-signs&_summary=count"
    answer = await system.get(path)
    assert (answer.json()["total"], "entry" in answer.json()) == (3, False)


async def test_y10_another_patients_are_as_none(served: Served, patient: str) -> None:
    other = await served.caller("patient/*.rs", "somebody-else")
    answer = await other.get(f"Observation/$lastn?patient={patient}&category=vital-signs")
    assert answer.json()["total"] == 0
    without = await served.caller("patient/Patient.rs", patient)
    refused = await without.get(f"Observation/$lastn?patient={patient}&category=vital-signs")
    assert_outcome(refused, 403)
