"""The demo app in a real browser: people see their own record there, as far as they share it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from tests.browser.accessibility import check_accessible
from tests.browser.conftest import Visit
from tests.browser.tab import Tab
from tests.clients.demo import Demo

EVERYTHING = 'input[name=scope][value="patient/*.rs"]'
BLOOD_PRESSURE = "85354-9"
WEIGHT = "29463-7"
A1C = "4548-4"
IS_DRAWN = """canvas => canvas.getContext("2d")
    .getImageData(0, 0, canvas.width, canvas.height).data.some(byte => byte !== 0)"""


async def to_consent(tab: Tab, demo: Demo, app: str, username: str) -> None:
    await tab.page.goto(app)
    await tab.page.click("#sign-in")
    await tab.sign_in(demo, username)


async def record_shown(tab: Tab) -> None:
    """Every section has loaded, one way or the other."""
    await tab.page.wait_for_selector("#record section.card")
    await expect(tab.page.locator("section.card[data-state=loading]")).to_have_count(0)


async def open_record(tab: Tab, demo: Demo, app: str, username: str) -> None:
    await to_consent(tab, demo, app, username)
    await tab.allow()
    await record_shown(tab)


async def titles(tab: Tab, listed: str) -> list[str]:
    return await tab.page.locator(f"[data-testid={listed}] .entry-title").all_inner_texts()


async def token_of(tab: Tab) -> str:
    kept = await tab.page.evaluate("sessionStorage.getItem(JSON.parse(sessionStorage.SMART_KEY))")
    return json.loads(kept)["tokenResponse"]["access_token"]


async def patients_in_answers(tab: Tab) -> set[str]:
    """Whom the server spoke of in whatever it sent for this tab's token."""
    bodies = [await answer.text() for answer in tab.answers]
    assert len(bodies) > 10
    return set(re.findall(r"\bPatient/([A-Za-z0-9.-]+)", "".join(bodies)))


async def test_patient_sees_their_record_and_no_other(demo: Demo, app: str, visit: Visit) -> None:
    async with visit() as tab:
        await open_record(tab, demo, app, "rosa")
        page = tab.page
        await expect(page.locator("#patient-name")).to_have_text("Rosa Alvarez")
        await expect(page.locator("section.card:visible[data-state=ready]")).to_have_count(
            await page.locator("section.card:visible").count()
        )
        await _check_charts(tab, demo)
        await _check_lists(tab, demo)
        await expect(page.locator("#change-patient")).to_be_hidden()
        text = await page.inner_text("body")
        assert not re.search(r"Osei|Margaret|Methotrexate|arthritis", text)
        assert await patients_in_answers(tab) == {"rosa-alvarez"}
        await _check_reach(demo, await token_of(tab))


async def _check_charts(tab: Tab, demo: Demo) -> None:
    page = tab.page
    for section, code in (("vitals", BLOOD_PRESSURE), ("labs", A1C)):
        readings = await _readings(demo, code)
        assert len(readings) > 5
        canvas = page.locator(f"#{section} canvas[data-points]")
        await expect(canvas).to_have_attribute("data-points", str(len(readings)))
        assert await canvas.evaluate(IS_DRAWN)
        rows = page.locator(f"#{section} table tbody tr")
        await expect(rows).to_have_count(len(readings))
    await page.click(f'#vitals button.tile[data-code="{WEIGHT}"]')
    await expect(page.locator("#vitals figcaption")).to_contain_text("eight")
    weights = str(len(await _readings(demo, WEIGHT)))
    await expect(page.locator("#vitals canvas")).to_have_attribute("data-points", weights)
    newest = (await _readings(demo, A1C))[0]["valueQuantity"]["value"]
    await expect(page.locator(f'button.tile[data-code="{A1C}"]')).to_contain_text(str(newest))


async def _readings(demo: Demo, code: str) -> list[dict[str, Any]]:
    search = f"Observation?patient=rosa-alvarez&code={code}&_sort=-date&_count=200"
    return await demo.resources(search)


async def _check_lists(tab: Tab, demo: Demo) -> None:
    now = datetime.now(UTC)
    appointments = await demo.resources("Appointment?patient=rosa-alvarez&status=booked&_sort=date")
    ahead = [each for each in appointments if datetime.fromisoformat(each["end"]) > now]
    assert ahead
    assert await titles(tab, "appointments-upcoming") == [each["description"] for each in ahead]

    orders = await demo.resources("MedicationRequest?patient=rosa-alvarez&status=active")
    names = {each["medicationCodeableConcept"]["text"] for each in orders}
    assert len(names) > 2
    assert set(await titles(tab, "medicines-active")) == names

    messages = await demo.resources("Communication?patient=rosa-alvarez")
    topics = {each["topic"]["text"] for each in messages}
    assert set(await titles(tab, "threads")) == topics
    await expect(tab.page.locator("[data-testid=threads] ol li")).to_have_count(len(messages))


async def _check_reach(demo: Demo, token: str) -> None:
    """The app's own token gets no more than the app shows."""
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {token}"}) as http:
        other = await http.get(f"{demo.base}/Patient/margaret-osei")
        assert other.status_code == 404
        found = await http.get(f"{demo.base}/Observation?patient=margaret-osei&_total=accurate")
        assert found.json()["total"] == 0
        changed = await http.delete(f"{demo.base}/Patient/rosa-alvarez")
        assert changed.status_code == 403


