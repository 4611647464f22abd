"""One interaction asked for: the same value whether it came by HTTP or as a batch entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from fhir_server.interactions.background import Background
from fhir_server.outcome import Category, error
from fhir_server.store import FhirStore
from fhir_server.store.marks import Parcel
from resources.fhir_json import Resource

Patch: TypeAlias = Callable[[Resource], Resource]
"""Changes a resource of its own. Raises `BadPatch`."""


@dataclass(frozen=True, slots=True)
class Service:
    """What every interaction may know of the server: plain values, set once at start."""

    base_url: str
    """The FHIR base, without a slash at the end."""
    strict_search: bool
    default_count: int
    max_count: int
    max_entries: int
    """Entries in one transaction or batch."""
    max_parameters: int
    """In the address of an entry."""
    max_url: int
    """Bytes of the address of an entry."""
    max_answer: int = 64 * 1024 * 1024
    """Bytes of what the entries of one bundle may have answered, all in all."""
    background: Background = field(default_factory=Background)
    skip_unchanged: bool = False
    """An update that changes nothing makes no version."""
    deletes_many: bool = False
    """A conditional delete may remove several resources."""
    enforces_references: bool = False
    """The store keeps referential integrity."""


class Return(Enum):
    """`Prefer: return=…` (R4 3.1.0.1.7)."""

    MINIMAL = "minimal"
    REPRESENTATION = "representation"
    OUTCOME = "OperationOutcome"


@dataclass(frozen=True, slots=True)
class Preference:
    """What the caller prefers; the server's own choice where nothing is said."""

    content: Return | None = None
    strict: bool | None = None
    """`handling=strict|lenient`; None: the server's setting."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Headers (or members of `Bundle.entry.request`) that make an interaction conditional."""

    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_none_exist: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """An interaction with everything it needs, and the store through the caller's eyes."""

    service: Service
    store: FhirStore
    type_name: str = ""
    logical_id: str = ""
    version_id: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    """Of the URL and, for a search by POST, of the form; `_format` and `_pretty` are gone."""
    body: Resource | None = None
    patch: Patch | None = None
    parcels: tuple[Parcel, ...] = ()
    """The large contents of the body or patch, which has marks in their places."""
    native: bool = False
    """A Binary comes, or is asked for, as the content that it is."""
    conditions: Conditions = Conditions()
    preference: Preference = Preference()

    @property
    def strict(self) -> bool:
        """Whether an unknown search parameter is refused."""
        preferred = self.preference.strict
        return self.service.strict_search if preferred is None else preferred

    def resource(self) -> Resource:
        """The body, where the interaction cannot do without."""
        if self.body is None:
            raise error(Category.INVALID, "This interaction needs a resource in the body.")
        return self.body

    async def hold(self) -> None:
        """Before something is written: its large contents are put where they are kept."""
        if self.parcels:
            await self.store.set_aside(self.parcels)

    def without_parameters(self) -> None:
        """Refuse parameters, on interactions that take none."""
        if self.parameters:
            name = self.parameters[0][0]
            raise error(
                Category.NOT_SUPPORTED,
                f"The parameter {name} is not supported by this interaction.",
            )
