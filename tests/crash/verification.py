"""Holds the server to its journal: what it acknowledged is there, the rest is whole or absent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

import httpx

from tests.crash.journal import GROUP_SYSTEM, OBSERVATIONS, SYSTEM, Acknowledged, Journal, mark_of

AT_ONCE = 8


class Verification:
    """Reads back everything that a journal knows of."""

    def __init__(self, http: httpx.AsyncClient, journal: Journal) -> None:
        self._http = http
        self._journal = journal
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def everything(self) -> None:
        journal = self._journal
        await self._each(self._acknowledged(one) for one in journal.acknowledged)
        await self._each(self._whole_create(mark) for mark in journal.unanswered_creates)
        await self._each(self._whole_group(mark) for mark in journal.unanswered_transactions)
        await self._each(
            self._history(place, marks) for place, marks in journal.unanswered_updates.items()
        )

    async def _each(self, checks: Iterable[Awaitable[None]]) -> None:
        async def in_turn(check: Awaitable[None]) -> None:
            async with self._turns:
                await check

        await asyncio.gather(*map(in_turn, checks))

    async def _acknowledged(self, one: Acknowledged) -> None:
        """In the history, under its version, with its content."""
        found = await self._get(one.place)
        assert mark_of(found) == one.mark
        assert one.place.endswith(f"/{found['id']}/_history/{found['meta']['versionId']}")

    async def _whole_create(self, mark: str) -> None:
        """Found by search and by read, or by neither."""
        found = await self._search("Observation", f"{SYSTEM}|{mark}")
        assert len(found) <= 1
        for resource in found:
            assert resource == await self._get(f"Observation/{resource['id']}")
            assert mark_of(resource) == mark

    async def _whole_group(self, group: str) -> None:
        """The Patient and every Observation of it, or nothing."""
        patients = await self._search("Patient", f"{GROUP_SYSTEM}|{group}")
        observations = await self._search("Observation", f"{GROUP_SYSTEM}|{group}")
        assert (len(patients), len(observations)) in ((0, 0), (1, OBSERVATIONS))
        for one in observations:
            assert one["subject"]["reference"] == f"Patient/{patients[0]['id']}"

    async def _history(self, place: str, unanswered: set[str]) -> None:
        """Versions without a gap, each of them one that was sent."""
        bundle = await self._get(f"{place}/_history?_count=1000")
        resources = [entry["resource"] for entry in bundle["entry"]]
        versions = [int(resource["meta"]["versionId"]) for resource in resources]
        assert versions == list(range(len(versions), 0, -1))
        sent = unanswered | {
            one.mark for one in self._journal.acknowledged if one.place.startswith(f"{place}/")
        }
        assert {mark_of(resource) for resource in resources} <= sent
        assert await self._get(place) == resources[0]

    async def _search(self, type_name: str, identifier: str) -> list[dict[str, Any]]:
        bundle = await self._get(f"{type_name}?identifier={identifier}")
        return [entry["resource"] for entry in bundle.get("entry", [])]

    async def _get(self, path: str) -> dict[str, Any]:
        answer = await self._http.get(f"/{path}")
        assert answer.status_code == 200, f"{path}: {answer.text}"
        body: dict[str, Any] = answer.json()
        return body
