"""The access table against R4's own definitions: every type, every departure, every path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.access_table import ROWS, Kind, Link, Row, visibility
from resources.access_table.document import with_table
from resources.registry import REGISTRY

COMPARTMENT = REGISTRY.compartment("Patient")
DOCUMENT = Path(__file__).parents[2] / "docs" / "access.md"


def test_every_type_has_a_row_and_nothing_else() -> None:
    assert tuple(ROWS) == REGISTRY.types
    assert all(visibility(name).type_name == name for name in REGISTRY.types)


def test_a_name_that_is_no_type_has_no_row() -> None:
    with pytest.raises(KeyError):
        visibility("Patients")


def says_what_r4_says(row: Row) -> bool:
    published = set(COMPARTMENT.get(row.type_name, ()))
    plain = row.kind is Kind.COMPARTMENT and not (row.roles or row.single or row.read_only)
    return plain and set(row.parameters) == published


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.type_name)
def test_a_departure_has_its_reason(row: Row) -> None:
    assert bool(row.reason) is not says_what_r4_says(row)


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.type_name)
def test_what_r4_puts_in_the_compartment_is_somebodys(row: Row) -> None:
    """Y0: the owner's record is R4's patient compartment."""
    mine = {Kind.COMPARTMENT, Kind.OWN, Kind.MIXED}
    if row.kind is Kind.COMPARTMENT:
        assert set(row.parameters) == set(COMPARTMENT[row.type_name])
    elif COMPARTMENT.get(row.type_name):
        assert row.kind in mine


LINKS = [(row, link) for row in ROWS.values() for link in (*row.subjects, *row.roles)]


@pytest.mark.parametrize(("row", "link"), LINKS, ids=lambda part: getattr(part, "path", None))
def test_a_link_goes_where_its_parameter_goes(row: Row, link: Link) -> None:
    parameter = REGISTRY.parameter(row.type_name, link.parameter)
    if parameter is None:
        assert (row.type_name, link.parameter) == ("Binary", "security-context")
        return
    mine = f"{row.type_name}.{link.path}"
    branches = [branch.strip() for branch in (parameter.expression or "").split("|")]
    assert mine in [branch.partition(".where(")[0] for branch in branches]


@pytest.mark.parametrize(("row", "link"), LINKS, ids=lambda part: getattr(part, "path", None))
def test_a_link_can_refer_to_a_patient(row: Row, link: Link) -> None:
    element = REGISTRY.element(row.type_name, link.path)
    assert element is not None
    targets = {target for of in element.types for target in of.targets}
    assert targets & {"Patient", "Resource"}


def reference_targets(node: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Types that the references of a resource may point to, outside of contained resources."""
    for element in REGISTRY.children(node).values():
        for of in element.types:
            if of.name == "Reference":
                yield from of.targets
            elif of.node.startswith(node.partition(".")[0]) and of.node not in seen:
                yield from reference_targets(of.node, seen | {of.node})


SHARED = [row.type_name for row in ROWS.values() if row.kind is Kind.SHARED]


@pytest.mark.parametrize("type_name", SHARED)
def test_what_is_shared_cannot_name_a_patient(type_name: str) -> None:
    """Y4: a shared type with a place for a patient would show who they are to everybody."""
    about_examples = {"ImplementationGuide", "Questionnaire", "TestScript"}
    named = set(reference_targets(type_name)) & {"Patient", "RelatedPerson", "Person", "Resource"}
    assert not named or type_name in about_examples


def test_the_walk_over_references_finds_patients() -> None:
    assert "Patient" in set(reference_targets("Schedule"))
    assert "Patient" in set(reference_targets("BiologicallyDerivedProduct"))


def test_the_document_has_the_table_of_today() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert with_table(document) == document, "run python -m resources.access_table.document"
    assert all(f"| {name} |" in document for name in REGISTRY.types)
