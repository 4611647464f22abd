"""`/metadata` (R4 `http.html#capabilities`): the CapabilityStatement, whose date and ETag change
when its content does and are the same on every worker.

`mode` is ignored, as R4 lets servers do: all of it is told, and there is no terminology service
that another resource would describe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from starlette.types import Receive, Scope, Send

from fhir_server.http.head import Head
from fhir_server.http.limits import Limits
from fhir_server.http.rendering import Rendering, Written, steering
from fhir_server.interactions.reply import Reply
from fhir_server.interactions.subset import split_subset
from fhir_server.outcome import Category, error
from fhir_server.search.catalogue import Catalogue
from fhir_server.store import Database
from fhir_server.store.notes import note_once
from resources import fhir_json
from resources.fhir_json import Resource


@dataclass(frozen=True, slots=True)
class _Stated:
    """The statement of one catalogue, as JSON."""

    of: Catalogue
    json: bytes
    digest: str
    """Of all but its date."""
    forms: dict[Rendering, Written] = field(default_factory=dict[Rendering, Written])
    """As it was sent already: a megabyte that anybody may ask for is written once for each form
    that there is."""


class Metadata:
    """Answers whoever asks, with or without a token."""

    def __init__(
        self,
        database: Database,
        known: Callable[[], Awaitable[Catalogue]],
        describe: Callable[[Catalogue], Resource],
        limits: Limits,
    ) -> None:
        self._database = database
        self._known = known
        self._describe = describe
        self._limits = limits
        self._kept: _Stated | None = None

    async def prepare(self) -> _Stated:
        """The statement, made anew where the catalogue is another one."""
        catalogue = await self._known()
        if self._kept is None or self._kept.of is not catalogue:
            self._kept = await self._stated(catalogue)
        return self._kept

    async def _stated(self, catalogue: Catalogue) -> _Stated:
        """Its date is when any worker on this store first said the same."""
        statement = self._describe(catalogue)
        digest = sha256(fhir_json.dump({**statement, "date": ""})).hexdigest()[:32]
        now = datetime.now(UTC).replace(microsecond=0).isoformat()
        dated = {**statement, "date": await note_once(self._database, f"capability:{digest}", now)}
        return _Stated(catalogue, fhir_json.dump(dated), digest)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """The whole, or what `_summary` or `_elements` want of it; 304 where the caller has it."""
        head = Head(scope)
        asked = steering(scope, head, self._limits)
        rendering = asked.rendering()
        _, subset = split_subset(("CapabilityStatement",), asked.parameters)
        if subset.count_only:
            raise error(Category.INVALID, "_summary=count is for searches.")
        stated = await self.prepare()
        tag = f'"{stated.digest}.{rendering.format.name.lower()}"'
        headers = (("etag", f"W/{tag}"),)
        known = head.listed(b"if-none-match") or ""
        if tag in known or known.strip() == "*":
            await rendering.respond(send, Reply(304, headers=headers, is_public=True))
            return
        if subset.part is not None:
            body = await asyncio.to_thread(subset.of, stated.json)
            await rendering.respond(send, Reply(200, body, headers, is_public=True))
            return
        reply = Reply(200, stated.json, headers, is_public=True)
        await rendering.respond_with(send, reply, await _whole(stated, rendering))


async def _whole(stated: _Stated, rendering: Rendering) -> Written:
    written = stated.forms.get(rendering)
    if written is None:
        written = stated.forms[rendering] = await rendering.written(stated.json)
    return written