@pytest.mark.parametrize("width", [320, 1280])
async def test_app_is_accessible_at_any_width(
    demo: Demo, app: str, visit: Visit, width: int
) -> None:
    async with visit(width=width) as tab:
        await tab.page.goto(app)
        await expect(tab.page.locator("#sign-in")).to_be_visible()
        await check_accessible(tab.page, "banner", "main")
        await open_record(tab, demo, app, "margaret")
        await expect(tab.page.locator("canvas[data-points]")).to_have_count(2)
        await check_accessible(tab.page, "banner", "main", "navigation")


async def test_record_is_there_after_a_reload(demo: Demo, app: str, visit: Visit) -> None:
    async with visit() as tab:
        await open_record(tab, demo, app, "priya")
        await tab.page.reload()
        await record_shown(tab)
        await expect(tab.page.locator("#patient-name")).to_have_text("Priya Raman")


async def test_n1_unticked_scope_is_not_shared(demo: Demo, app: str, visit: Visit) -> None:
    async with visit(tolerated="status of 403") as tab:
        await to_consent(tab, demo, app, "rosa")
        await tab.page.uncheck(EVERYTHING)
        await tab.allow()
        await record_shown(tab)
        sections = tab.page.locator("section.card")
        states = {await each.get_attribute("data-state") for each in await sections.all()}
        assert states == {"not-shared"}
        await expect(tab.page.locator("#medicines")).to_contain_text("You did not share this part")
        await expect(tab.page.locator("#patient-name")).to_have_text("Your record")
        assert {answer.status for answer in tab.answers if "/Observation" in answer.url} == {403}


async def test_a6_deny(demo: Demo, app: str, visit: Visit) -> None:
    async with visit() as tab:
        await to_consent(tab, demo, app, "rosa")
        await tab.page.click("button[name=deny]")
        notice = tab.page.locator("#landing-notice")
        await expect(notice).to_contain_text("did not give the app access")
        await expect(tab.page.locator("#record")).to_be_hidden()


async def test_v3_practitioner_picks_and_changes(demo: Demo, app: str, visit: Visit) -> None:
    async with visit() as tab:
        await to_consent(tab, demo, app, "dr-okafor")
        await pick(tab, "finch", "walter-finch")
        await tab.allow()
        await record_shown(tab)
        await expect(tab.page.locator("#patient-name")).to_have_text("Walter Finch")
        assert await patients_in_answers(tab) == {"walter-finch"}

        await tab.page.click("#change-patient")
        await tab.page.wait_for_selector("button[name=approve]")
        await pick(tab, "raman", "priya-raman")
        await tab.allow()
        await record_shown(tab)
        await expect(tab.page.locator("#patient-name")).to_have_text("Priya Raman")


async def pick(tab: Tab, text: str, patient: str) -> None:
    await tab.page.get_by_label("Find a patient by name").fill(text)
    await tab.page.get_by_role("button", name="Search").click()
    await expect(tab.page.locator("input[name=patient]")).to_have_count(1)
    await tab.page.check(f'input[name=patient][value="{patient}"]')


async def test_v3_picker_needs_a_pick(demo: Demo, app: str, visit: Visit) -> None:
    async with visit(tolerated="status of 400") as tab:
        await to_consent(tab, demo, app, "dr-okafor")
        assert await tab.page.locator("input[name=patient]").count() > 1
        await tab.allow()
        await expect(tab.page.get_by_role("alert")).to_be_visible()
        await expect(tab.page.locator("button[name=approve]")).to_be_visible()


async def test_parent_sees_the_child(demo: Demo, app: str, visit: Visit) -> None:
    async with visit() as tab:
        await open_record(tab, demo, app, "anna-for-mia")
        await expect(tab.page.locator("#patient-name")).to_have_text("Mia Keller")
        assert await patients_in_answers(tab) == {"mia-keller"}


async def test_sign_out_ends_the_tokens(demo: Demo, app: str, visit: Visit) -> None:
    async with visit() as tab:
        await open_record(tab, demo, app, "margaret")
        token = await token_of(tab)
        await tab.page.click("#sign-out")
        await expect(tab.page.locator("#landing-notice")).to_have_text("You are signed out.")
        await expect(tab.page.locator("#record")).to_be_empty()
        assert await tab.page.evaluate("sessionStorage.length") == 0
        header = {"authorization": f"Bearer {token}"}
        read = await demo.served.http.get(f"{demo.base}/Patient/margaret-osei", headers=header)
        assert read.status_code == 401
        await tab.page.reload()
        await expect(tab.page.locator("#sign-in")).to_be_visible()


@pytest.mark.parametrize("answer", ["", "&code=x&state=y", "&error=access_denied"])
async def test_link_cannot_send_the_app_elsewhere(
    demo: Demo, app: str, visit: Visit, answer: str
) -> None:
    async with visit() as tab:
        await tab.page.goto(f"{app}?iss=https://evil.example/fhir&clientId=other{answer}")
        await tab.page.click("#sign-in")
        await expect(tab.page).to_have_url(re.compile(f"^{re.escape(demo.root)}/"))
        await expect(tab.page.get_by_label("User name")).to_be_visible()
