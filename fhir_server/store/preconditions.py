"""What a write expects of what is stored (R4 `http.html#concurrency`, RFC 9110 section 13.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fhir_server.outcome import Category, error


@dataclass(frozen=True, slots=True)
class Tags:
    """The versions that a header names."""

    versions: frozenset[int] = frozenset()
    any: bool = False
    """`*`: whichever there is, which a deleted one is not."""

    def name(self, version: int, *, deleted: bool) -> bool:
        return version in self.versions or (self.any and not deleted)


@dataclass(frozen=True, slots=True)
class Precondition:
    """`If-Match` and `If-None-Match`, as far as they are given."""

    match: Tags | None = None
    none_match: Tags | None = None

    def check(self, version: int, *, deleted: bool) -> None:
        """Raises PRECONDITION (412) where the stored version is not what was expected."""
        if self.match is not None and not self.match.name(version, deleted=deleted):
            raise error(
                Category.PRECONDITION,
                "If-Match does not name the current version; read the resource again and repeat.",
            )
        if self.none_match is not None and self.none_match.name(version, deleted=deleted):
            raise error(
                Category.PRECONDITION,
                "If-None-Match names what is there; this write is only for where it is not.",
            )

    def check_absent(self) -> None:
        """The same where there is nothing."""
        if self.match is not None:
            raise error(Category.PRECONDITION, "If-Match names a version, and there is none.")


ALWAYS: Final = Precondition()


def only(version: int) -> Precondition:
    """That this version is the current one."""
    return Precondition(match=Tags(frozenset((version,))))
