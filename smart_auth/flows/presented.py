"""What a token is that somebody shows us, for revocation and introspection."""

from __future__ import annotations

from dataclasses import dataclass

from smart_auth.authentication import TokenCheck
from smart_auth.config import Clock
from smart_auth.grant import Grant
from smart_auth.records import Approval
from smart_auth.secrets_at_rest import fingerprint
from smart_auth.storage.protocols import Grants, RefreshTokens
from smart_auth.tokens import InvalidToken


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A living token of either kind, as far as both have the same to tell."""

    grant_id: str
    client_id: str
    subject: str
    scopes: tuple[str, ...]
    patient: str | None
    fhir_user: str | None
    expires_at: int
    is_access_token: bool


class PresentedTokens:
    def __init__(
        self, check: TokenCheck, refresh_tokens: RefreshTokens, grants: Grants, clock: Clock
    ) -> None:
        self._check = check
        self._refresh_tokens = refresh_tokens
        self._grants = grants
        self._clock = clock

    async def find(self, text: str) -> PresentedToken | None:
        """None for everything that is unknown, expired, used or revoked."""
        if text.count(".") == 2:
            try:
                return _of_grant(await self._check.authenticate(text))
            except InvalidToken:
                return None
        return await self._refresh_token(text)

    async def _refresh_token(self, text: str) -> PresentedToken | None:
        token = await self._refresh_tokens.refresh_token(fingerprint(text))
        if token is None or token.used or token.expires_at <= self._clock():
            return None
        grant = await self._grants.grant(token.grant_id)
        if grant is None or grant.revoked:
            return None
        return _of_approval(grant, int(token.expires_at.timestamp()))


def _of_grant(grant: Grant) -> PresentedToken:
    return PresentedToken(
        grant_id=grant.grant_id,
        client_id=grant.client_id,
        subject=grant.subject,
        scopes=grant.scopes,
        patient=grant.patient,
        fhir_user=grant.fhir_user,
        expires_at=grant.expires_at,
        is_access_token=True,
    )


def _of_approval(grant: Approval, expires_at: int) -> PresentedToken:
    return PresentedToken(
        grant_id=grant.id,
        client_id=grant.client_id,
        subject=grant.subject,
        scopes=grant.scopes,
        patient=grant.patient,
        fhir_user=grant.fhir_user,
        expires_at=expires_at,
        is_access_token=False,
    )
