"""Small facts that the store keeps about itself: the address it is served under, the demo's day."""

from __future__ import annotations

from typing import Final

from fhir_server.store.database import STORE, Database
from fhir_server.store.trouble import TRANSLATING

PUBLIC_URL: Final = "public-url"
"""Under which the server that last ran on this store told clients to reach it."""
DEMO_DAY: Final = "demo-day"
"""The day for which the demo record was loaded first; loading it again keeps to that day."""


async def recall(database: Database, name: str) -> str | None:
    """What was noted under this name."""
    with TRANSLATING:
        note = await database.collection(STORE).find_one({"_id": f"note:{name}"})
    return None if note is None else str(note["text"])


async def note(database: Database, name: str, text: str) -> None:
    """Keep this text under this name, in place of what was there."""
    with TRANSLATING:
        await database.collection(STORE).update_one(
            {"_id": f"note:{name}"}, {"$set": {"text": text}}, upsert=True
        )


async def note_once(database: Database, name: str, text: str) -> str:
    """Keep this text unless there is one; what is kept."""
    with TRANSLATING:
        await database.collection(STORE).update_one(
            {"_id": f"note:{name}"}, {"$setOnInsert": {"text": text}}, upsert=True
        )
    return await recall(database, name) or text
