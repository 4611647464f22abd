"""Signing keys: RS256 for id_tokens (published), ES256 for access tokens (ours alone).

Private parts lie in the store encrypted (RFC 7516, A256GCM) under the operator's master key.
ES256 signs an access token four times as fast as RS256, and nobody but this server checks it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, RSAKey

from smart_auth.config import AuthConfig, Clock
from smart_auth.records import StoredKey
from smart_auth.secrets_at_rest import new_id
from smart_auth.storage.protocols import Keys

FOR_IDENTITY: Final = "id_token"
FOR_ACCESS: Final = "access_token"
ALGORITHMS: Final = {FOR_IDENTITY: "RS256", FOR_ACCESS: "ES256"}

SigningKey = RSAKey | ECKey
# A retired key verifies until no token that it signed can be alive.
_LONGEST_TOKEN_LIFE = timedelta(hours=25)


class WrongMasterKey(Exception):
    """The store's keys were encrypted under another master key."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of one use: the newest signs, all of them verify."""

    newest: SigningKey
    newest_id: str
    by_id: Mapping[str, SigningKey]


class KeyRing:
    def __init__(self, config: AuthConfig, storage: Keys, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._sealing_key = OctKey.import_key(config.derived_key("signing-keys"))
        self._sets: dict[str, KeySet] = {}

    async def load(self) -> None:
        """Reads the keys anew, making the first of each use where there is none."""
        for use in ALGORITHMS:
            stored = await self._stored(use)
            if not any(key.retired_at is None for key in stored):
                await self._add(use, _next_generation(stored))
                stored = await self._stored(use)
            self._sets[use] = self._key_set(stored)

    async def rotate(self, *, compromised: bool = False) -> None:
        """New keys sign from now on. Old ones go on verifying unless they are compromised."""
        for use in ALGORITHMS:
            old = await self._stored(use)
            await self._add(use, _next_generation(old))
            for key in old:
                if compromised:
                    await self._storage.remove_key(key.id)
                elif key.retired_at is None:
                    await self._storage.retire_key(key.id, self._clock())
        await self.load()

    def signing(self, use: str) -> tuple[str, SigningKey]:
        keys = self._sets[use]
        return keys.newest_id, keys.newest

    def verifying(self, use: str, key_id: str) -> SigningKey | None:
        return self._sets[use].by_id.get(key_id)

    def published(self) -> dict[str, Any]:
        """RFC 7517 section 5, public members only."""
        keys = self._sets[FOR_IDENTITY].by_id
        return {
            "keys": [
                {
                    **key.as_dict(private=False),
                    "kid": key_id,
                    "use": "sig",
                    "alg": ALGORITHMS[FOR_IDENTITY],
                }
                for key_id, key in keys.items()
            ]
        }

    async def _stored(self, use: str) -> list[StoredKey]:
        return [key for key in await self._storage.keys() if key.use == use]

    def _key_set(self, stored: list[StoredKey]) -> KeySet:
        long_ago = self._clock() - _LONGEST_TOKEN_LIFE
        usable = [key for key in stored if key.retired_at is None or key.retired_at > long_ago]
        opened = {key.id: self._open(key) for key in usable}
        active = max((key for key in stored if key.retired_at is None), key=_generation)
        return KeySet(opened[active.id], active.id, opened)

    async def _add(self, use: str, generation: int) -> None:
        key = RSAKey.generate_key(2048) if use == FOR_IDENTITY else ECKey.generate_key("P-256")
        private = json.dumps(key.as_dict(private=True)).encode()
        key_id = new_id()
        protected = {"alg": "dir", "enc": "A256GCM", "kid": key_id}
        await self._storage.add_key(
            StoredKey(
                id=key_id,
                use=use,
                slot=f"{use}:{generation}",
                public=dict(key.as_dict(private=False)),
                sealed=jwe.encrypt_compact(protected, private, self._sealing_key),
                created_at=self._clock(),
            )
        )

    def _open(self, stored: StoredKey) -> SigningKey:
        try:
            private = jwe.decrypt_compact(stored.sealed, self._sealing_key).plaintext
        except JoseError as failure:
            raise WrongMasterKey(
                "the signing keys in this store were encrypted under another master key"
            ) from failure
        members = json.loads(private or b"")
        kind = RSAKey if stored.use == FOR_IDENTITY else ECKey
        return kind.import_key(members)


def _generation(key: StoredKey) -> int:
    return int(key.slot.rpartition(":")[2])


def _next_generation(keys: Iterable[StoredKey]) -> int:
    return max((_generation(key) for key in keys), default=-1) + 1
