"""A Binary sent as the content that it is (R4 `binary.html#rest`), and never as a page of ours.

Whatever somebody stored is sent from the origin that tokens are sent to. So nothing of it may run:
the browser saves it, unless it is of a type that cannot act; it may not guess another type, nor
let the content load or script anything; and no other site may embed it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Final

from fhir_server.http.head import Head
from fhir_server.http.streaming import Outlet
from fhir_server.interactions.native import Native
from fhir_server.interactions.reply import Reply
from fhir_server.outcome import Category, error
from fhir_server.store.marks import CHUNK

_WORD: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_MEDIA_TYPE: Final = re.compile(
    rf'{_WORD}/{_WORD}(?:[ ]*;[ ]*{_WORD}=(?:{_WORD}|"[\x20\x21\x23-\x5b\x5d-\x7e]*"))*'
)
"""RFC 9110 section 8.3.1, without what could end the header."""
_HARMLESS: Final = frozenset(
    ("application/pdf", "image/gif", "image/jpeg", "image/png", "text/plain")
)
"""What browsers show without running anything of it on this origin."""
_UNKNOWN: Final = "application/octet-stream"
_GUARDS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"sandbox; default-src 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
    (b"accept-ranges", b"bytes"),
)
_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_VISIBLE: Final = re.compile(r"[\x21-\x7e]+")


def is_media_type(text: str) -> bool:
    """Whether it can stand in a header as what a content is."""
    return _MEDIA_TYPE.fullmatch(text) is not None


async def respond_native(outlet: Outlet, head: Head, reply: Reply, native: Native) -> None:
    """The content, or the part of it that `Range` asks for (RFC 9110 section 14)."""
    content = native.content
    if not isinstance(content, bytes) and content.spelt:
        content = await outlet.contents.decoded(content)
    size = len(content) if isinstance(content, bytes) else content.size
    part = _part(head, size)
    start, stop = part or (0, size)
    headers = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers]
    headers += [*_GUARDS, *_described(native)]
    if part is not None:
        headers.append((b"content-range", b"bytes %d-%d/%d" % (start, stop - 1, size)))
    if isinstance(content, bytes):
        pieces = _pieces(content[start:stop])
    else:
        pieces = outlet.contents.read(content, start, stop)
    await outlet.stream(206 if part else 200, headers, pieces, stop - start)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(content), CHUNK):
        yield content[at : at + CHUNK]


def _described(native: Native) -> list[tuple[bytes, bytes]]:
    """Content-Type and what goes with it."""
    known = is_media_type(native.content_type)
    content_type = native.content_type if known else _UNKNOWN
    described = [(b"content-type", content_type.encode("ascii"))]
    if content_type.partition(";")[0].strip().lower() not in _HARMLESS:
        described.append((b"content-disposition", b"attachment"))
    context = native.security_context
    if context is not None and _VISIBLE.fullmatch(context):
        described.append((b"x-security-context", context.encode("ascii")))
    return described


def _part(head: Head, size: int) -> tuple[int, int] | None:
    """The bytes that are asked for. Raises RANGE where there are none such.

    One range is answered; what is no such range is passed over (section 14.2), as is one under
    `If-Range`, which a weak tag never meets (section 13.1.5).
    """
    asked = head.get(b"range")
    found = None if asked is None or head.get(b"if-range") else _RANGE.fullmatch(asked.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if found[1]:
        start = int(found[1])
        stop = min(int(found[2]) + 1, size) if found[2] else size
        if found[2] and int(found[2]) < start:
            return None
    else:
        start, stop = max(size - int(found[2]), 0), size
    if start >= stop:
        headers = {"content-range": f"bytes */{size}"}
        raise error(Category.RANGE, f"The content has {size} bytes.", headers=headers)
    return start, stop
