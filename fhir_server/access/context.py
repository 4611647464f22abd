"""What a caller may do, as values that the store asks and cannot go around."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from fhir_server.search.expression import Expression


class Interaction(Enum):
    """The letter of a SMART v2 scope that allows it."""

    CREATE = "c"
    READ = "r"
    UPDATE = "u"
    DELETE = "d"
    SEARCH = "s"


class AccessContext(Protocol):
    """One caller's rights. There is no default and no anonymous one."""

    @property
    def caller(self) -> str:
        """A name for logs and audit that is no health data: `client-id/subject`."""
        ...

    def policy(self, interaction: Interaction, type_name: str) -> Expression:
        """What of this type the caller reaches by this interaction.

        Raises `FhirError` FORBIDDEN, naming the scope that would do, where no scope covers the
        type and interaction. `Nothing` where the scope covers it and the access table does not.
        """
        ...
