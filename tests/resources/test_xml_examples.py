"""FHIR XML of HL7's published examples: both forms say the same (R4 `xml.html`; F9)."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from resources import fhir_json, fhir_xml
from resources.fhir_json import Resource
from tests.resources.data import DATA, examples, needs_data, synthea

pytestmark = needs_data
PAIRS = sorted(path.stem for path in (DATA / "xml").glob("*.xml"))


def _markup(resource: Resource) -> tuple[Resource, str]:
    """The resource without its narrative, and that in one spelling of its characters."""
    rest = {name: value for name, value in resource.items() if name != "text"}
    return rest, ElementTree.canonicalize(resource["text"]["div"])


@pytest.mark.parametrize("name", PAIRS)
def test_published_pairs_convert_both_ways(name: str) -> None:
    json = fhir_json.parse((DATA / "xml" / f"{name}.json").read_bytes())
    assert isinstance(json, dict)
    xml = fhir_xml.parse((DATA / "xml" / f"{name}.xml").read_bytes())
    assert _markup(xml) == _markup(json)
    assert fhir_xml.dump(xml) == fhir_xml.dump(fhir_xml.parse(fhir_xml.dump(xml)))
    assert _markup(fhir_xml.parse(fhir_xml.dump(json))) == _markup(json)


@pytest.mark.parametrize("folder", ["r4-examples", "us-core-examples"])
def test_every_example_comes_back_from_xml(folder: str) -> None:
    tried = 0
    for place, resource in examples(folder):
        found = fhir_xml.parse(fhir_xml.dump(resource))
        assert found == resource, place
        # Numbers are equal whatever their spelling, so that is compared apart.
        assert sorted(fhir_json.dump(found)) == sorted(fhir_json.dump(resource)), place
        tried += 1
    assert tried


def test_whole_bundles_come_back_from_xml() -> None:
    tried = 0
    for name, bundle in synthea(share=20):
        assert fhir_xml.parse(fhir_xml.dump(bundle)) == bundle, name
        tried += 1
    assert tried
