"""Random input to whatever reads input: refused in its own way, never an accident (K1)."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey

from smart_auth.client_assertion import CheckedAssertion, checked_assertion, claimed_client
from smart_auth.parameters import Parameters
from smart_auth.records import Client
from smart_auth.redirect_uris import redirect_uri_problem
from smart_auth.registration import RegistrationError, public_keys
from tests.smart_auth.world import encoded

KEY = ECKey.generate_key("P-384", {"kid": "k"})
CLIENT = Client("c", "C", "private_key_jwt", (), (), jwks=public_keys({"keys": [KEY.as_dict()]}))
NOW = datetime.now(UTC)
GOOD = {"iss": "c", "sub": "c", "aud": "t", "jti": "j", "exp": int(NOW.timestamp()) + 60}
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@given(st.text(max_size=200))
def test_parameters(text: str) -> None:
    with contextlib.suppress(InvalidRequestError):
        parameters = Parameters(text)
        for name in parameters.repeated:
            assert "\0" not in name


@given(st.text(max_size=200))
def test_assertions_of_any_text(text: str) -> None:
    assert isinstance(checked_assertion(text, CLIENT, "t", NOW), str)
    claimed_client(text)


@given(_json, _json)
def test_assertions_of_any_json(header: Any, claims: Any) -> None:
    parts = (encoded(json.dumps(part).encode()) for part in (header, claims, 0))
    assertion = ".".join(parts)
    assert isinstance(checked_assertion(assertion, CLIENT, "t", NOW), str)
    claimed_client(assertion)


def signed(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "ES384", "kid": "k"}, claims, KEY, ["ES384"])


def test_a_good_assertion_is_accepted() -> None:
    assert isinstance(checked_assertion(signed(GOOD), CLIENT, "t", NOW), CheckedAssertion)


@given(st.sampled_from(sorted(GOOD)), _json)
def test_b4_signed_claims_of_any_type(name: str, value: Any) -> None:
    checked = checked_assertion(signed({**GOOD, name: value}), CLIENT, "t", NOW)
    if isinstance(checked, CheckedAssertion):  # the claim happened to be right as well
        assert value == GOOD[name] or name in ("jti", "exp") or "t" in value


@given(_json)
def test_jwks_of_any_json(value: Any) -> None:
    with pytest.raises(RegistrationError):
        public_keys({"keys": value})
    with pytest.raises(RegistrationError):
        public_keys({"keys": [{"kty": "EC", "kid": "k", "crv": "P-384", "x": value, "y": "AA"}]})


@given(st.text(max_size=60))
def test_redirect_uris_of_any_text(text: str) -> None:
    for uri in (text, "https://" + text, "http://127.0.0.1" + text, "app.x:" + text):
        problem = redirect_uri_problem(uri)
        assert problem or all(33 <= ord(letter) < 127 for letter in uri)
