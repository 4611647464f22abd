"""Large contents are cut out of JSON and XML and come back byte for byte (design.md section 3)."""

from __future__ import annotations

from base64 import b64encode
from binascii import a2b_base64, b2a_base64
from random import Random

import pytest

from fhir_server.interactions.cutting import cut
from fhir_server.store import marks
from fhir_server.store.marks import CHUNK, LARGE, Content, Parcel
from resources import fhir_json, fhir_xml
from resources.validation import validate

BYTES = Random(7).randbytes(LARGE)
BASE64 = b64encode(BYTES)


def filled(json: bytes, parcels: tuple[Parcel, ...]) -> bytes:
    """What is sent for such JSON, by the plainest of ways."""
    by_digest = {each.content.digest: b"".join(each.chunks) for each in parcels}
    found: list[bytes] = []
    for piece in marks.split(json):
        if isinstance(piece, Content):
            kept = by_digest[piece.digest]
            found.append(kept if piece.spelt else b2a_base64(kept, newline=False))
        else:
            found.append(piece)
    return b"".join(found)


def of(text: bytes) -> bytes:
    return b'{"resourceType":"Binary","contentType":"a/b","data":"' + text + b'"}'


SPACED = b" ".join(BASE64[at : at + 76] for at in range(0, len(BASE64), 76))
LOOSE = BASE64[:-4] + b"AB=="
"""The last bits mean nothing, and base64 of the bytes would say `AA==`."""
CUT = {
    "Binary": of(BASE64),
    "white space in JSON": of(BASE64).replace(b'"data":"', b'"data" :\n\t"'),
    "one line for 76 characters": of(SPACED),
    "bits left over": of(LOOSE),
    "in an extension": b'{"extension":[{"url":"u","valueBase64Binary":"' + BASE64 + b'"}]}',
    "an attachment in one": b'{"extension":[{"url":"u","valueAttachment":{"data":"'
    + BASE64
    + b'"}}]}',
    "the same twice": b'{"a":{"data":"' + BASE64 + b'"},"b":[{"data":"' + BASE64 + b'"}]}',
    "the shortest": of(BASE64[:LARGE]),
    "XML": b'<Binary xmlns="http://hl7.org/fhir"><data value="' + BASE64 + b'"/></Binary>',
    "XML with an id": b"<Binary><data id='x' value='" + BASE64 + b"'/></Binary>",
}
LEFT = {
    "short": of(BASE64[: LARGE - 4]),
    "a string": b'{"valueString":"' + BASE64 + b'"}',
    "no base64": of(BASE64[:-1] + b"*"),
    "not whole": of(BASE64[:-1]),
    "padded inside": of(BASE64[:4000] + b"AA==" + BASE64[4000:]),
    "text that quotes JSON": b'{"valueString":"\\"data\\":\\"' + BASE64 + b'"}',
    "an open end": of(BASE64)[:-2],
    "a JSON Patch, which this is not": b'[{"path":"/data","value":"' + BASE64 + b'"}]',
    "a narrative": b'{"text":{"div":"<div>' + b"word " * LARGE + b'</div>"}}',
}


@pytest.mark.parametrize("what", CUT)
def test_what_is_cut_comes_back(what: str) -> None:
    rest, parcels = cut(CUT[what])
    assert parcels
    assert len(rest) < 1000
    assert marks.is_marked(rest)
    assert filled(rest, parcels) == CUT[what]
    assert marks.length_of(rest) == len(CUT[what])


@pytest.mark.parametrize("what", LEFT)
def test_what_is_no_content_is_left(what: str) -> None:
    assert cut(LEFT[what]) == (LEFT[what], ())


def test_a_slash_may_be_escaped() -> None:
    """RFC 8259 section 7; the answer has it plain, as it has all JSON."""
    rest, parcels = cut(of(BASE64.replace(b"/", b"\\/")))
    assert filled(rest, parcels) == of(BASE64)


def test_a_patch_brings_contents_as_values() -> None:
    body = LEFT["a JSON Patch, which this is not"]
    rest, parcels = cut(body, is_patch=True)
    assert len(parcels) == 1
    assert filled(rest, parcels) == body


def test_a_mark_is_valid_where_it_stands() -> None:
    """What is checked, converted and indexed holds it in place of the content."""
    rest, _ = cut(of(BASE64))
    resource = fhir_json.parse(rest)
    assert isinstance(resource, dict)
    assert validate(resource) == []
    assert fhir_xml.parse(fhir_xml.dump(resource)) == resource


def test_equal_contents_have_equal_marks() -> None:
    """So that an update which changes nothing is one, and a test of a JSON Patch is exact."""
    whole = Parcel.of([BYTES[:CHUNK]])
    assert cut(of(BASE64))[1][0].content == whole.content
    assert cut(of(SPACED))[1][0].content != whole.content
    assert a2b_base64(SPACED) == BYTES


def test_what_is_stored_tells_no_mark() -> None:
    """The secret of one process would mean nothing to the next."""
    json, _ = cut(CUT["the same twice"])
    resource = fhir_json.parse(json)
    assert isinstance(resource, dict)
    stored, rest, beside = marks.apart(resource, json)
    assert not marks.is_marked(fhir_json.dump(stored))
    assert not marks.is_marked(rest)
    assert [each["p"] for each in beside] == ["/a/data", "/b/0/data"]
    assert marks.together(rest, beside) == json
