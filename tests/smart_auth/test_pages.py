"""Sign-in and authorization pages: who gets through, and what a form cannot do."""

from __future__ import annotations

import re

import httpx
import pytest

from smart_auth.flows.patient_pick import words_of
from smart_auth.passwords import seconds_to_wait
from tests.smart_auth.world import Form, Launcher, World, redirected, send

BAD_SIGN_INS = [
    ("wrong password", {"username": "ann", "password": "nope"}),
    ("unknown user", {"username": "zed", "password": "nope"}),
    ("other's password", {"username": "ann", "password": "ben-password"}),
    ("no password", {"username": "ann"}),
    ("no name", {"password": "ann-password"}),
    ("operator field", {"username[$ne]": "x", "password[$ne]": "x"}),
    ("operator value", {"username": '{"$ne": ""}', "password": '{"$ne": ""}'}),
    ("regex", {"username": "a.*", "password": ".*"}),
    ("long", {"username": "a" * 5000, "password": "b" * 5000}),
]


@pytest.mark.parametrize(("case", "fields"), BAD_SIGN_INS, ids=[case for case, _ in BAD_SIGN_INS])
async def test_a8_refused_sign_ins_look_alike(
    launch: Launcher, case: str, fields: dict[str, str]
) -> None:
    begun = launch()
    form = Form.of(await begun.sign_in_page())
    answer = await send(begun.http, form, form.filled(**fields))
    assert answer.status_code == 400
    assert "That user name and password do not match" in answer.text
    assert "smart_session" not in answer.cookies


async def test_a8_names_are_compared_without_case(launch: Launcher) -> None:
    begun = launch()
    form = Form.of(await begun.sign_in_page())
    answer = await send(begun.http, form, form.filled(username=" ANN ", password="ann-password"))
    assert answer.status_code == 303


async def test_a8_failures_are_throttled_alike(world: World, launch: Launcher) -> None:
    begun = launch()
    for name in ("victim", "ghost"):
        if name == "victim":
            await world.admin.add_user(username=name, password="right", fhir_user="Patient/ann")
        form = Form.of(await begun.sign_in_page())
        for _ in range(10):
            answer = await send(begun.http, form, form.filled(username=name, password="no"))
            assert answer.status_code == 400
        answer = await send(begun.http, form, form.filled(username=name, password="right"))
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
    world.clock.advance(5)
    form = Form.of(await begun.sign_in_page())
    answer = await send(begun.http, form, form.filled(username="victim", password="right"))
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("failures", "passed", "wait"),
    [(9, 0, 0), (10, 0, 1), (11, 0, 2), (11, 1, 1), (12, 3, 1), (12, 4, 0), (40, 0, 300)],
)
def test_a8_wait_doubles(world: World, failures: int, passed: int, wait: int) -> None:
    now = world.clock()
    then = now.fromtimestamp(now.timestamp() - passed, now.tzinfo)
    assert seconds_to_wait(failures, 10, then, now) == pytest.approx(wait, abs=1)


async def test_a10_headers_and_cookies(launch: Launcher) -> None:
    begun = launch()
    for page in (await begun.sign_in_page(), await begun.consent_page("ann")):
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["referrer-policy"] == "no-referrer"
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self' https://app.example" in policy
        for cookie in page.headers.get_list("set-cookie"):
            assert "httponly" in cookie.lower()
            assert "samesite=lax" in cookie.lower()
    assert begun.http.cookies.get("smart_session")


async def test_n1_one_ticked_box_for_each_scope_in_plain_words(launch: Launcher) -> None:
    begun = launch("patient/Observation.rs patient/Condition.cruds openid offline_access")
    page = await begun.consent_page("ann")
    form = Form.of(page)
    assert form.scopes == begun.scope.split()
    assert "See: observation" in page.text
    assert "your health problems" in page.text
    assert "Ann Marsh" in page.text


async def test_n1_unticked_scopes_are_not_granted(world: World, launch: Launcher) -> None:
    begun = launch("patient/Observation.rs patient/Condition.rs openid offline_access")
    form = Form.of(await begun.consent_page("ann"))
    answer = await send(begun.http, form, form.approval(["patient/Condition.rs"]))
    code = redirected(answer)["code"]
    body = (await world.token(begun.exchange(code))).json()
    assert body["scope"] == "patient/Condition.rs"
    assert "refresh_token" not in body
    assert "id_token" not in body


