"""The pages of the five core resources say what is so: every parameter with an example that finds
something, and the queries of a portal at the cost that is stated."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

import pytest
import pytest_asyncio

from fhir_server.access.context import AccessContext
from fhir_server.access.grant import grant_access
from fhir_server.access.system import SystemAccess
from fhir_server.cli.resource_pages import rewritten
from fhir_server.opening import open_database
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.query import parse_search
from fhir_server.store import Database, FhirStore
from tests.access.world import grant
from tests.demo.rare import RARE
from tests.demo.served import Record, name_of, names
from tests.docs.pages import NAMES, Asked, Example, asked, examples, queries, text

ASKED = [(name, each) for name in NAMES for each in asked(name)]
EXAMPLES = [(name, each) for name in NAMES for each in examples(name)]
MADE = names(RARE)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(demo_record: Record) -> AsyncIterator[Database]:
    served = demo_record.served
    async with open_database(served.settings, served.mongodb_uri) as found:
        yield found


async def entries(record: Record, query: str) -> list[dict[str, Any]]:
    answer = await record.system.get(f"{query}&_count=500" if "_count" not in query else query)
    assert answer.status_code == 200, f"{query}: {answer.text[:500]}"
    return answer.json().get("entry", [])


def test_the_five_core_resources_have_a_page() -> None:
    assert NAMES == ["Appointment", "Communication", "MedicationRequest", "Observation", "Patient"]


@pytest.mark.parametrize("name", NAMES)
def test_generated_tables_are_as_make_docs_writes_them(name: str) -> None:
    assert rewritten(text(name), name, Catalogue("http://127.0.0.1:8000/fhir")) == text(name)


@pytest.mark.parametrize("name", NAMES)
async def test_every_parameter_of_the_statement_has_its_example(
    name: str, demo_record: Record
) -> None:
    statement = (await demo_record.system.get("metadata")).json()
    resource = next(each for each in statement["rest"][0]["resource"] if each["type"] == name)
    listed = [
        (each["name"], each["type"])
        for each in resource["searchParam"]
        if not each["definition"].startswith("http://hl7.org/fhir/us/core/")
    ]
    assert [(each.parameter, each.type) for each in examples(name)] == listed
    for each in examples(name):
        assert re.search(rf"[?&]{each.parameter}[=:]", each.query)


@pytest.mark.parametrize(
    ("name", "example"), EXAMPLES, ids=[f"{name}-{each.parameter}" for name, each in EXAMPLES]
)
async def test_example_finds_something(name: str, example: Example, demo_record: Record) -> None:
    """In the demo record, unless it is marked."""
    found = names(each["resource"] for each in await entries(demo_record, example.query))
    assert found
    assert (found <= MADE) == example.made
    assert len(found) < len(demo_record.of(name)) or example.parameter == "_lastUpdated"


@pytest.mark.parametrize("name", NAMES)
async def test_queries_in_the_prose_find_something(name: str, demo_record: Record) -> None:
    tabled = {each.query for each in examples(name)} | {each.query for each in asked(name)}
    for query in set(queries(name)) - tabled:
        assert await entries(demo_record, query.replace("&_summary=count", "")), query


def whose(record: Record, query: str) -> str | None:
    """The patient whose app asks this: the one that is named, or anybody for free slots."""
    named = re.search(
        r"(?:patient|recipient|_id|[?&]prior-prescription)=([A-Z]\w+/)?([\w-]+)", query
    )
    for patient in (each["id"] for each in record.of("Patient")):
        if named and named[2].startswith(patient):
            return patient
    return "rosa-alvarez" if query.startswith(("Slot?", "Schedule?")) else None


async def costs(database: Database, access: AccessContext, query: str) -> tuple[int, int]:
    """Keys and documents that MongoDB examines for the first page."""
    type_name, _, rest = query.partition("?")
    pairs = [unquote(pair).partition("=") for pair in rest.split("&")]
    parsed = parse_search(
        database.catalogue,
        type_name,
        [(name, value) for name, _, value in pairs if name != "_elements"],
        strict=True,
        default_count=50,
        max_count=1000,
    )
    told = (await FhirStore(database, access).explain(parsed))["executionStats"]
    return told["totalKeysExamined"], told["totalDocsExamined"]


@pytest.mark.parametrize(("name", "said"), ASKED, ids=[each.query for _, each in ASKED])
async def test_a_portals_query_finds_and_costs_what_is_said(
    name: str, said: Asked, demo_record: Record, database: Database
) -> None:
    """By the patient's own app where it is one's own record, and by a backend."""
    found = await entries(demo_record, said.query)
    matches = [each for each in found if each["search"]["mode"] == "match"]
    assert len(matches) == said.found
    callers: list[AccessContext] = [SystemAccess("measuring")]
    if patient := whose(demo_record, said.query):
        own = grant("patient/*.rs", patient=patient, fhir_user=f"Patient/{patient}")
        callers.append(grant_access(own, database.catalogue))
        app = await demo_record.app(patient)
        answer = (await app.get(said.query)).json()
        seen = [name_of(each["resource"]) for each in answer.get("entry", [])]
        assert sorted(seen) == sorted(name_of(each["resource"]) for each in found)
    measured = [await costs(database, caller, said.query) for caller in callers]
    assert max(keys for keys, _ in measured) <= said.keys
    assert max(documents for _, documents in measured) <= said.documents
