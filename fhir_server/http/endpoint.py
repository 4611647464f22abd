"""From an HTTP request to a `Call`, from a `Reply` to an HTTP response.

One `Endpoint` stands at each path of the interaction table and is a plain ASGI application, so that
a read costs no dependency machinery.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from fhir_server.http.body import read_form, read_optional, read_patch, read_resource
from fhir_server.http.head import Head
from fhir_server.http.limits import Limits
from fhir_server.http.negotiation import is_form, split_steering
from fhir_server.http.prefer import preference
from fhir_server.http.rendering import PLAIN, Steering, refusal, steering
from fhir_server.interactions.call import Call, Conditions, Service
from fhir_server.interactions.names import check_type
from fhir_server.interactions.reply import Reply
from fhir_server.interactions.table import Body, Row
from fhir_server.outcome import Category, FhirError, error
from fhir_server.store import FhirStore

_LOGICAL_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")


class Gate(Protocol):
    """Turns a request's bearer token into a store that sees with its rights."""

    async def admit(self, scope: Scope, head: Head) -> FhirStore:
        """Raises LOGIN where the token is absent or bad."""
        ...


class Endpoint:
    """The interactions that share one path, by method."""

    def __init__(self, rows: Sequence[Row], service: Service, gate: Gate, limits: Limits) -> None:
        self._rows: Mapping[str, Row] = {row.method: row for row in rows}
        self._service = service
        self._gate = gate
        self._limits = limits
        reads = ("HEAD",) if "GET" in self._rows else ()
        self._methods = ", ".join(sorted({*self._rows, *reads, "OPTIONS"}))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head, rendering = Head(scope), PLAIN
        try:
            asked = steering(scope, head, self._limits)
            row = self._row(scope)
            rendering = asked.rendering()
            reply = await self._answer(scope, receive, head, row, asked)
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
        )
        if row.body is not Body.NONE:
            call = await self._with_body(call, row, Request(scope, receive))
        return await row.perform(call)

    async def _with_body(self, call: Call, row: Row, request: Request) -> Call:
        if row.body is Body.FORM:
            form, _, _ = split_steering(await read_form(request, self._limits))
            return replace(call, parameters=(*call.parameters, *form))
        if row.body is Body.PARAMETERS:
            return await self._with_parameters(call, request)
        if row.body is Body.PATCH:
            return replace(call, patch=await read_patch(request, self._limits))
        bundle = row.body is Body.BUNDLE or call.type_name == "Bundle"
        return replace(call, body=await read_resource(request, self._limits, bundle=bundle))

    async def _with_parameters(self, call: Call, request: Request) -> Call:
        """R4 3.2.0.1: a resource; here also a form, as a search takes it, or nothing at all."""
        if is_form(request.headers.get("content-type")):
            form, _, _ = split_steering(await read_form(request, self._limits))
            return replace(call, parameters=(*call.parameters, *form))
        bundle = call.type_name == "Bundle"
        return replace(call, body=await read_optional(request, self._limits, bundle=bundle))


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
