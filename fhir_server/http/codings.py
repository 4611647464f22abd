"""Content codings (RFC 9110 section 8.4): gzip and brotli for answers, gzip for bodies."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, cast

import brotli

from fhir_server.http.media_types import terms
from fhir_server.outcome import Category, error

_GZIP: Final = 31
"""`wbits` of zlib for the format of gzip."""
_MOST_MEMBERS: Final = 2_000
"""Of one gzip: those that write it in blocks of 64 KB begin one for each block."""


def _gzip(body: bytes) -> bytes:
    return zlib.compress(body, 1, _GZIP)


def _brotli(body: bytes) -> bytes:
    return cast(bytes, brotli.compress(body, quality=2))  # pyright: ignore[reportUnknownMemberType]  untyped


COMPRESSORS: Final[Mapping[str, Callable[[bytes], bytes]]] = {"br": _brotli, "gzip": _gzip}
"""The quick levels: a page of twenty takes 0.1 ms and shrinks to a fifth."""


_IDENTITY: Final = "identity"


@lru_cache(maxsize=64)
def accepted_coding(header: str | None) -> str | None:
    """The coding of ours that the header wants most (RFC 9110 section 12.5.3); None: as it is.

    What is not named may come as it is, but where something else is named it is wanted less.
    """
    if header is None:
        return None
    weights = {each.name: each.weight for each in terms(header)}
    other = weights.get("*", 0.0)
    best = max((*COMPRESSORS, _IDENTITY), key=lambda name: weights.get(name, other))
    return best if best != _IDENTITY and weights.get(best, other) > 0 else None


class Unpacking:
    """A body that comes packed, chunk by chunk, within a limit of its own."""

    def __init__(self, coding: str | None) -> None:
        """Raises MEDIA_TYPE for a coding that is not taken."""
        named = (coding or _IDENTITY).strip().lower()
        if named not in (_IDENTITY, "gzip", "x-gzip"):
            raise error(
                Category.MEDIA_TYPE,
                f"A body may come packed by gzip, not by {named[:40]}.",
                headers={"accept-encoding": "gzip"},
            )
        self._stream = None if named == _IDENTITY else zlib.decompressobj(_GZIP)
        self._members = 1

    def unpack(self, chunk: bytes, room: int) -> bytes:
        """What the chunk holds, at most one byte more than there is room for."""
        if self._stream is None:
            return chunk
        found: list[bytes] = []
        try:
            while chunk:
                if self._stream.eof:  # another member follows (RFC 1952, 2.2)
                    self._next_member()
                part = self._stream.decompress(chunk, room + 1)
                found.append(part)
                room -= len(part)
                if room < 0:
                    break
                chunk = self._stream.unused_data
        except zlib.error:
            raise error(Category.STRUCTURE, "The body is not the gzip that it claims.") from None
        return b"".join(found)

    def _next_member(self) -> None:
        """Members without anything in them cost time and no room."""
        self._members += 1
        if self._members > _MOST_MEMBERS:
            text = f"The body's gzip has more than {_MOST_MEMBERS} members."
            raise error(Category.STRUCTURE, text)
        self._stream = zlib.decompressobj(_GZIP)

    def close(self) -> None:
        """Raises STRUCTURE where the body ended too early."""
        if self._stream is not None and not self._stream.eof:
            raise error(Category.STRUCTURE, "The body ends before its gzip does.")
