"""From an HTTP request to a `Call`, from a `Reply` to an HTTP response.

One `Endpoint` stands at each path of the interaction table and is a plain ASGI application, so that
a read costs no dependency machinery.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from fhir_server.http.body import query_pairs, read_form, read_resource
from fhir_server.http.head import Head
from fhir_server.http.negotiation import CONTENT_TYPE, check_acceptable, split_steering
from fhir_server.http.prefer import preference
from fhir_server.interactions.call import Call, Conditions, Service
from fhir_server.interactions.names import check_type
from fhir_server.interactions.reply import Reply
from fhir_server.interactions.table import Body, Row
from fhir_server.outcome import Category, FhirError, error
from fhir_server.store import FhirStore
from resources import fhir_json

_LOGICAL_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_COMMON: Final = {"content-type": CONTENT_TYPE, "cache-control": "no-store"}
_NO_STORE: Final = [(b"cache-control", b"no-store")]
_WITH_BODY: Final = [(name.encode(), value.encode()) for name, value in _COMMON.items()]
_BODILESS: Final = frozenset((204, 304))
"""Statuses that have no body, so that a length would be wrong (RFC 9110 section 8.6)."""


class Gate(Protocol):
    """Turns a request's bearer token into a store that sees with its rights."""

    async def admit(self, scope: Scope, head: Head) -> FhirStore:
        """Raises LOGIN where the token is absent or bad."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes that a body may have."""

    resource: int
    bundle: int
    form: int = 1_000_000


class Endpoint:
    """The interactions that share one path, by method."""

    def __init__(self, rows: Sequence[Row], service: Service, gate: Gate, limits: Limits) -> None:
        self._rows: Mapping[str, Row] = {row.method: row for row in rows}
        self._service = service
        self._gate = gate
        self._limits = limits
        offered: set[str] = {*self._rows, *(("HEAD",) if "GET" in self._rows else ())}
        self._methods = ", ".join(sorted(offered))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            reply, pretty = await self._answer(scope, receive)
        except FhirError as problem:
            await failure(problem)(scope, receive, send)
            return
        body = msgspec.json.format(reply.body, indent=2) if pretty and reply.body else reply.body
        await _send(send, reply, body)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[Reply, bool]:
        """The reply, and whether it is to be indented."""
        head = Head(scope)
        store = await self._gate.admit(scope, head)
        asked: str = scope["method"]
        row = self._rows.get("GET" if asked == "HEAD" else asked)
        if row is None:
            raise error(
                Category.METHOD,
                f"{asked} is not offered here; {self._methods} are.",
                headers={"allow": self._methods},
            )
        path: dict[str, str] = scope["path_params"]
        parameters, asked_format, pretty = split_steering(query_pairs(scope["query_string"]))
        check_acceptable(head.get(b"accept"), asked_format)
        type_name = path.get("type", "")
        if type_name:
            check_type(type_name)
        call = Call(
            service=self._service,
            store=store,
            type_name=type_name,
            logical_id=_checked_id(type_name, path.get("id")),
            version_id=path.get("version", ""),
            parameters=parameters,
            conditions=_conditions(head),
            preference=preference(head.get(b"prefer")),
        )
        if row.body is not Body.NONE:
            call = await self._with_body(call, row, Request(scope, receive))
        return await row.perform(call), pretty

    async def _with_body(self, call: Call, row: Row, request: Request) -> Call:
        if row.body is Body.FORM:
            form, _, _ = split_steering(await read_form(request, self._limits.form))
            return replace(call, parameters=(*call.parameters, *form))
        bundle = row.body is Body.BUNDLE or call.type_name == "Bundle"
        limit = self._limits.bundle if bundle else self._limits.resource
        return replace(call, body=await read_resource(request, limit))


def _checked_id(type_name: str, logical_id: str | None) -> str:
    """An id that FHIR cannot have names nothing: the same 404 as for any absent id."""
    if logical_id is None:
        return ""
    if _LOGICAL_ID.fullmatch(logical_id) is None:
        raise error(Category.NOT_FOUND, f"No {type_name} can have such an id.")
    return logical_id


def _conditions(head: Head) -> Conditions:
    return Conditions(
        if_match=head.get(b"if-match"),
        if_none_match=head.get(b"if-none-match"),
        if_modified_since=head.get(b"if-modified-since"),
        if_none_exist=head.get(b"if-none-exist"),
    )


async def _send(send: Send, reply: Reply, body: bytes) -> None:
    """The answer as ASGI has it, which costs a fifth of a response object."""
    headers = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers]
    headers += _WITH_BODY if body else _NO_STORE
    if reply.status not in _BODILESS:
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def failure(problem: FhirError) -> Response:
    """The `OperationOutcome` of a refusal."""
    return Response(
        fhir_json.dump(problem.outcome), problem.category.status, {**_COMMON, **problem.headers}
    )
