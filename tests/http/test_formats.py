"""JSON and XML, asked for and sent; packed answers and bodies (F8, F11; R4 `http.html`)."""

from __future__ import annotations

import gzip
import zlib
from contextlib import suppress

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.http.codings import accepted_coding
from fhir_server.http.media_types import terms
from fhir_server.http.negotiation import Format, answer_format, body_format
from fhir_server.outcome import FhirError
from resources import fhir_json, fhir_xml
from tests.http.test_rest import PATIENT
from tests.serving import Caller, assert_outcome

XML = "application/fhir+xml"

ACCEPTED: list[tuple[str | None, str | None, Format | None]] = [
    (None, None, Format.JSON),
    ("*/*", None, Format.JSON),
    ("application/*", None, Format.JSON),
    ("application/fhir+json", None, Format.JSON),
    ("application/fhir+xml", None, Format.XML),
    ("text/xml", None, Format.XML),
    ("application/xml;q=0.5, application/json;q=0.4", None, Format.XML),
    ("application/xml;q=0.5, application/json;q=0.6", None, Format.JSON),
    ("application/fhir+xml, application/fhir+json", None, Format.XML),
    ("application/fhir+xml;q=0, */*", None, Format.JSON),
    ("APPLICATION/FHIR+XML; charset=UTF-8", None, Format.XML),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", None, Format.JSON),
    ("application/fhir+xml; fhirVersion=4.0", None, Format.XML),
    ("application/fhir+xml; fhirVersion=3.0", None, None),
    ("application/fhir+xml; fhirVersion=3.0, application/fhir+json", None, Format.JSON),
    ("text/html", None, None),
    ("text/turtle", None, None),
    ("application/fhir+json;q=0", None, None),
    ("", None, None),
    ("text/turtle", "xml", Format.XML),
    ("application/fhir+xml", "json", Format.JSON),
    (None, "application/fhir xml", Format.XML),
    (None, "text/json", Format.JSON),
    (None, "application/fhir+xml; fhirVersion=4.0", Format.XML),
    (None, "application/fhir+xml; fhirVersion=5.0", None),
    (None, "ttl", None),
    # R4 3.1.0.1.11: these SHALL mean XML, and these JSON.
    *((None, name, Format.XML) for name in ("xml", "text/xml", "application/xml", XML)),
    *((None, name, Format.JSON) for name in ("json", "application/json", "application/fhir+json")),
    (None, "XML", Format.XML),
    (None, "html", None),
    (None, "text/html", None),
    (None, "", None),
    (None, "application/fhir+ndjson", None),
    (None, "application/fhir+json;charset=UTF-8", Format.JSON),
    (None, "application/fhir+json;charset=iso-8859-1", None),
    # RFC 9110 section 12.5.1: of several ranges the most precise one counts.
    ("application/fhir+json;q=0.1, */*", None, Format.XML),
    ("*/*;q=0.9, application/fhir+xml;q=0.1", None, Format.JSON),
    ("application/*;q=0.2, application/fhir+xml;q=0.1, */*", None, Format.JSON),
    ("application/fhir+json;q=0, application/*;q=0.1", None, Format.XML),
    ("application/fhir+json;q=0, application/fhir+xml;q=0, */*", None, None),
    ("*/*, application/fhir+xml", None, Format.JSON),
    ("application/fhir+xml, */*", None, Format.XML),
    ("text/*", None, Format.JSON),
    ("image/*", None, None),
    ("*/*;q=0", None, None),
    ("application/fhir+xml;q=1.000", None, Format.XML),
    ("application/fhir+xml;q=.5, application/fhir+json;q=0.4", None, Format.XML),
    ("application/fhir+xml;q=much, application/fhir+json;q=0.001", None, Format.JSON),
    ("application/fhir+xml;q=nan", None, None),
    ("application/fhir+xml;q=1e9, application/fhir+json;q=0.1", None, Format.JSON),
    ("text/html, application/fhir+xml, */*;q=0.1", None, Format.XML),
    ("text/html;q=0.1, application/fhir+xml", None, Format.XML),
    ("application/json, text/plain, */*", None, Format.JSON),
    (",, ,application/fhir+xml", None, Format.XML),
    # Parameters: in any case and order, quoted or not.
    ('application/fhir+xml ; CharSet="UTF-8" ; q=0.5', None, Format.XML),
    ('application/fhir+xml;note="a,b;q=0";q=0.5, application/fhir+json;q=0.4', None, Format.XML),
    ('application/fhir+xml;charset="utf\\-8"', None, Format.XML),
    ("application/fhir+xml;charset=iso-8859-1", None, None),
    ("application/fhir+xml;charset=utf-16, application/fhir+json;q=0.1", None, Format.JSON),
    ('application/fhir+json;fhirVersion="4.0"', None, Format.JSON),
    ("application/fhir+json;fhirversion=4.0.1", None, Format.JSON),
    ("application/fhir+json;fhirVersion=4.3, application/json", None, Format.JSON),
]


