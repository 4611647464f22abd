"""W9: many transactions at once, on two servers over one store, are as if one came after the other.

The servers share nothing but MongoDB, as the workers of one do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from itertools import permutations
from typing import Any
from uuid import uuid4

import httpx
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.http.test_bundles import bundle, entry, patient, total
from tests.serving import Caller, Served, serving
from tests.transactions.model import Asked, Record, Refused, Told, apply
from tests.transactions.spoken import Speaker, told

Resource = dict[str, Any]
Callers = tuple[Caller, Caller]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def both(served: Served, system: Caller, database_name: str) -> AsyncIterator[Callers]:
    """Somebody at either server."""
    folder = served.settings.master_key_file.parent
    async with serving(served.mongodb_uri, database_name, folder) as other:
        yield system, await other.caller("system/*.cruds")


async def at_once(both: Callers, bodies: Sequence[Resource]) -> list[httpx.Response]:
    sent: list[Awaitable[httpx.Response]] = [
        both[number % 2].post("", body, timeout=60) for number, body in enumerate(bodies)
    ]
    return list(await asyncio.gather(*sent))


def transaction(*entries: Resource) -> Resource:
    return bundle("transaction", *entries)


def on_call(one: str, active: bool = True, **more: Any) -> Resource:
    return patient(id=one, active=active, **more)


# ---- write skew: two doctors may not both go off call, each having read that the other is on ----


class _Doctors:
    """Two of them, both on call, each with an identifier."""

    def __init__(self) -> None:
        self.ids = [uuid4().hex, uuid4().hex]
        self.tag = uuid4().hex

    def resource(self, number: int, active: bool) -> Resource:
        tag = [{"system": "urn:ward", "code": self.tag}]
        return on_call(
            self.ids[number],
            active,
            meta={"tag": tag},
            identifier=[{"system": "urn:doctor", "value": self.ids[number]}],
        )

    def go_off(self, number: int, *reading: Resource) -> Resource:
        off = self.resource(number, active=False)
        return transaction(*reading, entry("PUT", f"Patient/{self.ids[number]}", off))

    async def start(self, both: Callers) -> None:
        for number, one in enumerate(self.ids):
            await both[0].put(f"Patient/{one}", self.resource(number, active=True))

    async def on(self, both: Callers) -> int:
        return await total(both[0], f"Patient?_tag=urn:ward|{self.tag}&active=true")


async def test_w9_write_skew_by_reads_of_each_other(both: Callers) -> None:
    """One of the two is told that the other is off already."""
    for _ in range(4):
        doctors = _Doctors()
        await doctors.start(both)
        reads = [entry("GET", f"Patient/{one}") for one in doctors.ids]
        answers = await at_once(both, [doctors.go_off(number, *reads) for number in range(2)])
        told_of_other = [
            answer.json()["entry"][1 - number]["resource"]["active"]
            for number, answer in enumerate(answers)
            if answer.status_code == 200
        ]
        assert {answer.status_code for answer in answers} <= {200, 409}
        assert told_of_other in ([True], [True, False], [False, True])


async def test_w9_write_skew_by_searches(both: Callers) -> None:
    for _ in range(4):
        doctors = _Doctors()
        await doctors.start(both)
        search = entry("GET", f"Patient?_tag=urn:ward|{doctors.tag}&active=true")
        answers = await at_once(both, [doctors.go_off(number, search) for number in range(2)])
        assert {answer.status_code for answer in answers} <= {200, 409}
        found = [one.json()["entry"][0]["resource"]["total"] for one in answers if one.is_success]
        assert sorted(found) in ([0, 1], [1])


async def test_w9_write_skew_by_conditional_references(both: Callers) -> None:
    """Each may go off only while the other is on, which a reference by search asks for."""
    for _ in range(4):
        doctors = _Doctors()
        await doctors.start(both)
        bodies: list[Resource] = []
        for number in range(2):
            other = f"Patient?identifier=urn:doctor|{doctors.ids[1 - number]}&active=true"
            handed = {
                "resourceType": "Basic",
                "code": {"text": "handed over"},
                "subject": {"reference": other},
            }
            bodies.append(doctors.go_off(number, entry("POST", "Basic", handed)))
        answers = await at_once(both, bodies)
        assert sorted(answer.status_code for answer in answers) in ([200, 409], [200, 422])
        assert await doctors.on(both) == 1


async def test_w9_write_skew_by_conditional_creates(both: Callers) -> None:
    """Whoever is found by the one criteria is what the other's would have made."""
    for _ in range(4):
        values = [uuid4().hex, uuid4().hex]
        identifier = [{"system": "urn:skew", "value": value} for value in values]
        bodies = [
            transaction(
                entry(
                    "POST",
                    "Patient",
                    patient(identifier=identifier),
                    ifNoneExist=f"identifier=urn:skew|{value}",
                )
            )
            for value in values
        ]
        answers = await at_once(both, bodies)
        assert {answer.status_code for answer in answers} == {200}
        assert await total(both[0], f"Patient?identifier=urn:skew|{values[0]}") == 1


