"""The storage protocols over MongoDB. Every write is majority-committed and journaled."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import AsyncMongoClient, WriteConcern

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
from smart_auth.storage import documents
from smart_auth.storage.collection import Collection

_PATIENCE = {"serverSelectionTimeoutMS": 5000, "socketTimeoutMS": 5000}
"""Until a MongoDB that is not there, or one that stands still, is said to be away."""


@dataclass(frozen=True, slots=True)
class _UsedAssertion:
    id: str
    purge_at: datetime


class MongoStorage:
    def __init__(self, client: AsyncMongoClient[dict[str, Any]], database_name: str) -> None:
        self._client = client
        durable = WriteConcern(w="majority", j=True)
        database = client.get_database(database_name, write_concern=durable)
        self._clients = Collection(Client, documents.ClientDocument, database)
        self._users = Collection(User, documents.UserDocument, database)
        self._sessions = Collection(Session, documents.SessionDocument, database)
        self._requests = Collection(
            AuthorizationRequest, documents.AuthorizationRequestDocument, database
        )
        self._grants = Collection(Approval, documents.ApprovalDocument, database)
        self._codes = Collection(AuthorizationCode, documents.AuthorizationCodeDocument, database)
        self._refresh = Collection(RefreshToken, documents.RefreshTokenDocument, database)
        self._keys = Collection(StoredKey, documents.StoredKeyDocument, database)
        self._assertions = Collection(_UsedAssertion, documents.UsedAssertionDocument, database)
        self._changes = Collection(Change, documents.ChangeDocument, database)
        self._failures = Collection(Failures, documents.FailuresDocument, database)
        self._all: tuple[Collection[Any], ...] = (
            self._clients,
            self._users,
            self._sessions,
            self._requests,
            self._grants,
            self._codes,
            self._refresh,
            self._keys,
            self._assertions,
            self._changes,
            self._failures,
        )

    @classmethod
    def connect(cls, mongodb_uri: str, database_name: str) -> MongoStorage:
        """Opens no connection yet; the first question does."""
        # The operator's own patience, where the URI states one, comes before ours.
        stated = mongodb_uri.lower()
        patience: dict[str, Any] = {
            name: value for name, value in _PATIENCE.items() if name.lower() not in stated
        }
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            mongodb_uri, tz_aware=True, appname="smart-auth", **patience
        )
        return cls(client, database_name)

    async def prepare(self) -> None:
        await asyncio.gather(*(each.ensure_indexes() for each in self._all))

    async def close(self) -> None:
        await self._client.close()

    # Clients

    async def client(self, client_id: str) -> Client | None:
        return await self._clients.first(id=client_id)

    async def add_client(self, client: Client) -> None:
        await self._clients.insert(client)

    async def set_client_suspended(self, client_id: str, suspended: bool) -> bool:
        return await self._clients.update({"id": client_id}, set__suspended=suspended)

    # Users and sessions

    async def user(self, user_id: str) -> User | None:
        return await self._users.first(id=user_id)

    async def user_named(self, username: str) -> User | None:
        return await self._users.first(username=username)

    async def add_user(self, user: User) -> bool:
        return await self._users.insert(user)

    async def set_user_suspended(self, user_id: str, suspended: bool) -> bool:
        return await self._users.update({"id": user_id}, set__suspended=suspended)

    async def set_password_hash(self, user_id: str, password_hash: str) -> bool:
        return await self._users.update({"id": user_id}, set__password_hash=password_hash)

    async def session(self, session_id: str) -> Session | None:
        return await self._sessions.first(id=session_id)

    async def add_session(self, session: Session) -> None:
        await self._sessions.insert(session)

    async def end_session(self, session_id: str) -> None:
        await self._sessions.delete(id=session_id)

    async def end_sessions_of(self, user_id: str) -> None:
        await self._sessions.delete(user_id=user_id)

    # Authorization requests and codes

    async def request(self, request_id: str) -> AuthorizationRequest | None:
        return await self._requests.first(id=request_id)

    async def add_request(self, request: AuthorizationRequest) -> None:
        await self._requests.insert(request)

    async def show_request(self, request_id: str, user_id: str) -> None:
        await self._requests.update({"id": request_id}, set__shown_to=user_id)

    async def take_request(self, request_id: str, user_id: str) -> AuthorizationRequest | None:
        return await self._requests.remove({"id": request_id, "shown_to": user_id})

    async def code(self, code_id: str) -> AuthorizationCode | None:
        return await self._codes.first(id=code_id)

    async def add_code(self, code: AuthorizationCode) -> None:
        await self._codes.insert(code)

    async def use_code(self, code_id: str) -> bool:
        taken = await self._codes.take({"id": code_id, "used": False}, set__used=True)
        return taken is not None

    # Grants and refresh tokens

    async def grant(self, grant_id: str) -> Approval | None:
        return await self._grants.first(id=grant_id)

    async def add_grant(self, grant: Approval) -> None:
        await self._grants.insert(grant)

    async def keep_grant(self, grant_id: str, until: datetime) -> bool:
        unrevoked = {"id": grant_id, "revoked": False}
        return await self._grants.take(unrevoked, max__expires_at=until) is not None

    async def revoke_grant(self, grant_id: str) -> bool:
        return await self._grants.update({"id": grant_id}, set__revoked=True)

    async def revoke_grants_of_user(self, user_id: str) -> None:
        await self._grants.update({"user_id": user_id}, set__revoked=True)

    async def revoke_grants_of_client(self, client_id: str) -> None:
        await self._grants.update({"client_id": client_id}, set__revoked=True)

    async def refresh_token(self, token_id: str) -> RefreshToken | None:
        return await self._refresh.first(id=token_id)

    async def add_refresh_token(self, token: RefreshToken) -> None:
        await self._refresh.insert(token)

    async def use_refresh_token(self, token_id: str) -> bool:
        taken = await self._refresh.take({"id": token_id, "used": False}, set__used=True)
        return taken is not None

    # Keys, assertions, changes, failures

    async def keys(self) -> Sequence[StoredKey]:
        return await self._keys.find("created_at")

    async def add_key(self, key: StoredKey) -> bool:
        return await self._keys.insert(key)

    async def retire_key(self, key_id: str, at: datetime) -> None:
        await self._keys.update({"id": key_id}, set__retired_at=at)

    async def remove_key(self, key_id: str) -> None:
        await self._keys.delete(id=key_id)

    async def first_use(self, assertion_id: str, until: datetime) -> bool:
        return await self._assertions.insert(_UsedAssertion(assertion_id, until))

    async def announce(self, change_id: str) -> None:
        now_of_the_store = {"$currentDate": {"at": True}}
        # MongoDB itself tries again where two insert the same at once, if one document is meant.
        await self._changes.take({"id": change_id}, upsert=True, __raw__=now_of_the_store)

    async def changes_since(self, moment: datetime | None) -> Sequence[Change]:
        since = {} if moment is None else {"at__gte": moment}
        return await self._changes.find("at", limit=50_000, **since)

    async def failures(self, key: str) -> Failures | None:
        return await self._failures.first(id=key)

    async def add_failure(self, key: str, at: datetime, purge_at: datetime) -> Failures:
        found = await self._failures.take(
            {"id": key}, upsert=True, inc__count=1, set__last_at=at, set__purge_at=purge_at
        )
        return found or Failures(key, 1, at, purge_at)

    async def forget_failures(self, key: str) -> None:
        await self._failures.delete(id=key)
