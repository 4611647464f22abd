"""Validation: good data of three sources, a table of bad resources, any JSON at all."""

from __future__ import annotations

import copy
import time
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.fhir_json import dump, parse
from resources.registry import REGISTRY
from resources.validation import Problem, validate
from resources.validation.fhirpath import grammar
from resources.validation.invariants import ADVICE, INVARIANTS
from resources.validation.problem import MOST_PROBLEMS
from tests.resources.data import EXPLAINED, examples, needs_data, synthea
from tests.resources.validation_tables import ADVISED, BAD, DIV, GOOD, LOINC, OBSERVATION, PATIENT


@pytest.mark.parametrize("resource", GOOD, ids=range(len(GOOD)))
def test_good(resource: dict[str, Any]) -> None:
    assert validate(copy.deepcopy(resource)) == []


@pytest.mark.parametrize(
    ("name", "resource", "path", "code"), BAD, ids=[f"{row[0]}: {row[2]}" for row in BAD]
)
def test_bad(name: str, resource: dict[str, Any], path: str, code: str) -> None:
    problems = validate(copy.deepcopy(resource))
    found = [problem for problem in problems if (problem.path, problem.code) == (path, code)]
    assert found, problems
    assert all(problem.severity == "error" and problem.message for problem in problems)
    for problem in problems:
        grammar.parse(problem.path)  # which raises where the expression is no FHIRPath
    if code == "invariant":
        assert f"({name.split()[0]})" in "".join(problem.message for problem in found)


@pytest.mark.parametrize(
    ("name", "resource", "path", "code"), ADVISED, ids=[row[0] for row in ADVISED]
)
def test_warnings(name: str, resource: dict[str, Any], path: str, code: str) -> None:
    """Told where they are asked for, and never in the way of a write."""
    assert not validate(copy.deepcopy(resource))
    (problem,) = validate(copy.deepcopy(resource), warnings=True)
    assert (problem.path, problem.code, problem.severity) == (path, code, "warning")
    if code == "invariant":
        assert f"({name.split()[0]})" in problem.message


def test_warnings_hide_no_error_and_are_bounded() -> None:
    codes = [{"coding": [{"system": "urn:x", "code": "x"}]}] * 5_000
    found = validate(
        {**PATIENT, "identifier": [{"type": code} for code in codes], "colour": 1}, warnings=True
    )
    errors = [problem for problem in found if problem.severity == "error"]
    assert [problem.path for problem in errors] == ["Patient.colour"]
    assert len(found) == MOST_PROBLEMS + 1


NARRATIVES = {
    "not well-formed": DIV + "<p>x</div>",
    "no div": "<p>x</p>",
    "two roots": DIV + "x</div><div>y</div>",
    "another namespace": '<div xmlns="urn:x">x</div>',
    "script": DIV + "<script>x</script></div>",
    "form": DIV + "<form>x</form></div>",
    "iframe": DIV + "<iframe/>x</div>",
    "object": DIV + "<object/>x</div>",
    "style sheet": DIV + '<link href="x"/>x</div>',
    "event": DIV + '<p onclick="x">x</p></div>',
    "javascript": DIV + '<a href=" java\nscript:x">x</a></div>',
    "active style": DIV + '<p style="x: EXPRESS ION(y)">x</p></div>',
    "imported style": DIV + '<p style="@import url(x)">x</p></div>',
    "entity": DIV + "&nbsp;x</div>",
    "document type": '<!DOCTYPE div [<!ENTITY a "b">]>' + DIV + "&a;</div>",
    "processing instruction": DIV + "<?php x ?>x</div>",
    "empty": DIV + "</div>",
    "white space": DIV + " \n<p/></div>",
    "text": "x",
    "nothing": "",
    "svg": DIV + '<svg xmlns="http://www.w3.org/2000/svg"/>x</div>',
}


@pytest.mark.parametrize("div", NARRATIVES.values(), ids=NARRATIVES.keys())
def test_narrative_is_refused(div: str) -> None:
    problems = validate(PATIENT | {"text": {"status": "generated", "div": div}})
    assert [(p.path, p.code) for p in problems] == [("Patient.text.div", "value")]


def test_all_problems_at_once() -> None:
    resource = OBSERVATION | {
        "status": "finished",
        "subject": {"reference": "Medication/1"},
        "issued": "today",
        "colour": "red",
        "referenceRange": [{"text": "x"}, {}],
    }
    assert {problem.path for problem in validate(resource)} == {
        "Observation.colour",
        "Observation.status",
        "Observation.subject",
        "Observation.issued",
        "Observation.referenceRange[1]",
    }


def test_problems_are_bounded() -> None:
    assert len(validate(PATIENT | {"name": [{}] * 5_000})) == MOST_PROBLEMS


def test_large_resources_take_time_in_proportion() -> None:
    """Not the product of two long arrays: these took seconds by naive comparison."""
    many = range(20_000)
    inner = [{"resourceType": "Basic", "id": str(i), "code": {"text": "x"}} for i in many]
    links = [{"url": "u:x", "valueReference": {"reference": f"#{i}"}} for i in many]
    codes = [{"system": LOINC, "code": f"x{i}"} for i in many]
    component = {"code": {"coding": [{"system": LOINC, "code": f"y{i}"} for i in many]}}
    start = time.process_time()
    assert validate(PATIENT | {"contained": inner, "extension": links}) == []
    assert validate(OBSERVATION | {"code": {"coding": codes}, "component": [component]}) == []
    assert time.process_time() - start < 8


def test_nesting_is_bounded() -> None:
    extension: dict[str, Any] = {"url": "u:x", "valueCode": "x"}
    for _ in range(200):
        extension = {"url": "u:x", "extension": [extension]}
    (problem,) = validate(PATIENT | {"extension": [extension]})
    assert "deeper" in problem.message


