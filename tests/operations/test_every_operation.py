"""Every operation is held to its OperationDefinition (R4 operations.html 3.2.0.1, 3.2.0.2): what it
is given, parameter by parameter, and what it answers. The cases follow from the definitions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from fhir_server.interactions.operations import OPERATIONS
from fhir_server.interactions.operations.operation import Operation, rows
from resources.operations import OperationParameter
from resources.registry import REGISTRY
from tests.operations.checking import answered
from tests.serving import Caller, assert_outcome

Resource = dict[str, Any]
BY_CODE = {operation.definition.url.rpartition("/")[2]: operation for operation in OPERATIONS}


def body(*parameters: Resource) -> Resource:
    made: Resource = {"resourceType": "Parameters"}
    return made | ({"parameter": [*parameters]} if parameters else {})


def address(operation: Operation, mark: str) -> str:
    """One of those that take a body."""
    *_, row = (row for row in rows(operation) if row.method == "POST")
    return row.path.removeprefix("/").replace("{type}", "Patient").replace("{id}", mark)


def right(parameter: OperationParameter, mark: str) -> Resource:
    """A value of the parameter's type."""
    name, kind = parameter.name, parameter.type
    known: dict[str, Any] = {
        "boolean": True,
        "code": "average",
        "date": "2024-01-01",
        "decimal": 1,
        "instant": "2024-01-01T00:00:00Z",
        "integer": 1,
        "positiveInt": 1,
        "uri": f"Patient/{mark}",
        "string": "x",
        "Coding": {"system": "urn:s", "code": "c"},
        "Meta": {"tag": [{"system": "urn:s", "code": "c"}]},
        "Period": {"start": "2024"},
    }
    if parameter.is_resource:
        kind = "Patient" if kind == "Resource" else kind
        return {"name": name, "resource": {"resourceType": kind, "gender": "male"}}
    if parameter.value_set:
        codes = REGISTRY.codes(parameter.value_set) or {}
        return {"name": name, "valueCode": min(frozenset[str]().union(*codes.values()))}
    return {"name": name, f"value{kind[0].upper()}{kind[1:]}": known[kind]}


def wrong(parameter: OperationParameter) -> Resource:
    """A value of another type, which reads as no value of this one."""
    if parameter.type in ("code", "uri", "string", "id"):
        return {"name": parameter.name, "valuePeriod": {"start": "2024"}}
    return {"name": parameter.name, "valueString": "neither nor"}


def cases() -> Iterator[Any]:
    """Operation, what is wrong, the parameters, and what the refusal has to name."""
    for code, operation in BY_CODE.items():
        taken = operation.definition.inputs
        needed = [one for one in taken if one.minimum]
        if not operation.searches:
            strange = {"name": "stranger", "valueString": "x"}
            yield pytest.param(operation, [*needed, strange], "stranger", id=f"{code}-unknown")
        for one in taken:
            others = [each for each in needed if each is not one]
            yield pytest.param(
                operation, [*others, wrong(one)], one.name, id=f"{code}-{one.name}-type"
            )
            if one.maximum is not None:
                some = [one] * (one.maximum + 1)
                yield pytest.param(
                    operation, [*others, *some], one.name, id=f"{code}-{one.name}-many"
                )
            if one.minimum:
                yield pytest.param(operation, others, one.name, id=f"{code}-{one.name}-missing")
            yield pytest.param(
                operation, [*others, {"name": one.name}], one.name, id=f"{code}-{one.name}-empty"
            )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mark(system: Caller) -> AsyncIterator[str]:
    """The id of a Patient and of an Encounter of theirs."""
    mark = f"every-{uuid4().hex[:8]}"
    born = {"birthDate": "1980-05-12", "name": [{"family": "Every", "given": ["Eva"]}]}
    await system.put(f"Patient/{mark}", {"resourceType": "Patient", "id": mark, **born})
    encounter = {
        "resourceType": "Encounter",
        "id": mark,
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": f"Patient/{mark}"},
    }
    answer = await system.put(f"Encounter/{mark}", encounter)
    assert answer.status_code == 201, answer.text
    yield mark


@pytest.mark.parametrize(("operation", "given", "named"), [*cases()])
async def test_f13_what_the_definition_does_not_take_is_refused_by_name(
    system: Caller, mark: str, operation: Operation, given: list[Any], named: str
) -> None:
    parameters = [right(one, mark) if isinstance(one, OperationParameter) else one for one in given]
    answer = await system.post(address(operation, mark), body(*parameters))
    issue = assert_outcome(answer, 400)
    assert named in issue["diagnostics"]


ANSWERED = {
    "CapabilityStatement-versions": ("GET", "$versions", None),
    "Encounter-everything": ("GET", "Encounter/{id}/$everything", None),
    "Patient-everything": ("GET", "Patient/{id}/$everything?_count=1&end=2030", None),
    "explain": ("GET", "Patient/$explain?gender=male", None),
    "Observation-lastn": ("GET", "Observation/$lastn?patient={id}&category=x", None),
    "Observation-stats": (
        "GET",
        "Observation/$stats?subject=Patient/{id}&code=c&system=urn:s&statistic=average",
        None,
    ),
    "Patient-match": (
        "POST",
        "Patient/$match",
        {"resourceType": "Patient", "birthDate": "1980-05-12", "name": [{"family": "Every"}]},
    ),
    "Resource-meta": ("GET", "Patient/{id}/$meta", None),
    "Resource-meta-add": ("POST", "Patient/{id}/$meta-add", "Meta"),
    "Resource-meta-delete": ("POST", "Patient/{id}/$meta-delete", "Meta"),
    "Resource-validate": ("GET", "Patient/{id}/$validate", None),
}
"""By id of the definition, something that is asked well. `$reindex` answers in its own time
(test_reindex)."""


@pytest.mark.parametrize("name", sorted(BY_CODE.keys() - {"reindex"}))
async def test_what_is_answered_is_what_the_definition_says(
    system: Caller, mark: str, name: str
) -> None:
    method, path, sent = ANSWERED[name]
    definition = BY_CODE[name].definition
    if sent == "Meta":
        sent = body(right(definition.inputs[0], mark))
    answer = await system(method, path.format(id=mark), sent)
    assert answer.status_code == 200, answer.text
    answered(definition, answer.content)