@pytest.mark.parametrize("added", ["patient/*.cruds", "system/*.rs", "user/*.rs", "openid"])
async def test_n2_consent_cannot_add_scopes(world: World, launch: Launcher, added: str) -> None:
    begun = launch("patient/Observation.rs")
    form = Form.of(await begun.consent_page("ann"))
    answer = await send(begun.http, form, form.approval([*form.scopes, added]))
    body = (await world.token(begun.exchange(redirected(answer)["code"]))).json()
    assert body["scope"] == "patient/Observation.rs"


async def test_approving_nothing_is_denying(launch: Launcher) -> None:
    begun = launch()
    form = Form.of(await begun.consent_page("ann"))
    parameters = redirected(await send(begun.http, form, form.approval([])))
    assert parameters["error"] == "access_denied"


async def test_a6_deny(launch: Launcher) -> None:
    begun = launch()
    form = Form.of(await begun.consent_page("ann"))
    parameters = redirected(await send(begun.http, form, form.filled(deny="yes")))
    assert parameters["error"] == "access_denied"
    assert parameters["state"] == "a state + %26 ü"
    again = await send(begun.http, form, form.approval())
    assert again.status_code == 400


async def test_a9_hidden_fields_change_nothing(world: World, launch: Launcher) -> None:
    begun = launch("patient/Observation.rs")
    form = Form.of(await begun.consent_page("ann"))
    assert {name for name, _ in form.fields} == {"request", "token"}
    forged = {
        "client_id": world.clients["basic"].id,
        "redirect_uri": "https://evil.example/",
        "code_challenge": "x" * 43,
        "state": "other",
    }
    answer = await send(begun.http, form, form.approval(None, **forged))
    assert redirected(answer)["state"] == "a state + %26 ü"


@pytest.mark.parametrize("what", ["no token", "bad token", "foreign browser", "no session"])
async def test_a9_consent_is_bound_to_the_browser(
    world: World, launch: Launcher, what: str
) -> None:
    begun = launch()
    form = Form.of(await begun.consent_page("ann"))
    http, fields = begun.http, form.approval()
    if what == "no token":
        fields = [(name, value) for name, value in fields if name != "token"]
    if what == "bad token":
        fields = [(name, value if name != "token" else "0" * 64) for name, value in fields]
    if what == "no session":
        http.cookies.delete("smart_session")
    if what == "foreign browser":
        async with world.http() as other:
            stranger = launch()
            stranger.http = other
            await stranger.consent_page("ann")
            answer = await send(other, form, fields)
    else:
        answer = await send(http, form, fields)
    assert "code=" not in answer.headers.get("location", "")
    assert not answer.headers.get("location", "").startswith("https://app.example")


async def test_a9_sign_in_form_needs_its_browser(world: World, launch: Launcher) -> None:
    begun = launch()
    form = Form.of(await begun.sign_in_page())
    async with world.http() as other:
        fields = form.filled(username="ann", password="ann-password")
        assert (await send(other, form, fields)).status_code == 400


async def test_a9_approval_shown_to_one_user_is_not_given_by_another(launch: Launcher) -> None:
    begun = launch()
    form = Form.of(await begun.consent_page("ann"))
    browser_cookie = begun.http.cookies["smart_browser"]
    other = launch()
    await other.consent_page("ben")
    session = other.http.cookies["smart_session"]
    begun.http.cookies.clear()
    cookies = f"smart_browser={browser_cookie}; smart_session={session}"
    begun.http.headers["Cookie"] = cookies
    try:
        answer = await send(begun.http, form, form.approval())
    finally:
        del begun.http.headers["Cookie"]
    assert answer.status_code == 400


async def test_a9_one_approval_gives_one_code(launch: Launcher) -> None:
    begun = launch()
    form = Form.of(await begun.consent_page("ann"))
    assert "code" in redirected(await send(begun.http, form, form.approval()))
    assert (await send(begun.http, form, form.approval())).status_code == 400


async def test_switching_user_ends_the_session(launch: Launcher) -> None:
    begun = launch()
    form = Form.of(await begun.consent_page("ann"))
    answer = await send(begun.http, form, form.filled(switch="yes"))
    assert "/sign-in?" in answer.headers["location"]
    form = Form.of(await begun.http.get(answer.headers["location"]))
    answer = await send(begun.http, form, form.filled(username="ben", password="ben-password"))
    page = await begun.http.get(answer.headers["location"])
    assert "Ben Okafor" in page.text


