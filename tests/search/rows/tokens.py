"""Tokens (Q2, R4 3.1.1.4.10): the four forms over every type of element, and the modifiers."""

from __future__ import annotations

from tests.search.rows.people import PEOPLE
from tests.search.rows.row import Resource, Row, Table, observation

PLAIN = Table(
    "codes, booleans, contact points and ids",
    "Patient",
    PEOPLE,
    [
        Row("gender=male", "severine"),
        Row("gender=http://hl7.org/fhir/administrative-gender|male", "severine", "severine eve"),
        Row("gender=other|male"),
        Row("gender=MALE"),
        Row("gender:not=male", "comma eve evelyn mueller strasse tel text"),
        Row("gender:not=male", "comma eve evelyn mueller strasse tel text", "eve severine"),
        Row("gender:not=male,female", "comma evelyn mueller strasse tel text", "text eve"),
        Row("gender:missing=false", "eve severine"),
        Row("active=true", "evelyn"),
        Row("active=true", "evelyn", "evelyn text"),
        Row("active=false", "text"),
        Row("active:missing=true", "comma eve mueller severine strasse tel", "tel text"),
        Row("active:not=true", "comma eve mueller severine strasse tel text", "text evelyn"),
        Row("deceased=true", "tel"),
        Row("deceased=false", "comma eve evelyn mueller severine strasse text"),
        Row("telecom=tel@example.org", "tel"),
        Row("email=tel@example.ORG", "tel"),
        Row("phone=tel@example.org"),
        Row("phone=%2B1 555 0100", "tel"),
        Row("birthdate=1970", "mueller"),
        Row("birthdate=lt1970"),
        Row("_id=eve,tel,nobody", "eve tel"),
        Row("_id:not=eve", "comma evelyn mueller severine strasse tel text"),
        Row("_id=EVE"),
        Row("_id=eve", "eve", "eve evelyn"),
    ],
)


def _coded(name: str, *codings: dict[str, str]) -> Resource:
    return observation(name, code={"coding": list(codings), "text": "a"})


WITHOUT = "bar codeless component identified other two"
EVERY = f"bare loinc local {WITHOUT}"
CODED = Table(
    "codes with and without systems",
    "Observation",
    [
        _coded("loinc", {"system": "http://loinc.org", "code": "8302-2"}),
        _coded("local", {"system": "urn:local", "code": "8302-2"}),
        _coded("bare", {"code": "8302-2"}),
        _coded("other", {"system": "http://loinc.org", "code": "8302-20"}),
        _coded(
            "two", {"system": "urn:local", "code": "x"}, {"system": "http://loinc.org", "code": "y"}
        ),
        _coded("codeless", {"system": "urn:codeless"}),
        _coded("bar", {"system": "urn:a|b", "code": "c,d"}),
        {
            **observation("component"),
            "component": [{"code": {"coding": [{"system": "http://loinc.org", "code": "8302-2"}]}}],
        },
        {
            **observation("identified"),
            "identifier": [{"system": "urn:mrn", "value": "1"}, {"value": "2"}],
            "meta": {"tag": [{"system": "urn:tags", "code": "t"}], "security": [{"code": "R"}]},
        },
    ],
    [
        Row("code=8302-2", "bare loinc local"),
        Row("code=8302-2", "bare loinc local", "loinc other"),
        Row("code=8302"),
        Row("code=http://loinc.org|8302-2", "loinc"),
        Row("code=http://loinc.org|8302-2", "loinc", "loinc local"),
        Row("code=http://loinc.org|8302"),
        Row("code=|8302-2", "bare"),
        Row("code=|8302-2", "bare", "bare loinc"),
        Row("code=|8302-20"),
        Row("code=http://loinc.org|", "loinc other two"),
        Row("code=http://loinc.org|", "loinc other two", "two bar"),
        Row("code=http://loinc|"),
        Row("code=urn:codeless|", "codeless"),
        Row("code=urn:local|y"),
        Row("code=urn:local|x,urn:local|8302-2", "local two"),
        Row("code=x&code=y", "two"),
        Row("code=urn:a\\|b|c\\,d", "bar"),
        Row("code=c\\,d", "bar"),
        Row("code:not=8302-2", WITHOUT),
        Row("code:not=8302-2", WITHOUT, "other loinc"),
        Row("code:not=http://loinc.org|8302-2", f"bare local {WITHOUT}", "local loinc"),
        Row("code:missing=true", "component identified"),
        Row("code:missing=true", "component identified", "identified codeless"),
        Row("combo-code=8302-2", "bare component loinc local"),
        Row("component-code=http://loinc.org|8302-2", "component"),
        Row("combo-code:missing=true", "identified"),
        Row("identifier=1", "identified"),
        Row("identifier=urn:mrn|1", "identified"),
        Row("identifier=|1"),
        Row("identifier=|2", "identified"),
        Row("identifier=urn:mrn|", "identified"),
        Row("_tag=t", "identified"),
        Row("_tag=urn:tags|t", "identified"),
        Row("_security=R", "identified"),
        Row("_tag:missing=true", "bar bare codeless component loinc local other two"),
        Row("status=final", EVERY),
        Row("status=http://hl7.org/fhir/observation-status|final&code=x", "two"),
        Row("status:not=final"),
        Row("status:missing=true"),
        Row("status:missing=false", EVERY),
    ],
)

