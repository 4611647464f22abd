"""URIs (Q8, R4 3.1.1.4.13): precise, or the start of a URL in either direction."""

from __future__ import annotations

from tests.search.rows.row import Resource, Row, Table, patient


def _value_set(name: str, url: str) -> Resource:
    return {"resourceType": "ValueSet", "id": name, "url": url}


URIS = Table(
    "addresses of value sets",
    "ValueSet",
    [
        _value_set("one", "http://acme.org/fhir/ValueSet/123"),
        _value_set("longer", "http://acme.org/fhir/ValueSet/1234"),
        _value_set("parent", "http://acme.org/fhir"),
        _value_set("slash", "http://acme.org/fhir/"),
        _value_set("case", "http://acme.org/FHIR/ValueSet/123"),
        _value_set("escaped", "http://acme.org/fhir/ValueSet/12%33"),
        _value_set("oid", "urn:oid:1.2.3.4.5"),
        _value_set("oids", "urn:oid:1.2.3.4.5.6"),
        {"resourceType": "ValueSet", "id": "none"},
    ],
    [
        Row("url=http://acme.org/fhir/ValueSet/123", "one"),
        Row("url=http://acme.org/fhir/ValueSet/123", "one", "one case"),
        Row("url=http://acme.org/fhir/ValueSet/123", "one", "one longer"),
        Row("url=http://acme.org/FHIR/ValueSet/123", "case"),
        Row("url=http://acme.org/fhir/ValueSet/12%2533", "escaped"),
        Row("url=http://acme.org/fhir/ValueSet"),
        Row("url=urn:oid:1.2.3.4.5", "oid", "oid oids"),
        Row("url=urn:oid:1.2.3.4.5,http://acme.org/fhir", "oid parent"),
        Row("url:below=http://acme.org/fhir/", "escaped longer one slash"),
        Row("url:below=http://acme.org/fhir/", "escaped longer one slash", "slash parent"),
        Row("url:below=http://acme.org/fhir", "escaped longer one parent slash", "parent case"),
        Row("url:below=http://acme.org/nothing"),
        Row("url:above=http://acme.org/fhir/ValueSet/123/_history/5", "one parent slash"),
        Row("url:above=http://acme.org/fhir/ValueSet/123", "one parent slash", "one longer"),
        Row("url:above=http://acme.org"),
        Row("url:missing=true", "none"),
        Row("url:missing=true", "none", "none oid"),
    ],
)

META = Table(
    "profiles, of which a canonical is found with and without its version, and sources",
    "Patient",
    [
        patient("old", meta={"profile": ["http://p.org/vitals|3.1"]}),
        patient("plain", meta={"profile": ["http://p.org/vitals"]}),
        patient("height", meta={"profile": ["http://p.org/vitals-height"]}),
        patient("sourced", meta={"source": "http://s.org/feed"}),
    ],
    [
        Row("_profile=http://p.org/vitals", "old plain", "old height"),
        Row("_profile=http://p.org/vitals|3.1", "old", "old plain"),
        Row("_profile=http://p.org/vitals|4"),
        Row("_profile:below=http://p.org/", "height old plain"),
        Row("_profile:missing=true", "sourced"),
        Row("_source=http://s.org/feed", "sourced"),
        Row("_source=http://s.org/feed%231"),
        Row("_source:below=http://s.org", "sourced"),
    ],
)

GRAPHS = Table(
    "addresses that each has",
    "StructureDefinition",
    [{"resourceType": "StructureDefinition", "id": "a", "url": "http://a.org/StructureDefinition"}],
    [Row("url:missing=true"), Row("url:missing=false", "a")],
)

TABLES = (URIS, META, GRAPHS)
