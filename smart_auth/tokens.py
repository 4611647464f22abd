"""Access tokens as JWTs (RFC 9068) and id_tokens (OpenID Connect Core section 2)."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from authlib.oidc.core.util import create_half_hash
from joserfc import jwt
from joserfc.errors import JoseError

from smart_auth.config import AuthConfig, Clock, later
from smart_auth.grant import Grant
from smart_auth.keys import ALGORITHMS, FOR_ACCESS, FOR_IDENTITY, KeyRing
from smart_auth.records import Approval
from smart_auth.secrets_at_rest import new_id

_LONGEST_TOKEN = 16_384


class InvalidToken(Exception):
    """RFC 6750 section 3.1: expired, revoked, malformed, or invalid for other reasons."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


@dataclass(frozen=True, slots=True)
class AccessToken:
    text: str
    expires_in: int
    expires_at: datetime


class Tokens:
    def __init__(self, config: AuthConfig, keys: KeyRing, clock: Clock) -> None:
        self._config = config
        self._keys = keys
        self._clock = clock

    def access_token(self, grant: Approval, scopes: tuple[str, ...], lifetime: int) -> AccessToken:
        now = self._clock()
        expires_at = later(now, lifetime)
        claims: dict[str, Any] = {
            "iss": self._config.issuer,
            "aud": self._config.base_url,
            "sub": grant.subject,
            "client_id": grant.client_id,
            "jti": new_id(),
            "gid": grant.id,
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "scope": " ".join(scopes),
        }
        if grant.patient is not None:
            claims["patient"] = grant.patient
        if grant.fhir_user is not None:
            claims["fhirUser"] = grant.fhir_user
        key_id, key = self._keys.signing(FOR_ACCESS)
        algorithm = ALGORITHMS[FOR_ACCESS]
        header = {"alg": algorithm, "kid": key_id}
        # RFC 9068 section 2.1: the type keeps other JWTs of ours from passing as access tokens.
        text = jwt.encode(header, claims, key, [algorithm], default_type="at+jwt")
        return AccessToken(text, lifetime, expires_at)

    def read(self, token: str) -> Grant:
        """What a token of ours says, its signature and expiry checked; no look at revocation."""
        claims = self._verified(token)
        grant = Grant(
            grant_id=claims["gid"],
            token_id=claims["jti"],
            subject=claims["sub"],
            client_id=claims["client_id"],
            scopes=tuple(claims["scope"].split(" ")),
            patient=claims.get("patient"),
            encounter=claims.get("encounter"),
            fhir_user=claims.get("fhirUser"),
            expires_at=claims["exp"],
        )
        self.check_expiry(grant)
        return grant

    def check_expiry(self, grant: Grant) -> None:
        if grant.expires_at <= self._clock().timestamp():
            raise InvalidToken("the access token has expired")

    def _verified(self, token: str) -> dict[str, Any]:
        header = _header(token)
        key_id = header.get("kid")
        key = self._keys.verifying(FOR_ACCESS, key_id) if isinstance(key_id, str) else None
        # RFC 8725 sections 3.1 and 3.11: one algorithm, one key, one explicit type.
        if key is None or header.get("typ") != "at+jwt":
            raise InvalidToken("not an access token of this server")
        try:
            claims = dict(jwt.decode(token, key, [ALGORITHMS[FOR_ACCESS]]).claims)
        except (JoseError, ValueError, RecursionError) as failure:
            raise InvalidToken("not an access token of this server") from failure
        if (claims.get("iss"), claims.get("aud")) != (self._config.issuer, self._config.base_url):
            raise InvalidToken("the access token is for another server")
        return claims

    def id_token(
        self,
        grant: Approval,
        scopes: tuple[str, ...],
        access_token: str,
        *,
        nonce: str | None,
        signed_in_at: datetime | None,
    ) -> str:
        now = int(self._clock().timestamp())
        algorithm = ALGORITHMS[FOR_IDENTITY]
        half_hash: Any = create_half_hash(access_token, algorithm)
        claims: dict[str, Any] = {
            "iss": self._config.issuer,
            "sub": grant.subject,
            "aud": grant.client_id,
            "iat": now,
            "exp": now + self._config.access_token_lifetime,
            "at_hash": half_hash.decode(),
        }
        if signed_in_at is not None:
            claims["auth_time"] = int(signed_in_at.timestamp())
        if nonce is not None:
            claims["nonce"] = nonce
        # "fhirUser": the URL of the FHIR resource of the current user, with that scope alone.
        if "fhirUser" in scopes and grant.fhir_user is not None:
            claims["fhirUser"] = f"{self._config.base_url}/{grant.fhir_user}"
        key_id, key = self._keys.signing(FOR_IDENTITY)
        return jwt.encode({"alg": algorithm, "kid": key_id}, claims, key, [algorithm])


def _header(token: str) -> dict[str, Any]:
    """The unverified JOSE header, which only chooses the key to verify with."""
    first = token.split(".", 1)[0]
    if len(token) > _LONGEST_TOKEN or not token.isascii():
        raise InvalidToken("not an access token of this server")
    try:
        header: object = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except (binascii.Error, ValueError, RecursionError) as failure:
        raise InvalidToken("not an access token of this server") from failure
    return cast("dict[str, Any]", header) if isinstance(header, dict) else {}