DESCRIBED = Table(
    "the words and types beside codes and identifiers",
    "Observation",
    [
        observation(
            "coded",
            code={
                "coding": [{"code": "1", "display": "Séborrhoeic keratosis"}],
                "text": "Growth, benign",
            },
            identifier=[
                {
                    "system": "urn:mrn",
                    "value": "446053",
                    "type": {
                        "coding": [{"system": "urn:v2", "code": "MR"}],
                        "text": "Medical record",
                    },
                }
            ],
            subject={"identifier": {"system": "urn:mrn", "value": "P1"}},
        ),
        observation(
            "component",
            component=[{"code": {"text": "Growth in mm"}}],
            identifier=[
                {"value": "446053", "type": {"coding": [{"system": "urn:v2", "code": "SS"}]}}
            ],
            subject={"reference": "Patient/P1", "identifier": {"value": "P2"}},
            meta={"tag": [{"system": "urn:t", "code": "x", "display": "Imported twice"}]},
        ),
    ],
    [
        Row("code:text=seborr", "coded"),
        Row("code:text=GROWTH BEN", "coded"),
        Row("code:text=benign"),
        Row("code:text=1"),
        Row("code=seborr"),
        Row("combo-code:text=growth", "coded component"),
        Row("combo-code:text=growth in", "component", "component coded"),
        Row("component-code:text=growth", "component"),
        Row("code:text=nothing,seb", "coded"),
        Row("_tag:text=imported", "component"),
        Row("identifier:text=medical", "coded"),
        Row("identifier:of-type=urn:v2|MR|446053", "coded"),
        Row("identifier:of-type=urn:v2|MR|446053", "coded", "coded component"),
        Row("identifier:of-type=urn:v2|SS|446053", "component"),
        Row("identifier:of-type=urn:v2|MR|44605"),
        Row("identifier:of-type=urn:x|MR|446053"),
        Row("identifier=446053", "coded component"),
        Row("subject:identifier=P1", "coded"),
        Row("subject:identifier=P1", "coded", "coded component"),
        Row("subject:identifier=urn:mrn|P1", "coded"),
        Row("subject:identifier=|P1"),
        Row("subject:identifier=|P2", "component"),
        Row("subject:identifier=urn:mrn|", "coded"),
        Row("subject=P1", "component"),
        Row("subject:missing=false", "coded component"),
        Row("subject:missing=true"),
    ],
)

TABLES = (PLAIN, CODED, DESCRIBED)
