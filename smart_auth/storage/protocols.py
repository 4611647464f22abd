"""What the flows ask of storage, in the smallest pieces. One contract test holds for all of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from smart_auth.records import (
    Approval,
    AuthorizationCode,
    AuthorizationRequest,
    Change,
    Client,
    Failures,
    RefreshToken,
    Session,
    StoredKey,
    User,
)


class StorageUnavailable(Exception):
    """The store could not answer; nothing was decided."""


class Clients(Protocol):
    async def client(self, client_id: str) -> Client | None: ...
    async def add_client(self, client: Client) -> None: ...
    async def set_client_suspended(self, client_id: str, suspended: bool) -> bool: ...


class Users(Protocol):
    async def user(self, user_id: str) -> User | None: ...
    async def user_named(self, username: str) -> User | None: ...
    async def add_user(self, user: User) -> bool:
        """False where the name is taken."""
        ...

    async def set_user_suspended(self, user_id: str, suspended: bool) -> bool: ...
    async def set_password_hash(self, user_id: str, password_hash: str) -> bool: ...


class Sessions(Protocol):
    async def session(self, session_id: str) -> Session | None: ...
    async def add_session(self, session: Session) -> None: ...
    async def end_session(self, session_id: str) -> None: ...
    async def end_sessions_of(self, user_id: str) -> None: ...


class AuthorizationRequests(Protocol):
    async def request(self, request_id: str) -> AuthorizationRequest | None: ...
    async def add_request(self, request: AuthorizationRequest) -> None: ...
    async def show_request(self, request_id: str, user_id: str) -> None: ...
    async def take_request(self, request_id: str, user_id: str) -> AuthorizationRequest | None:
        """Ends the request if it was shown to this user; only one caller gets it."""
        ...


class Codes(Protocol):
    async def code(self, code_id: str) -> AuthorizationCode | None: ...
    async def add_code(self, code: AuthorizationCode) -> None: ...
    async def use_code(self, code_id: str) -> bool:
        """True for the one caller who is first."""
        ...


class Grants(Protocol):
    async def grant(self, grant_id: str) -> Approval | None: ...
    async def add_grant(self, grant: Approval) -> None: ...
    async def keep_grant(self, grant_id: str, until: datetime) -> bool:
        """Keeps the record at least until then; False where it is revoked or gone."""
        ...

    async def revoke_grant(self, grant_id: str) -> bool: ...
    async def revoke_grants_of_user(self, user_id: str) -> None: ...
    async def revoke_grants_of_client(self, client_id: str) -> None: ...


class RefreshTokens(Protocol):
    async def refresh_token(self, token_id: str) -> RefreshToken | None: ...
    async def add_refresh_token(self, token: RefreshToken) -> None: ...
    async def use_refresh_token(self, token_id: str) -> bool:
        """True for the one caller who is first."""
        ...


class Keys(Protocol):
    async def keys(self) -> Sequence[StoredKey]: ...
    async def add_key(self, key: StoredKey) -> bool:
        """False where another worker filled the slot."""
        ...

    async def retire_key(self, key_id: str, at: datetime) -> None: ...
    async def remove_key(self, key_id: str) -> None: ...


class UsedAssertions(Protocol):
    async def first_use(self, assertion_id: str, until: datetime) -> bool:
        """True for the one caller who is first; remembered until then."""
        ...


class Changes(Protocol):
    async def announce(self, change_id: str) -> None: ...
    async def changes_since(self, moment: datetime | None) -> Sequence[Change]:
        """Oldest first, by the store's clock; those of the last day where no moment is given."""
        ...


class SignInFailures(Protocol):
    async def failures(self, key: str) -> Failures | None: ...
    async def add_failure(self, key: str, at: datetime, purge_at: datetime) -> Failures: ...
    async def forget_failures(self, key: str) -> None: ...


class Storage(
    Clients,
    Users,
    Sessions,
    AuthorizationRequests,
    Codes,
    Grants,
    RefreshTokens,
    Keys,
    UsedAssertions,
    Changes,
    SignInFailures,
    Protocol,
):
    """All of it together, for the composition root."""

    async def prepare(self) -> None:
        """Makes collections and indexes; safe to repeat."""
        ...

    async def close(self) -> None: ...
