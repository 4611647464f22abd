"""Literal references: their forms, where they stand, and their rewriting (`references.html`)."""

from __future__ import annotations

import copy
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.references import (
    ReferenceKind,
    links,
    parse_reference,
    references,
    rewrite,
    target_type,
)
from tests.resources.data import examples, needs_data, synthea

UUID = "urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9"
K = ReferenceKind


@pytest.mark.parametrize(
    ("text", "kind", "base", "type_name", "logical_id", "version"),
    [
        ("Patient/1", K.RESOURCE, None, "Patient", "1", None),
        ("Patient/1/_history/2", K.RESOURCE, None, "Patient", "1", "2"),
        ("http://a.org/f/Patient/a-B.1", K.RESOURCE, "http://a.org/f", "Patient", "a-B.1", None),
        ("https://a.org/Patient/1/_history/9", K.RESOURCE, "https://a.org", "Patient", "1", "9"),
        ("http://a.o/Patient/Patient/1", K.RESOURCE, "http://a.o/Patient", "Patient", "1", None),
        (UUID, K.URN, None, None, None, None),
        ("urn:oid:1.2.3", K.URN, None, None, None, None),
        ("#p1", K.CONTAINED, None, None, "p1", None),
        ("#", K.CONTAINED, None, None, None, None),
        ("Patient?identifier=a|b", K.CONDITIONAL, None, "Patient", None, None),
        ("Nonsense/1", K.OTHER, None, None, None, None),
        ("Nonsense?a=b", K.OTHER, None, None, None, None),
        ("Patient/" + "x" * 65, K.OTHER, None, None, None, None),
        ("Patient/a b", K.OTHER, None, None, None, None),
        ("Patient/1\n", K.OTHER, None, None, None, None),
        ("Patient/1/", K.OTHER, None, None, None, None),
        ("/Patient/1", K.OTHER, None, None, None, None),
        ("http://a.org/x", K.OTHER, None, None, None, None),
        ("http://a.org/q?x=/Patient/1", K.OTHER, None, None, None, None),
        ("", K.OTHER, None, None, None, None),
    ],
)  # fmt: skip
def test_parse(
    text: str,
    kind: ReferenceKind,
    base: str | None,
    type_name: str | None,
    logical_id: str | None,
    version: str | None,
) -> None:
    parsed = parse_reference(text)
    assert parsed.kind is kind
    assert parsed.base == base
    assert parsed.type_name == type_name
    assert parsed.logical_id == logical_id
    assert parsed.version_id == version
    assert parsed.text == text


def test_criteria_of_a_conditional_reference() -> None:
    assert parse_reference("Patient?identifier=a|b&x=?").criteria == "identifier=a|b&x=?"


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("Patient/1", True),
        ("http://here/fhir/Patient/1", True),
        ("http://here/fhir/x/Patient/1", False),
        ("http://there/fhir/Patient/1", False),
        ("#p", False),
        (UUID, False),
    ],
)
def test_is_local(text: str, local: bool) -> None:
    assert parse_reference(text).is_local("http://here/fhir") is local
    assert parse_reference(text).is_local("http://here/fhir/") is local


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ({"reference": "Patient/1"}, "Patient"),
        ({"reference": "http://a.org/fhir/Group/1"}, "Group"),
        ({"reference": UUID, "type": "Patient"}, "Patient"),
        ({"reference": "Group/1", "type": "Patient"}, "Group"),
        ({"type": "http://hl7.org/fhir/StructureDefinition/Patient"}, "Patient"),
        ({"type": "http://a.org/Mine", "identifier": {"value": "1"}}, None),
        ({"reference": "Patient?identifier=1"}, "Patient"),
        ({"reference": 5, "type": []}, None),
        ({"display": "someone"}, None),
    ],
)
def test_target_type(reference: dict[str, Any], expected: str | None) -> None:
    assert target_type(reference) == expected


OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "meta": {"profile": ["http://a.org/p"]},
    "text": {
        "status": "generated",
        "div": f'<div><a title="x" href="{UUID}">a</a> href="{UUID}" <img src=\'{UUID}\'/></div>',
    },
    "contained": [
        {
            "resourceType": "Patient",
            "id": "p",
            "managingOrganization": {"reference": UUID},
            "text": {"status": "generated", "div": f'<div><a href="{UUID}">b</a></div>'},
        }
    ],
    "extension": [{"url": "http://a.org/e", "valueReference": {"reference": UUID}}],
    "instantiatesCanonical": UUID,
    "identifier": [{"system": UUID, "value": UUID, "assigner": {"reference": "Organization/2"}}],
    "_status": {"extension": [{"url": "http://a.org/e", "valueUri": UUID}]},
    "subject": {"reference": "#p"},
    "performer": [{"display": "x"}, {"reference": UUID, "type": "Practitioner"}],
    "valueString": UUID,
    "unknown": {"reference": UUID},
}


def test_where_the_references_are() -> None:
    assert [(link.path, link.text) for link in references(OBSERVATION)] == [
        ("Observation.contained[0].managingOrganization.reference", UUID),
        ("Observation.extension[0].value.ofType(Reference).reference", UUID),
        ("Observation.identifier[0].assigner.reference", "Organization/2"),
        ("Observation.subject.reference", "#p"),
        ("Observation.performer[1].reference", UUID),
    ]
    subject = references(OBSERVATION)[3]
    assert subject.targets == ("Device", "Group", "Location", "Patient")
    assert subject.element == {"reference": "#p"}


def test_what_else_links() -> None:
    others = [
        (link.path, link.fhir_type) for link in links(OBSERVATION) if link.fhir_type != "Reference"
    ]
    assert others == [
        ("Observation.meta.profile[0]", "canonical"),
        ("Observation.extension[0].url", "uri"),
        ("Observation.identifier[0].system", "uri"),
        ("Observation.status.extension[0].url", "uri"),
        ("Observation.status.extension[0].value.ofType(uri)", "uri"),
        ("Observation.performer[1].type", "uri"),
    ]


def test_rewrite() -> None:
    resource = copy.deepcopy(OBSERVATION)
    rewrite(resource, {UUID: "Practitioner/7&"}.get)
    new = "Practitioner/7&"
    assert [link.text for link in references(resource)] == [new, new, "Organization/2", "#p", new]
    assert resource["identifier"][0]["system"] == new
    assert resource["identifier"][0]["value"] == UUID, "a string is no link"
    assert resource["_status"]["extension"][0]["valueUri"] == new
    assert resource["instantiatesCanonical"] == UUID, "canonical elements are not replaced"
    assert resource["valueString"] == UUID
    assert resource["unknown"] == {"reference": UUID}
    escaped = "Practitioner/7&amp;"
    assert resource["text"]["div"] == (
        f'<div><a title="x" href="{escaped}">a</a> href="{UUID}" <img src="{escaped}"/></div>'
    )
    assert resource["contained"][0]["text"]["div"] == f'<div><a href="{escaped}">b</a></div>'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("aé#", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["resourceType", "subject", "reference", "contained", "text", "extension"]
            ),
            inner,
            max_size=4,
        )
    ),
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["subject", "contained", "text", "performer"]), JSON))
def test_any_json_is_walked_without_an_error(members: dict[str, Any]) -> None:
    rewrite({"resourceType": "Observation", **members}, lambda text: text + "x")
    rewrite(members, lambda text: text + "x")


@needs_data
def test_every_reference_of_the_examples_is_found() -> None:
    """Against a walk of the bare JSON: an object with a textual `reference` and no other
    meaning for it (`reference` is an element of its own in a few types)."""

    def naive(value: Any) -> int:
        if isinstance(value, list):
            return sum(naive(item) for item in cast(list[Any], value))
        if not isinstance(value, dict):
            return 0
        members = cast(dict[str, Any], value)
        return isinstance(members.get("reference"), str) + naive(list(members.values()))

    own = {"ImplementationGuide", "Linkage", "Immunization", "GraphDefinition"}
    checked = 0
    for place, resource in examples("r4-examples"):
        if resource["resourceType"] not in own:
            assert len(references(resource)) == naive(resource), place
            checked += 1
    assert checked > 300


@needs_data
def test_synthea_bundle_is_rewritten_whole() -> None:
    for name, bundle in synthea(share=10):
        urls = {entry["fullUrl"]: "Patient/x" for entry in bundle["entry"]}
        for entry in bundle["entry"]:
            rewrite(entry["resource"], urls.get)
            left = {link.text for link in references(entry["resource"])} & urls.keys()
            assert not left, name
