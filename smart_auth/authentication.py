"""From a bearer token to a `Grant`: checked once, then remembered until a change is heard of.

The contract: revocation, suspension and changes of keys bind at once on the worker that made them
and within a second on every other; a worker that cannot hear of changes for two seconds asks the
store instead of its cache.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from datetime import datetime, timedelta

from smart_auth.config import AuthConfig
from smart_auth.grant import Grant
from smart_auth.keys import KeyRing
from smart_auth.storage.protocols import Changes, Grants, StorageUnavailable
from smart_auth.tokens import InvalidToken, Tokens

# A change becomes visible shortly after the store's clock stamped it, and a new primary's clock
# may be a little behind: each look reaches back this far, and applying a change twice is harmless.
_OVERLAP = timedelta(seconds=10)


class TokenCache:
    """The least recently used go first. `generation` tells whether a change came in between."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._grants: OrderedDict[str, Grant] = OrderedDict()
        self.generation = 0

    def get(self, token: str) -> Grant | None:
        grant = self._grants.get(token)
        if grant is not None:
            self._grants.move_to_end(token)
        return grant

    def put(self, token: str, grant: Grant, generation: int) -> None:
        if generation != self.generation:
            return
        self._grants[token] = grant
        if len(self._grants) > self._size:
            self._grants.popitem(last=False)

    def drop(self, token: str) -> None:
        self._grants.pop(token, None)

    def forget(self, change: str) -> None:
        """Whatever the change may have touched: one grant, or everything."""
        self.generation += 1
        kind, _, name = change.partition(":")
        if kind != "grant":
            self._grants.clear()
            return
        for token in [token for token, held in self._grants.items() if held.grant_id == name]:
            del self._grants[token]


class ChangeListener:
    """Announces this worker's changes and hears of the others'."""

    def __init__(
        self, config: AuthConfig, storage: Changes, keys: KeyRing, cache: TokenCache
    ) -> None:
        self._interval = config.change_poll_interval
        self._patience = config.change_patience
        self._storage = storage
        self._keys = keys
        self._cache = cache
        self._newest: datetime | None = None
        self._seen: dict[str, datetime] = {}
        self._heard_at = float("-inf")
        self._task: asyncio.Task[None] | None = None

    @property
    def is_current(self) -> bool:
        return time.monotonic() - self._heard_at < self._patience

    async def start(self) -> None:
        await self._listen_once()
        self._task = asyncio.create_task(self._listen(), name="smart-auth changes")

    async def stop(self) -> None:
        if self._task is not None:
            # More than once: `asyncio.wait_for` of Python 3.11, which PyMongo sends by, forgets a
            # cancellation that comes in the moment in which it ends.
            while not self._task.done():
                self._task.cancel()
                await asyncio.wait({self._task}, timeout=1)
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def announce(self, change: str) -> None:
        """Binds here before it binds elsewhere, and here even if it cannot be told."""
        await self._apply(change)
        await self._storage.announce(change)

    async def _listen(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            # Silence is noticed by `is_current`; the next round tries again.
            with contextlib.suppress(StorageUnavailable):
                await self._listen_once()

    async def _listen_once(self) -> None:
        asked_at = time.monotonic()
        since = None if self._newest is None else self._newest - _OVERLAP
        for change in await self._storage.changes_since(since):
            if self._seen.get(change.id) != change.at:
                await self._apply(change.id)
                self._seen[change.id] = change.at
            self._newest = max(self._newest or change.at, change.at)
        if since is not None:
            self._seen = {name: at for name, at in self._seen.items() if at >= since}
        self._heard_at = asked_at

    async def _apply(self, change: str) -> None:
        self._cache.forget(change)
        if change == "keys":
            await self._keys.load()
            self._cache.forget(change)


class TokenCheck:
    def __init__(
        self, tokens: Tokens, grants: Grants, cache: TokenCache, listener: ChangeListener
    ) -> None:
        self._tokens = tokens
        self._grants = grants
        self._cache = cache
        self._listener = listener

    async def authenticate(self, token: str) -> Grant:
        """Raises `InvalidToken`; `StorageUnavailable` where the store must be asked and is gone."""
        held = self._cache.get(token)
        if held is not None and self._listener.is_current:
            self._tokens.check_expiry(held)
            return held
        generation = self._cache.generation
        grant = self._tokens.read(token)
        approval = await self._grants.grant(grant.grant_id)
        if approval is None or approval.revoked:
            self._cache.drop(token)
            raise InvalidToken("the access token has been revoked")
        self._cache.put(token, grant, generation)
        return grant
