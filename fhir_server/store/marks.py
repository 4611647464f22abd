"""Marks: what stands in a resource's JSON for a content that is kept apart from it.

The base64 of an attachment or Binary of `LARGE` characters or more is cut out of a request before
it is parsed and put back while an answer is sent. In between its place is held by a mark: a string
that is valid base64 itself and says which content it is, so that resources, pages and bundles
with large contents are handled like any others. Equal contents have equal marks.

A mark begins with a secret of this process. It is neither stored nor sent, and what a caller writes
can never be taken for one.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex
from typing import Any, Final, cast

from resources.fhir_json import ARRAY, OBJECT, Resource

LARGE: Final = 256 * 1024
"""Characters of base64; what has fewer stays with its resource."""
CHUNK: Final = 3 << 19
"""Bytes of a document of the chunk collection: whole groups of three, so that each is base64 by
itself."""
_GROUPS: Final = CHUNK // 3 * 4
_SECRET: Final = token_hex(16)
_BEGINNING: Final = _SECRET.encode()
_MARK: Final = re.compile(f"{_SECRET}([0-9a-f]{{64}})([0-9a-f]{{15}})([01])".encode())


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that are kept apart, by their hash."""

    digest: str
    size: int
    """Of what is kept, in bytes."""
    spelt: bool = False
    """Kept as its text, since base64 of the bytes would be written in another way."""

    @property
    def mark(self) -> str:
        """As long as a whole number of base64's groups."""
        return f"{_SECRET}{self.digest}{self.size:015x}{self.spelt:d}"

    @property
    def octets(self) -> int:
        """Of the content itself, at most."""
        return self.size // 4 * 3 if self.spelt else self.size

    @property
    def length(self) -> int:
        """Characters in the JSON."""
        return self.size if self.spelt else (self.size + 2) // 3 * 4


@dataclass(frozen=True, slots=True)
class Parcel:
    """A content with its bytes, on the way to where it is kept."""

    content: Content
    chunks: tuple[bytes | bytearray, ...]
    """Each of `CHUNK` bytes, but the last."""

    @classmethod
    def of(cls, chunks: Sequence[bytes | bytearray], *, spelt: bool = False) -> Parcel:
        digest = sha256(b"base64 " if spelt else b"")
        for chunk in chunks:
            digest.update(chunk)
        size = sum(map(len, chunks))
        return cls(Content(digest.hexdigest(), size, spelt), tuple(chunks))


def parcel_of(base64: memoryview) -> Parcel | None:
    """The content that is written so; None where it is no base64."""
    found = list(_decoded(base64))
    if None not in found:
        return Parcel.of(cast(list[bytes], found))
    # R4 allows white space between the characters, which is kept as it is.
    bare = bytes(base64).translate(None, b" ")
    try:
        a2b_base64(bare, strict_mode=True)
    except Error:
        return None
    pieces = [bytes(base64[at : at + CHUNK]) for at in range(0, len(base64), CHUNK)]
    return Parcel.of(pieces, spelt=True)


def _decoded(base64: memoryview) -> Iterator[bytes | None]:
    """Chunk by chunk; None where the text is not what would be written for those bytes."""
    for at in range(0, len(base64), _GROUPS):
        group = base64[at : at + _GROUPS]
        try:
            chunk = a2b_base64(group, strict_mode=True)
        except Error:
            yield None
            return
        end = b2a_base64(chunk[len(chunk) - 1 - (len(chunk) - 1) % 3 :], newline=False)
        is_last = at + _GROUPS >= len(base64)
        if end != bytes(group[-4:]) or not (is_last or len(chunk) == CHUNK):
            yield None
            return
        yield chunk


def is_marked(json: bytes) -> bool:
    """Whether something is to be put back before this is sent."""
    return _BEGINNING in json


def contents_of(json: bytes) -> list[Content]:
    """What its marks stand for."""
    return [_content(found) for found in _MARK.finditer(json)]


def length_of(json: bytes) -> int:
    """Of the whole, in bytes."""
    return len(json) + sum(found.length - len(found.mark) for found in contents_of(json))


def split(json: bytes) -> Iterator[bytes | Content]:
    """What is between the marks, and what they stand for, in turns."""
    at = 0
    for found in _MARK.finditer(json):
        yield json[at : found.start()]
        yield _content(found)
        at = found.end()
    yield json[at:]


def content_at(value: object) -> Content | None:
    """What this string stands for, if it is a mark."""
    found = _MARK.fullmatch(value.encode()) if isinstance(value, str) else None
    return None if found is None else _content(found)


def without_marks(json: bytes) -> bytes:
    """For answers that have no business with contents: a message may quote what it refuses."""
    return _MARK.sub(b"...", json)


def _content(found: re.Match[bytes]) -> Content:
    digest, size, spelt = found.groups()
    return Content(digest.decode(), int(size, 16), spelt == b"1")


# As it is stored: the resource has the hash at the place, the JSON nothing.


def apart(resource: Resource, json: bytes) -> tuple[Resource, bytes, list[dict[str, Any]]]:
    """The resource and its JSON as they are stored, and what has to be put back where."""
    places: list[str] = []
    stored = _with_digests(resource, "", places)
    pieces = list(split(json))
    texts, contents = cast(list[bytes], pieces[::2]), cast(list[Content], pieces[1::2])
    beside: list[dict[str, Any]] = []
    at = 0
    for place, text, content in zip(places, texts, contents, strict=False):
        at += len(text)
        beside.append(_described(content, place, at))
    return stored, b"".join(texts), beside


def _described(content: Content, place: str, at: int) -> dict[str, Any]:
    described = {"p": place, "at": at, "h": content.digest, "n": content.size}
    return {**described, "text": True} if content.spelt else described


def _with_digests(value: Any, pointer: str, places: list[str]) -> Any:
    if isinstance(value, OBJECT):
        members: Resource = value
        return {
            name: _with_digests(member, f"{pointer}/{name}", places)
            for name, member in members.items()
        }
    if isinstance(value, ARRAY):
        items: list[Any] = value
        return [_with_digests(item, f"{pointer}/{at}", places) for at, item in enumerate(items)]
    if (content := content_at(value)) is None:
        return value
    places.append(pointer)
    return content.digest


def together(json: bytes, beside: Sequence[Mapping[str, Any]]) -> bytes:
    """The stored JSON with a mark for each content."""
    pieces: list[bytes] = []
    before = 0
    for each in beside:
        pieces += [json[before : each["at"]], stored_content(each).mark.encode()]
        before = each["at"]
    return b"".join((*pieces, json[before:]))


def stored_content(described: Mapping[str, Any]) -> Content:
    """What a document says of one of its contents."""
    return Content(described["h"], described["n"], bool(described.get("text")))
