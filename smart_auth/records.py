"""The authorization server's own records, as values. Storage keeps them; flows decide over them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Client:
    id: str
    name: str
    method: str
    """`none`, `client_secret_basic` or `private_key_jwt`."""
    redirect_uris: tuple[str, ...]
    """Empty for a backend service."""
    scopes: tuple[str, ...]
    secret_hash: str | None = None
    jwks: tuple[dict[str, Any], ...] = ()
    suspended: bool = False

    @property
    def is_backend(self) -> bool:
        return not self.redirect_uris


@dataclass(frozen=True, slots=True)
class User:
    id: str
    """Random and stable: what apps see as `sub`."""
    username: str
    """As compared: case-folded."""
    password_hash: str
    fhir_user: str
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. The cookie's value is kept only as its hash."""

    id: str
    user_id: str
    signed_in_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A checked authorization request between the browser's visits.

    Pages carry its id alone, so nothing in a form can change client, redirect URI or scopes.
    """

    id: str
    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    """What may be offered for approval: requested, registered and enforceable."""
    state: str | None
    nonce: str | None
    code_challenge: str
    sign_in_after: datetime | None
    """A session older than this does not count (`prompt=login`, `max_age`)."""
    expires_at: datetime
    shown_to: str | None = None
    """The user id that the authorization page was shown to."""


@dataclass(frozen=True, slots=True)
class Approval:
    """What a grant was given for; all tokens of one approval share it."""

    id: str
    client_id: str
    subject: str
    user_id: str | None
    scopes: tuple[str, ...]
    patient: str | None
    fhir_user: str | None
    created_at: datetime
    expires_at: datetime
    """When the last of its tokens will have ended."""
    revoked: bool = False
    online_session: str | None = None
    """With `online_access` alone: the session whose end ends the refreshing."""
    minted_reason: str | None = None
    """Set where an operator made the token by hand."""


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    id: str
    """SHA-256 of the code."""
    grant_id: str
    client_id: str
    redirect_uri: str
    code_challenge: str
    nonce: str | None
    signed_in_at: datetime
    expires_at: datetime
    purge_at: datetime
    used: bool = False


@dataclass(frozen=True, slots=True)
class RefreshToken:
    id: str
    """SHA-256 of the token."""
    grant_id: str
    client_id: str
    expires_at: datetime
    used: bool = False


@dataclass(frozen=True, slots=True)
class StoredKey:
    id: str
    """`kid`."""
    use: str
    """`id_token` or `access_token`."""
    slot: str
    """use and generation; unique, so that two workers starting at once agree on one key."""
    public: dict[str, Any]
    sealed: str
    """The private JWK, encrypted under the operator's master key."""
    created_at: datetime
    retired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    id: str
    """What changed: `grant:ID`, `client:ID`, `user:ID` or `keys`."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Failures:
    """Failed sign-ins under one key within the window."""

    id: str
    count: int
    last_at: datetime
    purge_at: datetime
