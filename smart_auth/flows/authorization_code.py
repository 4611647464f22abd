"""The authorization code grant with PKCE (RFC 6749 section 4.1.3, RFC 7636)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn

from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc7636.challenge import (
    CODE_VERIFIER_PATTERN,
    compare_s256_code_challenge,  # pyright: ignore[reportUnknownVariableType] - Authlib has no types
)
from starlette.requests import Request

from smart_auth.client_authentication import ClientAuthentication
from smart_auth.config import Clock
from smart_auth.flows.issuing import TokenIssuer
from smart_auth.flows.revoking import Revoker
from smart_auth.parameters import Parameters
from smart_auth.records import AuthorizationCode, Client
from smart_auth.secrets_at_rest import fingerprint
from smart_auth.storage.protocols import Codes, Grants


class AuthorizationCodeGrant:
    def __init__(
        self,
        authentication: ClientAuthentication,
        codes: Codes,
        grants: Grants,
        issuer: TokenIssuer,
        revoker: Revoker,
        clock: Clock,
    ) -> None:
        self._authentication = authentication
        self._codes = codes
        self._grants = grants
        self._issuer = issuer
        self._revoker = revoker
        self._clock = clock

    async def answer(self, request: Request, form: Parameters) -> dict[str, Any]:
        client = await self._authentication.authenticate(request, form)
        text = form.get("code")
        if text is None:
            raise InvalidRequestError("code is missing")
        code = await self._codes.code(fingerprint(text))
        if code is None or code.client_id != client.id:
            raise InvalidGrantError("the code is unknown")
        if code.used:
            await self._replayed(code)
        check_exchange(code, client, form, self._clock())
        if not await self._codes.use_code(code.id):
            await self._replayed(code)
        grant = await self._grants.grant(code.grant_id)
        if grant is None or grant.revoked:
            raise InvalidGrantError("the authorization was revoked")
        return await self._issuer.for_user(
            grant, grant.scopes, nonce=code.nonce, signed_in_at=code.signed_in_at
        )

    async def _replayed(self, code: AuthorizationCode) -> NoReturn:
        # Section 4.1.2: "If an authorization code is used more than once, the authorization server
        # MUST deny the request and SHOULD revoke … all tokens previously issued".
        await self._revoker.revoke(code.grant_id)
        raise InvalidGrantError("the code was used before")


def check_exchange(
    code: AuthorizationCode, client: Client, form: Parameters, now: datetime
) -> None:
    """All that must agree before the code is spent."""
    if code.expires_at <= now:
        raise InvalidGrantError("the code has expired")
    # Section 4.1.3: "ensure that the redirect_uri parameter is present … and their values are
    # identical" to those of the authorization request.
    uri = form.get("redirect_uri")
    if uri != code.redirect_uri or uri not in client.redirect_uris:
        raise InvalidGrantError("redirect_uri differs from that of the authorization request")
    # RFC 7636 section 4.6: "If the values are not equal, an error response indicating
    # invalid_grant MUST be returned."
    verifier = form.get("code_verifier") or ""
    if not CODE_VERIFIER_PATTERN.fullmatch(verifier) or not compare_s256_code_challenge(
        verifier, code.code_challenge
    ):
        raise InvalidGrantError("code_verifier does not fit the code_challenge")
