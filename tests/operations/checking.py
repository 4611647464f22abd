"""Whether an answer is what an OperationDefinition promises, said plainly."""

from __future__ import annotations

from typing import Any

from resources import fhir_json
from resources.operations import ANYTHING, OperationDefinition, OperationParameter
from resources.registry import REGISTRY
from resources.validation import validate

Resource = dict[str, Any]


def answered(definition: OperationDefinition, body: bytes) -> Resource:
    """The resource answered; valid R4, and of the names, types and numbers that were promised."""
    resource: Any = fhir_json.parse(body)
    assert validate(resource) == [], resource
    outputs = definition.outputs
    if len(outputs) == 1 and outputs[0].is_resource:
        # R4 3.2.0.2: a single resource named `return` is answered alone.
        assert outputs[0].type in ("Resource", resource["resourceType"])
        return resource
    assert resource["resourceType"] == "Parameters"
    _check(outputs, resource.get("parameter", []))
    return resource


def _check(outputs: tuple[OperationParameter, ...], given: list[Resource]) -> None:
    assert {one["name"] for one in given} <= {one.name for one in outputs}
    for output in outputs:
        found = [one for one in given if one["name"] == output.name]
        assert output.minimum <= len(found), output.name
        assert output.maximum is None or len(found) <= output.maximum, output.name
        for one in found:
            if output.parts:
                _check(output.parts, one["part"])
            elif output.is_resource:
                assert output.type in ("Resource", one["resource"]["resourceType"])
            elif output.type not in ANYTHING:
                assert f"value{output.type[0].upper()}{output.type[1:]}" in one, one
            if output.value_set:
                codes = REGISTRY.codes(output.value_set) or {}
                assert any(one["valueCode"] in some for some in codes.values())
