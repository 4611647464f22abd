"""The person in front of an app: follows its link, signs in and answers, with no script at all."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from tests.clients.demo import Demo
from tests.smart_auth.world import Form, send


@dataclass(frozen=True)
class Person:
    """Somebody with a login of the demo record; each answer is given in a fresh browser."""

    demo: Demo
    username: str
    unticked: frozenset[str] = frozenset()
    patient: str | None = None

    async def allow(self, link: str) -> str:
        """The address, with a code, at which the app gets its answer."""
        async with httpx.AsyncClient() as browser:
            form = await self._consent_page(browser, link)
            chosen = {} if self.patient is None else {"patient": self.patient}
            ticked = [scope for scope in form.scopes if scope not in self.unticked]
            return _sent_to(await send(browser, form, form.approval(ticked, **chosen)))

    async def deny(self, link: str) -> str:
        """The address, with an error, at which the app gets its answer."""
        async with httpx.AsyncClient() as browser:
            form = await self._consent_page(browser, link)
            return _sent_to(await send(browser, form, form.filled(deny="yes")))

    async def _consent_page(self, browser: httpx.AsyncClient, link: str) -> Form:
        sign_in = Form.of(await browser.get(link, follow_redirects=True))
        password = self.demo.passwords[self.username]
        fields = sign_in.filled(username=self.username, password=password)
        place = _sent_to(await send(browser, sign_in, fields))
        return Form.of(await browser.get(place))


def _sent_to(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return str(answer.url.join(answer.headers["location"]))
