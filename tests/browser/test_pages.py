"""Sign-in and authorization pages in a real browser: without scripts, by keyboard, at any width."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.accessibility import check_accessible
from tests.browser.conftest import Visit
from tests.browser.tab import Tab
from tests.clients.demo import READING, Demo
from tests.smart_auth.world import pkce

REDIRECT = "https://app.example/back"
LANDMARKS = ("banner", "main", "contentinfo")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def link(demo: Demo) -> str:
    """Where an app sends the person."""
    scope = "launch/patient openid fhirUser offline_access patient/*.rs"
    client, _ = await demo.add_client("public", scope=scope, redirect_uris=[REDIRECT])
    return await link_of(demo, client.id)


async def link_of(demo: Demo, client_id: str) -> str:
    endpoint = (await demo.token_url()).replace("/token", "/authorize")
    return f"{endpoint}?" + urlencode(
        {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": REDIRECT,
            "scope": READING,
            "state": "s",
            "aud": demo.base,
            "code_challenge": pkce()[1],
            "code_challenge_method": "S256",
        }
    )


async def answered(tab: Tab, press: str) -> dict[str, list[str]]:
    """What the app is told; its own page is beside the point."""
    await tab.page.route(f"{REDIRECT}?*", lambda route: route.fulfill(body="back in the app"))
    await tab.page.click(f"button[name={press}]")
    await tab.page.wait_for_url(f"{REDIRECT}?*")
    return parse_qs(urlsplit(tab.page.url).query)


@pytest.mark.parametrize("username", ["rosa", "dr-okafor"])
@pytest.mark.parametrize("width", [320, 1280])
async def test_pages_are_accessible_at_any_width(
    demo: Demo, link: str, visit: Visit, username: str, width: int
) -> None:
    async with visit("https://app.example", width=width) as tab:
        await tab.page.goto(link)
        await check_accessible(tab.page, *LANDMARKS)
        await tab.sign_in(demo, username)
        await check_accessible(tab.page, *LANDMARKS)
        groups = await tab.page.get_by_role("group").count()
        assert groups == (1 if username == "rosa" else 2)


async def test_whole_way_without_scripts(demo: Demo, link: str, visit: Visit) -> None:
    async with visit("https://app.example", script=False) as tab:
        await tab.page.goto(link)
        await tab.sign_in(demo, "dr-okafor")
        await tab.page.get_by_label("Find a patient by name").fill("Finch")
        await tab.page.get_by_role("button", name="Search").click()
        await tab.page.get_by_label("Walter Finch").check()
        await tab.page.locator('input[value="offline_access"]').uncheck()
        told = await answered(tab, "approve")
        assert told["state"] == ["s"]
        assert told["code"][0]


async def test_deny_without_scripts(demo: Demo, link: str, visit: Visit) -> None:
    async with visit("https://app.example", script=False) as tab:
        await tab.page.goto(link)
        await tab.sign_in(demo, "rosa")
        assert (await answered(tab, "deny"))["error"] == ["access_denied"]


async def test_keyboard_alone(demo: Demo, link: str, visit: Visit) -> None:
    async with visit("https://app.example") as tab:
        page = tab.page
        await page.goto(link)
        await expect(page.get_by_label("User name")).to_be_focused()
        await page.keyboard.type("rosa")
        await page.keyboard.press("Tab")
        await page.keyboard.type(demo.passwords["rosa"])
        await page.keyboard.press("Enter")
        scopes = page.locator("input[name=scope]")
        await expect(scopes).to_have_count(5)
        for _ in range(5):
            await page.keyboard.press("Tab")
        await expect(scopes.last).to_be_focused()
        await page.keyboard.press("Space")
        await expect(scopes.last).not_to_be_checked()
        await page.keyboard.press("Tab")
        allow = page.get_by_role("button", name="Allow", exact=True)
        await expect(allow).to_be_focused()
        outline = "node => getComputedStyle(node).outlineStyle"
        assert await allow.evaluate(outline) != "none"


async def test_a8_wrong_password_is_announced(demo: Demo, link: str, visit: Visit) -> None:
    async with visit("https://app.example", tolerated="status of 400") as tab:
        await tab.page.goto(link)
        await tab.page.get_by_label("User name").fill("rosa")
        await tab.page.get_by_label("Password").fill("not hers")
        await tab.page.get_by_role("button", name="Sign in").click()
        await expect(tab.page.get_by_role("alert")).to_contain_text("do not match")
        await check_accessible(tab.page, *LANDMARKS)
        described = await tab.page.get_by_label("User name").get_attribute("aria-describedby")
        assert described
        await expect(tab.page.locator(f"#{described}")).to_be_visible()


async def test_a2_error_page(demo: Demo, visit: Visit) -> None:
    async with visit(tolerated="status of 400") as tab:
        await tab.page.goto(await link_of(demo, "nobody-knows-this-app"))
        await expect(tab.page.get_by_role("alert")).to_contain_text("not registered")
        await check_accessible(tab.page, *LANDMARKS)


async def test_a11_app_name_is_text(demo: Demo, visit: Visit) -> None:
    """Whatever an app calls itself, it stays text; a script of its would also breach the policy."""
    name = '<img src="x" onerror="alert(1)">{{ 7 * 7 }}'
    client, _ = await demo.served.admin.add_client(
        name=name, kind="public", scope=READING, redirect_uris=[REDIRECT]
    )
    async with visit("https://app.example") as tab:
        await tab.page.goto(await link_of(demo, client.id))
        await expect(tab.page.get_by_role("main")).to_contain_text(name)
        await tab.sign_in(demo, "rosa")
        heading = tab.page.get_by_role("heading", level=1)
        await expect(heading).to_have_text(f"Share with {name}?")


async def test_n1_scopes_in_plain_words(demo: Demo, link: str, visit: Visit) -> None:
    async with visit("https://app.example") as tab:
        await tab.page.goto(link)
        await tab.sign_in(demo, "rosa")
        boxes = tab.page.locator("input[name=scope]")
        values = [await box.get_attribute("value") for box in await boxes.all()]
        assert values == READING.split()
        for box in await boxes.all():
            await expect(box).to_be_checked()
            label = await box.evaluate("box => box.labels[0].firstChild.textContent")
            assert re.fullmatch(r"[A-Z][a-z ,]+\s*", label.replace("’", "").replace(":", "")), label


async def test_start_page(demo: Demo, visit: Visit) -> None:
    async with visit() as tab:
        await tab.page.goto(demo.root)
        await expect(tab.page.get_by_role("main")).to_have_count(1)
        await expect(tab.page.get_by_role("heading", level=1)).to_have_count(1)
        links = [await each.get_attribute("href") for each in await tab.page.locator("a").all()]
        assert "/app/" in links
        for path in links:
            answer = await demo.served.http.get(f"{demo.root}{path}")
            assert answer.status_code == 200 or path == "/app/"


@pytest.mark.parametrize("width", [320, 1280])
async def test_the_reference_is_accessible_at_any_width(
    demo: Demo, visit: Visit, width: int
) -> None:
    async with visit(script=False, width=width) as tab:
        await tab.page.goto(f"{demo.root}/docs")
        await tab.page.locator("#get_Patient summary").click()
        await expect(tab.page.locator("#get_Patient td").first).to_be_visible()
        await check_accessible(tab.page, "main", "navigation")
