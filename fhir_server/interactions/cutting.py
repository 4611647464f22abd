"""Large contents are cut out of FHIR JSON or XML before it is parsed (R4
`datatypes.html#attachment`, `binary.html`).

So a body of 134 MB is never a string of that length, and what is parsed, checked and stored of it
is as small as a resource without attachments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from fhir_server.store.marks import LARGE, Parcel, parcel_of

_WINDOW: Final = LARGE // 2
"""Whatever is `LARGE` holds one of these whole, so that a look at each finds it."""
_JSON: Final = re.compile(rb'"(?:data|valueBase64Binary|value)"[ \t\r\n]*:[ \t\r\n]*"\Z')
"""Elements of type base64Binary; `value` in a JSON Patch."""
_XML: Final = re.compile(
    rb"<(?:data|valueBase64Binary)[ \t\r\n](?:[^<>]*[ \t\r\n])?value[ \t\r\n]*=[ \t\r\n]*[\"']\Z"
)
_HEAD: Final = 200
"""Bytes in front of a value in which its element's name stands."""
_QUOTE: Final = re.compile(rb"[\"']")


def cut(body: bytes | bytearray, *, is_patch: bool = False) -> tuple[bytes, tuple[Parcel, ...]]:
    """The body with a mark for each large content, and the contents."""
    if len(body) < LARGE:
        return bytes(body), ()
    pieces: list[bytes] = []
    parcels: list[Parcel] = []
    done = 0
    for start, end in _long_values(body):
        if not _is_base64(bytes(body[max(start - _HEAD, 0) : start]), is_patch=is_patch):
            continue
        parcel = _parcel(body, start, end)
        if parcel is None:
            continue
        pieces += [bytes(body[done:start]), parcel.content.mark.encode()]
        parcels.append(parcel)
        done = end
    if not parcels:
        return bytes(body), ()
    return b"".join((*pieces, bytes(body[done:]))), tuple(parcels)


def _long_values(body: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Where a string or attribute of at least `LARGE` bytes begins and ends."""
    at = 0
    while at + _WINDOW <= len(body):
        if _QUOTE.search(body, at, at + _WINDOW) is not None:
            at += _WINDOW
            continue
        start = max(body.rfind(b'"', 0, at), body.rfind(b"'", 0, at)) + 1
        quote = body[start - 1 : start]
        end = body.find(quote, at) if quote else -1
        if end < 0:
            return
        if end - start >= LARGE:
            yield start, end
        at = end + 1


def _is_base64(head: bytes, *, is_patch: bool) -> bool:
    found = _JSON.search(head)
    if found is None:
        return _XML.search(head) is not None
    return is_patch or not found[0].startswith(b'"value"')


def _parcel(body: bytes | bytearray, start: int, end: int) -> Parcel | None:
    if body.find(b"\\", start, end) < 0:
        with memoryview(body) as whole:
            return parcel_of(whole[start:end])
    # JSON may write a slash as `\/`, and some libraries always do.
    return parcel_of(memoryview(bytes(body[start:end]).replace(b"\\/", b"/")))
