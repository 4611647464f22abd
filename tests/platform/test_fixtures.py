"""The session's MongoDB is what the tests believe it to be."""

from __future__ import annotations

from pymongo import AsyncMongoClient


async def test_the_test_database_takes_transactions(mongodb_uri: str, database_name: str) -> None:
    async with AsyncMongoClient[dict[str, object]](mongodb_uri) as client:
        numbers = client[database_name]["numbers"]
        async with client.start_session() as session:
            async with await session.start_transaction():
                await numbers.insert_one({"_id": 1}, session=session)
            assert await numbers.count_documents({}) == 1
