"""`/openapi.json` is valid OpenAPI and says what there is, `/docs` shows it (O3)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import pytest_asyncio
from openapi_spec_validator import OpenAPIV31SpecValidator

from fhir_server.http.fhir import PUBLIC_PATHS
from fhir_server.http.openapi import CORE_TYPES, PUBLISHED
from fhir_server.interactions.operations import OPERATIONS
from fhir_server.interactions.operations.operation import rows
from fhir_server.interactions.row import Body
from fhir_server.interactions.table import TABLE
from fhir_server.outcome import Category
from fhir_server.search.catalogue import Catalogue
from resources.registry import REGISTRY
from tests.demo.test_app import Outline
from tests.serving import Served

Json = dict[str, Any]
BOTH = {"application/fhir+json", "application/fhir+xml"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def document(served: Served) -> Json:
    answer = await served.http.get(f"{served.root}/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def operations(document: Json) -> dict[tuple[str, str], Json]:
    return {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_o3_it_is_valid_openapi(document: Json) -> None:
    assert document["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_o3_every_interaction_is_in_it_and_nothing_else(document: Json) -> None:
    expected = {(row.method, row.path or "/") for row in TABLE}
    expected |= {("GET", path) for path in PUBLIC_PATHS}
    of_types = {row.method for row in TABLE if row.path == "/{type}"}
    expected |= {(method, f"/{name}") for name in CORE_TYPES for method in of_types}
    assert operations(document).keys() == expected
    assert set(PUBLISHED) == set(PUBLIC_PATHS)


def test_every_operation_has_an_id_of_its_own(document: Json) -> None:
    ids = [each["operationId"] for each in operations(document).values()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("type_name", CORE_TYPES)
def test_core_types_list_every_search_parameter(document: Json, type_name: str) -> None:
    listed = {
        each["name"]: each
        for each in document["paths"][f"/{type_name}"]["get"]["parameters"]
        if "name" in each
    }
    for parameter, _ in Catalogue(document["servers"][0]["url"]).supported_parameters(type_name):
        described = listed[parameter.name]
        schema = f"#/components/schemas/Search-{parameter.type}"
        assert described["schema"] == {"type": "array", "items": {"$ref": schema}}
        assert described["description"].startswith("Looks at ")
    assert f"{type_name}:*" in listed["_include"]["schema"]["items"]["enum"]


def test_operations_list_what_stands_in_an_address(document: Json) -> None:
    """Each the parameters of its own definition, where several have one name."""
    described = operations(document)
    for each in OPERATIONS:
        simple = {one.name for one in each.definition.inputs if one.is_simple}
        for row in rows(each):
            parameters = described[row.method, row.path]["parameters"]
            listed = {one["name"] for one in parameters if "name" in one}
            assert listed == (simple if row.method == "GET" else set()), row.path


def test_types_bodies_and_refusals(document: Json) -> None:
    schemas, responses = document["components"]["schemas"], document["components"]["responses"]
    assert schemas["ResourceType"]["enum"] == list(REGISTRY.endpoints)
    described = operations(document)
    for row in TABLE:
        operation = described[row.method, row.path or "/"]
        taken = set(operation.get("requestBody", {}).get("content", ()))
        assert bool(taken) == (row.body is not Body.NONE)
        if row.body is Body.PATCH:
            assert taken == BOTH | {"application/json-patch+json"}
        elif row.body in (Body.RESOURCE, Body.BUNDLE):
            assert taken == (BOTH | {"*/*"} if row.native else BOTH)
        if row.native and row.body is Body.NONE:
            assert set(operation["responses"]["200"]["content"]) == BOTH | {"*/*"}
            assert set(operation["responses"]["206"]["content"]) == {"*/*"}
        for status in ("400", "401", "403", "404"):
            assert operation["responses"][status]["$ref"].endswith(f"Refusal-{status}")
    assert set(responses) == {f"Refusal-{each.status}" for each in Category} - {"Refusal-500"}
    for response in responses.values():
        assert set(response["content"]) == BOTH
        reference = response["content"]["application/fhir+json"]["schema"]["$ref"]
        assert reference == "#/components/schemas/OperationOutcome"


async def test_security_is_what_smart_configuration_says(served: Served, document: Json) -> None:
    found = await served.http.get(f"{served.base}/.well-known/smart-configuration")
    smart = found.json()
    scheme = document["components"]["securitySchemes"]["smart"]
    code, client = scheme["flows"]["authorizationCode"], scheme["flows"]["clientCredentials"]
    assert scheme["type"] == "oauth2"
    assert code["authorizationUrl"] == smart["authorization_endpoint"]
    assert code["tokenUrl"] == client["tokenUrl"] == smart["token_endpoint"]
    assert {*code["scopes"], *client["scopes"]} == set(smart["scopes_supported"])
    open_to_all = {path for (_, path), each in operations(document).items() if "security" in each}
    assert open_to_all == set(PUBLIC_PATHS)


async def test_o3_it_is_small_and_cached(served: Served) -> None:
    for path in ("/openapi.json", "/docs", "/docs/style.css"):
        first = await served.http.get(f"{served.root}{path}")
        assert first.headers["cache-control"] == "public, max-age=300"
        assert len(first.content) < 1_000_000
        known = {"if-none-match": f"W/{first.headers['etag'].removeprefix('W/')}"}
        again = await served.http.get(f"{served.root}{path}", headers=known)
        assert (again.status_code, again.content) == (304, b"")
        packed = await served.http.get(
            f"{served.root}{path}", headers={"accept-encoding": "identity"}
        )
        assert packed.content == first.content


async def test_docs_shows_all_of_it_and_nothing_foreign(served: Served, document: Json) -> None:
    answer = await served.http.get(f"{served.root}/docs")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "<script" not in answer.text
    outline = Outline()
    outline.feed(answer.text)
    assert outline.breaches == []
    assert len(outline.ids) == len(set(outline.ids))
    assert {each["operationId"] for each in operations(document).values()} <= set(outline.ids)
    for name in set(re.findall(r'"name":"([\w-]+)","in"', json.dumps(document).replace(" ", ""))):
        assert f"<code>{name}</code>" in answer.text