@pytest.mark.parametrize(("accept", "asked", "expected"), ACCEPTED)
def test_f8_the_format_of_an_answer(
    accept: str | None, asked: str | None, expected: Format | None
) -> None:
    if expected is None:
        with pytest.raises(FhirError) as refused:
            answer_format(accept, asked)
        assert refused.value.category.status == 406
    else:
        assert answer_format(accept, asked) is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("identity", None),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=0.5", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.0, *", "gzip"),
        ("*;q=0", None),
        ("*", "br"),
        ("", None),
        ("deflate", None),
        ("GZIP", "gzip"),
        ("gzip, br;q=0.5", "gzip"),
        ("gzip;q=0.5, br;q=0.9", "br"),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip", "gzip"),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("identity;q=0", None),
        ("gzip;q=0, *;q=0.5", "br"),
        ("gzip;q=yes", None),
    ],
)
def test_the_coding_of_an_answer(header: str | None, expected: str | None) -> None:
    assert accepted_coding(header) == expected


PARTS = st.text(st.sampled_from('*/;=", q.01abc+-\\\t'), max_size=40)


@given(st.one_of(PARTS, st.text(max_size=30)))
@settings(max_examples=150)
def test_f8_o2_any_header_is_read_or_refused(header: str) -> None:
    """Parameters, quotes and weights of any kind; a weight is one between 0 and 1."""
    assert accepted_coding(header) in (None, "br", "gzip")
    assert all(0 <= each.weight <= 1 for each in terms(header))
    for accept, asked in ((header, None), (None, header)):
        with suppress(FhirError):
            assert answer_format(accept, asked) in Format
    with suppress(FhirError):
        assert body_format(header) in Format


async def test_f8_xml_in_and_out(system: Caller) -> None:
    """Created as XML, read as both, searched as XML: one resource."""
    body = fhir_xml.dump(PATIENT)
    created = await system.post("Patient", body, headers={"content-type": XML, "accept": XML})
    assert created.status_code == 201
    assert created.headers["content-type"] == f"{XML}; charset=utf-8"
    place = created.headers["location"].partition("/_history")[0]
    json = await system.get(place)
    xml = await system.get(place, headers={"accept": XML})
    assert fhir_xml.parse(xml.content) == fhir_json.parse(json.content)
    assert fhir_xml.parse(created.content) == fhir_json.parse(json.content)
    found = await system.get(f"Patient?_id={json.json()['id']}&_format=xml&_pretty=true")
    assert found.content.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Bundle')
    bundle = fhir_xml.parse(found.content)
    assert bundle["entry"][0]["resource"] == json.json()
    self_link = bundle["link"][0]["url"]
    assert "_format" not in self_link


async def test_f8_a_transaction_as_xml(system: Caller) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"resource": PATIENT, "request": {"method": "POST", "url": "Patient"}}],
    }
    done = await system.post("", fhir_xml.dump(bundle), headers={"content-type": XML})
    assert done.status_code == 200, done.text
    assert done.json()["entry"][0]["response"]["status"].startswith("201")


