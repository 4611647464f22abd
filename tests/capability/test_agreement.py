"""What `/metadata` lists works, on every type, and what R4 has beside it is refused (D15, D17,
F1 to F8; R4 `capabilitystatement.html`)."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest_asyncio

from resources.registry import REGISTRY
from tests.capability import of_operations, of_the_system, of_types
from tests.capability.asked import Asked, Resource, asking
from tests.serving import Served

AT_ONCE = 16


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def statement(served: Served) -> Resource:
    return (await served.http.get(f"{served.base}/metadata")).json()


async def agrees(asked: Asked) -> None:
    """Everything of one type, in an order in which each step finds what it needs."""
    for code in of_types.WORKS:
        if code == "delete":
            await _flags_and_operations(asked)
        ask = of_types.WORKS if code in asked.codes else of_types.MISSING
        if code != "delete" or asked.listed["conditionalDelete"] != "multiple":
            await ask[code](asked)


async def _flags_and_operations(asked: Asked) -> None:
    for name in sorted(asked.operations):
        await of_operations.ON_TYPES[name](asked)
    await of_operations.refused(asked)
    await of_types.nothing_else(asked)
    for flag in of_types.FLAGS.values():
        await flag(asked)


async def test_f_every_type_does_what_is_listed_and_nothing_else(
    served: Served, statement: Resource
) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(http: aiohttp.ClientSession, listed: Resource) -> None:
        async with gate:
            await agrees(Asked(http, served.base, statement, listed))

    resources: list[Resource] = statement["rest"][0]["resource"]
    async with asking(served) as http:
        each = (one(http, listed) for listed in resources)
        done = await asyncio.gather(*each, return_exceptions=True)
    wrong = [str(each) for each in done if each is not None]
    assert wrong == [], "\n".join(wrong)
    assert len(done) == len(REGISTRY.endpoints)


async def test_f_the_system_does_what_is_listed_and_nothing_else(
    served: Served, statement: Resource
) -> None:
    async with asking(served) as http:
        await system_agrees(Asked(http, served.base, statement, statement["rest"][0]))


async def system_agrees(asked: Asked) -> None:
    """Everything of the system."""
    for code in of_the_system.WORKS:
        ask = of_the_system.WORKS if code in asked.codes else of_the_system.MISSING
        await ask[code](asked)
    for name in sorted(asked.operations):
        await of_operations.ON_THE_SYSTEM[name](asked)
    await of_operations.refused(asked)
    await of_the_system.compartments(asked)
    await of_the_system.nothing_else(asked)


def test_everything_of_r4_is_looked_at(statement: Resource) -> None:
    """What is listed and not asked for above would be shown by nothing."""
    assert of_types.WORKS.keys() == of_types.MISSING.keys() == codes("type")
    assert of_the_system.WORKS.keys() == of_the_system.MISSING.keys() == codes("system")
    rest = statement["rest"][0]
    known = {"mode", "documentation", "security", "resource", "interaction", "searchParam"}
    assert rest.keys() == known | {"operation", "compartment"}
    known = {*of_types.FLAGS, "type", "profile", "interaction", "referencePolicy", "operation"}
    known |= {"searchParam", "searchInclude", "searchRevInclude"}
    for each in rest["resource"]:
        # What is said of Binary is asked for by tests/http/test_binary.py.
        assert each.keys() - ({"documentation"} if each["type"] == "Binary" else set()) <= known
        assert each["profile"] == f"http://hl7.org/fhir/StructureDefinition/{each['type']}"


def codes(level: str) -> set[str]:
    """The interactions that R4 has."""
    found = REGISTRY.codes(f"http://hl7.org/fhir/ValueSet/{level}-restful-interaction")
    assert found is not None
    return set().union(*found.values())
