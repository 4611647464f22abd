"""The authorization endpoint (RFC 6749 section 4.1.1, SMART App Launch), by GET and form POST.

A request is checked and put aside under an id of its own; the pages that follow carry that id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote, urlencode

from authlib.oauth2.rfc6749.errors import (
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
    UnsupportedResponseTypeError,
)
from authlib.oidc.core.errors import ConsentRequiredError, LoginRequiredError
from starlette.requests import Request
from starlette.responses import Response

from smart_auth.config import AuthConfig, Clock, later
from smart_auth.directory import ScopeRules
from smart_auth.flows.sessions import BrowserSessions
from smart_auth.pages import PageError, Pages
from smart_auth.parameters import Parameters, read_form, read_query
from smart_auth.records import AuthorizationRequest, Client
from smart_auth.scopes import SPECIAL_SCOPES, covers, split_scopes
from smart_auth.secrets_at_rest import new_id
from smart_auth.storage.protocols import AuthorizationRequests, Clients

_CHALLENGE_LENGTH = 43  # of a base64url SHA-256
_LONGEST_ECHO = 4096
_MOST_SCOPES = 200


class RequestStore(Clients, AuthorizationRequests, Protocol):
    """What this flow needs to keep and know."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose client and redirect URI are known and may be answered by redirect."""

    parameters: Parameters
    client: Client
    redirect_uri: str

    @property
    def state(self) -> str | None:
        return self.parameters.get("state")


class AuthorizeEndpoint:
    def __init__(
        self,
        config: AuthConfig,
        storage: RequestStore,
        sessions: BrowserSessions,
        rules: ScopeRules,
        pages: Pages,
        clock: Clock,
    ) -> None:
        self._config = config
        self._storage = storage
        self._sessions = sessions
        self._rules = rules
        self._pages = pages
        self._clock = clock

    async def __call__(self, request: Request) -> Response:
        try:
            post = request.method == "POST"
            parameters = await read_form(request) if post else read_query(request)
        except OAuth2Error as failure:
            raise PageError("The app sent a request that cannot be read.") from failure
        asked = await self._asked(parameters)
        try:
            pending = self._checked(asked)
            return await self._go_on(request, asked, pending)
        except OAuth2Error as failure:
            url = error_url(asked.redirect_uri, failure, asked.state)
            return self._pages.redirect(url)

    async def _asked(self, parameters: Parameters) -> Asked:
        """RFC 6749 section 4.1.2.1: without a valid client and redirect URI the server "MUST NOT
        automatically redirect the user-agent"."""
        if parameters.repeated & {"client_id", "redirect_uri"}:
            raise PageError("The app sent a request that cannot be read.")
        client = await self._storage.client(parameters.get("client_id") or "")
        if client is None or client.suspended or client.is_backend:
            raise PageError("The app that sent you here is not registered with us.")
        # RFC 9700 section 2.1: "exact string matching".
        redirect_uri = parameters.get("redirect_uri")
        if redirect_uri is None or redirect_uri not in client.redirect_uris:
            raise PageError("The app wants your answer at an address that is not registered.")
        return Asked(parameters, client, redirect_uri)

    def _checked(self, asked: Asked) -> AuthorizationRequest:
        check_parameters(asked.parameters, self._config.base_url)
        scopes = offered_scopes(asked, self._rules)
        now = self._clock()
        parameters = asked.parameters
        return AuthorizationRequest(
            id=new_id(),
            client_id=asked.client.id,
            redirect_uri=asked.redirect_uri,
            scopes=scopes,
            state=parameters.get("state"),
            nonce=parameters.get("nonce"),
            code_challenge=parameters.get("code_challenge") or "",
            sign_in_after=_sign_in_after(parameters, now),
            expires_at=later(now, self._config.request_lifetime),
        )

    async def _go_on(
        self, request: Request, asked: Asked, pending: AuthorizationRequest
    ) -> Response:
        signed_in = await self._sessions.current(request, pending.sign_in_after)
        if asked.parameters.get("prompt") == "none":
            # OpenID Connect Core section 3.1.2.6; approvals are never remembered.
            raise ConsentRequiredError if signed_in else LoginRequiredError
        await self._storage.add_request(pending)
        return self._pages.go_to("consent" if signed_in else "sign-in", pending.id)


