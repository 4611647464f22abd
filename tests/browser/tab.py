"""A tab of a real browser that notices whatever a good page does not do."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Page, Request, Response

from tests.clients.demo import Demo

PATIENCE = 15_000
"""Milliseconds that a page may take, on a machine that does other things as well."""


@dataclass
class Tab:
    """A page, what went wrong on it, and the answers that its token got it."""

    page: Page
    allowed: set[str]
    tolerated: str
    trouble: list[str] = field(default_factory=list[str])
    answers: list[Response] = field(default_factory=list[Response])
    requests: list[Request] = field(default_factory=list[Request])

    def watch(self) -> None:
        """A breach of a content security policy is an error on the console as well."""
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("request", self._on_request)
        self.page.on("response", self._on_response)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if not (self.tolerated and re.search(self.tolerated, message.text)):
            self.trouble.append(f"{message.text} ({message.location['url']})")

    def _on_request(self, request: Request) -> None:
        self.requests.append(request)
        parts = urlsplit(request.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if parts.scheme not in ("data", "blob") and origin not in self.allowed:
            self.trouble.append(f"a request to {request.url}")

    def _on_response(self, response: Response) -> None:
        if "authorization" in response.request.headers:
            self.answers.append(response)

    async def sign_in(self, demo: Demo, username: str) -> None:
        """Through the sign-in page, by its labels, to the question what to share."""
        await self.page.get_by_label("User name").fill(username)
        await self.page.get_by_label("Password").fill(demo.passwords[username])
        await self.page.get_by_role("button", name="Sign in").click()
        await self.page.wait_for_selector("button[name=approve]")

    async def allow(self) -> None:
        await self.page.click("button[name=approve]")


@asynccontextmanager
async def opened_tab(
    browser: Browser, allowed: set[str], *, tolerated: str, script: bool, width: int
) -> AsyncGenerator[Tab]:
    """A tab in a browser profile of its own; at the end nothing may have gone wrong."""
    context = await browser.new_context(
        java_script_enabled=script, viewport={"width": width, "height": 900}, locale="en-US"
    )
    context.set_default_timeout(PATIENCE)
    try:
        tab = Tab(await context.new_page(), allowed, tolerated)
        tab.watch()
        yield tab
        assert not tab.trouble, tab.trouble
    finally:
        await context.close()
