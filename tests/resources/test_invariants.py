"""Invariants by hand and by their published FHIRPath: each is the other's judge.

Members are made at random from the element tables, with the texts that the expression asks for, so
that every invariant is both kept and broken many times.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from functools import cache
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.fhir_json import dump
from resources.registry import REGISTRY, Element, ElementType, packed_table
from resources.validation.fhirpath import (
    Undecided,
    UnknownExpression,
    compiled,
    evaluate,
    item_of,
)
from resources.validation.invariants import ADVICE, DEPARTURES, INVARIANTS
from resources.validation.problem import Run
from resources.validation.published import (
    ELSEWHERE,
    IDLE,
    PUBLISHED,
    Published,
    by_expression,
    decided,
)
from tests.resources.invariant_tables import BY_EXPRESSION

Resource = dict[str, Any]
NODES: dict[str, list[Any]] = packed_table("elements")["nodes"]
UCUM = "http://unitsofmeasure.org"


@cache
def places(published: Published) -> list[str]:
    """The types and paths whose members carry it, those of the place where it is defined first."""
    own = {name for name, (keys, _) in NODES.items() if published.key in keys}
    for name, (_, rows) in NODES.items():
        for row in rows:
            if published.key in row[6]:
                own |= {of[1] for of in row[3] if f"{name}.{row[0]}" == published.where}
    return sorted(own, key=lambda name: (name != published.place, name))


class Maker:
    """Members of a node at random: mostly what an expression names, with the texts in it."""

    def __init__(self, published: Published) -> None:
        self.chance = random.Random(published.key)
        self.named = set(re.findall(r"\w+", published.expression))
        found = re.findall(r"'((?:[^'\\]|\\.)*)'", published.expression)
        self.texts = [*found, *found, *found, *found, "x", "Name", "a.b", UCUM]

    def members(self, node: str, depth: int = 0) -> Resource:
        made: Resource = {"resourceType": node} if REGISTRY.is_type(node) else {}
        for element in REGISTRY.children(node).values():
            wanted = (0.8 if depth else 0.55) if element.name in self.named else 0.03
            if element.minimum and element.name in self.named:
                wanted = 1
            if self.chance.random() < wanted:
                made.update(self._member(element, depth))
        return made

    def _member(self, element: Element, depth: int) -> Resource:
        of = self.chance.choice(element.types)
        key = element.json_name(of)
        many = self.chance.choice((1, 1, 2, 3)) if element.repeats else 1
        values = [self._value(of, depth) for _ in range(many)]
        return {key: values if element.repeats else values[0]}

    def _value(self, of: ElementType, depth: int) -> Any:
        match of.name:
            case "boolean":
                return self.chance.random() < 0.5
            case "integer" | "positiveInt" | "unsignedInt":
                return self.chance.choice((0, 1, 2, 100))
            case "decimal":
                return Decimal(self.chance.choice(("-1", "0", "1", "1.5", "100", "101")))
            case "date" | "dateTime" | "instant":
                return self.chance.choice(("2020-01-01", "2020-01-02", "2020-01-03"))
            case "Resource":
                kind = self.chance.choice(("Composition", "MessageHeader", "Basic"))
                return {"resourceType": kind}
            case name if name in REGISTRY.primitives:
                return self.chance.choice(self.texts)
            case _:
                return (depth < 3 and self.members(of.node, depth + 1)) or {"id": "x"}


def judged(published: Published, rounds: int) -> Iterator[tuple[Resource, bool | None]]:
    """Members, and what the expression says of them; what FHIRPath calls an error is left out."""
    node, maker = places(published)[0], Maker(published)
    condition = compiled(published.expression)
    for _ in range(rounds):
        members = maker.members(node)
        # Most rules are asked of a part of a resource, which stands for the whole here.
        item = item_of(members, node)
        with suppress(Undecided):
            yield members, evaluate(condition, item, item, item)


OWN_RULES = {"ext-1", "dom-6"}
"""Asked of every extension and resource, and no part of the element tables."""
BY_HAND = {row.key for row in (*INVARIANTS, *ADVICE)} - OWN_RULES
COMPARED = [one for one in PUBLISHED if one.key in BY_HAND and one.key not in DEPARTURES]


@pytest.mark.parametrize("published", COMPARED, ids=lambda one: one.key)
def test_a_row_by_hand_decides_as_the_expression_does(published: Published) -> None:
    """But for what comes to nothing, which by hand is no fault."""
    row = decided(published, places(published)[0])
    assert row is not None
    found = Counter[bool]()
    for members, verdict in judged(published, 150):
        if verdict is not None:
            found[verdict] += 1
            assert row.holds(members, Run(members)) is verdict, (published.expression, members)
    assert min(found[True], found[False]) > 0, found


NOT_COMPARED = {
    "ctm-1": "resolve() is decided by hand",
    "eld-19": "matches() is of the whole text here",
    "eld-20": "matches() is of the whole text here",
    "rng-2": "fhirpathpy cannot compare quantities",
    "que-7": "a FHIR boolean is a Boolean here, as que-7 needs it",
}
"""Where `fhirpathpy` says something else; of names (`-0`) as of eld-19. It has no `hasValue()`."""
SAID = [
    one
    for one in PUBLISHED
    if one.key not in {**ELSEWHERE, **NOT_COMPARED} and "hasValue" not in one.expression
]


def test_fhirpathpy_says_the_same() -> None:
    """Another engine, on the same members."""
    compared = 0
    for one in SAID:
        if one.key in OWN_RULES or one.key.endswith("-0"):
            continue
        asked = re.sub(r"\.trace\('\w+'\)", "", one.expression)  # which prints, there
        for members, verdict in judged(one, 6):
            assert judge(places(one)[0], asked, members) == verdict, (asked, members)
            rule = by_expression(one, places(one)[0])
            assert rule is not None
            assert rule.holds(members, Run(members)) is (verdict is True), members
            compared += 1
    assert compared > 1_000


def judge(node: str, expression: str, members: Resource) -> bool | None:
    import fhirpathpy
    import fhirpathpy.models as known

    library, model = cast(Any, fhirpathpy), cast(Any, known).models["r4"]
    path = expression if REGISTRY.is_type(node) else {"base": node, "expression": expression}
    plain = json.loads(dump(members))
    around = {"resource": plain, "context": plain, "rootResource": plain, "ucum": UCUM}
    found = library.evaluate(plain, path, around, model)
    return found[0] if found else None


def test_every_invariant_is_decided_by_one_rule() -> None:
    for one in PUBLISHED:
        known = one.key in ELSEWHERE or one.key in OWN_RULES
        assert known != any(decided(one, node) for node in places(one)), one


@pytest.mark.parametrize(
    ("key", "node", "good", "bad"),
    BY_EXPRESSION,
    ids=[f"{row[0]}-{row[1]}" for row in BY_EXPRESSION],
)
def test_an_expression_is_kept_and_broken(
    key: str, node: str, good: Resource, bad: Resource
) -> None:
    several = [one for one in PUBLISHED if one.key == key]
    published = next((one for one in several if one.place == node), several[0])
    rule = decided(published, node)
    assert rule is not None
    for members, verdict in ((good, True), (bad, False)):
        kind, _, part = node.partition(".")
        whole = {"type": "A", "kind": "resource", part: members} if part else members
        run = Run({"resourceType": kind, **whole})
        assert rule.holds(members, run) is verdict


def test_every_expression_has_its_row() -> None:
    """But for that of eld-3, about a string, which is in the tables of `test_validation`."""
    rows = {(key, node) for key, node, _, _ in BY_EXPRESSION}
    for one in PUBLISHED:
        if one.key in ELSEWHERE or one.key in OWN_RULES or one.key in IDLE:
            continue
        if by_expression(one, places(one)[0]) is decided(one, places(one)[0]):
            has = {(one.key, one.place), (one.key, places(one)[0])} & rows
            assert has or one.key == "eld-3", one.key


TOKENS = (
    "a", "A", "is", "as", "and", "or", "xor", "implies", "in", "contains", "exists()", "where(",
    "select(", "all(", "iif(", "count()", "first()", "(", ")", ".", ",", "[", "]", "=", "!=", "<=",
    "|", "&", "+", "1", "1.5", "'x'", "true", "$this", "%resource", "%x", "`div`", "@", "{}", " ",
)  # fmt: skip


@given(st.lists(st.sampled_from(TOKENS), max_size=12))
@settings(max_examples=200)
def test_any_text_is_an_expression_or_told_to_be_none(tokens: list[str]) -> None:
    members = {"a": [{"a": "x"}], "div": "x"}
    try:
        condition = compiled("".join(tokens))
    except UnknownExpression:
        return
    item = item_of(members, "Observation")
    with suppress(Undecided):
        assert evaluate(condition, item, item, item) in (True, False, None)


@pytest.mark.parametrize("text", ["(" * 200, "a." * 5_000 + "a", "1" * 5_000, "a or " * 400 + "a"])
def test_an_expression_has_its_bounds(text: str) -> None:
    with pytest.raises(UnknownExpression):
        compiled(text)
