"""The token response that all grant types share (RFC 6749 section 5.1, SMART launch context)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749.errors import InvalidGrantError

from smart_auth.config import AuthConfig, Clock, later
from smart_auth.records import Approval, RefreshToken
from smart_auth.scopes import wants_refresh
from smart_auth.secrets_at_rest import fingerprint, new_secret
from smart_auth.storage.protocols import Grants, RefreshTokens
from smart_auth.tokens import Tokens


class TokenIssuer:
    def __init__(
        self,
        config: AuthConfig,
        tokens: Tokens,
        grants: Grants,
        refresh_tokens: RefreshTokens,
        clock: Clock,
    ) -> None:
        self._config = config
        self._tokens = tokens
        self._grants = grants
        self._refresh_tokens = refresh_tokens
        self._clock = clock

    async def for_user(
        self,
        grant: Approval,
        scopes: tuple[str, ...],
        *,
        nonce: str | None = None,
        signed_in_at: datetime | None = None,
    ) -> dict[str, Any]:
        access = self._tokens.access_token(grant, scopes, self._config.access_token_lifetime)
        answer: dict[str, Any] = {
            "access_token": access.text,
            "token_type": "Bearer",
            "expires_in": access.expires_in,
            "scope": " ".join(scopes),
        }
        until = access.expires_at
        if grant.patient is not None:
            answer["patient"] = grant.patient
        if wants_refresh(grant.scopes):
            until = later(self._clock(), self._config.refresh_token_lifetime)
            answer["refresh_token"] = await self._new_refresh_token(grant, until)
        if "openid" in scopes:
            answer["id_token"] = self._tokens.id_token(
                grant, scopes, access.text, nonce=nonce, signed_in_at=signed_in_at
            )
        # Last, so that a revocation that came in between leaves nothing that works.
        if not await self._grants.keep_grant(grant.id, until):
            raise InvalidGrantError("the authorization was revoked")
        return answer

    async def for_service(self, grant: Approval) -> dict[str, Any]:
        """SMART Backend Services: no refresh token, no id_token, no launch context."""
        access = self._tokens.access_token(grant, grant.scopes, self._config.backend_token_lifetime)
        return {
            "access_token": access.text,
            "token_type": "Bearer",
            "expires_in": access.expires_in,
            "scope": " ".join(grant.scopes),
        }

    async def _new_refresh_token(self, grant: Approval, until: datetime) -> str:
        text = new_secret()
        await self._refresh_tokens.add_refresh_token(
            RefreshToken(fingerprint(text), grant.id, grant.client_id, until)
        )
        return text
