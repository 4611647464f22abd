"""The HTML pages: rendering, their security headers, their cookies and their form tokens."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from smart_auth.answers import NO_STORE
from smart_auth.config import AuthConfig
from smart_auth.records import AuthorizationRequest
from smart_auth.secrets_at_rest import new_secret, same
from smart_auth.storage.protocols import StorageUnavailable

SESSION_COOKIE: Final = "smart_session"
BROWSER_COOKIE: Final = "smart_browser"
_EXPIRED = "This page has expired. Go back to your app and start again."


class PageError(Exception):
    """Shown to the person, because there is no redirect URI that could be trusted."""

    def __init__(self, message: str, status: int = 400, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.retry_after = retry_after


def expired() -> PageError:
    return PageError(_EXPIRED)


class Pages:
    def __init__(self, config: AuthConfig) -> None:
        self._config = config
        self._form_key = config.derived_key("page-forms")
        self._environment = Environment(
            loader=PackageLoader("smart_auth"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._style = files("smart_auth").joinpath("templates/style.css").read_text()

    def render(
        self,
        template: str,
        values: Mapping[str, Any],
        *,
        status: int = 200,
        redirect_uri: str | None = None,
    ) -> Response:
        text = self._environment.get_template(template).render(
            organization=self._config.organization, prefix=self._config.path_prefix, **values
        )
        return HTMLResponse(text, status, self._headers(redirect_uri))

    def error(self, failure: PageError) -> Response:
        page = self.render("error.html", {"message": failure.message}, status=failure.status)
        if failure.retry_after is not None:
            page.headers["Retry-After"] = str(failure.retry_after)
        return page

    async def style(self, _: Request) -> Response:
        headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
        return Response(self._style, media_type="text/css", headers=headers)

    def _headers(self, redirect_uri: str | None) -> dict[str, str]:
        # Browsers hold the redirect that follows a form to form-action as well.
        target = f" {_origin(redirect_uri)}" if redirect_uri else ""
        # No Cross-Origin-Opener-Policy: an app may open us in a popup, whose opener it needs again.
        policy = (
            "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self'{target}"
        )
        return {
            **NO_STORE,
            "Content-Security-Policy": policy,
            "X-Frame-Options": "DENY",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }

    def redirect(self, url: str) -> Response:
        # 303: whatever the method was, the browser goes on with GET and leaves the form behind.
        headers = {**NO_STORE, "Referrer-Policy": "no-referrer"}
        return RedirectResponse(url, 303, headers)

    def go_to(self, page: str, request_id: str) -> Response:
        return self.redirect(f"{self._config.path_prefix}/{page}?request={request_id}")

    def set_cookie(self, response: Response, name: str, value: str) -> None:
        response.set_cookie(
            name,
            value,
            path=self._config.path_prefix,
            secure=self._config.secure,
            httponly=True,
            samesite="lax",
        )

    def drop_cookie(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path=self._config.path_prefix)

    def form_page(
        self,
        request: Request,
        template: str,
        pending: AuthorizationRequest,
        values: Mapping[str, Any],
        *,
        status: int = 200,
    ) -> Response:
        """A page with a form that only this browser can send, for this request alone."""
        browser = request.cookies.get(BROWSER_COOKIE) or new_secret()
        hidden = {"request": pending.id, "token": self._form_token(browser, pending.id)}
        page = self.render(
            template,
            {**values, "hidden": hidden},
            status=status,
            redirect_uri=pending.redirect_uri,
        )
        self.set_cookie(page, BROWSER_COOKIE, browser)
        return page

    def check_form(self, request: Request, request_id: str, token: str | None) -> None:
        """A form that another page made this browser send has no such token."""
        browser = request.cookies.get(BROWSER_COOKIE)
        if not browser or not token or not same(token, self._form_token(browser, request_id)):
            raise expired()

    def _form_token(self, browser: str, request_id: str) -> str:
        text = f"{browser}\n{request_id}".encode()
        return hmac.new(self._form_key, text, "sha256").hexdigest()

    def route(
        self, path: str, methods: list[str], handler: Callable[[Request], Awaitable[Response]]
    ) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                return await handler(request)
            except PageError as failure:
                return self.error(failure)
            except StorageUnavailable:
                message = "We cannot reach our records at the moment. Please try again shortly."
                return self.error(PageError(message, 503, retry_after=1))

        return Route(path, endpoint, methods=methods)


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.scheme in ("http", "https"):
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"
