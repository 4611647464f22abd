"""The signed-in browser, known by a cookie whose value the store keeps only as its hash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from smart_auth.config import AuthConfig, Clock, later
from smart_auth.pages import SESSION_COOKIE, Pages
from smart_auth.records import Session, User
from smart_auth.secrets_at_rest import fingerprint, new_secret
from smart_auth.storage.protocols import Sessions, Users


class SessionStore(Sessions, Users, Protocol):
    """What sessions need to keep and know."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    session: Session
    user: User


class BrowserSessions:
    def __init__(
        self, config: AuthConfig, storage: SessionStore, pages: Pages, clock: Clock
    ) -> None:
        self._lifetime = config.session_lifetime
        self._storage = storage
        self._pages = pages
        self._clock = clock

    async def current(self, request: Request, signed_in_after: datetime | None) -> SignedIn | None:
        cookie = request.cookies.get(SESSION_COOKIE)
        session = await self._storage.session(fingerprint(cookie)) if cookie else None
        if session is None or session.expires_at <= self._clock():
            return None
        if signed_in_after is not None and session.signed_in_at < signed_in_after:
            return None
        user = await self._storage.user(session.user_id)
        return None if user is None or user.suspended else SignedIn(session, user)

    async def begin(self, response: Response, user: User) -> None:
        """Always a new session, so that one planted before the sign-in is worth nothing."""
        now, secret = self._clock(), new_secret()
        await self._storage.add_session(
            Session(fingerprint(secret), user.id, now, later(now, self._lifetime))
        )
        self._pages.set_cookie(response, SESSION_COOKIE, secret)

    async def end(self, request: Request, response: Response) -> None:
        cookie = request.cookies.get(SESSION_COOKIE)
        if cookie:
            await self._storage.end_session(fingerprint(cookie))
        self._pages.drop_cookie(response, SESSION_COOKIE)
