"""What an operator does: clients, users, tokens by hand, suspension, key rotation.

Everything is recorded in the store and announced there, so running servers take notice at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from smart_auth.config import AuthConfig, Clock, later, utc_now
from smart_auth.keys import KeyRing
from smart_auth.passwords import LONGEST_PASSWORD, Passwords, canonical_username
from smart_auth.records import Approval, Client, User
from smart_auth.registration import METHODS, NameTaken, RegistrationError, check_client, public_keys
from smart_auth.scopes import is_known, needs_patient, split_scopes
from smart_auth.secrets_at_rest import fingerprint, new_id, new_secret
from smart_auth.storage.protocols import Storage
from smart_auth.tokens import Tokens

_FHIR_USER = re.compile(r"(Patient|Practitioner|RelatedPerson)/[A-Za-z0-9.-]{1,64}")
_FHIR_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
OPERATOR_CLIENT = "operator"


class Administration:
    def __init__(self, config: AuthConfig, storage: Storage, clock: Clock = utc_now) -> None:
        self._config = config
        self._storage = storage
        self._clock = clock

    async def add_client(
        self,
        *,
        name: str,
        scope: str,
        kind: str,
        redirect_uris: Sequence[str] = (),
        jwks: Mapping[str, Any] | None = None,
        client_id: str | None = None,
    ) -> tuple[Client, str | None]:
        """`kind` is `public`, `secret` or `jwks`. Gives the client, and its secret this once.

        A `client_id` is given only for clients of our own, which know it before they are added.
        """
        method = METHODS.get(kind)
        if method is None or (jwks is not None) != (kind == "jwks"):
            raise RegistrationError("a client is one of: public, with a secret, with a JWKS")
        scopes = split_scopes(scope)
        check_client(name=name, method=method, redirect_uris=redirect_uris, scopes=scopes)
        secret = new_secret() if kind == "secret" else None
        client = Client(
            id=client_id or new_id(),
            name=name.strip(),
            method=method,
            redirect_uris=tuple(redirect_uris),
            scopes=scopes,
            secret_hash=fingerprint(secret) if secret else None,
            jwks=public_keys(jwks) if jwks is not None else (),
        )
        await self._storage.add_client(client)
        return client, secret

    async def suspend_client(self, client_id: str) -> bool:
        """Ends all its tokens at once; False where there is no such client."""
        found = await self._storage.set_client_suspended(client_id, True)
        await self._storage.revoke_grants_of_client(client_id)
        await self._storage.announce(f"client:{client_id}")
        return found

    async def resume_client(self, client_id: str) -> bool:
        return await self._storage.set_client_suspended(client_id, False)

    async def add_user(self, *, username: str, password: str, fhir_user: str) -> User:
        name = canonical_username(username)
        if not 0 < len(name) <= 200:
            raise RegistrationError("a user name has 1 to 200 characters")
        if not _FHIR_USER.fullmatch(fhir_user):
            raise RegistrationError(
                "a user is a Patient/ID, a Practitioner/ID or a RelatedPerson/ID"
            )
        user = User(new_id(), name, await self._hash(password), fhir_user)
        if not await self._storage.add_user(user):
            raise NameTaken(f"the user name {name!r} is taken")
        return user

    async def set_password(self, username: str, password: str) -> bool:
        """Ends the user's sessions and tokens too."""
        user = await self._storage.user_named(canonical_username(username))
        if user is None:
            return False
        await self._storage.set_password_hash(user.id, await self._hash(password))
        await self._end_everything(user)
        return True

    async def suspend_user(self, username: str) -> bool:
        """Ends sessions and tokens at once; False where there is no such user."""
        user = await self._storage.user_named(canonical_username(username))
        if user is None:
            return False
        await self._storage.set_user_suspended(user.id, True)
        await self._end_everything(user)
        return True

    async def resume_user(self, username: str) -> bool:
        user = await self._storage.user_named(canonical_username(username))
        return user is not None and await self._storage.set_user_suspended(user.id, False)

    async def revoke_grant(self, grant_id: str) -> bool:
        found = await self._storage.revoke_grant(grant_id)
        await self._storage.announce(f"grant:{grant_id}")
        return found

    async def mint_token(
        self,
        *,
        scope: str,
        patient: str | None = None,
        lifetime: int | None = None,
        fhir_user: str | None = None,
        reason: str = "minted by an operator",
    ) -> str:
        """An access token by hand; its grant stays in the store as the record of it."""
        scopes = split_scopes(scope)
        seconds = self._config.access_token_lifetime if lifetime is None else lifetime
        _check_minting(scopes, patient, seconds, fhir_user)
        now = self._clock()
        grant = Approval(
            id=new_id(),
            client_id=OPERATOR_CLIENT,
            subject=OPERATOR_CLIENT,
            user_id=None,
            scopes=scopes,
            patient=patient,
            fhir_user=fhir_user,
            created_at=now,
            # Kept for a year after its end, as the trace of what was done by hand.
            expires_at=later(now, seconds + 365 * 24 * 3600),
            minted_reason=reason,
        )
        keys = KeyRing(self._config, self._storage, self._clock)
        await keys.load()
        await self._storage.add_grant(grant)
        return Tokens(self._config, keys, self._clock).access_token(grant, scopes, seconds).text

    async def rotate_keys(self, *, compromised: bool = False) -> None:
        """New keys sign from now on; those that are compromised stop verifying at once."""
        keys = KeyRing(self._config, self._storage, self._clock)
        await keys.rotate(compromised=compromised)
        await self._storage.announce("keys")

    async def _end_everything(self, user: User) -> None:
        await self._storage.end_sessions_of(user.id)
        await self._storage.revoke_grants_of_user(user.id)
        await self._storage.announce(f"user:{user.id}")

    async def _hash(self, password: str) -> str:
        if not 0 < len(password) <= LONGEST_PASSWORD:
            raise RegistrationError(f"a password has 1 to {LONGEST_PASSWORD} characters")
        passwords = Passwords()
        try:
            return await passwords.hash(password)
        finally:
            passwords.close()


def _check_minting(
    scopes: tuple[str, ...], patient: str | None, lifetime: int, fhir_user: str | None
) -> None:
    for scope in scopes:
        if not is_known(scope):
            raise RegistrationError(f"not a scope that this server knows: {scope!r}")
    if not scopes:
        raise RegistrationError("a token needs at least one scope")
    if needs_patient(scopes) and patient is None:
        raise RegistrationError("patient/ scopes need a patient")
    if patient is not None and not _FHIR_ID.fullmatch(patient):
        raise RegistrationError(f"not a patient's id: {patient!r}")
    if any(scope.startswith("user/") for scope in scopes) and fhir_user is None:
        raise RegistrationError("user/ scopes need a FHIR user")
    if fhir_user is not None and not _FHIR_USER.fullmatch(fhir_user):
        raise RegistrationError(f"not a FHIR user: {fhir_user!r}")
    if not 0 < lifetime <= 24 * 3600:
        raise RegistrationError("a token lives 1 second to 24 hours")
