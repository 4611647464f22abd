"""Canonical references in chains, `_has` and includes (R4 references.html#canonical)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from fhir_server.store import Database, FhirStore, UnrestrictedStore
from tests.search.finding import parsed

URL = "http://forms.example/Q"
FORMS = {
    "one": {"url": URL, "version": "1", "title": "Old", "status": "retired"},
    "two": {"url": URL, "version": "2", "title": "New", "status": "active"},
    "other": {"url": f"{URL}/x", "title": "Other", "status": "active"},
}
ANSWERS = {"of-any": URL, "of-1": f"{URL}|1", "of-2": f"{URL}|2#part", "of-3": f"{URL}|3",
           "of-other": f"{URL}/x", "of-none": "http://forms.example/none"}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def forms(database: Database) -> AsyncIterator[FhirStore]:
    store = UnrestrictedStore(database, "test")
    made: list[tuple[str, str, dict[str, Any]]] = [
        ("Questionnaire", name, {"resourceType": "Questionnaire", **form})
        for name, form in FORMS.items()
    ]
    for name, form in ANSWERS.items():
        answer = {"resourceType": "QuestionnaireResponse", "status": "completed"}
        made.append(("QuestionnaireResponse", name, {**answer, "questionnaire": form}))
    await store.create_many(made)
    yield store


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("QuestionnaireResponse?questionnaire.title=old", "of-any of-1"),
        ("QuestionnaireResponse?questionnaire.title=new", "of-any of-2"),
        ("QuestionnaireResponse?questionnaire:Questionnaire.status=active", "of-any of-2 of-other"),
        ("QuestionnaireResponse?questionnaire._id=other", "of-other"),
        (f"QuestionnaireResponse?questionnaire={URL}|1", "of-1"),
        (f"QuestionnaireResponse?questionnaire={URL}", "of-any of-1 of-2 of-3"),
        ("Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=of-any", "one two"),
        ("Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=of-2,of-3", "two"),
        ("Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=of-none", ""),
        (
            "QuestionnaireResponse?_id=of-any&_include=QuestionnaireResponse:questionnaire",
            "of-any + one two",
        ),
        (
            "QuestionnaireResponse?_id=of-1,of-3,of-other&_include=*",
            "of-1 of-3 of-other + one other",
        ),
        (
            "Questionnaire?_id=one&_revinclude=QuestionnaireResponse:questionnaire",
            "one + of-1 of-any",
        ),
        ("Questionnaire?_id=other&_revinclude=*", "other + of-other"),
    ],
)
async def test_q6_canonical_references_are_followed(
    forms: FhirStore, search: str, expected: str
) -> None:
    """One without a version is to every version, one with a version to that."""
    page = await forms.search(parsed(search))
    matches, _, included = expected.partition(" + ")
    assert {each.logical_id for each in page.matches} == set(matches.split())
    assert {each.logical_id for each in page.included} == set(included.split())
