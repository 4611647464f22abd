"""Answers too large to be whole in memory: sent as they are read from the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from fhir_server.outcome import FhirError
from fhir_server.store import Contents

Headers = Sequence[tuple[bytes, bytes]]


class AnswerCut(Exception):
    """The store went away in the middle: the connection ends before the announced length."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where the answer to one request goes, and what fills it."""

    contents: Contents
    scope: Scope
    receive: Receive
    send: Send

    async def stream(
        self, status: int, headers: Headers, pieces: AsyncIterator[bytes], length: int
    ) -> None:
        """The pieces as they come, for as long as the caller listens.

        Raises what the first of them raise while a refusal can still be sent.
        """
        only_head = self.scope["method"] == "HEAD"
        begun = [] if only_head else [piece async for piece in _first(pieces)]
        told = [*headers, (b"content-length", b"%d" % length)]
        await self.send({"type": "http.response.start", "status": status, "headers": told})
        if not only_head:
            await self._pass_on(begun, pieces)
        await self.send({"type": "http.response.body", "body": b""})

    async def _pass_on(self, begun: list[bytes], pieces: AsyncIterator[bytes]) -> None:
        gone = asyncio.ensure_future(self._hung_up())
        try:
            for piece in begun:
                await self._say(piece)
            async for piece in pieces:
                if gone.done():
                    return
                await self._say(piece)
        except FhirError:
            raise AnswerCut from None
        finally:
            gone.cancel()

    async def _hung_up(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def _say(self, piece: bytes) -> None:
        await self.send({"type": "http.response.body", "body": piece, "more_body": True})


async def _first(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Two, the second of which is the first that is read."""
    for _ in range(2):
        piece = await anext(pieces, None)
        if piece is not None:
            yield piece
