"""M4: the SMART client of npm (`fhirclient`), unchanged, in Chromium and on another origin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.other_app import CLIENT, other_origin
from tests.browser.tab import Tab
from tests.clients.assertions import ServiceKey
from tests.clients.demo import READING, Demo

WRITING = f"{READING} patient/Observation.cruds user/Patient.rs"
READY = "async () => { window.client = await FHIR.oauth2.ready(); return client.state; }"
REQUEST = "([what, options]) => client.request(what, options)"
STATUS_OF = "what => client.request(what).then(() => 200, problem => problem.statusCode)"
PULSE = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
    "subject": {"reference": "Patient/rosa-alvarez"},
    "effectiveDateTime": "2026-02-03T08:00:00Z",
    "valueQuantity": {"value": 64, "unit": "/min"},
}


@dataclass(frozen=True)
class OtherApp:
    """The app's page, which is its redirect URI as well, and what it is registered as."""

    origin: str
    client_id: str
    more: dict[str, Any]

    @property
    def page(self) -> str:
        return f"{self.origin}/index.html"

    def options(self, demo: Demo, scope: str) -> dict[str, Any]:
        return {
            "clientId": self.client_id,
            "iss": demo.base,
            "scope": scope,
            "redirectUri": "index.html",
            **self.more,
        }

    async def launch(self, tab: Tab, demo: Demo, username: str, scope: str = READING) -> None:
        """As far as the question what to share."""
        await tab.page.goto(self.page)
        options = self.options(demo, scope)
        await tab.page.evaluate("options => { FHIR.oauth2.authorize(options); }", options)
        await tab.sign_in(demo, username)

    async def ready(self, tab: Tab) -> dict[str, Any]:
        """Back in the app, with the answer; its state."""
        await tab.page.wait_for_url(f"{self.page}?*")
        return await tab.page.evaluate(READY)

    async def allowed(
        self, tab: Tab, demo: Demo, username: str, scope: str = READING
    ) -> dict[str, Any]:
        await self.launch(tab, demo, username, scope)
        await tab.allow()
        return await self.ready(tab)


