"""What a caller may do, as values that the store asks and cannot go around."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from fhir_server.search.expression import Expression


class Interaction(Enum):
    """The letters of a SMART v2 scope, any one of which allows it.

    https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources
    """

    CREATE = "c"
    READ = "r"
    """read, vread, history of an instance."""
    UPDATE = "u"
    """update and patch; an update that creates needs CREATE too."""
    DELETE = "d"
    SEARCH = "s"
    """search, history of a type or of the system, and what `_revinclude` brings."""
    INCLUDE = "rs"
    """What `_include` brings: the reference has told its id, so that to read it is enough."""


class AccessContext(Protocol):
    """One caller's rights. There is no default and no anonymous one."""

    @property
    def caller(self) -> str:
        """A name for logs and audit that is no health data: `client-id/subject`."""
        ...

    @property
    def acts_for_a_system(self) -> bool:
        """Whether it is a `system/` context or the server itself, and no person."""
        ...

    def covers(self, interaction: Interaction, type_name: str) -> bool:
        """Whether `policy` answers at all rather than raise."""
        ...

    def policy(self, interaction: Interaction, type_name: str) -> Expression:
        """What of this type the caller reaches by this interaction.

        Raises `FhirError` FORBIDDEN, naming the scope that would do, where no scope covers the
        type and interaction. `Nothing` where the scope covers it and the access table does not.
        """
        ...

    def explain(self, interaction: Interaction, type_name: str) -> str:
        """Why the policy is what it is, for logs and for people; holds no patient's id."""
        ...
