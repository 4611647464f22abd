"""Ending a grant: recorded first, then announced to every worker."""

from __future__ import annotations

from smart_auth.authentication import ChangeListener
from smart_auth.storage.protocols import Grants


class Revoker:
    def __init__(self, grants: Grants, listener: ChangeListener) -> None:
        self._grants = grants
        self._listener = listener

    async def revoke(self, grant_id: str) -> bool:
        """False where there is no such grant."""
        found = await self._grants.revoke_grant(grant_id)
        await self._listener.announce(f"grant:{grant_id}")
        return found