@pytest.fixture(scope="module")
def origin(built_app: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not CLIENT.is_file():
        pytest.skip(built_app or "the npm client is not installed")
    with other_origin(tmp_path_factory.mktemp("other-app")) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def public(demo: Demo, origin: str) -> OtherApp:
    uris = [f"{origin}/index.html"]
    client, _ = await demo.add_client("public", scope=WRITING, redirect_uris=uris)
    return OtherApp(origin, client.id, {})


async def test_m4_p3_launch_with_pkce_and_pages(demo: Demo, public: OtherApp, visit: Visit) -> None:
    async with visit(public.origin) as tab:
        state = await public.allowed(tab, demo, "rosa")
        assert state["tokenResponse"]["patient"] == "rosa-alvarez"
        link = next(each.url for each in tab.requests if "code_challenge" in each.url)
        assert parse_qs(urlsplit(link).query)["code_challenge_method"] == ["S256"]

        patient = await tab.page.evaluate("() => client.patient.read()")
        assert patient["id"] == "rosa-alvarez"
        user = await tab.page.evaluate("() => client.user.read()")
        assert user["id"] == "rosa-alvarez"

        every_page = ["Observation?patient=rosa-alvarez&_count=20", {"pageLimit": 0, "flat": True}]
        found = await tab.page.evaluate(REQUEST, every_page)
        expected = await demo.resources("Observation?patient=rosa-alvarez&_count=1000")
        assert len(found) > 100
        assert sorted(each["id"] for each in found) == sorted(each["id"] for each in expected)


async def test_m4_references_are_resolved(demo: Demo, public: OtherApp, visit: Visit) -> None:
    async with visit(public.origin) as tab:
        await public.allowed(tab, demo, "rosa")
        resolve = {"resolveReferences": ["subject", "requester"], "graph": True}
        read = await tab.page.evaluate(
            REQUEST, ["MedicationRequest/rosa-alvarez-metformin", resolve]
        )
        assert read["subject"]["name"][0]["family"] == "Alvarez"
        assert read["requester"]["resourceType"] == "Practitioner"


async def test_m4_d13_writes(demo: Demo, public: OtherApp, visit: Visit) -> None:
    """Each needs a preflight; what a writer has to know of the answer is open to the script."""
    async with visit(public.origin) as tab:
        await public.allowed(tab, demo, "rosa", WRITING)
        made = await tab.page.evaluate(
            """async resource => {
                const options = {includeResponse: true};
                const {body, response} = await client.create(resource, options);
                const {headers} = response;
                return [body.id, headers.get("location"), headers.get("etag")];
            }""",
            PULSE,
        )
        assert made[1:] == [f"{demo.base}/Observation/{made[0]}/_history/1", 'W/"1"']
        changed = {**PULSE, "id": made[0], "status": "amended"}
        update = "resource => client.update(resource)"
        assert (await tab.page.evaluate(update, changed))["meta"]["versionId"] == "2"
        await tab.page.evaluate("path => client.delete(path)", f"Observation/{made[0]}")
        found = await demo.resources(f"Observation?_id={made[0]}")
        assert found == []


async def test_m4_a6_deny(demo: Demo, public: OtherApp, visit: Visit) -> None:
    async with visit(public.origin) as tab:
        await public.launch(tab, demo, "rosa")
        await tab.page.click("button[name=deny]")
        await tab.page.wait_for_url(f"{public.page}?*")
        told = "() => FHIR.oauth2.ready().then(() => '', problem => problem.message)"
        assert "access_denied" in await tab.page.evaluate(told)


async def test_m4_r7_refresh_names_no_client(demo: Demo, public: OtherApp, visit: Visit) -> None:
    async with visit(public.origin) as tab:
        first = (await public.allowed(tab, demo, "rosa"))["tokenResponse"]
        second = await tab.page.evaluate(
            "async () => { await client.refresh(); return client.state.tokenResponse; }"
        )
        sent = next(each for each in tab.requests if "refresh_token" in (each.post_data or ""))
        assert "client_id" not in parse_qs(sent.post_data or "")
        assert "authorization" not in sent.headers
        assert second["access_token"] != first["access_token"]
        assert second["refresh_token"] != first["refresh_token"]
        assert second["patient"] == "rosa-alvarez"
        assert await tab.page.evaluate(STATUS_OF, "Patient/rosa-alvarez") == 200


async def test_m4_r7_client_refreshes_by_itself(demo: Demo, public: OtherApp, visit: Visit) -> None:
    async with visit(public.origin) as tab:
        first = (await public.allowed(tab, demo, "rosa"))["tokenResponse"]
        await tab.page.evaluate("() => { client.state.expiresAt = 1; }")
        assert await tab.page.evaluate(STATUS_OF, "Patient/rosa-alvarez") == 200
        used = await tab.page.evaluate("() => client.state.tokenResponse.access_token")
        assert used != first["access_token"]


async def test_m4_v3_practitioners_pick(demo: Demo, public: OtherApp, visit: Visit) -> None:
    async with visit(public.origin) as tab:
        await public.launch(tab, demo, "dr-okafor", WRITING)
        await tab.page.get_by_label("Find a patient by name").fill("finch")
        await tab.page.get_by_role("button", name="Search").click()
        await expect(tab.page.locator("input[name=patient]")).to_have_count(1)
        await tab.page.check("input[name=patient]")
        await tab.allow()
        state = await public.ready(tab)
        assert state["tokenResponse"]["patient"] == "walter-finch"
        user = await tab.page.evaluate("() => [client.getUserType(), client.getUserId()]")
        assert user == ["Practitioner", "grace-okafor"]
        assert await tab.page.evaluate(STATUS_OF, "Condition?patient=walter-finch") == 200


REFUSED = [
    ("Patient/margaret-osei", 404),
    ("Patient?colour=red", 400),
    ("Nonsense/1", 404),
    ("Patient/rosa-alvarez/_history/99", 404),
]


async def test_m4_d13_refusals_can_be_read(demo: Demo, public: OtherApp, visit: Visit) -> None:
    async with visit(public.origin, tolerated=r"status of 4\d\d") as tab:
        await public.allowed(tab, demo, "rosa")
        for path, status in REFUSED:
            assert await tab.page.evaluate(STATUS_OF, path) == status, path
        told = "path => client.request(path).catch(problem => problem.message)"
        assert "colour" in await tab.page.evaluate(told, "Patient?colour=red")
        revoked = """async iss => {
            const answer = await fetch(`${iss}/Patient`, {headers: {authorization: "Bearer x"}});
            return [answer.status, (await answer.json()).resourceType];
        }"""
        assert await tab.page.evaluate(revoked, demo.base) == [401, "OperationOutcome"]


async def test_m4_j1_key_of_its_own(demo: Demo, origin: str, visit: Visit) -> None:
    """The client signs its assertion in the browser, as the spec has it for native apps."""
    key = ServiceKey.generate("ES384")
    uris = [f"{origin}/index.html"]
    client, _ = await demo.add_client("jwks", scope=READING, redirect_uris=uris, jwks=key.jwks)
    private = {**key.key.as_dict(private=True), "alg": "ES384", "key_ops": ["sign"], "ext": True}
    signing = OtherApp(origin, client.id, {"clientPrivateJwk": private})
    async with visit(origin) as tab:
        state = await signing.allowed(tab, demo, "rosa")
        assert state["tokenResponse"]["patient"] == "rosa-alvarez"
        sent = next(each for each in tab.requests if "client_assertion" in (each.post_data or ""))
        assert re.search(r"/token$", sent.url)
        assert await tab.page.evaluate(STATUS_OF, "Patient/rosa-alvarez") == 200


async def test_m4_sign_in_in_a_popup(demo: Demo, public: OtherApp, visit: Visit) -> None:
    """The client closes the popup and goes on in the page that opened it."""
    async with visit(public.origin) as tab:
        await tab.page.goto(public.page)
        options = {**public.options(demo, READING), "target": "popup"}
        async with tab.page.expect_popup() as opened:
            await tab.page.evaluate("options => { FHIR.oauth2.authorize(options); }", options)
        popup = Tab(await opened.value, tab.allowed, tab.tolerated)
        popup.watch()
        await popup.sign_in(demo, "rosa")
        async with popup.page.expect_event("close"):
            await popup.allow()
            await popup.page.wait_for_url(f"{public.page}?*")
            await popup.page.evaluate("() => { FHIR.oauth2.ready(); }")
        state = await public.ready(tab)
        assert state["tokenResponse"]["patient"] == "rosa-alvarez"
        assert not popup.trouble, popup.trouble


async def test_m4_signs_in_again_on_the_same_page(
    demo: Demo, public: OtherApp, visit: Visit
) -> None:
    """Such as after the token has ended, or for another person."""
    async with visit(public.origin) as tab:
        await public.allowed(tab, demo, "dr-okafor", "openid fhirUser user/Patient.rs")
        again = public.options(demo, "openid fhirUser user/Patient.rs")
        await tab.page.evaluate("options => { FHIR.oauth2.authorize(options); }", again)
        await tab.allow()
        assert (await public.ready(tab))["tokenResponse"]["access_token"]
