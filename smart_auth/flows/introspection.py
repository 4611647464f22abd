"""Token introspection (RFC 7662), with SMART's launch context.

https://hl7.org/fhir/smart-app-launch/token-introspection.html
"""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749.errors import InvalidRequestError
from starlette.requests import Request
from starlette.responses import Response

from smart_auth.answers import json_answer
from smart_auth.authentication import TokenCheck
from smart_auth.client_authentication import ClientAuthentication, refused
from smart_auth.config import AuthConfig
from smart_auth.flows.presented import PresentedToken, PresentedTokens
from smart_auth.parameters import Parameters, read_form
from smart_auth.tokens import InvalidToken

_INACTIVE: dict[str, Any] = {"active": False}


class IntrospectionEndpoint:
    """Open to a confidential client for its own tokens, and to the bearer of a token for the
    tokens of the same client and user."""

    def __init__(
        self,
        config: AuthConfig,
        authentication: ClientAuthentication,
        check: TokenCheck,
        presented: PresentedTokens,
    ) -> None:
        self._config = config
        self._authentication = authentication
        self._check = check
        self._presented = presented

    async def __call__(self, request: Request) -> Response:
        form = await read_form(request)
        form.refuse_repeated()
        client_id, subject = await self._caller(request, form)
        text = form.get("token")
        if text is None:
            raise InvalidRequestError("token is missing")
        token = await self._presented.find(text)
        # Section 2.2: nothing is told about a token that the caller may not know of.
        if token is None or token.client_id != client_id or subject not in (None, token.subject):
            return json_answer(_INACTIVE)
        return json_answer(self._description(token))

    async def _caller(self, request: Request, form: Parameters) -> tuple[str, str | None]:
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            try:
                grant = await self._check.authenticate(bearer.strip())
            except InvalidToken as failure:
                raise refused("the bearer token is not valid") from failure
            return grant.client_id, grant.subject
        client = await self._authentication.authenticate(request, form)
        # Section 2.1: the endpoint "MUST also require some form of authorization", and the name
        # of a public client is none.
        if client.method == "none":
            raise refused("a public client shows an access token instead")
        return client.id, None

    def _description(self, token: PresentedToken) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "active": True,
            "scope": " ".join(token.scopes),
            "client_id": token.client_id,
            "sub": token.subject,
            "iss": self._config.issuer,
            "exp": token.expires_at,
        }
        if token.is_access_token:
            answer["token_type"] = "Bearer"  # noqa: S105 - the name of a scheme, no secret
        if token.patient is not None:
            answer["patient"] = token.patient
        if token.fhir_user is not None and "fhirUser" in token.scopes:
            answer["fhirUser"] = f"{self._config.base_url}/{token.fhir_user}"
        return answer
