"""The sign-in page: fields `username` and `password`."""

from __future__ import annotations

from typing import Protocol

from authlib.oauth2.rfc6749.errors import OAuth2Error
from starlette.requests import Request
from starlette.responses import Response

from smart_auth.config import Clock
from smart_auth.flows.sessions import BrowserSessions
from smart_auth.pages import PageError, Pages, expired
from smart_auth.parameters import Parameters, read_form, read_query
from smart_auth.passwords import SignIns, Throttled
from smart_auth.records import AuthorizationRequest, Client
from smart_auth.storage.protocols import AuthorizationRequests, Clients

# One text for a wrong password, an unknown name and a suspended account.
_REFUSED = "That user name and password do not match. Please try again."


class PendingStore(Clients, AuthorizationRequests, Protocol):
    """What the pages need to know of the request that they serve."""


async def read_page_form(request: Request) -> Parameters:
    try:
        return await read_form(request)
    except OAuth2Error as failure:
        raise PageError("The form cannot be read.") from failure


def read_page_query(request: Request) -> Parameters:
    try:
        return read_query(request)
    except OAuth2Error as failure:
        raise PageError("The address cannot be read.") from failure


async def pending_request(
    storage: PendingStore, request_id: str | None, clock: Clock
) -> tuple[AuthorizationRequest, Client]:
    pending = await storage.request(request_id or "")
    if pending is None or pending.expires_at <= clock():
        raise expired()
    client = await storage.client(pending.client_id)
    if client is None or client.suspended:
        raise PageError("The app that sent you here is not registered with us.")
    return pending, client


class SignInPage:
    def __init__(
        self,
        storage: PendingStore,
        sign_ins: SignIns,
        sessions: BrowserSessions,
        pages: Pages,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._sign_ins = sign_ins
        self._sessions = sessions
        self._pages = pages
        self._clock = clock

    async def __call__(self, request: Request) -> Response:
        if request.method == "POST":
            return await self._sign_in(request)
        request_id = read_page_query(request).get("request")
        pending, client = await pending_request(self._storage, request_id, self._clock)
        return self._page(request, pending, client)

    async def _sign_in(self, request: Request) -> Response:
        form = await read_page_form(request)
        pending, client = await pending_request(self._storage, form.get("request"), self._clock)
        self._pages.check_form(request, pending.id, form.get("token"))
        username, password = form.get("username") or "", form.get("password") or ""
        if form.repeated or not username or not password:
            return self._page(request, pending, client, _REFUSED, status=400)
        address = request.client.host if request.client else ""
        try:
            user = await self._sign_ins.check(username, password, address)
        except Throttled as throttled:
            return self._throttled(request, pending, client, throttled.retry_after)
        if user is None:
            return self._page(request, pending, client, _REFUSED, status=400)
        response = self._pages.go_to("consent", pending.id)
        await self._sessions.begin(response, user)
        return response

    def _throttled(
        self, request: Request, pending: AuthorizationRequest, client: Client, seconds: int
    ) -> Response:
        message = f"Too many attempts. Please wait {seconds} seconds and try again."
        page = self._page(request, pending, client, message, status=429)
        page.headers["Retry-After"] = str(seconds)
        return page

    def _page(
        self,
        request: Request,
        pending: AuthorizationRequest,
        client: Client,
        problem: str | None = None,
        *,
        status: int = 200,
    ) -> Response:
        values = {"app": client.name, "problem": problem}
        return self._pages.form_page(request, "sign_in.html", pending, values, status=status)