async def test_w9_write_skew_by_conditional_updates(both: Callers) -> None:
    """Of the set that the criteria select, each wants to be the only one."""
    for _ in range(4):
        tag = uuid4().hex
        marked = patient(meta={"tag": [{"system": "urn:lead", "code": tag}]})
        lead = entry("PUT", f"Patient?_tag=urn:lead|{tag}", marked)
        answers = await at_once(both, [transaction(lead), transaction(lead), transaction(lead)])
        assert {answer.status_code for answer in answers} == {200}
        assert await total(both[0], f"Patient?_tag=urn:lead|{tag}") == 1


# ---- equal criteria, a hundred times at once ---------------------------------------------------


async def test_w9_a_hundred_conditional_creates_make_one(both: Callers) -> None:
    """In every spelling that says the same, by requests and by bundles, on both servers."""
    value = uuid4().hex
    resource = patient(
        identifier=[{"system": "urn:h", "value": value}], active=True, name=[{"family": "Çelik"}]
    )
    spelt = (
        f"identifier=urn:h|{value}&active=true&family=%C3%87elik",
        f"active=true&family=celik&identifier=urn:h|{value}",
        f"?family=CELIK&identifier=urn%3Ah%7C{value}&active=true",
        f"identifier=urn:h%7C{value}&family=%C3%A7elik&active=tru%65",
    )

    async def send(number: int) -> str:
        caller, criteria = both[number % 2], spelt[number // 2 % len(spelt)]
        if number % 10 < 5:
            answer = await caller.post(
                "Patient", resource, headers={"if-none-exist": criteria}, timeout=60
            )
            assert answer.status_code in (200, 201), answer.text
            return answer.json()["id"]
        body = transaction(entry("POST", "Patient", resource, ifNoneExist=criteria))
        answer = await caller.post("", body, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()["entry"][0]["response"]["location"].split("/")[-3]

    made = await asyncio.gather(*(send(number) for number in range(100)))
    assert len(set(made)) == 1
    assert await total(both[0], f"Patient?identifier=urn:h|{value}") == 1


# ---- any of them: some order explains it -------------------------------------------------------

_VALUE = st.sampled_from(("a", "b"))


@st.composite
def _entry(draw: st.DrawFn, one: int) -> Asked:
    """About this one of the Patients, or about whoever has an identifier."""
    method = draw(st.sampled_from(("PUT", "PUT", "PATCH", "GET", "DELETE", "POST", "SEARCH")))
    number = draw(st.integers(0, 99))
    values = tuple(draw(st.lists(_VALUE, max_size=1)))
    match method:
        case "POST":
            value = draw(_VALUE)
            return Asked("POST", value=value, number=number, values=(value,))
        case "SEARCH":
            return Asked("GET", value=draw(_VALUE))
        case "PUT":
            to = draw(st.none() | st.none() | _VALUE)
            return Asked("PUT", one=str(one), number=number, values=values, to_value=to)
        case _:
            return Asked(method, one=str(one), number=number)


@st.composite
def _together(draw: st.DrawFn) -> list[list[Asked]]:
    """Some transactions, each about each of three Patients at most once."""
    some: list[list[Asked]] = []
    for _ in range(draw(st.integers(2, 4))):
        ids = draw(st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True))
        some.append([draw(_entry(one)) for one in ids])
    return some


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(some=_together())
async def test_w9_concurrent_transactions_have_a_serial_order(
    both: Callers, some: list[list[Asked]]
) -> None:
    mark = uuid4().hex[:12]
    speaker, ids = Speaker(f"urn:{mark}"), [f"{mark}-{number}" for number in range(3)]
    asked = [
        [
            Asked(**{**vars(each), "one": None if each.one is None else ids[int(each.one)]})
            for each in entries
        ]
        for entries in some
    ]
    record = Record()
    first = [Asked("PUT", one=one, number=0, values=("a",) if one == ids[0] else ()) for one in ids]
    assert (await both[0].post("", speaker.bundle(first))).status_code == 200
    record, _ = apply(record, first, str)
    answers = await at_once(both, [speaker.bundle(entries) for entries in asked])
    outcomes = [
        [told(each) for each in answer.json()["entry"]] if answer.is_success else None
        for answer in answers
    ]
    made = {each.one for one in outcomes for each in one or () if each.one}
    known = [*ids, *sorted(made - set(ids))]
    seen = await speaker.look(both[1], known, ("a", "b"))
    gave_up = [answer.status_code == 409 for answer in answers]
    assert any(
        _explains(order, record, asked, outcomes, gave_up, known, seen)
        for order in permutations(range(len(asked)))
    ), [(answer.status_code, answer.text) for answer in answers]


def _explains(
    order: Sequence[int],
    record: Record,
    asked: Sequence[Sequence[Asked]],
    outcomes: Sequence[list[Told] | None],
    gave_up: Sequence[bool],
    known: Sequence[str],
    seen: tuple[list[Any], list[frozenset[str]]],
) -> bool:
    """Whether these transactions in this order answer and leave what was answered and left."""
    for index in order:
        outcome = outcomes[index]
        if outcome is None and gave_up[index]:
            continue

        def name(entry: int, outcome: list[Told] | None = outcome) -> str:
            return str(outcome[entry].one) if outcome is not None else f"never-{entry}"

        try:
            record, expected = apply(record, asked[index], name)
        except Refused:
            if outcome is not None:
                return False
            continue
        if expected != outcome:
            return False
    histories = [record.histories.get(one, []) for one in known]
    found = [frozenset(record.having(value)) for value in ("a", "b")]
    return (histories, found) == tuple(seen)
