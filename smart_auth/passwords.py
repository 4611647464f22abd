"""Passwords: argon2id (RFC 9106) off the event loop, and throttled guessing.

An unknown name costs the same time and gives the same answer as a wrong password, and counts
towards the same limits, so nothing tells which names exist.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from smart_auth.config import AuthConfig, Clock, later
from smart_auth.records import User
from smart_auth.secrets_at_rest import fingerprint
from smart_auth.storage.protocols import SignInFailures, Users

LONGEST_PASSWORD = 1024
_LONGEST_NAME = 200
_THREADS = 2
_MOST_WAITING = 64
# An address may stand for a whole household or clinic.
_ADDRESS_FACTOR = 10
_LONGEST_WAIT = 300


@dataclass(frozen=True, slots=True)
class Throttled(Exception):
    retry_after: int


class Passwords:
    """OWASP's argon2id parameters: 19 MiB, two passes, one lane; about 35 ms of one core."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="argon2")
        self._waiting = 0
        self._nobody = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._hasher.hash, password)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Takes the same time where there is no hash to compare with."""
        if self._waiting >= _MOST_WAITING:
            raise Throttled(2)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._verify, password_hash, password)
        finally:
            self._waiting -= 1

    def _verify(self, password_hash: str | None, password: str) -> bool:
        try:
            self._hasher.verify(password_hash or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class SignIns:
    """Decides who signs in. Only failures are counted, by name and by address."""

    def __init__(
        self,
        config: AuthConfig,
        users: Users,
        failures: SignInFailures,
        passwords: Passwords,
        clock: Clock,
    ) -> None:
        self._config = config
        self._users = users
        self._failures = failures
        self._passwords = passwords
        self._clock = clock

    async def check(self, username: str, password: str, address: str) -> User | None:
        """The user, or None; raises `Throttled` before it looks at anything."""
        name = canonical_username(username)
        free = self._config.free_sign_in_failures
        limits = {
            f"name:{fingerprint(name)}": free,
            f"address:{fingerprint(address)}": free * _ADDRESS_FACTOR,
        }
        for key, free in limits.items():
            await self._refuse_too_many(key, free)
        possible = len(name) <= _LONGEST_NAME and len(password) <= LONGEST_PASSWORD
        user = await self._users.user_named(name) if possible else None
        right = await self._passwords.verify(
            user.password_hash if user else None, password[:LONGEST_PASSWORD]
        )
        if user is None or not right or user.suspended:
            await self._count(list(limits))
            return None
        await self._failures.forget_failures(next(iter(limits)))
        return user

    async def _refuse_too_many(self, key: str, free: int) -> None:
        found = await self._failures.failures(key)
        if found is None or found.purge_at <= self._clock():
            return
        wait = seconds_to_wait(found.count, free, found.last_at, self._clock())
        if wait > 0:
            raise Throttled(wait)

    async def _count(self, keys: list[str]) -> None:
        now = self._clock()
        forgotten = later(now, self._config.sign_in_failure_window)
        for key in keys:
            await self._failures.add_failure(key, now, forgotten)


def seconds_to_wait(failures: int, free: int, last_at: datetime, now: datetime) -> int:
    """1, 2, 4, … seconds after the last failure once the free ones are spent."""
    if failures < free:
        return 0
    wait = min(2 ** min(failures - free, 20), _LONGEST_WAIT)
    passed = (now - last_at).total_seconds()
    return max(0, round(wait - passed + 0.5)) if passed < wait else 0


def canonical_username(username: str) -> str:
    return username.strip().casefold()
