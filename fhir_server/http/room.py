"""How many bytes of large bodies are in memory at the same time, so that a few callers cannot fill
it (RFC 9110 section 15.6.4)."""

from __future__ import annotations

from types import TracebackType

from fhir_server.outcome import Category, error


class Room:
    """Of one worker, for the bodies that are larger than an ordinary one."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.used = 0

    def take(self, size: int) -> None:
        """Raises BUSY where others have it. An empty room takes one body of any size."""
        if self.used and self.used + size > self._size:
            text = "Others are sending large bodies at the moment; send the request again."
            raise error(Category.BUSY, text, headers={"Retry-After": "5"})
        self.used += size


class Place:
    """What one request takes of the room, until it is answered."""

    __slots__ = ("_room", "_taken")

    def __init__(self, room: Room) -> None:
        self._room = room
        self._taken = 0

    def take(self, size: int) -> None:
        """Raises BUSY."""
        self._room.take(size)
        self._taken += size

    def __enter__(self) -> Place:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._room.used -= self._taken
