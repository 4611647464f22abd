"""W2 to W6: random transactions come to what a plain model says, one step after the other.

Contents, versions, histories, what is found and what is answered are the same; where one entry
fails, wherever it stands, there is nothing of the others either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.serving import Caller, assert_outcome
from tests.transactions.model import Asked, Record, Refused, Told, apply
from tests.transactions.spoken import Speaker, told

VALUES = ("a", "b", "c")
_VALUE = st.sampled_from(VALUES)
_SOME = st.lists(_VALUE, max_size=2, unique=True).map(tuple)
_IDS = 3
"""That exist from the beginning or by a PUT; what the server names comes after them."""


@st.composite
def _entry(draw: st.DrawFn) -> Asked:
    """Whom it names by an id is a number here, and its ifMatch how far it is off."""
    method = draw(st.sampled_from(("POST", "PUT", "PUT", "PATCH", "DELETE", "GET")))
    by_value = draw(st.booleans()) if method != "POST" else draw(st.integers(0, 2)) == 0
    asked = Asked(
        method,
        one=None if by_value or method == "POST" else str(draw(st.integers(0, 5))),
        value=draw(_VALUE) if by_value else None,
        number=draw(st.integers(0, 9)),
        values=draw(_SOME) if method in ("POST", "PUT") else (),
    )
    if method in ("POST", "PUT") and draw(st.integers(0, 3)) == 0:
        return replace(asked, to_value=draw(_VALUE))
    if method in ("PUT", "PATCH", "DELETE") and asked.one and draw(st.integers(0, 4)) == 0:
        return replace(asked, if_match=draw(st.sampled_from((0, 0, 1))))
    return asked


@st.composite
def _transaction(draw: st.DrawFn) -> list[Asked]:
    entries = draw(st.lists(_entry(), min_size=1, max_size=6))
    targets = [index for index, each in enumerate(entries) if each.method in ("POST", "PUT")]
    for index in targets:
        if entries[index].to_value is None and draw(st.booleans()):
            entries[index] = replace(entries[index], to_entry=draw(st.sampled_from(targets)))
    return entries


_START = [Asked("PUT", one=str(number), values=(VALUES[number],)) for number in range(_IDS)]
_BROKEN = st.sampled_from(
    (
        Asked("POST", broken=True),
        Asked("PUT", one="0", broken=True),
        Asked("PUT", one="absent", if_match=9),
        Asked("GET", one="absent"),
        Asked("DELETE", one="absent"),
        Asked("PATCH", one="absent"),
        Asked("POST", to_value="nobody"),
        Asked("PATCH", value="nobody"),
    )
)
_STEP = st.tuples(_transaction(), st.none() | st.tuples(_BROKEN, st.integers(0, 6)))


@pytest.fixture(scope="module")
def kinds() -> Iterator[Counter[str]]:
    """How many were made and how many refused: enough of both, or they prove little."""
    counted: Counter[str] = Counter()
    yield counted
    assert min(counted["made"], counted["refused"]) >= 15, counted


class _World:
    """The same record, in the model and at a server."""

    def __init__(self, system: Caller) -> None:
        mark = uuid4().hex[:12]
        self.caller = system
        self.speaker = Speaker(f"urn:{mark}")
        self.ids = [f"{mark}-{number}" for number in range(_IDS)]
        self.record = Record()

    def named(self, asked: Asked) -> Asked:
        """With real ids and versions for the numbers."""
        if asked.one is None or not asked.one.isdecimal():
            return asked
        one = self.ids[int(asked.one) % len(self.ids)]
        if asked.if_match is None:
            return replace(asked, one=one)
        current = len(self.record.histories.get(one, ()))
        return replace(asked, one=one, if_match=current + asked.if_match)

    async def step(self, entries: list[Asked]) -> str:
        """Whether it was made or refused, by both."""
        asked = [self.named(each) for each in entries]
        answer = await self.caller.post("", self.speaker.bundle(asked))
        try:
            record, expected = apply(self.record, asked, lambda index: f"new-{index}")
        except Refused:
            came_to = "refused"
            assert 400 <= answer.status_code < 500, answer.text
            assert_outcome(answer, answer.status_code)
        else:
            came_to = "made"
            assert answer.status_code == 200, answer.text
            found = [told(each) for each in answer.json()["entry"]]
            self.agree(record, expected, found)
        await self.compare()
        return came_to

    def agree(self, record: Record, expected: list[Told], found: list[Told]) -> None:
        """What the server named, the model names from here on in the same way."""
        names = {
            str(ours.one): str(theirs.one)
            for ours, theirs in zip(expected, found, strict=True)
            if str(ours.one).startswith("new-")
        }
        self.ids += dict.fromkeys(names.values())
        for each in expected:
            each.one = names.get(str(each.one), each.one)
            each.found = frozenset(names.get(one, one) for one in each.found)
        assert found == expected
        self.record = Record(
            {
                names.get(one, one): [
                    each and replace(each, link=names.get(str(each.link), each.link))
                    for each in versions
                ]
                for one, versions in record.histories.items()
            }
        )

    async def compare(self) -> None:
        histories, found = await self.speaker.look(self.caller, self.ids, VALUES)
        assert histories == [self.record.histories.get(one, []) for one in self.ids]
        assert found == [frozenset(self.record.having(value)) for value in VALUES]


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(_STEP, min_size=2, max_size=5))
async def test_w2_to_w6_transactions_equal_the_model(
    system: Caller, kinds: Counter[str], steps: list[tuple[list[Asked], tuple[Asked, int] | None]]
) -> None:
    world = _World(system)
    await world.step(_START)
    for entries, bad in steps:
        if bad is not None:
            one, place = bad
            moved = [_moved(each, place) for each in entries]
            assert await world.step([*moved[:place], one, *moved[place:]]) == "refused"
        kinds[await world.step(entries)] += 1


def _moved(each: Asked, place: int) -> Asked:
    """The entry behind one that was put in at this place."""
    if each.to_entry is None or each.to_entry < place:
        return each
    return replace(each, to_entry=each.to_entry + 1)
