"""A backend service's key and its signed assertions (SMART client-confidential-asymmetric)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey, KeyParameters, RSAKey


@dataclass(frozen=True)
class ServiceKey:
    algorithm: str
    key: RSAKey | ECKey

    @classmethod
    def generate(cls, algorithm: str) -> ServiceKey:
        options: KeyParameters = {"kid": uuid4().hex}
        if algorithm == "RS384":
            return cls(algorithm, RSAKey.generate_key(2048, options))
        return cls(algorithm, ECKey.generate_key("P-384", options))

    @property
    def jwks(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}

    def assertion(self, client_id: str, token_url: str) -> str:
        header = {"alg": self.algorithm, "kid": self.key.kid, "typ": "JWT"}
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": token_url,
            "exp": int(time.time()) + 120,
            "jti": uuid4().hex,
        }
        return jwt.encode(header, claims, self.key, algorithms=[self.algorithm])
