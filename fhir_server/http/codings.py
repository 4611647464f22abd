"""Content codings (RFC 9110 section 8.4): gzip and brotli for answers, gzip for bodies."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Final, cast

import brotli

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


def accepted_coding(header: str | None) -> str | None:
    """The first of ours that the header takes (RFC 9110 section 12.5.3); None: as it is."""
    if header is None:
        return None
    taken: dict[str, bool] = {}
    for part in header.split(","):
        name, _, weight = part.partition(";")
        taken[name.strip().lower()] = weight.replace(" ", "").rstrip("0.") != "q="
    return next((name for name in COMPRESSORS if taken.get(name, taken.get("*"))), None)


class Unpacking:
    """A body that comes packed, chunk by chunk, within a limit of its own."""

    def __init__(self, coding: str | None) -> None:
        """Raises MEDIA_TYPE for a coding that is not taken."""
        named = (coding or "identity").strip().lower()
        if named not in ("identity", "gzip", "x-gzip"):
            raise error(
                Category.MEDIA_TYPE,
                f"A body may come packed by gzip, not by {named[:40]}.",
                headers={"accept-encoding": "gzip"},
            )
        self._stream = None if named == "identity" else zlib.decompressobj(_GZIP)
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
