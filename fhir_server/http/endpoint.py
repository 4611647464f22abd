"""From an HTTP request to a `Call`, from a `Reply` to an HTTP response.

One `Endpoint` stands at each path of the interaction table and is a plain ASGI application, so that
a read costs no dependency machinery.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from fhir_server.http.bodies import Bodies
from fhir_server.http.head import Head
from fhir_server.http.limits import Limits
from fhir_server.http.native import respond_native
from fhir_server.http.prefer import preference
from fhir_server.http.rendering import PLAIN, Rendering, Steering, refusal, steering
from fhir_server.http.room import Place, Room
from fhir_server.http.streaming import Outlet
from fhir_server.interactions.call import Call, Conditions, Service
from fhir_server.interactions.names import check_type
from fhir_server.interactions.reply import Reply
from fhir_server.interactions.table import Body, Row
from fhir_server.outcome import Category, FhirError, error
from fhir_server.store import Contents, FhirStore
from fhir_server.store.marks import is_marked

_LOGICAL_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")


class Gate(Protocol):
    """Turns a request's bearer token into a store that sees with its rights."""

    async def admit(self, scope: Scope, head: Head) -> FhirStore:
        """Raises LOGIN where the token is absent or bad."""
        ...


class Endpoint:
    """The interactions that share one path, by method."""

    def __init__(
        self,
        rows: Sequence[Row],
        service: Service,
        gate: Gate,
        limits: Limits,
        room: Room,
        contents: Contents,
    ) -> None:
        self._rows: Mapping[str, Row] = {row.method: row for row in rows}
        self._service = service
        self._gate = gate
        self._limits = limits
        reads = ("HEAD",) if "GET" in self._rows else ()
        self._methods = ", ".join(sorted({*self._rows, *reads, "OPTIONS"}))
        self._bodies = Bodies(limits)
        self._room = room
        self._contents = contents

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head, rendering = Head(scope), PLAIN
        try:
            asked = steering(scope, head, self._limits)
            row = self._row(scope)
            native = row is not None and row.native and _is_binary(scope) and asked.native
            rendering = PLAIN if native else asked.rendering()
            reply = await self._answer(scope, receive, head, row, asked, native=native)
            if reply.native is not None or is_marked(reply.body):
                outlet = Outlet(self._contents, scope, receive, send)
                await _stream(outlet, rendering, head, reply)
                return
        except FhirError as problem:
            reply = refusal(problem)
        await rendering.respond(send, reply)

    def _row(self, scope: Scope) -> Row | None:
        """The interaction that is asked for; how its answer is written may depend on it."""
        method: str = scope["method"]
        return self._rows.get("GET" if method == "HEAD" else method)

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        head: Head,
        row: Row | None,
        asked: Steering,
        *,
        native: bool,
    ) -> Reply:
        if scope["method"] == "OPTIONS":
            # What there is to be asked is public (RFC 9110 section 9.3.7); /metadata says it all.
            return Reply(204, headers=(("allow", self._methods),))
        store = await self._gate.admit(scope, head)
        if row is None:
            raise error(
                Category.METHOD,
                f"{scope['method']} is not offered here; {self._methods} are.",
                headers={"allow": self._methods},
            )
        path: dict[str, str] = scope["path_params"]
        type_name = path.get("type", row.type_name)
        if type_name:
            check_type(type_name)
        call = Call(
            service=self._service,
            store=store,
            type_name=type_name,
            logical_id=_checked_id(type_name, path.get("id")),
            version_id=path.get("version", ""),
            parameters=asked.parameters,
            conditions=_conditions(head),
            preference=preference(head.listed(b"prefer")),
            native=native and row.body is Body.NONE,
        )
        if row.body is Body.NONE:
            return await row.perform(call)
        with Place(self._room) as place:
            call = await self._bodies.read(call, row, Request(scope, receive), place)
            return await row.perform(call)


async def _stream(outlet: Outlet, rendering: Rendering, head: Head, reply: Reply) -> None:
    if reply.native is not None:
        await respond_native(outlet, head, reply, reply.native)
    else:
        await rendering.stream(outlet, reply)


def _is_binary(scope: Scope) -> bool:
    return bool(scope["path_params"].get("type") == "Binary")


def _checked_id(type_name: str, logical_id: str | None) -> str:
    """An id that FHIR cannot have names nothing: the same 404 as for any absent id."""
    if logical_id is None:
        return ""
    if _LOGICAL_ID.fullmatch(logical_id) is None:
        raise error(Category.NOT_FOUND, f"No {type_name or 'resource'} can have such an id.")
    return logical_id


def _conditions(head: Head) -> Conditions:
    return Conditions(
        if_match=head.listed(b"if-match"),
        if_none_match=head.listed(b"if-none-match"),
        if_modified_since=head.get(b"if-modified-since"),
        if_none_exist=head.get(b"if-none-exist"),
    )