@pytest.mark.parametrize(
    ("members", "hint"),
    [
        ({"brithDate": "1970"}, "birthDate"),
        ({"deceased": True}, "deceasedBoolean"),
        ({"resourceTyp": "x"}, "resourceType"),
    ],
)
def test_an_unknown_element_gets_a_hint(members: dict[str, Any], hint: str) -> None:
    (problem,) = validate(PATIENT | members)
    assert hint in problem.message


def test_decimals_get_one_form_in_place() -> None:
    observation = copy.deepcopy(OBSERVATION)
    observation["valueQuantity"]["value"] = 180
    sampled: dict[str, Any] = {"origin": {"value": 1}, "period": 2, "dimensions": 1}
    observation["component"] = [{"code": {"text": "x"}, "valueSampledData": sampled}]
    assert validate(observation) == []
    value = observation["valueQuantity"]["value"]
    assert type(value) is Decimal
    assert type(sampled["origin"]["value"]) is Decimal
    assert type(sampled["period"]) is Decimal
    assert type(sampled["dimensions"]) is int
    assert b'"value":180,' in dump(observation)


def test_invariants_are_rows_that_the_tables_use() -> None:
    """A key that no element carries would never be decided."""
    used = {"ext-1"}
    seen: set[str] = set()
    waiting = list(REGISTRY.types)
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        used.update(REGISTRY.invariants(node))
        for element in REGISTRY.children(node).values():
            used.update(element.invariants)
            waiting += [of.node for of in element.types if of.node != "Resource"]
    used.add("dom-6")
    keys = [invariant.key for invariant in (*INVARIANTS, *ADVICE)]
    assert len(set(keys)) == len(keys)
    assert set(keys) <= used


def test_every_invariant_has_a_resource_that_breaks_it() -> None:
    broken = {name.split()[0] for name, _, _, code in BAD if code == "invariant"}
    assert {invariant.key for invariant in INVARIANTS} <= broken
    doubted = {name for name, _, _, code in ADVISED if code == "invariant"}
    assert {invariant.key for invariant in ADVICE if not invariant.key.endswith("-0")} <= doubted


# --- any JSON at all ---

SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(),
    st.sampled_from(["", "x", "2020-01-01", "Patient/1", "#", "Patient", "male", "\0", DIV]),
)
NAMES = st.sampled_from(
    [
        "resourceType", "id", "meta", "text", "div", "contained", "extension", "_status", "status",
        "code", "coding", "system", "subject", "reference", "component", "valueQuantity", "value",
        "effectivePeriod", "start", "end", "entry", "resource", "referenceRange", "low", "high",
    ]
)  # fmt: skip
ANY: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["Observation", "Patient", "Bundle", "Appointment", "Timing", None]),
    st.dictionaries(NAMES, ANY, max_size=5),
)
def test_any_json_is_judged_without_an_error(
    type_name: str | None, members: dict[str, Any]
) -> None:
    if type_name is not None:
        members["resourceType"] = type_name
    assert all(isinstance(problem, Problem) for problem in validate(members))


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Every (holder, key) of a JSON value."""
    found: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        for key, member in cast(dict[str, Any], value).items():
            found += [(value, key), *spots(member)]
    elif isinstance(value, list):
        for index, item in enumerate(cast(list[Any], value)):
            found += [(value, index), *spots(item)]
    return found


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(GOOD[:28]), st.data())
def test_mutated_resources_are_judged_without_an_error(
    resource: dict[str, Any], data: st.DataObject
) -> None:
    mutated = copy.deepcopy(resource)
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(spots(mutated)))
        holder[key] = data.draw(ANY)
    validate(mutated)


# --- published data ---


@needs_data
@pytest.mark.parametrize("folder", ["r4-examples", "us-core-examples"])
def test_published_examples_are_valid(folder: str) -> None:
    checked = 0
    for place, resource in examples(folder):
        name = f"{resource['resourceType']}/{resource.get('id')}"
        problems = validate(resource)
        assert bool(problems) == (name in EXPLAINED), (place, name, problems[:3])
        checked += 1
    assert checked > 100


WITHOUT_PROSE = {
    "eld-18": "the reason of a modifier",
    "sdf-3": "the definitions of elements",
    "sdf-10": "the description of a binding",
}
"""What the copies of HL7's definitions leave out, by the invariants that miss it."""


@needs_data
@pytest.mark.parametrize("folder", ["definitions/r4", "definitions/us-core"])
def test_published_definitions_are_valid(folder: str) -> None:
    """HL7's own StructureDefinitions, value sets, code systems …, by the invariants of them all."""
    checked = 0
    for place, resource in list(examples(folder))[::3]:
        if "resourceType" not in resource:
            continue
        name = f"{resource['resourceType']}/{resource.get('id')}"
        problems = [
            problem
            for problem in validate(resource)
            if not any(f"({key})" in problem.message for key in WITHOUT_PROSE)
        ]
        assert bool(problems) == (name in EXPLAINED), (place, name, problems[:3])
        checked += 1
    assert checked > 100


@needs_data
def test_synthea_is_valid() -> None:
    checked = 0
    for name, whole in synthea(share=4):
        for entry in whole["entry"]:
            problems = validate(entry["resource"])
            assert not problems, (name, problems[:3])
            checked += 1
        if len(whole["entry"]) < 200:
            assert validate(whole) == []
    assert checked > 2000


@needs_data
def test_validation_changes_nothing_that_is_sent() -> None:
    for _, resource in examples("r4-examples"):
        before = dump(resource)
        validate(resource)
        assert dump(resource) == before
        assert dump(parse(before)) == before
