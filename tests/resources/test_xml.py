"""FHIR XML (R4 `xml.html`): both ways without a loss, and what is refused (F9, F10)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources import fhir_json, fhir_xml
from resources.fhir_json import Resource

PATIENT: Resource = {
    "resourceType": "Patient",
    "id": "p",
    "text": {
        "status": "generated",
        "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p class="a">1 &lt; 2<br/></p></div>',
    },
    "contained": [{"resourceType": "Organization", "id": "o", "name": "Ärzte & Co"}],
    "extension": [{"id": "x", "url": "http://a/b?c=d&e", "valueDecimal": Decimal("1.00")}],
    "active": False,
    "name": [
        {
            "id": "n1",
            "given": ["A", None, "C"],
            "_given": [None, {"extension": [{"url": "u", "valueCode": "x"}]}, {"id": "c"}],
        }
    ],
    "_birthDate": {"extension": [{"url": "u", "valueString": "line\nfeed\ttab \"q\" 'a' <b>"}]},
    "multipleBirthInteger": 2,
    "managingOrganization": {"reference": "#o"},
}


def test_every_form_of_json_comes_back() -> None:
    """F9: primitives with ids and extensions, arrays with gaps, decimals, contained resources."""
    written = fhir_xml.dump(PATIENT)
    assert fhir_json.dump(fhir_xml.parse(written)) == fhir_json.dump(PATIENT)
    assert fhir_xml.parse(fhir_xml.dump(PATIENT, pretty=True)) == PATIENT


def test_the_text_that_is_written() -> None:
    resource: Resource = {
        "resourceType": "Observation",
        "status": "final",
        "valueQuantity": {"value": fhir_json.decimal("1e-7"), "unit": 'a "b"\n'},
        "code": {"text": "x"},
        "contained": [{"resourceType": "Patient", "id": "p"}],
    }
    assert fhir_xml.dump(resource).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?><Observation xmlns="http://hl7.org/fhir">'
        '<contained><Patient><id value="p"/></Patient></contained><status value="final"/>'
        '<code><text value="x"/></code>'
        '<valueQuantity><value value="1e-7"/><unit value="a &quot;b&quot;&#10;"/></valueQuantity>'
        "</Observation>"
    )


def test_extensions_without_any_value_need_no_array_of_nothing() -> None:
    text = b'<Patient xmlns="http://hl7.org/fhir"><name><given id="a"/></name></Patient>'
    assert fhir_xml.parse(text) == {"resourceType": "Patient", "name": [{"_given": [{"id": "a"}]}]}


@pytest.mark.parametrize(
    "literal", ["1.00", "0.0000001", "-0.0", "1e10", "1E+2", "123456789012345678901234567890.10"]
)
def test_decimals_keep_their_spelling(literal: str) -> None:
    """F9."""
    body = (
        '<Observation xmlns="http://hl7.org/fhir"><valueQuantity>'
        f'<value value="{literal}"/></valueQuantity></Observation>'
    ).encode()
    resource = fhir_xml.parse(body)
    assert literal.encode() in fhir_json.dump(resource)
    assert f'value="{literal}"'.encode() in fhir_xml.dump(resource)


REFUSED: list[tuple[str, str]] = [
    ("", "not well-formed"),
    ("{}", "not well-formed"),
    ("<Patient/>", "namespace"),
    ('<Pasient xmlns="http://hl7.org/fhir"/>', "no resource type"),
    ('<Patient xmlns="http://hl7.org/fhir" id="a"/>', "no attribute 'id'"),
    ('<Patient xmlns="http://hl7.org/fhir"><nam/></Patient>', "did you mean <name>"),
    ('<Patient xmlns="http://hl7.org/fhir"><active value="true"/>x</Patient>', "text between"),
    ('<Patient xmlns="http://hl7.org/fhir"><active val="true"/></Patient>', "no attribute 'val'"),
    ('<Patient xmlns="http://hl7.org/fhir"><name value="x"/></Patient>', "no attribute 'value'"),
    (
        (
            '<Patient xmlns="http://hl7.org/fhir"><active value="true"/><active value="false"/>'
            "</Patient>"
        ),
        "stands twice",
    ),
    (
        '<Patient xmlns="http://hl7.org/fhir"><active value="true"><x/></active></Patient>',
        "has no element <x>",
    ),
    ('<Patient xmlns="http://hl7.org/fhir"><contained/></Patient>', "holds no resource"),
    (
        (
            '<Patient xmlns="http://hl7.org/fhir"><contained><Patient/><Patient/></contained>'
            "</Patient>"
        ),
        "more than one",
    ),
    ('<!DOCTYPE Patient><Patient xmlns="http://hl7.org/fhir"/>', "document type"),
    (
        '<!DOCTYPE p [<!ENTITY a "b">]><Patient xmlns="http://hl7.org/fhir">&a;</Patient>',
        "document type",
    ),
    (
        (
            '<!DOCTYPE p [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
            '<Patient xmlns="http://hl7.org/fhir"><id value="&a;"/></Patient>'
        ),
        "document type",
    ),
    ('<Patient xmlns="http://hl7.org/fhir"><id value="&nbsp;"/></Patient>', "undefined entity"),
    ('<?xml version="1.0" encoding="latin-1"?><Patient xmlns="http://hl7.org/fhir"/>', "UTF-8"),
    (
        (
            '<Patient xmlns="http://hl7.org/fhir"><text><status value="empty"/><div>x</div></text>'
            "</Patient>"
        ),
        "has no element <div>",
    ),
    ('<Patient xmlns="http://hl7.org/fhir">' + "<contact>" * 300, "contact"),
    (
        '<Questionnaire xmlns="http://hl7.org/fhir">' + "<item>" * 300,
        "nest deeper than 200",
    ),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_is_no_fhir_xml_is_refused_with_its_place(text: str, message: str) -> None:
    """F10, F11: nothing is guessed, and no entity is ever resolved."""
    with pytest.raises(fhir_xml.MalformedXml, match="line") as refused:
        fhir_xml.parse(text.encode())
    assert message in str(refused.value)


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    with pytest.raises(fhir_xml.MalformedXml):
        fhir_xml.parse(b'<Patient xmlns="http://hl7.org/fhir"><id value="\xff"/></Patient>')


@pytest.mark.parametrize(
    ("element", "value"),
    [("active", "TRUE"), ("multipleBirthInteger", "1.5"), ("multipleBirthInteger", "9" * 5000)],
)
def test_a_wrong_value_stays_a_string_for_validation(element: str, value: str) -> None:
    body = f'<Patient xmlns="http://hl7.org/fhir"><{element} value="{value}"/></Patient>'
    assert fhir_xml.parse(body.encode())[element] == value


def test_comments_prefixes_and_schema_locations_are_no_content() -> None:
    body = b"""<?xml version="1.0"?><!-- a --><f:Patient xmlns:f="http://hl7.org/fhir"
        xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
        xsi:schemaLocation="http://hl7.org/fhir fhir-all.xsd"><!-- b -->
        <f:id value="a"/></f:Patient>"""
    assert fhir_xml.parse(body) == {"resourceType": "Patient", "id": "a"}


def test_a_narrative_without_its_namespace_gets_it() -> None:
    resource: Resource = {
        "resourceType": "Patient",
        "text": {"status": "generated", "div": ' <?xml version="1.0"?><div id="xmlns">a</div>'},
    }
    div = fhir_xml.parse(fhir_xml.dump(resource))["text"]["div"]
    assert div == '<div xmlns="http://www.w3.org/1999/xhtml" id="xmlns">a</div>'


_TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), min_size=1
)
_EXTENSION = st.fixed_dictionaries({"url": _TEXT, "valueString": _TEXT | st.just("a\r\n\tb")})
_EXTRA = st.fixed_dictionaries({}, optional={"id": _TEXT}) | st.fixed_dictionaries(
    {"extension": st.lists(_EXTENSION, min_size=1, max_size=2)}
)


@st.composite
def _names(draw: st.DrawFn) -> dict[str, Any]:
    pairs = draw(st.lists(st.tuples(st.none() | _TEXT, st.none() | _EXTRA), min_size=1, max_size=4))
    pairs = [(value, extra or None) for value, extra in pairs if value is not None or extra]
    name: dict[str, Any] = {}
    if any(value is not None for value, _ in pairs):
        name["given"] = [value for value, _ in pairs]
    if any(extra for _, extra in pairs):
        name["_given"] = [extra for _, extra in pairs]
    return name


@given(
    st.lists(_names(), min_size=1, max_size=3), st.decimals(allow_nan=False, allow_infinity=False)
)
def test_whatever_text_and_number_comes_back(names: list[dict[str, Any]], number: Decimal) -> None:
    """F9: a property over texts, gaps in arrays and decimals."""
    value = fhir_json.decimal(str(number))
    resource: Resource = {
        "resourceType": "Patient",
        "extension": [{"url": "u", "valueDecimal": value}],
        "name": names,
    }
    for pretty in (False, True):
        found = fhir_xml.parse(fhir_xml.dump(resource, pretty=pretty))
        assert found == resource
        assert fhir_json.dump(found["extension"]) == fhir_json.dump(resource["extension"])