async def test_f8_refusals_come_in_the_form_that_was_asked_for(system: Caller) -> None:
    for path in ("Patient/absent", "Patient?nonsense=1", "Nonsense", "no/such/address"):
        refused = await system.get(path, headers={"accept": XML})
        assert refused.status_code >= 400
        assert fhir_xml.parse(refused.content)["resourceType"] == "OperationOutcome"
    metadata = await system.get("metadata?_format=xml")
    statement = fhir_xml.parse(metadata.content)
    assert statement["format"] == ["application/fhir+json", XML, "json", "xml"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<Patient>",
        b'<!DOCTYPE x [<!ENTITY e "x">]><Patient xmlns="http://hl7.org/fhir"/>',
        b'<Patient xmlns="http://hl7.org/fhir"><nonsense value="1"/></Patient>',
        b'<Patient xmlns="http://hl7.org/fhir"><active value="yes"/></Patient>',
        b'<Observation xmlns="http://hl7.org/fhir"/>',
    ],
)
async def test_f10_what_is_no_patient_in_xml_is_refused(system: Caller, body: bytes) -> None:
    assert_outcome(await system.post("Patient", body, headers={"content-type": XML}), 400)


async def test_f8_other_versions_of_fhir_are_not_taken(system: Caller) -> None:
    headers = {"content-type": "application/fhir+json; fhirVersion=3.0"}
    assert_outcome(await system.post("Patient", PATIENT, headers=headers), 415)


@pytest.mark.parametrize("coding", ["br", "gzip"])
async def test_long_answers_are_packed_for_those_who_take_it(system: Caller, coding: str) -> None:
    plain = await system.get("metadata", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    request = system.served.http.build_request(
        "GET", f"{system.served.base}/metadata", headers={"accept-encoding": coding}
    )
    answer = await system.served.http.send(request, stream=True)
    packed = b"".join([chunk async for chunk in answer.aiter_raw()])
    await answer.aclose()
    assert answer.headers["content-encoding"] == coding
    assert "accept-encoding" in answer.headers["vary"]
    assert int(answer.headers["content-length"]) == len(packed) < len(plain.content) / 4
    unpack = brotli.decompress if coding == "br" else gzip.decompress
    assert unpack(packed) == plain.content


async def test_bodies_may_come_packed(system: Caller) -> None:
    """One member of gzip or several; what is no gzip is a 400, another coding a 415."""
    text = fhir_json.dump(PATIENT)
    headers = {"content-encoding": "gzip"}
    for body in (gzip.compress(text), gzip.compress(text[:9]) + gzip.compress(text[9:])):
        assert (await system.post("Patient", body, headers=headers)).status_code == 201
    for body in (text, gzip.compress(text)[:-9], b""):
        assert_outcome(await system.post("Patient", body, headers=headers), 400)
    refused = await system.post("Patient", zlib.compress(text), headers={"content-encoding": "br"})
    assert_outcome(refused, 415)
    assert refused.headers["accept-encoding"] == "gzip"


async def test_f11_a_bomb_ends_at_the_limit(system: Caller) -> None:
    """F11: a megabyte that would unpack into a gigabyte is stopped when the limit is passed."""
    bomb = zlib.compressobj(9, wbits=31)
    body = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(256)) + bomb.flush()
    assert_outcome(await system.post("Patient", body, headers={"content-encoding": "gzip"}), 413)


BODIES = [
    ("application/fhir+json", 201),
    ("application/json", 201),
    ("application/json+fhir", 201),
    ("text/json", 201),
    ("Application/FHIR+JSON", 201),
    ("application/fhir+json;charset=utf-8", 201),
    ('application/fhir+json ; charset="UTF-8"', 201),
    ("application/fhir+json; charset=US-ASCII", 201),
    ("application/fhir+json;", 201),
    ("application/fhir+json; fhirVersion=4.0; charset=utf-8", 201),
    ('application/fhir+json; fhirVersion="4.0"', 201),
    ("application/fhir+json; charset=iso-8859-1", 415),
    ("application/fhir+json; charset=utf-16", 415),
    ("application/fhir+json; fhirVersion=3.0", 415),
    ("application/fhir+json; fhirVersion=5.0", 415),
    ("application/fhir+ndjson", 415),
    ("application/ndjson", 415),
    ("text/plain", 415),
    ("text/turtle", 415),
    ("application/*", 415),
    ("application/fhir+json, application/fhir+json", 415),
    ("application/x-www-form-urlencoded", 415),
    ("multipart/form-data; boundary=x", 415),
    (";charset=utf-8", 415),
    ("", 415),
    (None, 415),
]


