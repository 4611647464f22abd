"""Chromium, the built demo app, and one demo server for these tests."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from fhir_server.http.start import APP
from tests.browser.tab import PATIENCE, Tab, opened_tab
from tests.clients.demo import Demo, demo

__all__ = ["demo"]

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip("there is no Chromium")
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_OPTIONS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session", autouse=True)
def built_app() -> str:
    """Why the demo app is not there, "" where it is; the server looks for it when it starts."""
    if (APP / "dist/index.html").is_file():
        return ""
    npm = shutil.which("npm")
    if npm is None:
        return "the demo app is not built: there is no Node"
    if subprocess.run([npm, "install", "--silent"], cwd=APP, check=False).returncode:
        return "the demo app is not built: npm cannot fetch its libraries"
    subprocess.run([npm, "run", "--silent", "build"], cwd=APP, check=True)
    return ""


@pytest.fixture
def app(demo: Demo, built_app: str) -> str:
    """The demo app's address."""
    if built_app:
        pytest.skip(built_app)
    return f"{demo.root}/app/"


class Visit(Protocol):
    def __call__(
        self, *origins: str, tolerated: str = "", script: bool = True, width: int = 1280
    ) -> AbstractAsyncContextManager[Tab]: ...


@pytest.fixture
def visit(demo: Demo, chromium: Browser) -> Visit:
    """A tab of a fresh browser that may speak to the demo server and these origins alone."""

    def opened(
        *origins: str, tolerated: str = "", script: bool = True, width: int = 1280
    ) -> AbstractAsyncContextManager[Tab]:
        allowed = {demo.root, *origins}
        return opened_tab(chromium, allowed, tolerated=tolerated, script=script, width=width)

    return opened
