"""SMART Backend Services: the client credentials grant (RFC 6749 section 4.4).

https://hl7.org/fhir/smart-app-launch/backend-services.html
"""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749.errors import InvalidScopeError, UnauthorizedClientError
from starlette.requests import Request

from smart_auth.client_authentication import ClientAuthentication
from smart_auth.config import AuthConfig, Clock, later
from smart_auth.directory import ScopeRules
from smart_auth.flows.issuing import TokenIssuer
from smart_auth.parameters import Parameters
from smart_auth.records import Approval, Client
from smart_auth.scopes import covers, split_scopes
from smart_auth.secrets_at_rest import new_id
from smart_auth.storage.protocols import Grants


class ClientCredentialsGrant:
    def __init__(
        self,
        config: AuthConfig,
        authentication: ClientAuthentication,
        grants: Grants,
        issuer: TokenIssuer,
        rules: ScopeRules,
        clock: Clock,
    ) -> None:
        self._config = config
        self._authentication = authentication
        self._grants = grants
        self._issuer = issuer
        self._rules = rules
        self._clock = clock

    async def answer(self, request: Request, form: Parameters) -> dict[str, Any]:
        client = await self._authentication.authenticate(request, form)
        scopes = service_scopes(client, form.get("scope"), self._rules)
        now = self._clock()
        grant = Approval(
            id=new_id(),
            client_id=client.id,
            subject=client.id,
            user_id=None,
            scopes=scopes,
            patient=None,
            fhir_user=None,
            created_at=now,
            expires_at=later(now, self._config.backend_token_lifetime),
        )
        await self._grants.add_grant(grant)
        await self._authentication.confirm(client)
        return await self._issuer.for_service(grant)


def service_scopes(client: Client, asked: str | None, rules: ScopeRules) -> tuple[str, ...]:
    # "The client credentials grant type MUST only be used by confidential clients", and here by
    # those that no user stands behind.
    if client.method == "none" or not client.is_backend:
        raise UnauthorizedClientError("only a backend service may use this grant type")
    granted = tuple(
        scope
        for scope in split_scopes(asked or "")
        if scope.startswith("system/") and covers(client.scopes, scope) and rules.enforceable(scope)
    )
    if not granted:
        raise InvalidScopeError("ask for system scopes that this client is registered for")
    return granted
