"""From a `Reply` to the bytes of an HTTP response, in the form that the caller asked for.

What is stored and joined is JSON; XML and indentation are made of it for those who ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast

import msgspec
from starlette.types import Scope, Send

from fhir_server.http.addresses import is_disguised
from fhir_server.http.body import parameters_of
from fhir_server.http.codings import COMPRESSORS, accepted_coding
from fhir_server.http.head import Head
from fhir_server.http.limits import Limits
from fhir_server.http.negotiation import Format, answer_format, prefers_native, split_steering
from fhir_server.http.streaming import Outlet
from fhir_server.interactions.reply import Reply
from fhir_server.outcome import Category, FhirError, error
from fhir_server.store.marks import is_marked, length_of, without_marks
from resources import fhir_json, fhir_xml
from resources.fhir_json import Resource

_NO_STORE: Final = (b"cache-control", b"no-store")
_TYPES: Final = {each: (b"content-type", each.content_type.encode()) for each in Format}
_VARY: Final = (b"vary", b"accept, accept-encoding")
_PUBLIC: Final = (
    (b"cache-control", b"public, no-cache"),
    (b"vary", b"accept, accept-encoding, origin"),
)
"""What is kept has to be told apart by all that it depends on (RFC 9110 section 12.5.5)."""
_BODILESS: Final = frozenset((204, 304))
"""Statuses that have no body, so that a length would be wrong (RFC 9110 section 8.6)."""
_SMALL: Final = 2_048
"""Bytes that are not worth compressing."""
_LONG: Final = 200_000
"""Bytes whose rendering would keep the others waiting."""


class Written(NamedTuple):
    """A body in its form, and the content coding that it is in."""

    body: bytes
    coding: str | None


@dataclass(frozen=True, slots=True)
class Rendering:
    """How the answers to one request are written."""

    format: Format = Format.JSON
    pretty: bool = False
    coding: str | None = None
    """The content coding that the caller takes: `br`, `gzip`."""

    @property
    def _plain(self) -> bool:
        return self.format is Format.JSON and not self.pretty

    async def respond(self, send: Send, reply: Reply) -> None:
        """The answer as ASGI has it, which costs a fifth of a response object."""
        await self.respond_with(send, reply, await self.written(reply.body))

    async def written(self, json: bytes) -> Written:
        """The body as it is to be sent. The same for the same body, so that it may be kept."""
        body = json
        if not self._plain and body:
            body = await _off_the_loop(self._formed, body)
        if self.coding is None or len(body) < _SMALL:
            return Written(body, None)
        return Written(await _off_the_loop(COMPRESSORS[self.coding], body), self.coding)

    async def respond_with(self, send: Send, reply: Reply, written: Written) -> None:
        """The answer of that reply, whose body is written already."""
        headers = self._headers(reply)
        if written.coding is not None:
            headers.append((b"content-encoding", written.coding.encode()))
            headers += () if reply.is_public else (_VARY,)
        if reply.status not in _BODILESS:
            headers.append((b"content-length", b"%d" % len(written.body)))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": written.body})

    async def stream(self, outlet: Outlet, reply: Reply) -> None:
        """The same of a body with marks, whose contents are put in on the way. It is not packed:
        most large contents are, and nobody is to wait for the others."""
        body = reply.body if self._plain else await _off_the_loop(self._formed, reply.body)
        headers = self._headers(reply)
        pieces = outlet.contents.whole(body)
        await outlet.stream(reply.status, headers, pieces, length_of(body))

    def _headers(self, reply: Reply) -> list[tuple[bytes, bytes]]:
        headers = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers]
        headers += _PUBLIC if reply.is_public else (_NO_STORE,)
        if reply.body:
            headers.append(_TYPES[self.format])
        return headers

    def _formed(self, json: bytes) -> bytes:
        if self.format is Format.JSON:
            return msgspec.json.format(json, indent=2)
        return fhir_xml.dump(cast(Resource, fhir_json.parse(json)), pretty=self.pretty)


PLAIN: Final = Rendering()


async def _off_the_loop(work: Callable[[bytes], bytes], body: bytes) -> bytes:
    return work(body) if len(body) < _LONG else await asyncio.to_thread(work, body)


@dataclass(frozen=True, slots=True)
class Steering:
    """What an address and its headers say of the form of the answer."""

    parameters: tuple[tuple[str, str], ...]
    """Those of the URL that are the interaction's own."""
    accept: str | None
    format: str | None
    """`_format`, as it stands there."""
    pretty: bool
    coding: str | None

    @property
    def native(self) -> bool:
        """Whether a Binary is to be sent as its content."""
        return prefers_native(self.accept, self.format)

    def rendering(self) -> Rendering:
        """How a resource is to be written. Raises NOT_ACCEPTABLE."""
        wanted = answer_format(self.accept, self.format)
        if wanted is Format.JSON and not self.pretty and self.coding is None:
            return PLAIN
        return Rendering(wanted, self.pretty, self.coding)


def steering(scope: Scope, head: Head, limits: Limits) -> Steering:
    """How the answer is wanted, before it is known what is asked for.

    Raises UNKNOWN_ROUTE for what is no path, INVALID for what is no query string, and URL_TOO_LONG
    (RFC 9110 section 15.5.15).
    """
    path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    if is_disguised(path):
        raise error(Category.UNKNOWN_ROUTE, "No FHIR address has a slash or line break encoded.")
    if len(path) + len(query) >= limits.url:
        raise error(
            Category.URL_TOO_LONG,
            f"The address is longer than the {limits.url} bytes that are taken; "
            "a search can be sent by POST to _search.",
        )
    parameters, asked_format, pretty = split_steering(parameters_of(query, limits))
    coding = accepted_coding(head.listed(b"accept-encoding"))
    return Steering(parameters, head.listed(b"accept"), asked_format, pretty, coding)


def refusal(problem: FhirError) -> Reply:
    """The `OperationOutcome` of a refusal."""
    headers: dict[str, Any] = dict(problem.headers)
    body = fhir_json.dump(problem.outcome)
    if is_marked(body):
        body = without_marks(body)
    return Reply(problem.category.status, body, tuple(headers.items()))
