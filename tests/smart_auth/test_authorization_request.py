"""Bad authorization requests: a page before the redirect URI is trusted, a redirect after it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.smart_auth.world import REDIRECT, Form, Launcher, World, pkce, redirected, send

PAGE_ERRORS: list[tuple[str, dict[str, str | None]]] = [
    ("A1 missing", {"redirect_uri": None}),
    ("A1 empty", {"redirect_uri": ""}),
    ("A1 other host", {"redirect_uri": "https://evil.example/back"}),
    ("A1 longer path", {"redirect_uri": REDIRECT + "/more"}),
    ("A1 added query", {"redirect_uri": REDIRECT + "?a=b"}),
    ("A1 case", {"redirect_uri": REDIRECT.upper()}),
    ("A1 traversal", {"redirect_uri": "https://app.example/x/../back"}),
    ("A1 header injection", {"redirect_uri": REDIRECT + "\r\nSet-Cookie: a=b"}),
    ("A1 script", {"redirect_uri": "javascript:alert(1)"}),
    ("A2 unknown client", {"client_id": "nobody"}),
    ("A2 no client", {"client_id": None}),
    ("A2 operator", {"client_id[$ne]": "x", "client_id": None}),
    ("K1 NUL", {"state": "a\0b"}),
]


@pytest.mark.parametrize(("case", "changes"), PAGE_ERRORS, ids=[case for case, _ in PAGE_ERRORS])
async def test_untrusted_request_ends_on_a_page(
    launch: Launcher, case: str, changes: dict[str, str | None]
) -> None:
    answer = await launch(**changes).authorize()
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert answer.headers["content-type"].startswith("text/html")
    assert 'name="username"' not in answer.text


REDIRECT_ERRORS: list[tuple[str, dict[str, str | None], str]] = [
    ("A3 no aud", {"aud": None}, "invalid_request"),
    ("A3 foreign aud", {"aud": "https://evil.example/fhir"}, "invalid_request"),
    ("A3 longer aud", {"aud": "http://127.0.0.1:8000/fhir/r4"}, "invalid_request"),
    ("A4 token", {"response_type": "token"}, "unsupported_response_type"),
    ("A4 id_token", {"response_type": "code id_token"}, "unsupported_response_type"),
    ("A4 none", {"response_type": None}, "invalid_request"),
    ("A4 fragment", {"response_mode": "fragment"}, "invalid_request"),
    ("P2 plain", {"code_challenge_method": "plain"}, "invalid_request"),
    ("P2 absent", {"code_challenge_method": None}, "invalid_request"),
    ("P2 unknown", {"code_challenge_method": "S512"}, "invalid_request"),
    ("P2 case", {"code_challenge_method": "s256"}, "invalid_request"),
    ("P3 absent", {"code_challenge": None}, "invalid_request"),
    ("P3 neither", {"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ("P4 empty", {"code_challenge": ""}, "invalid_request"),
    ("P4 short", {"code_challenge": "abc"}, "invalid_request"),
    ("P4 not base64url", {"code_challenge": "!" * 43}, "invalid_request"),
    ("A5 no scope", {"scope": None}, "invalid_scope"),
    ("A5 undefined scope", {"scope": "patient/Observation.sr"}, "invalid_scope"),
    ("A5 a great many", {"scope": " ".join(f"p{n}" for n in range(201))}, "invalid_scope"),
    ("V2 system scope", {"scope": "system/*.rs"}, "invalid_scope"),
    ("A12 prompt none", {"prompt": "none"}, "login_required"),
    ("A12 prompt none and more", {"prompt": "none login"}, "invalid_request"),
    ("max_age", {"max_age": "soon"}, "invalid_request"),
    ("E4 invented launch", {"launch": "abc"}, "invalid_request"),
    ("request object", {"request": "e30.e30."}, "invalid_request"),
    ("long state", {"nonce": "n" * 5000}, "invalid_request"),
]


@pytest.mark.parametrize("client", ["public", "basic", "signed"])
@pytest.mark.parametrize(
    ("case", "changes", "error"), REDIRECT_ERRORS, ids=[case for case, _, _ in REDIRECT_ERRORS]
)
async def test_bad_request_goes_back_to_the_app(
    launch: Launcher, client: str, case: str, changes: dict[str, str | None], error: str
) -> None:
    parameters = redirected(await launch(client=client, **changes).authorize())
    assert parameters["error"] == error
    assert parameters["state"] == "a state + %26 ü"
    assert "code" not in parameters


async def test_a7_repeated_parameter(world: World, launch: Launcher) -> None:
    begun = launch()
    pairs = [*begun.parameters().items(), ("scope", "patient/*.rs")]
    answer = await begun.http.get(world.url("authorize"), params=pairs)  # type: ignore[arg-type]
    assert redirected(answer)["error"] == "invalid_request"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
async def test_a7_repeated_identity_is_a_page(world: World, launch: Launcher, name: str) -> None:
    begun = launch()
    parameters = begun.parameters()
    pairs: Any = [*parameters.items(), (name, parameters[name])]
    answer = await begun.http.get(world.url("authorize"), params=pairs)
    assert answer.status_code == 400


async def test_b9_backend_client_gets_no_code(launch: Launcher) -> None:
    answer = await launch("system/*.rs", client="backend").authorize()
    assert answer.status_code == 400


@pytest.mark.parametrize("query", ["client_id=%ff%fe", "=&=&=", "%", "a" * 9000, "x=1&" * 400])
async def test_k1_hostile_queries_are_pages(world: World, query: str) -> None:
    async with world.http() as http:
        answer = await http.get(world.url("authorize") + "?" + query)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"a=" + b"x" * 100_000, "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"", ""),
    ],
)
@pytest.mark.parametrize("page", ["authorize", "sign-in", "consent"])
async def test_k1_hostile_forms_are_pages(
    world: World, page: str, content: bytes, media_type: str
) -> None:
    async with world.http() as http:
        answer = await http.post(
            world.url(page), content=content, headers={"Content-Type": media_type}
        )
    assert answer.status_code == 400
    assert "text/html" in answer.headers["content-type"]


async def test_a12_prompt_none_with_session_asks_for_consent(launch: Launcher) -> None:
    begun = launch()
    await begun.consent_page("ann")
    begun.changes["prompt"] = "none"
    assert redirected(await begun.authorize())["error"] == "consent_required"


async def test_session_skips_the_sign_in_unless_prompt_says_otherwise(launch: Launcher) -> None:
    begun = launch()
    await begun.consent_page("ann")
    assert "/consent?" in (await begun.authorize()).headers["location"]
    begun.changes["prompt"] = "login"
    answer = await begun.authorize()
    assert "/sign-in?" in answer.headers["location"]
    # Going straight to the approval does not get around it; signing in again does.
    straight = answer.headers["location"].replace("/sign-in?", "/consent?")
    assert "/sign-in?" in (await begun.http.get(straight)).headers["location"]
    form = Form.of(await begun.http.get(answer.headers["location"]))
    done = await send(begun.http, form, form.filled(username="ann", password="ann-password"))
    page = await begun.http.get(done.headers["location"])
    assert 'name="approve"' in page.text


async def test_max_age_zero_asks_for_a_sign_in(launch: Launcher) -> None:
    begun = launch(max_age="0")
    await begun.consent_page("ann")
    assert "/sign-in?" in (await begun.authorize()).headers["location"]


async def test_request_expires(world: World, launch: Launcher) -> None:
    begun = launch()
    answer = await begun.authorize()
    world.clock.advance(world.config.request_lifetime + 1)
    try:
        page = await begun.http.get(answer.headers["location"])
    finally:
        world.clock.advance(-world.config.request_lifetime - 1)
    assert page.status_code == 400
    assert "expired" in page.text


def test_pkce_helper_makes_a_challenge_of_the_right_length() -> None:
    assert len(pkce()[1]) == 43