def check_parameters(parameters: Parameters, base_url: str) -> None:
    """What must hold of a request besides client and redirect URI; raises what to redirect with."""
    parameters.refuse_repeated()
    response_type = parameters.get("response_type")
    if response_type is None:
        raise InvalidRequestError("response_type is missing")
    if response_type != "code":
        raise UnsupportedResponseTypeError("", "only the response type code is supported")
    if parameters.get("response_mode") not in (None, "query"):
        raise InvalidRequestError("only the response mode query is supported")
    if parameters.get("request") or parameters.get("request_uri"):
        raise InvalidRequestError("request objects are not supported")
    if parameters.get("launch"):
        raise InvalidRequestError("the launch is not known")
    # SMART: "aud: URL of the EHR resource server from which the app wishes to retrieve FHIR data";
    # a token for a counterfeit server must not leave here.
    if (parameters.get("aud") or "").removesuffix("/") != base_url:
        raise InvalidRequestError("aud must be the base URL of this FHIR server")
    _check_challenge(parameters)
    for name in ("state", "nonce"):
        if len(parameters.get(name) or "") > _LONGEST_ECHO:
            raise InvalidRequestError(f"{name} is too long")
    prompts = (parameters.get("prompt") or "").split()
    if "none" in prompts and len(prompts) > 1:
        raise InvalidRequestError("prompt=none stands alone")


def _check_challenge(parameters: Parameters) -> None:
    # SMART: servers "SHALL support the S256 code_challenge_method" and "SHALL NOT" support plain.
    if parameters.get("code_challenge_method") != "S256":
        raise InvalidRequestError("code_challenge_method must be S256")
    challenge = parameters.get("code_challenge") or ""
    allowed = challenge.isascii() and challenge.replace("-", "").replace("_", "").isalnum()
    if len(challenge) != _CHALLENGE_LENGTH or not allowed:
        raise InvalidRequestError("code_challenge must be a base64url SHA-256")


def offered_scopes(asked: Asked, rules: ScopeRules) -> tuple[str, ...]:
    """Of the requested scopes those that are registered and enforceable, exactly as written."""
    requested = split_scopes(asked.parameters.get("scope") or "")
    if len(requested) > _MOST_SCOPES:
        raise InvalidScopeError("too many scopes")
    offered = tuple(
        scope
        for scope in requested
        # system/ scopes are for services that no user stands behind.
        if not scope.startswith("system/")
        and covers(asked.client.scopes, scope)
        and (scope in SPECIAL_SCOPES or rules.enforceable(scope))
    )
    if not offered:
        raise InvalidScopeError("none of the scopes can be granted to this client")
    return offered


def _sign_in_after(parameters: Parameters, now: datetime) -> datetime | None:
    """OpenID Connect Core section 3.1.2.1: `prompt=login` and `max_age`."""
    if "login" in (parameters.get("prompt") or "").split():
        return now
    max_age = parameters.get("max_age")
    if max_age is None:
        return None
    if not (max_age.isascii() and max_age.isdigit() and len(max_age) < 10):
        raise InvalidRequestError("max_age must be a number of seconds")
    return now - timedelta(seconds=int(max_age))


def answer_url(redirect_uri: str, answer: dict[str, str], state: str | None) -> str:
    """The redirect URI with the answer added; its own query is kept (RFC 6749 section 3.1.2).

    It has no `iss` (RFC 9207): in SMART that parameter is the FHIR base of a launch, which our
    issuer is not, and the SMART JavaScript client takes it for that when it signs in again.
    """
    values = {**answer, **({} if state is None else {"state": state})}
    separator = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{separator}{urlencode(values, quote_via=quote)}"


def error_url(redirect_uri: str, failure: OAuth2Error, state: str | None) -> str:
    answer = {"error": failure.error or "invalid_request"}
    if failure.description:
        answer["error_description"] = failure.description
    return answer_url(redirect_uri, answer, state)