@pytest.mark.parametrize(("declared", "status"), BODIES)
async def test_f8_what_a_body_may_be_declared_to_be(
    system: Caller, declared: str | None, status: int
) -> None:
    headers = {"authorization": f"Bearer {system.token}"}
    headers |= {} if declared is None else {"content-type": declared}
    place, body = f"{system.served.base}/Patient", fhir_json.dump(PATIENT)
    answer = await system.served.http.post(place, content=body, headers=headers)
    if status == 415:
        assert_outcome(answer, 415)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16"])
async def test_f8_every_kind_of_body_is_utf_8(system: Caller, charset: str) -> None:
    for method, path, declared in (
        ("PATCH", "Patient/any", "application/json-patch+json"),
        ("PATCH", "Patient/any", XML),
        ("POST", "Patient/_search", "application/x-www-form-urlencoded"),
        ("POST", "", "application/fhir+json"),
        ("POST", "Patient/$validate", "application/fhir+json"),
    ):
        headers = {"content-type": f"{declared}; charset={charset}"}
        assert_outcome(await system(method, path, b"[]", headers=headers), 415)


async def test_f10_bytes_that_are_not_utf_8_are_refused(system: Caller) -> None:
    """In JSON, in XML whatever it claims, and in UTF-16; a byte order mark is no content."""
    name = {**PATIENT, "name": [{"family": "Muñoz"}]}
    json, xml = fhir_json.dump(name).decode(), fhir_xml.dump(name).decode()
    latin_1 = xml.replace("UTF-8", "ISO-8859-1").encode("latin-1")
    for body, declared in (
        (json.encode("latin-1"), "application/fhir+json"),
        (json.encode("utf-16"), "application/fhir+json"),
        (xml.encode("latin-1"), XML),
        (latin_1, XML),
        (xml.encode("utf-16"), XML),
        (xml.encode("utf-16-be"), XML),
    ):
        headers = {"content-type": declared}
        assert_outcome(await system.post("Patient", body, headers=headers), 400)
    for text, declared in ((json, "application/fhir+json"), (xml, XML)):
        headers = {"content-type": declared}
        made = await system.post("Patient", text.encode("utf-8-sig"), headers=headers)
        assert made.status_code == 201, made.text
        assert made.json()["name"] == name["name"]


async def test_f8_pretty_is_true_or_false(system: Caller) -> None:
    place = (await system.post("Patient", PATIENT)).headers["location"]
    plain = await system.get(f"{place}?_pretty=false")
    pretty = await system.get(f"{place}?_pretty=true")
    assert b"\n" not in plain.content
    assert b"\n  " in pretty.content
    assert plain.json() == pretty.json()
    for wrong in (
        "_pretty=yes",
        "_pretty=",
        "_pretty=true&_pretty=true",
        "_format=json&_format=xml",
    ):
        assert_outcome(await system.get(f"{place}?{wrong}"), 400)


async def test_f8_a_list_in_several_lines_is_one_list(system: Caller) -> None:
    """RFC 9110 section 5.3, for `Accept`, `Prefer` and `If-None-Match`."""
    http, base = system.served.http, system.served.base
    bearer = ("authorization", f"Bearer {system.token}")
    accept = [bearer, ("accept", "text/html"), ("accept", XML)]
    answer = await http.get(f"{base}/Patient?_count=0", headers=accept)
    assert answer.headers["content-type"].startswith(XML)
    prefer = [bearer, ("prefer", "handling=lenient"), ("prefer", "return=minimal")]
    prefer.append(("content-type", "application/fhir+json"))
    made = await http.post(f"{base}/Patient", json=PATIENT, headers=prefer)
    assert (made.status_code, made.content) == (201, b"")
    searched = await http.get(f"{base}/Patient?nonsense=1&_count=0", headers=prefer)
    assert searched.status_code == 200
    known = [bearer, ("if-none-match", 'W/"7"'), ("if-none-match", 'W/"1"')]
    place = made.headers["location"].partition("/_history")[0]
    assert (await http.get(place, headers=known)).status_code == 304
