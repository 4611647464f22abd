"""The composition root of the authorization server: every part, explicitly put together."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from smart_auth.answers import json_route
from smart_auth.authentication import ChangeListener, TokenCache, TokenCheck
from smart_auth.client_authentication import ClientAuthentication
from smart_auth.config import AuthConfig, Clock, utc_now
from smart_auth.directory import Directory, ScopeRules
from smart_auth.flows.authorization_code import AuthorizationCodeGrant
from smart_auth.flows.authorize import AuthorizeEndpoint
from smart_auth.flows.client_credentials import ClientCredentialsGrant
from smart_auth.flows.consent import ConsentPage
from smart_auth.flows.discovery import Discovery
from smart_auth.flows.introspection import IntrospectionEndpoint
from smart_auth.flows.issuing import TokenIssuer
from smart_auth.flows.presented import PresentedTokens
from smart_auth.flows.refresh_token import RefreshTokenGrant
from smart_auth.flows.revocation import RevocationEndpoint
from smart_auth.flows.revoking import Revoker
from smart_auth.flows.sessions import BrowserSessions
from smart_auth.flows.sign_in import SignInPage
from smart_auth.flows.token import TokenEndpoint
from smart_auth.grant import Grant
from smart_auth.keys import KeyRing
from smart_auth.pages import Pages
from smart_auth.passwords import Passwords, SignIns
from smart_auth.storage.protocols import Storage
from smart_auth.tokens import Tokens


class AuthorizationServer:
    def __init__(
        self,
        config: AuthConfig,
        storage: Storage,
        directory: Directory,
        scope_rules: ScopeRules,
        clock: Clock = utc_now,
    ) -> None:
        self._config = config
        self._storage = storage
        self._clock = clock
        self._directory = directory
        self._rules = scope_rules
        self._keys = KeyRing(config, storage, clock)
        self._tokens = Tokens(config, self._keys, clock)
        cache = TokenCache(config.token_cache_size)
        self._listener = ChangeListener(config, storage, self._keys, cache)
        self._check = TokenCheck(self._tokens, storage, cache, self._listener)
        self._passwords = Passwords()
        self._discovery = Discovery(config, self._keys)
        self.routes: list[Route] = [*self._page_routes(), *self._json_routes()]

    async def start(self) -> None:
        """Before the first request, inside the event loop that will serve it."""
        await self._storage.prepare()
        await self._keys.load()
        await self._listener.start()

    async def stop(self) -> None:
        """Ends what `start` began; the storage is closed by whoever opened it."""
        await self._listener.stop()
        self._passwords.close()

    async def authenticate(self, token: str) -> Grant:
        """What the bearer of this token was given. Raises `InvalidToken`, and
        `StorageUnavailable` where the store has to be asked and cannot be reached."""
        return await self._check.authenticate(token)

    def smart_configuration(self) -> dict[str, Any]:
        return self._discovery.smart_configuration()

    def openid_configuration(self) -> dict[str, Any]:
        return self._discovery.openid_configuration()

    def _page_routes(self) -> list[Route]:
        config, storage, clock, rules = self._config, self._storage, self._clock, self._rules
        pages = Pages(config)
        sessions = BrowserSessions(config, storage, pages, clock)
        sign_ins = SignIns(config, storage, storage, self._passwords, clock)
        authorize = AuthorizeEndpoint(config, storage, sessions, rules, pages, clock)
        sign_in = SignInPage(storage, sign_ins, sessions, pages, clock)
        consent = ConsentPage(config, storage, sessions, self._directory, rules, pages, clock)
        both = ["GET", "POST"]
        return [
            pages.route(f"{config.mount}/authorize", both, authorize),
            pages.route(f"{config.mount}/sign-in", both, sign_in),
            pages.route(f"{config.mount}/consent", both, consent),
            pages.route(f"{config.mount}/style.css", ["GET"], pages.style),
        ]

    def _json_routes(self) -> list[Route]:
        config, storage, clock = self._config, self._storage, self._clock
        revoker = Revoker(storage, self._listener)
        issuer = TokenIssuer(config, self._tokens, storage, storage, clock)
        presented = PresentedTokens(self._check, storage, storage, clock)
        clients = ClientAuthentication(config, storage, storage, clock)
        token = TokenEndpoint(
            {
                "authorization_code": AuthorizationCodeGrant(
                    clients, storage, storage, issuer, revoker, clock
                ),
                "refresh_token": RefreshTokenGrant(
                    clients, storage, storage, storage, issuer, revoker, clock
                ),
                "client_credentials": ClientCredentialsGrant(
                    config, clients, storage, issuer, self._rules, clock
                ),
            }
        )
        introspect = IntrospectionEndpoint(config, clients, self._check, presented)
        revoke = RevocationEndpoint(clients, presented, revoker)
        discovery = self._discovery
        openid = "/.well-known/openid-configuration"
        return [
            json_route(f"{config.mount}/token", "POST", token),
            json_route(f"{config.mount}/introspect", "POST", introspect),
            json_route(f"{config.mount}/revoke", "POST", revoke),
            json_route(f"{config.mount}/jwks", "GET", discovery.serve_keys),
            json_route(openid, "GET", discovery.serve_openid_configuration),
        ]
