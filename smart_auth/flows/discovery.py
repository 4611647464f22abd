"""What apps learn about us before they begin: SMART configuration, OpenID discovery, our keys.

https://hl7.org/fhir/smart-app-launch/conformance.html. It lists what works and nothing else.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from smart_auth.answers import public_document
from smart_auth.client_assertion import ASSERTION_ALGORITHMS
from smart_auth.config import AuthConfig
from smart_auth.keys import ALGORITHMS, FOR_IDENTITY, KeyRing

_CAPABILITIES = [
    "launch-standalone",
    "authorize-post",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-standalone-patient",
    "permission-offline",
    "permission-online",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
]
_SCOPES = [
    "openid",
    "fhirUser",
    "launch/patient",
    "offline_access",
    "online_access",
    "patient/*.cruds",
    "user/*.cruds",
    "system/*.cruds",
]


class Discovery:
    def __init__(self, config: AuthConfig, keys: KeyRing) -> None:
        self._config = config
        self._keys = keys

    def _shared(self) -> dict[str, Any]:
        url = self._config.url
        methods = ["client_secret_basic", "private_key_jwt"]
        algorithms = list(ASSERTION_ALGORITHMS)
        return {
            "issuer": self._config.issuer,
            "jwks_uri": url("jwks"),
            "authorization_endpoint": url("authorize"),
            "token_endpoint": self._config.token_url,
            "introspection_endpoint": url("introspect"),
            "revocation_endpoint": url("revoke"),
            "token_endpoint_auth_methods_supported": [*methods, "none"],
            "token_endpoint_auth_signing_alg_values_supported": algorithms,
            "introspection_endpoint_auth_methods_supported": methods,
            "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
            "revocation_endpoint_auth_methods_supported": [*methods, "none"],
            "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
            "grant_types_supported": [
                "authorization_code",
                "refresh_token",
                "client_credentials",
            ],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "scopes_supported": list(_SCOPES),
            "code_challenge_methods_supported": ["S256"],
        }

    def smart_configuration(self) -> dict[str, Any]:
        return {**self._shared(), "capabilities": list(_CAPABILITIES)}

    def openid_configuration(self) -> dict[str, Any]:
        """OpenID Connect Discovery 1.0 section 3."""
        return {
            **self._shared(),
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHMS[FOR_IDENTITY]],
            "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nonce", "fhirUser"],
            "request_uri_parameter_supported": False,
        }

    async def serve_openid_configuration(self, _: Request) -> Response:
        return public_document(self.openid_configuration())

    async def serve_keys(self, _: Request) -> Response:
        return public_document(self._keys.published())
