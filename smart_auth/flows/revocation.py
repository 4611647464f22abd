"""Token revocation (RFC 7009)."""

from __future__ import annotations

from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError
from starlette.requests import Request
from starlette.responses import Response

from smart_auth.answers import json_answer
from smart_auth.client_authentication import ClientAuthentication
from smart_auth.flows.presented import PresentedTokens
from smart_auth.flows.revoking import Revoker
from smart_auth.parameters import read_form


class RevocationEndpoint:
    def __init__(
        self, authentication: ClientAuthentication, presented: PresentedTokens, revoker: Revoker
    ) -> None:
        self._authentication = authentication
        self._presented = presented
        self._revoker = revoker

    async def __call__(self, request: Request) -> Response:
        form = await read_form(request)
        form.refuse_repeated()
        client = await self._authentication.authenticate(request, form)
        text = form.get("token")
        if text is None:
            raise InvalidRequestError("token is missing")
        token = await self._presented.find(text)
        # Section 2.2: 200 "if the client submitted an invalid token" too: it is as good as gone.
        if token is None:
            return json_answer({})
        # Section 2.1: "verifies whether the token was issued to the client making the revocation
        # request. If this validation fails, the request is refused".
        if token.client_id != client.id:
            raise InvalidGrantError("the token was issued to another client")
        # "If the particular token is a refresh token … SHOULD also invalidate all access tokens";
        # for an access token, it "MAY revoke the respective refresh token as well": the whole
        # grant ends either way.
        await self._revoker.revoke(token.grant_id)
        return json_answer({})
