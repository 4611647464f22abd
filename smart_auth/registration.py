"""The rules of client registration, in one plain function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from smart_auth.redirect_uris import redirect_uri_problem
from smart_auth.scopes import is_known

METHODS: Final = {
    "public": "none",
    "secret": "client_secret_basic",
    "jwks": "private_key_jwt",
}
_SMALLEST_RSA = 2048
_PUBLIC_MEMBERS: Final = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y")}


class RegistrationError(ValueError):
    """What is wrong with a client or a user to be added, in one sentence."""


class NameTaken(RegistrationError):
    """Somebody else has this name."""


def check_client(
    *, name: str, method: str, redirect_uris: Sequence[str], scopes: Sequence[str]
) -> None:
    if not name.strip():
        raise RegistrationError("a client needs a name")
    if not scopes:
        raise RegistrationError("a client needs at least one scope")
    for uri in redirect_uris:
        problem = redirect_uri_problem(uri)
        if problem is not None:
            raise RegistrationError(problem)
    for scope in scopes:
        if not is_known(scope):
            raise RegistrationError(f"not a scope that this server knows: {scope!r}")
    if redirect_uris:
        _check_browser_client(scopes)
    else:
        _check_backend_service(method, scopes)


def _check_browser_client(scopes: Sequence[str]) -> None:
    # SMART: system/ scopes apply where no user is, so a client of the browser flow has none.
    if any(scope.startswith("system/") for scope in scopes):
        raise RegistrationError("system/ scopes are for a client without a redirect URI")


def _check_backend_service(method: str, scopes: Sequence[str]) -> None:
    if method == "none":
        raise RegistrationError("a public client needs a redirect URI")
    if not all(scope.startswith("system/") for scope in scopes):
        raise RegistrationError("a client without a redirect URI has system/ scopes alone")


def public_keys(jwks: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """The keys that assertions may be signed with; only their public members are kept."""
    keys: object = jwks.get("keys")
    if not isinstance(keys, list) or not keys:
        raise RegistrationError("the JWKS has no keys")
    checked = tuple(_public_key(key) for key in cast("list[object]", keys))
    if len({(key["kty"], key["kid"]) for key in checked}) != len(checked):
        raise RegistrationError("two keys of the JWKS have the same kid")
    return checked


def _public_key(key: object) -> dict[str, Any]:
    members = cast("dict[str, Any]", key) if isinstance(key, dict) else {}
    kty, kid = members.get("kty"), members.get("kid")
    if kty not in ("RSA", "EC") or not isinstance(kid, str) or not kid:
        raise RegistrationError("a key of the JWKS needs a kid and must be RSA or EC")
    if kty == "EC" and members.get("crv") != "P-384":
        raise RegistrationError("an EC key must be on P-384, for ES384")
    try:
        imported = (RSAKey if kty == "RSA" else ECKey).import_key(members)
    except (JoseError, ValueError, TypeError, KeyError) as failure:
        raise RegistrationError(f"the key {kid!r} of the JWKS cannot be read") from failure
    if isinstance(imported, RSAKey) and imported.public_key.key_size < _SMALLEST_RSA:
        raise RegistrationError(f"the RSA key {kid!r} has fewer than {_SMALLEST_RSA} bits")
    # Without use, key_ops and alg: we know what it is for, and files often say it wrongly.
    public = imported.as_dict(private=False)
    return {"kid": kid, **{name: public[name] for name in _PUBLIC_MEMBERS[str(kty)]}}
