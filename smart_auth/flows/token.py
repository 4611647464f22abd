"""The token endpoint (RFC 6749 section 3.2): hands each request to the flow of its grant type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from authlib.oauth2.rfc6749.errors import InvalidRequestError, UnsupportedGrantTypeError
from starlette.requests import Request
from starlette.responses import Response

from smart_auth.answers import json_answer
from smart_auth.parameters import Parameters, read_form


class GrantType(Protocol):
    async def answer(self, request: Request, form: Parameters) -> dict[str, Any]: ...


class TokenEndpoint:
    def __init__(self, grant_types: Mapping[str, GrantType]) -> None:
        self._grant_types = grant_types

    async def __call__(self, request: Request) -> Response:
        form = await read_form(request)
        form.refuse_repeated()
        name = form.get("grant_type")
        if name is None:
            raise InvalidRequestError("grant_type is missing")
        grant_type = self._grant_types.get(name)
        if grant_type is None:
            failure = UnsupportedGrantTypeError("")
            failure.description = "this grant type is not supported"
            raise failure
        return json_answer(await grant_type.answer(request, form))
