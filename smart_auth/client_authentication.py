"""Who is the client? RFC 6749 section 2.3 and SMART's asymmetric authentication (RFC 7523).

Methods: `none` for public clients, `client_secret_basic`, and `private_key_jwt` with RS384 or
ES384. A client has exactly one of them and cannot fall back to another.
"""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_plus

from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError
from starlette.requests import Request

from smart_auth.client_assertion import ASSERTION_TYPE, checked_assertion, claimed_client
from smart_auth.config import AuthConfig, Clock
from smart_auth.parameters import Parameters
from smart_auth.records import Client
from smart_auth.secrets_at_rest import fingerprint, same
from smart_auth.storage.protocols import Clients, UsedAssertions


def refused(description: str = "client authentication failed") -> InvalidClientError:
    return InvalidClientError(description, status_code=401)


class ClientAuthentication:
    def __init__(
        self, config: AuthConfig, clients: Clients, assertions: UsedAssertions, clock: Clock
    ) -> None:
        self._token_url = config.token_url
        self._clients = clients
        self._assertions = assertions
        self._clock = clock

    async def authenticate(
        self, request: Request, form: Parameters, *, owner: str | None = None
    ) -> Client:
        """`owner`: the public client that the presented token belongs to, if none is named."""
        basic = _basic_credentials(request)
        assertion = form.get("client_assertion")
        _refuse_several_methods(form, basic is not None, assertion is not None)
        if assertion is not None:
            return await self._by_assertion(form, assertion)
        if basic is not None:
            return await self._by_secret(form, *basic)
        return await self._public(form.get("client_id") or owner)

    async def confirm(self, client: Client) -> None:
        """A suspension marks the client and then revokes its grants; one that came while a grant
        was made either saw that grant or is seen here."""
        await self._known(client.id, client.method)

    async def _by_secret(self, form: Parameters, client_id: str, secret: str) -> Client:
        client = await self._known(client_id, "client_secret_basic")
        if form.get("client_id") not in (None, client_id):
            raise InvalidRequestError("client_id does not agree with the Authorization header")
        if not same(client.secret_hash or "", fingerprint(secret)):
            raise refused()
        return client

    async def _by_assertion(self, form: Parameters, assertion: str) -> Client:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise InvalidRequestError(f"client_assertion_type must be {ASSERTION_TYPE}")
        client_id = claimed_client(assertion)
        # RFC 7521 section 4.2: a client_id beside the assertion must name the same client.
        if client_id is None or form.get("client_id") not in (None, client_id):
            raise refused("the client assertion does not name this client")
        client = await self._known(client_id, "private_key_jwt")
        checked = checked_assertion(assertion, client, self._token_url, self._clock())
        if isinstance(checked, str):
            raise refused(checked)
        # SMART: the jti must not have been seen before, within the assertion's lifetime.
        if not await self._assertions.first_use(checked.use_id, checked.remember_until):
            raise refused("the client assertion was used before")
        return client

    async def _public(self, client_id: str | None) -> Client:
        if client_id is None:
            raise refused("the client is not named")
        return await self._known(client_id, "none")

    async def _known(self, client_id: str, method: str) -> Client:
        client = await self._clients.client(client_id)
        if client is None or client.suspended or client.method != method:
            raise refused()
        return client


def _basic_credentials(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError) as failure:
        raise refused() from failure
    name, colon, secret = text.partition(":")
    if not (name and colon and secret):
        raise refused()
    # RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
    return unquote_plus(name), unquote_plus(secret)


def _refuse_several_methods(form: Parameters, basic: bool, assertion: bool) -> None:
    # RFC 6749 section 2.3: "MUST NOT use more than one authentication method in each request".
    in_body = form.get("client_secret") is not None
    if basic + assertion + in_body > 1:
        raise InvalidRequestError("more than one way of client authentication")
    if in_body:
        raise refused("a client secret goes into the Authorization header")
    if form.get("client_assertion_type") is not None and not assertion:
        raise refused("the client assertion is missing")
