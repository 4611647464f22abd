"""The client's signed assertion, decided in plain functions.

https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeGuard, cast

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from smart_auth.records import Client
from smart_auth.secrets_at_rest import fingerprint

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_ALGORITHMS: Final = {"RS384": "RSA", "ES384": "EC"}
_LONGEST_LIFE = 300
_SKEW = 10
_LONGEST_ASSERTION = 16_384


@dataclass(frozen=True, slots=True)
class CheckedAssertion:
    use_id: str
    """One for each client and `jti`, whatever else the assertion says."""
    remember_until: datetime


def claimed_client(assertion: str) -> str | None:
    """Who the unverified assertion says it is from: only chooses whose keys to verify with."""
    issuer = _part(assertion, 1).get("iss")
    return issuer if isinstance(issuer, str) and issuer else None


def checked_assertion(
    assertion: str, client: Client, token_url: str, now: datetime
) -> CheckedAssertion | str:
    """The assertion if it holds, or what is wrong with it."""
    key = _registered_key(_part(assertion, 0), client)
    if key is None:
        return "no registered key fits the client assertion"
    try:
        claims = dict(jwt.decode(assertion, key, list(ASSERTION_ALGORITHMS)).claims)
    except (JoseError, ValueError, RecursionError):
        return "the signature of the client assertion does not verify"
    problem = _problem(claims, client.id, token_url, now.timestamp())
    if problem is not None:
        return problem
    expiry = datetime.fromtimestamp(claims["exp"], UTC)
    use_id = fingerprint(f"{client.id}\n{claims['jti']}")
    return CheckedAssertion(use_id, expiry + timedelta(seconds=2 * _SKEW))


def _registered_key(header: Mapping[str, Any], client: Client) -> RSAKey | ECKey | None:
    """ "kid … and kty" choose among the registered keys; keys within the header are never used."""
    if any(name in header for name in ("jwk", "x5u", "x5c", "jku")):
        return None  # jku would have to equal a registered URL, and none is
    algorithm = header.get("alg")
    kty = ASSERTION_ALGORITHMS.get(algorithm) if isinstance(algorithm, str) else None
    fitting = [key for key in client.jwks if key["kty"] == kty and key["kid"] == header.get("kid")]
    if len(fitting) != 1:
        return None
    return (RSAKey if kty == "RSA" else ECKey).import_key(fitting[0])


def _problem(claims: Mapping[str, Any], client_id: str, token_url: str, now: float) -> str | None:
    audience = claims.get("aud")
    audiences = cast("list[object]", audience) if isinstance(audience, list) else [audience]
    expiry: object = claims.get("exp")
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        return "iss and sub must both be the client_id"
    if token_url not in audiences:
        return "aud must be the URL of the token endpoint"
    if not _is_time(expiry) or expiry <= now:
        return "exp must be a time in the future"
    if expiry > now + _LONGEST_LIFE + _SKEW:
        return "exp must be at most five minutes ahead"
    for moment in (claims.get("nbf"), claims.get("iat")):
        if moment is not None and (not _is_time(moment) or moment > now + _SKEW):
            return "the client assertion is not valid yet"
    if not isinstance(claims.get("jti"), str) or not 0 < len(claims["jti"]) <= 500:
        return "jti must be a text of its own"
    return None


def _is_time(value: object) -> TypeGuard[float]:
    """A NumericDate that a clock can show; neither true, nor NaN, nor 1e999."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e11


def _part(assertion: str, index: int) -> dict[str, Any]:
    parts = assertion.split(".")
    if len(parts) != 3 or len(assertion) > _LONGEST_ASSERTION or not assertion.isascii():
        return {}
    text = parts[index]
    try:
        value: object = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
