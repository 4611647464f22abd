"""The refresh token grant (RFC 6749 section 6) with rotation and reuse detection (RFC 9700)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn

from authlib.oauth2.rfc6749.errors import (
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
)
from starlette.requests import Request

from smart_auth.client_authentication import ClientAuthentication
from smart_auth.config import Clock
from smart_auth.flows.issuing import TokenIssuer
from smart_auth.flows.revoking import Revoker
from smart_auth.parameters import Parameters
from smart_auth.records import Approval, RefreshToken
from smart_auth.scopes import split_scopes
from smart_auth.secrets_at_rest import fingerprint
from smart_auth.storage.protocols import Grants, RefreshTokens, Sessions


class RefreshTokenGrant:
    def __init__(
        self,
        authentication: ClientAuthentication,
        refresh_tokens: RefreshTokens,
        grants: Grants,
        sessions: Sessions,
        issuer: TokenIssuer,
        revoker: Revoker,
        clock: Clock,
    ) -> None:
        self._authentication = authentication
        self._refresh_tokens = refresh_tokens
        self._grants = grants
        self._sessions = sessions
        self._issuer = issuer
        self._revoker = revoker
        self._clock = clock

    async def answer(self, request: Request, form: Parameters) -> dict[str, Any]:
        text = form.get("refresh_token")
        if text is None:
            raise InvalidRequestError("refresh_token is missing")
        token = await self._refresh_tokens.refresh_token(fingerprint(text))
        # The SMART JavaScript client names no client here; for a public client, possession of
        # the token is all the proof there can be, so the token's own client is presumed.
        owner = token.client_id if token else None
        client = await self._authentication.authenticate(request, form, owner=owner)
        if token is None or token.client_id != client.id:
            raise InvalidGrantError("the refresh token is unknown")
        grant = await self._standing_grant(token)
        scopes = narrowed(grant.scopes, form.get("scope"))
        if not await self._refresh_tokens.use_refresh_token(token.id):
            await self._reused(token)
        return await self._issuer.for_user(grant, scopes)

    async def _standing_grant(self, token: RefreshToken) -> Approval:
        now = self._clock()
        if token.used:
            await self._reused(token)
        if token.expires_at <= now:
            raise InvalidGrantError("the refresh token has expired")
        grant = await self._grants.grant(token.grant_id)
        if grant is None or grant.revoked:
            raise InvalidGrantError("the authorization was revoked")
        if grant.online_session is not None:
            await self._check_online(grant.online_session, now)
        return grant

    async def _check_online(self, session_id: str, now: datetime) -> None:
        # SMART: online_access lasts "as long as the end-user remains online".
        session = await self._sessions.session(session_id)
        if session is None or session.expires_at <= now:
            raise InvalidGrantError("the user is no longer online")

    async def _reused(self, token: RefreshToken) -> NoReturn:
        # RFC 9700 section 4.14.2: the server cannot tell the attacker from the client, so it
        # revokes the whole family.
        await self._revoker.revoke(token.grant_id)
        raise InvalidGrantError("the refresh token was used before")


def narrowed(granted: tuple[str, ...], asked: str | None) -> tuple[str, ...]:
    """Section 6: "MUST NOT include any scope not originally granted"; omitted means the same."""
    if asked is None:
        return granted
    scopes = split_scopes(asked)
    if not scopes or not set(scopes) <= set(granted):
        raise InvalidScopeError("the scope exceeds what was granted")
    return scopes
