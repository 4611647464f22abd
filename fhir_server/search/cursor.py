"""Where a page of a search begins, as an opaque text that only its own query and caller can use.

It is a place in an order and never a proof of access: the store applies the caller's policy to
every page anew.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Protocol

import msgspec

from fhir_server.outcome import Category, FhirError, error
from fhir_server.search.expression import Scalar

_TAG: Final = 16


class Question(Protocol):
    """What a position is bound to: a `SearchQuery` or a `HistoryQuery`."""

    @property
    def compartment(self) -> str: ...
    @property
    def type_name(self) -> str: ...
    @property
    def applied(self) -> tuple[tuple[str, str], ...]: ...


@dataclass(frozen=True, slots=True)
class Position:
    """A resource's place in the order of a search: its sort values and its id."""

    values: tuple[Scalar, ...]
    logical_id: str
    backward: bool = False
    """The page that ends before it, not the one that begins after it."""


END: Final = Position((), "", backward=True)
"""Behind the last of any order: what ends there is the last page."""

_DECODER: Final = msgspec.json.Decoder(tuple[list[str | int | None], str, bool])


def encode(position: Position, query: Question, caller: str, key: bytes) -> str:
    """The text of a position, authenticated with the server's key."""
    body = msgspec.json.encode((position.values, position.logical_id, position.backward))
    return urlsafe_b64encode(_tag(body, query, caller, key) + body).rstrip(b"=").decode()


def decode(text: str, query: Question, caller: str, key: bytes) -> Position:
    """Reads a position back; 400 for anything that this server did not give to this caller."""
    try:
        packed = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError:
        raise _refused() from None
    tag, body = packed[:_TAG], packed[_TAG:]
    if not hmac.compare_digest(tag, _tag(body, query, caller, key)):
        raise _refused()
    values, logical_id, backward = _DECODER.decode(body)
    return Position(tuple(values), logical_id, backward)


def _tag(body: bytes, query: Question, caller: str, key: bytes) -> bytes:
    """BLAKE2 with a key (RFC 7693 section 2.9), which starts in a tenth of the time of an HMAC."""
    bound = msgspec.json.encode((query.compartment, query.type_name, query.applied, caller))
    message = len(bound).to_bytes(4) + bound + body
    return blake2b(message, key=key, digest_size=_TAG).digest()


def _refused() -> FhirError:
    text = "This page link is damaged or belongs to another search; start the search again."
    return error(Category.INVALID, text)
