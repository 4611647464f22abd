"""Indexing by search parameters that is left to be done: whoever was at it ended, or failed.

Every server looks from time to time, so that nothing stays pending for as long as one is up.
"""

from __future__ import annotations

import asyncio
from typing import Final

from fhir_server.outcome import FhirError
from fhir_server.store.database import Database
from fhir_server.store.publishing import finish
from fhir_server.store.trouble import StoreFault

_LOOK: Final = 10.0
"""Seconds between looks. What is left alone at two of them is gone on with."""
_LONGEST: Final = 120.0
"""Seconds between trials of what fails again and again."""


async def keep_indexing(database: Database, look: float = _LOOK) -> None:
    """For as long as the server runs; what an earlier one left, at once."""
    pause = look
    while True:
        try:
            await finish(database)
            pause = look
            while not await _left_alone(database, look):
                pass
        except (FhirError, StoreFault):
            pause = min(2 * pause, _LONGEST)
            await asyncio.sleep(pause)


async def _left_alone(database: Database, look: float) -> bool:
    """Whether something is to be done that nobody is at, now and at the next look."""
    before = await database.additions.abandoned()
    await asyncio.sleep(look)
    return before is not None and before == await database.additions.abandoned()
