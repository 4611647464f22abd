"""Lists the codes of a value set (R4 `valueset.html#compositions`) from the definitions alone.

Only what the definitions hold whole can be listed: codes named one by one, code systems whose
content is complete, `is-a` below one of their codes, and value sets of such value sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

Definition: TypeAlias = dict[str, Any]
Codes: TypeAlias = dict[str, set[str]]
"""System -> codes."""


class Unlisted(Exception):
    """The definitions do not hold all codes."""


class ValueSets:
    """HL7's value sets, and the code systems that they draw on."""

    def __init__(self, value_sets: Iterable[Definition], systems: Iterable[Definition]) -> None:
        self._value_sets = {str(one["url"]): one for one in value_sets}
        self._systems = {str(one["url"]): one for one in systems}

    def listed(self, url: str) -> dict[str, list[str]] | None:
        """System -> codes in order; None where not all of them are known."""
        try:
            codes = self._codes(url)
        except Unlisted:
            return None
        return {system: sorted(some) for system, some in sorted(codes.items())}

    def _codes(self, url: str) -> Codes:
        compose: Definition = self._value_sets.get(url.partition("|")[0], {}).get("compose", {})
        if not compose.get("include"):
            raise Unlisted
        found: Codes = {}
        for part in compose["include"]:
            for system, codes in self._part(part).items():
                found.setdefault(system, set()).update(codes)
        for part in compose.get("exclude", []):
            for system, codes in self._part(part).items():
                found.get(system, set()).difference_update(codes)
        return found

    def _part(self, part: Definition) -> Codes:
        """R4: what all parts of an include agree on."""
        found = [self._codes(url) for url in part.get("valueSet", [])]
        if "system" in part:
            found.append({part["system"]: self._of_system(part)})
        first, *others = found
        return {
            system: codes.intersection(*(one.get(system, set()) for one in others))
            for system, codes in first.items()
        }

    def _of_system(self, part: Definition) -> set[str]:
        if "concept" in part:
            return {str(one["code"]) for one in part["concept"]}
        system = self._systems.get(part["system"], {})
        if system.get("content") != "complete":
            raise Unlisted
        below = _below(system.get("concept", []))
        found = set(below)
        for condition in part.get("filter", []):
            if (condition["property"], condition["op"]) != ("concept", "is-a"):
                raise Unlisted
            found &= {condition["value"], *below.get(condition["value"], ())}
        return found


def _below(concepts: Iterable[Definition]) -> Mapping[str, set[str]]:
    """Each code of a code system, with all codes below it."""
    found: dict[str, set[str]] = {}

    def walk(concept: Definition) -> Iterator[str]:
        code = str(concept["code"])
        below = {one for inner in concept.get("concept", []) for one in walk(inner)}
        found.setdefault(code, set()).update(below)
        yield code
        yield from below

    for concept in concepts:
        for _ in walk(concept):
            pass
    return found
