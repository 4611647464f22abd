"""From the bearer token of a request to a store that sees with its rights (RFC 6750)."""

from __future__ import annotations

from functools import lru_cache

from starlette.types import Scope

from fhir_server.access.grant import grant_access
from fhir_server.http.head import Head
from fhir_server.outcome import Category, FhirError, error
from fhir_server.search.catalogue import Catalogue
from fhir_server.store import Database, FhirStore
from smart_auth.grant import Grant
from smart_auth.server import AuthorizationServer
from smart_auth.storage import StorageUnavailable
from smart_auth.tokens import InvalidToken

_CHALLENGE = 'Bearer realm="fhir"'


class BearerGate:
    """Admits requests that carry an access token of our authorization server, and no others."""

    def __init__(self, auth: AuthorizationServer, database: Database) -> None:
        self._auth = auth
        self._database = database

        @lru_cache(maxsize=4096)
        def store_of(grant: Grant, catalogue: Catalogue) -> FhirStore:
            return FhirStore(database, grant_access(grant, catalogue))

        self._store_of = store_of

    async def admit(self, scope: Scope, head: Head) -> FhirStore:
        """Raises LOGIN, with the challenge that RFC 6750 section 3 wants."""
        scheme, _, token = (head.get(b"authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _login("Send an access token: Authorization: Bearer …", _CHALLENGE)
        try:
            grant = await self._auth.authenticate(token.strip())
        except StorageUnavailable:
            raise error(
                Category.UNAVAILABLE,
                "The token cannot be checked at the moment.",
                headers={"retry-after": "1"},
            ) from None
        except InvalidToken as problem:
            raise _login(
                f"The access token is not good: {problem.description}.",
                f'{_CHALLENGE}, error="invalid_token"',
            ) from None
        scope.setdefault("state", {})["client_id"] = grant.client_id
        await self._database.keep_up()
        return self._store_of(grant, self._database.catalogue)


def _login(diagnostics: str, challenge: str) -> FhirError:
    return error(Category.LOGIN, diagnostics, headers={"www-authenticate": challenge})