async def test_a11_nothing_is_reflected_unescaped(world: World, launch: Launcher) -> None:
    evil = '"><script>alert(1)</script>'
    client, _ = await world.admin.add_client(
        name=evil, scope="patient/*.rs", kind="public", redirect_uris=["https://app.example/back"]
    )
    begun = launch("patient/*.rs", state=evil, nonce=evil, client_id=client.id)
    begun.client_id = client.id
    pages = [await begun.sign_in_page(), await begun.consent_page("ann")]
    begun.changes["redirect_uri"] = "https://evil.example/" + evil
    pages.append(await begun.authorize())
    for page in pages:
        assert "<script" not in page.text


def radios(page: httpx.Response) -> list[str]:
    return Form.of(page).radios


async def test_v3_practitioner_picks_a_patient(world: World, launch: Launcher) -> None:
    begun = launch("patient/*.rs launch/patient openid fhirUser")
    page = await begun.consent_page("doc")
    assert set(radios(page)) == {"ann", "ben", "cleo"}
    form = Form.of(page)
    answer = await send(begun.http, form, form.approval(None, patient="ben"))
    body = (await world.token(begun.exchange(redirected(answer)["code"]))).json()
    assert body["patient"] == "ben"


async def test_v3_search_by_name_keeps_what_was_ticked(launch: Launcher) -> None:
    begun = launch("patient/Observation.rs patient/Condition.rs")
    form = Form.of(await begun.consent_page("doc"))
    fields = form.filled(search="yes", patient_name="okafor", scope="patient/Condition.rs")
    page = await send(begun.http, form, fields)
    assert radios(page) == ["ben"]
    assert Form.of(page).scopes == ["patient/Condition.rs"]
    # Pressing the enter key in a form sends its first button, which must not approve.
    buttons = re.findall(r'<button type="submit" name="(\w+)"', page.text)
    assert buttons[0] == "search"


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("Marsh", "Marsh"),
        ("  ann   MARSH ", "ann MARSH"),
        ("O'Neil-Smith jr.", "O'Neil-Smith jr."),
        ("Ze\u0301", "Zé"),
        ("ann,,ben", "ann ben"),
        ("ann$|\\:␟*%", "ann"),
        (",", None),
        ("__", None),
        ("\\", None),
        ("\u0301", None),
        ("😀", None),
        ("a" * 5000, "a" * 100),
    ],
)
def test_v3_search_asks_for_words_alone(typed: str, asked: str | None) -> None:
    assert words_of(typed) == asked


@pytest.mark.parametrize("pick", [None, "nobody", "Patient/zed", "ann,ben", "../ann", '{"$ne":1}'])
async def test_v3_forged_picks_fail(launch: Launcher, pick: str | None) -> None:
    begun = launch("patient/*.rs")
    form = Form.of(await begun.consent_page("doc"))
    values = {} if pick is None else {"patient": pick}
    answer = await send(begun.http, form, form.approval(None, **values))
    assert answer.status_code == 400
    assert "Please choose whose record" in answer.text


@pytest.mark.parametrize(
    ("user", "pick", "patient"),
    [
        ("ann", None, "ann"),
        ("ann", "Patient/ann", "ann"),
        ("ann", "ben", None),
        ("mum", "cleo", "cleo"),
        ("mum", "ben", None),
        ("mum", None, None),
        ("doc", "Patient/cleo", "cleo"),
    ],
)
async def test_v3_v4_the_patient_in_context(
    world: World, launch: Launcher, user: str, pick: str | None, patient: str | None
) -> None:
    begun = launch("patient/*.rs")
    values = {} if pick is None else {"patient": pick}
    answer = await begun.approve(user, **values)
    if patient is None:
        assert answer.status_code == 400
        return
    body = (await world.token(begun.exchange(redirected(answer)["code"]))).json()
    assert body["patient"] == patient


async def test_v4_no_patient_no_patient_scopes(launch: Launcher) -> None:
    begun = launch("patient/*.rs openid")
    assert redirected(await begun.consent_page("nobody"))["error"] == "access_denied"


async def test_suspended_users_and_clients_stop(world: World, launch: Launcher) -> None:
    await world.admin.add_user(username="sid", password="sid-password", fhir_user="Patient/ann")
    begun = launch()
    form = Form.of(await begun.consent_page("sid"))
    await world.admin.suspend_user("sid")
    assert "/sign-in?" in (await send(begun.http, form, form.approval())).headers["location"]
    form = Form.of(await begun.sign_in_page())
    fields = form.filled(username="sid", password="sid-password")
    assert (await send(begun.http, form, fields)).status_code == 400
    await world.admin.resume_user("sid")
    assert (await send(begun.http, form, fields)).status_code == 303


async def test_the_style_sheet_is_served(world: World) -> None:
    async with world.http() as http:
        answer = await http.get(world.url("style.css"))
    assert answer.headers["content-type"].startswith("text/css")
