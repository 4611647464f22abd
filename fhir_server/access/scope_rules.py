"""What the authorization server asks about a scope: can it be held to, and how does it read?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fhir_server.access.constraint import narrowing
from fhir_server.access.context import Interaction
from fhir_server.access.policy import Records, decide
from fhir_server.access.scope_words import in_plain_words
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import Nothing
from resources.registry import REGISTRY
from smart_auth.scopes import ResourceScope, parse_scope

_ANYONE = Records(frozenset({"anyone"}), "any patient")
_LETTERS = {interaction.value: interaction for interaction in Interaction}


@dataclass(frozen=True, slots=True)
class AccessScopeRules:
    """The rules of the access table and of search, for `smart_auth`."""

    catalogue: Callable[[], Catalogue]
    """The present one."""

    def enforceable(self, scope: str) -> bool:
        """Whether a token can be held to exactly this: "never widened", and never empty.

        A `patient/` scope under which no patient could do anything is none either: to approve it
        would mislead.
        """
        parsed = parse_scope(scope)
        if parsed is None:
            return False
        named = parsed.type_name
        types = REGISTRY.endpoints if named == "*" else {named}.intersection(REGISTRY.endpoints)
        return any(self._holds(parsed, name) for name in types)

    def describe(self, scope: str) -> str | None:
        parsed = parse_scope(scope)
        if parsed is None or not (parsed.type_name == "*" or REGISTRY.is_type(parsed.type_name)):
            return None
        return in_plain_words(parsed)

    def _holds(self, scope: ResourceScope, type_name: str) -> bool:
        if scope.context == "patient" and not _does_anything(scope, type_name):
            return False
        if scope.constraint is None:
            return True
        return narrowing(self.catalogue(), type_name, scope.constraint) is not None


def _does_anything(scope: ResourceScope, type_name: str) -> bool:
    return any(
        decide(_ANYONE, _LETTERS[letter], type_name).expression != Nothing()
        for letter in scope.letters
    )
