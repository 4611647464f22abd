"""The server's own rights, for seeding and jobs: another class, asked for by name."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.access.context import Interaction
from fhir_server.search.expression import Everything, Expression


@dataclass(frozen=True, slots=True)
class SystemAccess:
    """Reaches everything. No request is ever given this."""

    reason: str

    @property
    def caller(self) -> str:
        return f"system/{self.reason}"

    @property
    def acts_for_a_system(self) -> bool:
        return True

    def covers(self, interaction: Interaction, type_name: str) -> bool:
        del interaction, type_name
        return True

    def policy(self, interaction: Interaction, type_name: str) -> Expression:
        del interaction, type_name
        return Everything()

    def explain(self, interaction: Interaction, type_name: str) -> str:
        del interaction, type_name
        return self.reason
